/* SPDX-License-Identifier: ISC */
/*
 * Which descriptor goes where. One table decides (streams.h); options come
 * before it. All descriptors made here are close-on-exec and above 2.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "append.h"
#include "streams.h"

static const char *const stream_names[3] = {
	"standard input",
	"standard output",
	"standard error",
};

/*
 * A terminal, also one that is gone, to which every question is an error. Not
 * by isatty(3), which in musl does not tell that error from another.
 */
static bool
is_terminal(int fd)
{
	struct termios t;

	return tcgetattr(fd, &t) == 0 || errno == EIO;
}

int
streams_survey(struct streams *s)
{
	struct stat st;
	int fd;

	for (fd = 0; fd < 3; fd++) {
		s->fd[fd] = STREAM_KEPT;
		if (fstat(fd, &st) == -1)
			s->kind[fd] = STREAM_CLOSED;
		else if (S_ISCHR(st.st_mode) && is_terminal(fd))
			s->kind[fd] = STREAM_TERMINAL;
		else if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
			s->kind[fd] = STREAM_CHANNEL;
		else
			s->kind[fd] = STREAM_OTHER;
		/* The lowest free one is taken, and those below are open. */
		if (s->kind[fd] != STREAM_CLOSED)
			continue;
		/* NOLINTNEXTLINE(android-cloexec-open): 0 to 2 outlive exec */
		if (open("/dev/null", O_RDWR) == -1)
			return -1;
	}
	return 0;
}

static int
lend(const struct stream_request *r, bool back)
{
	int saved = errno, rc;

	rc = r->lend == NULL ? 0 : r->lend(r->arg, back);
	if (rc == 0)
		errno = saved;
	return rc;
}

/* A FILE of -o or -e: created with 0666 less the umask. */
static int
open_named(struct streams *s, const struct stream_request *r, const char *name)
{
	struct stream_file *f = &s->file[s->nfiles];
	int rc;

	s->culprit = name;
	if (lend(r, false) == -1)
		return -1;
	rc = append_open(name, 0666, f);
	if (f->fd != -1)
		s->nfiles++;
	if (lend(r, true) == -1)
		return -1;
	return rc;
}

/* 0600 whatever the umask: what a command prints is its owner's affair. */
static int
open_private(struct stream_file *f, const char *path)
{
	struct stat st;

	if (append_open(path, 0600, f) == -1)
		return -1;
	if (f->created && fstat(f->fd, &st) == 0 &&
	    (st.st_mode & 0777) != 0600 && fchmod(f->fd, 0600) == -1)
		return -1;
	return 0;
}

/* detach.out here, else in HOME. */
static int
open_unkept_log(struct stream_file *f, const char *home)
{
	char path[PATH_MAX];
	int first;

	if (open_private(f, LOG_FILE) == 0)
		return 0;
	first = errno;
	if (home == NULL || *home != '/' ||
	    (size_t)snprintf(path, sizeof(path), "%s/" LOG_FILE, home) >=
		sizeof(path) ||
	    open_private(f, path) == -1) {
		errno = first;
		return -1;
	}
	return 0;
}

/* A kept job's: always a new file, published by its directory's owner. */
static int
open_kept_log(struct stream_file *f, const struct stream_request *r)
{
	int saved;

	f->fd = openat(r->logdir, r->log_name,
	    O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY |
		O_CLOEXEC,
	    0600);
	if (f->fd == -1)
		return -1;
	f->regular = true;
	if (fchmod(f->fd, 0600) == 0 && (f->path = strdup(r->log_name)) != NULL)
		return 0;
	saved = errno;
	(void)unlinkat(r->logdir, r->log_name, 0);
	errno = saved;
	return -1;
}

/* The log's descriptor; opened once, so that lines keep their order (S1). */
static int
open_log(struct streams *s, const struct stream_request *r)
{
	struct stream_file *f = &s->file[s->nfiles];
	int rc;

	if (s->log != NULL)
		return s->log_fd;
	s->culprit = LOG_FILE;
	f->fd = -1;
	if (r->logdir != -1) {
		s->culprit = r->log_name;
		rc = open_kept_log(f, r);
	} else {
		if (lend(r, false) == -1)
			return -1;
		rc = open_unkept_log(f, r->home);
		if (lend(r, true) == -1)
			return -1;
	}
	if (f->fd != -1)
		s->nfiles++;
	if (rc == -1)
		return -1;
	s->log = f->path;
	return s->log_fd = f->fd;
}

static int
open_null(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static int
open_input(struct streams *s, const struct stream_request *r)
{
	const char *name = r->input;
	int fd;

	s->culprit = name == NULL ? "/dev/null" : name;
	if (name == NULL) {
		if (s->kind[0] == STREAM_OTHER)
			return 0;
		return (s->fd[0] = open_null()) == -1 ? -1 : 0;
	}
	if (strcmp(name, "-") == 0) {
		s->culprit = stream_names[0];
		errno = EBADF;
		return s->kind[0] == STREAM_CLOSED ? -1 : 0;
	}
	if (lend(r, false) == -1)
		return -1;
	fd = open(name, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (lend(r, true) == -1)
		return -1;
	if (fd == -1)
		return -1;
	s->fd[0] = fd;
	return fcntl(fd, F_SETFL, 0);
}

/* '|COMMAND': a pipe; who reads it is started by the launcher. */
static int
open_filter(struct streams *s, const char *command, int *fd)
{
	struct stream_filter *f = &s->filter[s->nfilters];

	s->culprit = "'|'";
	errno = EINVAL;
	if (command[strspn(command, " \t\n")] == '\0')
		return -1;
	s->culprit = "a pipe";
	if (pipe2(f->data, O_CLOEXEC) == -1)
		return -1;
	f->command = command;
	s->nfilters++;
	*fd = f->data[1];
	return 0;
}

/* An option's word for stream n (1 or 2) into *fd. */
static int
open_option(struct streams *s, const struct stream_request *r, int n,
    const char *word, int *fd)
{
	if (strcmp(word, "-") == 0) {
		s->culprit = stream_names[n];
		errno = EBADF;
		*fd = STREAM_KEPT;
		return s->kind[n] == STREAM_CLOSED ? -1 : 0;
	}
	if (word[0] == '|')
		return open_filter(s, word + 1, fd);
	if (open_named(s, r, word) == -1)
		return -1;
	*fd = s->file[s->nfiles - 1].fd;
	return 0;
}

/* The table's word for standard output and error, without options. */
static int
open_default(struct streams *s, const struct stream_request *r, int fd[3])
{
	if (s->kind[1] == STREAM_OTHER)
		fd[1] = STREAM_KEPT;
	else if ((fd[1] = open_log(s, r)) == -1)
		return -1;
	fd[2] = s->kind[2] == STREAM_OTHER ? STREAM_KEPT : 1;
	return 0;
}

int
streams_open(struct streams *s, const struct stream_request *r)
{
	size_t i;

	s->truncate = r->truncate;
	if (open_input(s, r) == -1)
		return -1;
	if (r->output != NULL) {
		if (open_option(s, r, 1, r->output, &s->fd[1]) == -1)
			return -1;
		s->fd[2] = s->kind[2] == STREAM_OTHER ? STREAM_KEPT : 1;
	} else if (open_default(s, r, s->fd) == -1)
		return -1;
	if (r->error != NULL && open_option(s, r, 2, r->error, &s->fd[2]) == -1)
		return -1;
	/* A filter's own output goes where the table says. */
	for (i = 0; i < s->nfilters; i++) {
		if (open_default(s, r, s->filter[i].out) == -1)
			return -1;
		s->filter[i].out[0] = s->filter[i].data[0];
	}
	return 0;
}

void
streams_undo(const struct streams *s)
{
	struct stat open, named;
	size_t i;

	for (i = 0; i < s->nfiles; i++)
		if (s->file[i].created && s->file[i].path != NULL &&
		    fstat(s->file[i].fd, &open) == 0 &&
		    lstat(s->file[i].path, &named) == 0 &&
		    open.st_dev == named.st_dev && open.st_ino == named.st_ino)
			unlink(s->file[i].path);
}

int
streams_move(const int fd[3])
{
	int i;

	for (i = 0; i < 3; i++)
		if (fd[i] != STREAM_KEPT && dup2(fd[i], i) == -1)
			return -1;
	return 0;
}

int
streams_truncate(const struct streams *s)
{
	size_t i;

	if (!s->truncate)
		return 0;
	for (i = 0; i < s->nfiles; i++)
		if (s->file[i].regular && !s->file[i].created &&
		    ftruncate(s->file[i].fd, 0) == -1)
			return -1;
	return 0;
}
