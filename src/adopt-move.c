/* SPDX-License-Identifier: ISC */
/*
 * The changes in one member, in an order that lets each failure be undone:
 *
 *	prepare	  all that can fail, and that nobody sees: adopt-open.c
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

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "adopt-remote.h"

/* ---- change ------------------------------------------------------------ */

static bool
leads_session(const struct member *m)
{
	return m->session == m->id.pid;
}

static int
ignore_hup(struct member *m)
{
	unsigned char action[REMOTE_SIGACTION_SIZE] = { 1 }; /* SIG_IGN */
	const size_t old = SMALL + sizeof(action);

	if (tracee_write(m->tracee, SMALL, action, sizeof(action)) == -1 ||
	    CALL(m, REMOTE_SIGACTION, SIGHUP, SMALL_AT(m),
		tracee_scratch(m->tracee) + old, KERNEL_SET_SIZE) == -1 ||
	    tracee_read(m->tracee, old, m->move.hup, sizeof(m->move.hup)) == -1)
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
			return -1; /* those are another's by now */
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
		    CALL(m, REMOTE_EPOLL_CTL, (uint64_t)w->epfd, EPOLL_CTL_ADD,
			(uint64_t)w->fd, SMALL_AT(m)) == -1)
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
		    d->to == TO_PIPE   ? pipe[0] :
					 m->move.null;
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
		(m->move.hup_handled && leads_session(m))) &&
	    ignore_hup(m) == -1)
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

/* ---- regroup ----------------------------------------------------------- */

/*
 * Out of the shell's reach: it signals its jobs by the numbers of their
 * groups. A member that is in another group already is so. If no group can
 * be made, SIGHUP must be ignored whatever handler there is.
 */
int
adopt_regroup(struct adoption *a, struct member *m)
{
	if (m->pgrp != a->pgrp || leads_session(m))
		return 0;
	a->step = "process group";
	m->move.group = m->pgrp;
	if (m->pidns != a->pidns &&
	    (m->move.group = CALL(m, REMOTE_GETPGID, 0)) == -1)
		return -1;
	if (a->stayed)
		goto stay;
	if (a->group != 0 && a->group_ns == m->pidns) {
		if (CALL(m, REMOTE_SETPGID, 0, (uint64_t)a->group) == -1)
			return -1;
	} else {
		a->group = tracee_new_group(m->tracee);
		a->group_ns = m->pidns;
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

/* ---- commit, undo, clean ----------------------------------------------- */

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
	if (v->hup_ignored &&
	    tracee_write(m->tracee, SMALL, v->hup, sizeof(v->hup)) == 0)
		(void)MUST(m, REMOTE_SIGACTION, SIGHUP, SMALL_AT(m), 0,
		    KERNEL_SET_SIZE);
	if (v->log_created && remote_path(m, a->log[a->logno]) == 0)
		(void)MUST(m, REMOTE_UNLINKAT, (uint64_t)AT_FDCWD, PATH_AT(m),
		    0);
}

/* A row of descriptors to be closed. */
struct row {
	int first;
	int last;
};

static void
close_row(struct member *m, const struct row *r)
{
	int fd;

	if (r->first == -1 ||
	    (r->first < r->last &&
		MUST(m, REMOTE_CLOSE_RANGE, (uint64_t)r->first,
		    (uint64_t)r->last, 0) == 0))
		return;
	for (fd = r->first; fd <= r->last; fd++)
		(void)MUST(m, REMOTE_CLOSE, (uint64_t)fd);
}

/* They were opened one after the other: mostly their numbers are in a row. */
static void
close_one(struct member *m, struct row *r, int *fd)
{
	if (*fd == -1)
		return;
	if (r->first == -1 || *fd != r->last + 1) {
		close_row(m, r);
		r->first = *fd;
	}
	r->last = *fd;
	*fd = -1;
}

void
adopt_clean(struct member *m, bool adopted)
{
	struct move *v = &m->move;
	struct row r = { -1, -1 };
	size_t i;

	if (m->tracee == NULL || tracee_ended(m->tracee))
		return;
	/* As adopt-open.c opens them. */
	close_one(m, &r, &v->pipe[0]);
	close_one(m, &r, &v->pipe[1]);
	close_one(m, &r, &v->null);
	close_one(m, &r, &v->log);
	for (i = 0; i < v->nfd; i++) {
		if (v->fd[i].copied)
			close_one(m, &r, &v->fd[i].copy);
	}
	if (!adopted)
		close_one(m, &r, &v->lock);
	close_row(m, &r);
}
