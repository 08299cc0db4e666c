/* SPDX-License-Identifier: ISC */
/*
 * Following a log. The order is what loses nothing: that the job has ended is
 * learnt before the log is read to its end for the last time.
 *
 * It sleeps on one epoll(7) descriptor (inotify(7), the interruption, and the
 * far end of standard output) and, in job_wait(), on the job.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "follow.h"
#include "statedir.h"

#define BLOCK	   65536
#define ROUND	   ((size_t)32 * BLOCK) /* copied before looking at else */
#define LOOK_AGAIN 200000000LL		/* ns, where inotify does not work */

struct follower {
	struct job *j;
	int fd;	     /* the log, or -1: not there yet */
	int inotify; /* or -1: not to be had */
	int epoll;
	int signals;
	off_t from;
	long lines;
};

/*
 * fd, or if that is not the file that had its name at the start, the one that
 * is: the next start of a job, whose log it is, or a rotation renamed it.
 */
static int
open_renamed(const struct record *r, int flags, int fd)
{
	int old = -1, saved = errno;
	char path[PATH_MAX];
	struct stat st;

	if (r->log_inode == 0 ||
	    (fd != -1 && fstat(fd, &st) == 0 && st.st_ino == r->log_inode))
		return fd;
	if (snprintf(path, sizeof(path), "%s.1", r->log) < PATH_MAX)
		old = open(path, flags);
	if (old != -1 && fstat(old, &st) == 0 && st.st_ino == r->log_inode) {
		if (fd != -1)
			(void)close(fd);
		return old;
	}
	if (old != -1)
		(void)close(old);
	errno = saved;
	return fd;
}

int
follow_open(const struct job *j)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	char path[48];
	struct stat st;
	int fd;

	if (j->record != NULL && j->record->log == NULL) {
		errno = ENODATA;
		return -1;
	}
	if (j->record != NULL) {
		fd = open(j->record->log, flags);
		/* The state directory may be elsewhere by now. */
		if (fd == -1 && errno == ENOENT)
			fd = openat(j->dirfd, JOB_LOG, flags | O_NOFOLLOW);
		fd = open_renamed(j->record, flags, fd);
	} else {
		(void)snprintf(path, sizeof(path), "/proc/%ld/fd/1",
		    (long)j->process.pid);
		fd = open(path, flags);
	}
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	(void)close(fd);
	errno = EINVAL;
	return -1;
}

off_t
follow_lines(int fd, long n)
{
	char buf[BLOCK];
	struct stat st;
	ssize_t got, i;
	off_t pos;
	long seen = 0;

	if (n == -1)
		return 0;
	if (fstat(fd, &st) == -1)
		return -1;
	if (n == 0)
		return st.st_size;
	for (pos = st.st_size; pos > 0; pos -= got) {
		got = pos < BLOCK ? (ssize_t)pos : BLOCK;
		got = pread(fd, buf, (size_t)got, pos - got);
		if (got <= 0)
			return got == 0 ? 0 : -1;
		for (i = got; i > 0; i--) {
			/* The newline that ends the last line is no start. */
			if (buf[i - 1] == '\n' && pos - got + i != st.st_size &&
			    ++seen == n)
				return pos - got + i;
		}
	}
	return 0;
}

/* All of it, whether or not standard output is non-blocking. */
static int
put(const char *buf, size_t len)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };
	ssize_t n;

	while (len > 0) {
		n = write(STDOUT_FILENO, buf, len);
		if (n == -1 && errno == EAGAIN)
			(void)poll(&pfd, 1, -1);
		else if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* True if the file was cut, and reading goes on at its start. */
static bool
was_cut(int fd)
{
	off_t pos = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	return pos > 0 && fstat(fd, &st) == 0 && st.st_size < pos &&
	    lseek(fd, 0, SEEK_SET) == 0;
}

/* True if the log is standard output: what is in it is shown already. */
static bool
is_output(int fd)
{
	struct stat log, out;

	return fstat(fd, &log) == 0 && fstat(STDOUT_FILENO, &out) == 0 &&
	    log.st_dev == out.st_dev && log.st_ino == out.st_ino;
}

/*
 * Copy at most limit bytes (0: no limit). FOLLOW_ENDED: to its end;
 * FOLLOW_INTERRUPTED: the limit is reached.
 */
static enum follow_result
copy(int fd, size_t limit)
{
	char buf[BLOCK];
	size_t done = 0;
	ssize_t n;

	if (is_output(fd))
		return FOLLOW_ENDED;
	for (;;) {
		n = read(fd, buf, sizeof(buf));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return FOLLOW_READ_ERROR;
		if (n == 0) {
			if (was_cut(fd))
				continue;
			return FOLLOW_ENDED;
		}
		if (put(buf, (size_t)n) == -1)
			return FOLLOW_WRITE_ERROR;
		done += (size_t)n;
		if (limit != 0 && done >= limit)
			return FOLLOW_INTERRUPTED;
	}
}

enum follow_result
follow_copy(int fd)
{
	return copy(fd, 0);
}

/* The log itself, or, while it is not there, its directory. */
static void
watch_log(struct follower *f)
{
	char path[48], *dir, *slash;

	if (f->inotify == -1)
		return;
	if (f->fd != -1) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd);
		(void)inotify_add_watch(f->inotify, path, IN_MODIFY);
		return;
	}
	if (f->j->record == NULL || f->j->record->log == NULL ||
	    (dir = strdup(f->j->record->log)) == NULL)
		return;
	if ((slash = strrchr(dir, '/')) != NULL)
		*(slash == dir ? slash + 1 : slash) = '\0';
	(void)inotify_add_watch(f->inotify, dir, IN_CREATE | IN_MOVED_TO);
	free(dir);
}

/* Open the log if it is there. 0, or -1 with errno. */
static int
try_open(struct follower *f)
{
	off_t from;

	if (f->fd != -1 || (f->j->record != NULL && f->j->record->log == NULL))
		return 0;
	if ((f->fd = follow_open(f->j)) == -1)
		return errno == ENOENT ? 0 : -1;
	from = f->lines != -1 ? follow_lines(f->fd, f->lines) : f->from;
	if (from == -1 || lseek(f->fd, from, SEEK_SET) == -1)
		return -1;
	watch_log(f);
	return 0;
}

static void
add_source(struct follower *f, int fd, unsigned int events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	/* EPERM: a regular file, which never says anything. */
	if (fd != -1)
		(void)epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &e);
}

static int
begin(struct follower *f)
{
	if ((f->epoll = epoll_create1(EPOLL_CLOEXEC)) == -1)
		return -1;
	f->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	add_source(f, f->inotify, EPOLLIN);
	add_source(f, f->signals, EPOLLIN);
	/* Errors and hang-ups are told unasked. */
	add_source(f, STDOUT_FILENO, 0);
	/* The directory is watched before the log is looked for. */
	watch_log(f);
	return 0;
}

/* Take what has come. FOLLOW_ENDED: nothing that ends the watching. */
static enum follow_result
events(struct follower *f)
{
	struct epoll_event e[3];
	char buf[4096];
	int i, n;

	n = epoll_wait(f->epoll, e, 3, 0);
	for (i = 0; i < n; i++) {
		if (e[i].data.fd == f->signals)
			return FOLLOW_INTERRUPTED;
		if (e[i].data.fd == STDOUT_FILENO)
			return FOLLOW_NO_READER;
		while (read(f->inotify, buf, sizeof(buf)) > 0)
			continue;
	}
	return FOLLOW_ENDED;
}

/* Of a log that is on record, nothing was seen: it was deleted before. */
static bool
is_missing(const struct follower *f)
{
	return f->fd == -1 && f->j->record != NULL && f->j->record->log != NULL;
}

/* Copy and sleep, in turns, until the job has ended. */
static enum follow_result
run(struct follower *f)
{
	enum follow_result r;
	bool ended = false;
	int rc;

	for (;;) {
		if (try_open(f) == -1)
			return FOLLOW_READ_ERROR;
		r = f->fd == -1 ? FOLLOW_ENDED : copy(f->fd, ROUND);
		if (r == FOLLOW_ENDED && ended && is_missing(f)) {
			errno = ENOENT;
			return FOLLOW_READ_ERROR;
		}
		if (r == FOLLOW_ENDED && ended)
			return r;
		if (r == FOLLOW_ENDED) {
			rc = job_wait(f->j,
			    f->inotify != -1 && !f->j->other_host ?
				0 :
				job_deadline(LOOK_AGAIN),
			    f->epoll);
			if (rc == -1 && errno != ETIMEDOUT)
				return FOLLOW_READ_ERROR;
			ended = rc == 0;
		} else if (r != FOLLOW_INTERRUPTED)
			return r;
		if ((r = events(f)) != FOLLOW_ENDED)
			return r;
	}
}

enum follow_result
follow(struct job *j, off_t from, long lines, int signals)
{
	struct follower f = { .j = j,
		.fd = -1,
		.inotify = -1,
		.epoll = -1,
		.signals = signals,
		.from = from,
		.lines = lines };
	enum follow_result r = FOLLOW_READ_ERROR;
	int saved;

	if (begin(&f) == 0)
		r = run(&f);
	saved = errno;
	if (f.fd != -1)
		(void)close(f.fd);
	if (f.inotify != -1)
		(void)close(f.inotify);
	if (f.epoll != -1)
		(void)close(f.epoll);
	errno = saved;
	return r;
}
