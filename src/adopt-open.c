/* SPDX-License-Identifier: ISC */
/*
 * The first of the changes in a member: all that can fail, and that nobody
 * sees. The new files are opened, by the member itself, so that its own
 * rights decide, and copies are made of what will be replaced.
 */
#include "config.h"

#include <sys/prctl.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "adopt-remote.h"

#define LARGE_FILE 0100000 /* O_LARGEFILE of a 32-bit process */

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

	if (remote_path(m, path) == -1)
		return -1;
	for (tries = 0; tries < 3; tries++) {
		m->move.log =
		    (int)CALL(m, REMOTE_OPENAT, (uint64_t)AT_FDCWD, PATH_AT(m),
			(uint64_t)(flags | O_CREAT | O_EXCL), a->log_mode);
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
			break; /* or it has just been removed */
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
			return -1; /* it is open, and will be undone */
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
	/* One that was asked for must be right, though it stays unused. */
	if (m == a->member && a->o->output != NULL)
		want[TO_LOG] = true;
	if (want[TO_PIPE]) {
		a->step = "empty pipe";
		if (CALL(m, REMOTE_PIPE2, SMALL_AT(m), O_CLOEXEC) == -1 ||
		    tracee_read(m->tracee, SMALL, v->pipe, sizeof(v->pipe)) ==
			-1)
			return -1;
	}
	if (want[TO_NULL]) {
		a->step = "/dev/null";
		if (remote_path(m, "/dev/null") == -1 ||
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
	if (m->pidns != a->pidns) {
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
	    copy_descriptors(a, m) == -1)
		return -1;
	m->move.hup_handled = tracee_handles(m->tracee, SIGHUP);
	m->move.hup_default =
	    !m->move.hup_handled && !tracee_ignores(m->tracee, SIGHUP);
	if (a->lock != -1 && m == a->member)
		return take_lock(a, m);
	return 0;
}
