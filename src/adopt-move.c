/* SPDX-License-Identifier: ISC */
/*
 * The changes in one member, in an order that lets each failure be undone:
 *
 *	prepare	  all that can fail, and that nobody sees: the new files are
 *		  opened, by the member itself, and copies are made of what
 *		  will be replaced
 *	change	  SIGHUP, descriptors, epoll sets
 *	regroup	  the new process group: the last change that can be undone,
 *		  for then the old group still has members to go back to
 *	commit	  what cannot be undone
 *
 * After a failure undo() goes back through all of these, and clean() closes
 * what was opened on the way.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adopt.h"

#define CALL(m, call, ...) \
	tracee_call((m)->tracee, call, (const uint64_t[6]){ __VA_ARGS__ })
#define MUST(m, call, ...) \
	tracee_must((m)->tracee, call, (const uint64_t[6]){ __VA_ARGS__ })

/* In the scratch memory: small things first, then a path. */
#define SMALL	0
#define PATH	4096
#define SMALL_AT(m)	(tracee_scratch((m)->tracee) + SMALL)
#define PATH_AT(m)	(tracee_scratch((m)->tracee) + PATH)

#define KERNEL_SET_SIZE	8	/* of a signal set */
#define LARGE_FILE	0100000	/* O_LARGEFILE of a 32-bit process */

/* ---- prepare --------------------------------------------------------------- */

static int
put_path(struct member *m, const char *path)
{
	size_t len = strlen(path) + 1;

	if (len > TRACEE_SCRATCH - PATH) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return tracee_write(m->tracee, PATH, path, len);
}

/*
 * Open one log: appended to, made if it is not there, and never made through
 * a symbolic link (O_EXCL). One that is there is opened with O_NONBLOCK, so
 * that a FIFO does not hold us.
 */
static int
open_log(struct adoption *a, struct member *m, const char *path)
{
	const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY |
	    (tracee_is_32bit(m->tracee) ? LARGE_FILE : 0);
	int tries;

	if (put_path(m, path) == -1)
		return -1;
	for (tries = 0; tries < 3; tries++) {
		m->move.log = (int)CALL(m, REMOTE_OPENAT, (uint64_t)AT_FDCWD,
		    PATH_AT(m), (uint64_t)(flags | O_CREAT | O_EXCL),
		    a->log_mode);
		if (m->move.log != -1) {
			m->move.log_created = true;
			if (a->log_exact)
				return (int)CALL(m, REMOTE_FCHMOD,
				    (uint64_t)m->move.log, a->log_mode);
			return 0;
		}
		if (errno != EEXIST)
			return -1;
		m->move.log = (int)CALL(m, REMOTE_OPENAT, (uint64_t)AT_FDCWD,
		    PATH_AT(m), (uint64_t)(flags | O_NONBLOCK));
		m->move.log_nonblock = true;
		if (m->move.log != -1 || errno != ENOENT)
			break;		/* or it has just been removed */
	}
	return m->move.log == -1 ? -1 : 0;
}

/* The first member chooses the log, the others open the same. */
static int
open_logs(struct adoption *a, struct member *m)
{
	int error = 0;

	a->step = "log";
	if (a->log_used)
		return open_log(a, m, a->log[a->logno]);
	for (a->logno = 0; a->logno < a->nlogs; a->logno++) {
		if (open_log(a, m, a->log[a->logno]) == 0) {
			a->log_used = true;
			return 0;
		}
		/* The first one's error is the one to tell of. */
		if (error == 0)
			error = errno;
		if (m->move.log != -1)
			return -1;	/* it is open, and will be undone */
	}
	a->logno = 0;
	errno = error;
	return -1;
}

static int
open_targets(struct adoption *a, struct member *m)
{
	struct move *v = &m->move;
	bool want[TO_PIPE + 1] = { false };
	size_t i;

	for (i = 0; i < v->nfd; i++)
		want[v->fd[i].to] = true;
	if (want[TO_PIPE]) {
		a->step = "empty pipe";
		if (CALL(m, REMOTE_PIPE2, SMALL_AT(m), O_CLOEXEC) == -1 ||
		    tracee_read(m->tracee, SMALL, v->pipe,
		    sizeof(v->pipe)) == -1)
			return -1;
	}
	if (want[TO_NULL]) {
		a->step = "/dev/null";
		if (put_path(m, "/dev/null") == -1 ||
		    (v->null = (int)CALL(m, REMOTE_OPENAT, (uint64_t)AT_FDCWD,
		    PATH_AT(m), O_RDWR | O_CLOEXEC | O_NOCTTY)) == -1)
			return -1;
	}
	if (want[TO_LOG])
		return open_logs(a, m);
	return 0;
}

/* One copy is enough for descriptors that are copies of each other. */
static int
copy_descriptors(struct adoption *a, struct member *m)
{
	struct descriptor *d, *e;
	size_t i;

	a->step = "copies of descriptors";
	for (i = 0; i < m->move.nfd; i++) {
		d = &m->move.fd[i];
		e = i == 0 ? NULL : d - 1;
		if (e != NULL && adopt_is_copy(m, d->fd, e->fd)) {
			d->copy = e->copy;
			continue;
		}
		if ((d->copy = (int)CALL(m, REMOTE_FCNTL, (uint64_t)d->fd,
		    F_DUPFD_CLOEXEC, 3)) == -1)
			return -1;
		d->copied = true;
	}
	return 0;
}

static int
read_hup(struct adoption *a, struct member *m)
{
	struct move *v = &m->move;
	uint64_t handler = 0;

	a->step = "action of SIGHUP";
	if (CALL(m, REMOTE_SIGACTION, SIGHUP, 0, SMALL_AT(m),
	    KERNEL_SET_SIZE) == -1 ||
	    tracee_read(m->tracee, SMALL, v->hup, sizeof(v->hup)) == -1)
		return -1;
	memcpy(&handler, v->hup, tracee_is_32bit(m->tracee) ? 4 : 8);
	v->hup_default = handler == (uintptr_t)SIG_DFL;
	v->hup_handled = !v->hup_default && handler != (uintptr_t)SIG_IGN;
	return 0;
}

/* Processes, and groups of them, are numbered by pid namespace. */
static ino_t
pid_namespace(pid_t pid)
{
	struct stat st;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return stat(path, &st) == -1 ? 0 : st.st_ino;
}

/*
 * An unkept job's pidfile: the member takes a copy of our descriptor, and so
 * holds the lock as long as it lives. It needs our leave to.
 */
static int
take_lock(struct adoption *a, struct member *m)
{
	int64_t pidfd, fd = -1;
	int error;

	a->step = "the pidfile's lock";
	if (pid_namespace(tracee_thread(m->tracee)) !=
	    pid_namespace(getpid())) {
		errno = ENOTSUP;
		return -1;
	}
	(void)prctl(PR_SET_PTRACER, m->id.pid, 0, 0, 0);
	if ((pidfd = CALL(m, REMOTE_PIDFD_OPEN, (uint64_t)getpid())) != -1)
		fd = CALL(m, REMOTE_PIDFD_GETFD, (uint64_t)pidfd,
		    (uint64_t)a->lock);
	error = errno;
	(void)prctl(PR_SET_PTRACER, 0, 0, 0, 0);
	if (pidfd != -1)
		(void)MUST(m, REMOTE_CLOSE, (uint64_t)pidfd);
	errno = error;
	if (fd == -1)
		return -1;
	m->move.lock = (int)fd;
	return (int)CALL(m, REMOTE_FCNTL, (uint64_t)fd, F_SETFD, 0);
}

int
adopt_prepare(struct adoption *a, struct member *m)
{
	a->step = "system call";
	if (tracee_ready(m->tracee) == -1)
		return -1;
	a->step = "descriptors";
	if (adopt_find_fds(a, m) == -1 || open_targets(a, m) == -1 ||
	    copy_descriptors(a, m) == -1 || read_hup(a, m) == -1)
		return -1;
	if (a->lock != -1 && m == a->member)
		return take_lock(a, m);
	return 0;
}

/* ---- change ---------------------------------------------------------------- */

static bool
leads_session(const struct member *m)
{
	return m->session == m->id.pid;
}

static int
ignore_hup(struct member *m)
{
	unsigned char action[REMOTE_SIGACTION_SIZE] = { 1 };	/* SIG_IGN */

	if (tracee_write(m->tracee, SMALL, action, sizeof(action)) == -1 ||
	    CALL(m, REMOTE_SIGACTION, SIGHUP, SMALL_AT(m), 0,
	    KERNEL_SET_SIZE) == -1)
		return -1;
	m->move.hup_ignored = true;
	return 0;
}

static int
put_event(struct member *m, uint32_t events, uint64_t data)
{
	struct epoll_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.events = events;
	ev.data.u64 = data;
	return tracee_write(m->tracee, SMALL, &ev, sizeof(ev));
}

static int
remove_watches(struct member *m)
{
	struct watch *w;
	size_t i;

	for (i = 0; i < m->move.nwatch; i++) {
		w = &m->move.watch[i];
		if (CALL(m, REMOTE_EPOLL_CTL, (uint64_t)w->epfd, EPOLL_CTL_DEL,
		    (uint64_t)w->fd, SMALL_AT(m)) == 0)
			w->removed = true;
		else if (errno != ENOENT && errno != EBADF)
			return -1;	/* those are another's by now */
	}
	return 0;
}

static int
replace_watches(struct member *m)
{
	struct watch *w;
	size_t i;

	for (i = 0; i < m->move.nwatch; i++) {
		w = &m->move.watch[i];
		if (!w->removed || !w->replace)
			continue;
		if (put_event(m, w->events, w->data) == -1 ||
		    CALL(m, REMOTE_EPOLL_CTL, (uint64_t)w->epfd,
		    EPOLL_CTL_ADD, (uint64_t)w->fd, SMALL_AT(m)) == -1)
			return -1;
		w->replaced = true;
	}
	return 0;
}

static int
move_descriptors(struct member *m)
{
	const int *pipe = m->move.pipe;
	struct descriptor *d;
	size_t i;
	int from;

	for (i = 0; i < m->move.nfd; i++) {
		d = &m->move.fd[i];
		from = d->to == TO_LOG ? m->move.log :
		    d->to == TO_PIPE ? pipe[0] : m->move.null;
		if (CALL(m, REMOTE_DUP3, (uint64_t)from, (uint64_t)d->fd,
		    d->cloexec ? O_CLOEXEC : 0) == -1)
			return -1;
		d->moved = true;
	}
	return 0;
}

int
adopt_change(struct adoption *a, struct member *m)
{
	a->step = "action of SIGHUP";
	/* The kernel sends it to a session leader whatever its group is. */
	if ((m->move.hup_default ||
	    (m->move.hup_handled && leads_session(m))) && ignore_hup(m) == -1)
		return -1;
	a->step = "epoll set";
	if (remove_watches(m) == -1)
		return -1;
	a->step = "descriptors";
	if (move_descriptors(m) == -1)
		return -1;
	a->step = "epoll set";
	return replace_watches(m);
}

/* ---- regroup --------------------------------------------------------------- */

/*
 * Out of the shell's reach: it signals its jobs by the numbers of their
 * groups. A member that is in another group already is so. If no group can
 * be made, SIGHUP must be ignored whatever handler there is.
 */
int
adopt_regroup(struct adoption *a, struct member *m)
{
	ino_t ns;

	if (m->pgrp != a->pgrp || leads_session(m))
		return 0;
	a->step = "process group";
	ns = pid_namespace(tracee_thread(m->tracee));
	m->move.group = m->pgrp;
	if (ns != pid_namespace(getpid()) &&
	    (m->move.group = CALL(m, REMOTE_GETPGID, 0)) == -1)
		return -1;
	if (a->stayed)
		goto stay;
	if (a->group != 0 && a->group_ns == ns) {
		if (CALL(m, REMOTE_SETPGID, 0, (uint64_t)a->group) == -1)
			return -1;
	} else {
		a->group = tracee_new_group(m->tracee);
		a->group_ns = ns;
		if (a->group == -1) {
			a->group = 0;
			if (errno != EAGAIN && errno != ENOMEM)
				return -1;
			a->stayed = true;
			goto stay;
		}
	}
	m->move.group_left = true;
	return 0;
stay:
	return m->move.hup_handled && !m->move.hup_ignored ? ignore_hup(m) : 0;
}

/* ---- commit, undo, clean --------------------------------------------------- */

static bool
is_moved_to_log(int fd, void *arg)
{
	const struct move *v = arg;
	size_t i;

	for (i = 0; i < v->nfd; i++) {
		if (v->fd[i].fd == fd)
			return v->fd[i].to == TO_LOG;
	}
	return false;
}

void
adopt_commit(struct adoption *a, struct member *m)
{
	(void)a;
	tracee_finish_writes(m->tracee, is_moved_to_log, &m->move);
	if (m->move.log != -1 && m->move.log_nonblock)
		(void)MUST(m, REMOTE_FCNTL, (uint64_t)m->move.log, F_SETFL,
		    O_APPEND);
}

void
adopt_undo(struct adoption *a, struct member *m)
{
	struct move *v = &m->move;
	struct watch *w;
	struct descriptor *d;
	size_t i;

	if (m->tracee == NULL || tracee_ended(m->tracee))
		return;
	if (v->group_left)
		(void)MUST(m, REMOTE_SETPGID, 0, (uint64_t)v->group);
	for (i = v->nwatch; i-- > 0;) {
		w = &v->watch[i];
		if (w->replaced)
			(void)MUST(m, REMOTE_EPOLL_CTL, (uint64_t)w->epfd,
			    EPOLL_CTL_DEL, (uint64_t)w->fd, SMALL_AT(m));
	}
	for (i = v->nfd; i-- > 0;) {
		d = &v->fd[i];
		if (d->moved)
			(void)MUST(m, REMOTE_DUP3, (uint64_t)d->copy,
			    (uint64_t)d->fd, d->cloexec ? O_CLOEXEC : 0);
	}
	for (i = v->nwatch; i-- > 0;) {
		w = &v->watch[i];
		if (w->removed && put_event(m, w->events, w->data) == 0)
			(void)MUST(m, REMOTE_EPOLL_CTL, (uint64_t)w->epfd,
			    EPOLL_CTL_ADD, (uint64_t)w->fd, SMALL_AT(m));
	}
	if (v->hup_ignored && tracee_write(m->tracee, SMALL, v->hup,
	    sizeof(v->hup)) == 0)
		(void)MUST(m, REMOTE_SIGACTION, SIGHUP, SMALL_AT(m), 0,
		    KERNEL_SET_SIZE);
	if (v->log_created && put_path(m, a->log[a->logno]) == 0)
		(void)MUST(m, REMOTE_UNLINKAT, (uint64_t)AT_FDCWD, PATH_AT(m),
		    0);
}

static void
close_one(struct member *m, int *fd)
{
	if (*fd != -1)
		(void)MUST(m, REMOTE_CLOSE, (uint64_t)*fd);
	*fd = -1;
}

void
adopt_clean(struct member *m, bool adopted)
{
	struct move *v = &m->move;
	size_t i;

	if (m->tracee != NULL && !tracee_ended(m->tracee)) {
		for (i = 0; i < v->nfd; i++) {
			if (v->fd[i].copied)
				close_one(m, &v->fd[i].copy);
		}
		close_one(m, &v->pipe[0]);
		close_one(m, &v->pipe[1]);
		close_one(m, &v->null);
		close_one(m, &v->log);
		if (!adopted)
			close_one(m, &v->lock);
	}
}
