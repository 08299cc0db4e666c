/* SPDX-License-Identifier: ISC */
/*
 * The pidfile: pidfile(3bsd)'s protocol (a pid in ASCII, an flock(2) on the
 * file) with its gaps closed. A file is live if it is locked; its text alone
 * proves nothing. Never prints.
 */
#ifndef PIDFILE_H
#define PIDFILE_H

#include <sys/types.h>

#include <stdbool.h>

#include "process.h"

struct pidfile {
	int		fd;	/* locked, close-on-exec; -1: none */
	int		write;	/* the same file, for pidfile_put(): fd itself,
				   unless that can only be read */
	int		dirfd;	/* its directory */
	const char     *name;	/* its name there */
	bool		created;
};

/*
 * Open and lock path, mode 0644 less the umask, but for the owner's part, and
 * empty it. It is taken from the directory at, which the caller trusts, or
 * AT_FDCWD. If the command is to inherit root's lock, fd can only be read: it
 * may run as somebody else, who could otherwise have root's verbs believe
 * what it writes. 0, or -1 with errno: EWOULDBLOCK it is live, and *other is
 * the pid in it, or 0 if no pid of a running process that it can mean
 * appeared in it within a second; ELOOP a symbolic link; ENOTSUP no regular
 * file; EPERM the caller is root, and somebody else owns or can replace it,
 * EMLINK or it has another name.
 */
int	pidfile_claim(struct pidfile *p, int at, const char *path,
	    bool inherited, pid_t *other);

/* path as the record has it: absolute. Allocated; NULL with errno. */
char	*pidfile_path(const char *path);

/*
 * The running process that a file which is not live names, or 0. It proves
 * nothing; but it is quick to say that there is nothing to prove.
 */
pid_t	pidfile_left(const char *path);

/*
 * 0 if nobody but root may change the way from the root directory to dirfd,
 * or what is in it; else -1, EPERM.
 */
int	pidfile_check_way(int dirfd);

/*
 * Open root's directory path, from the directory at, through no symbolic
 * link but those that nobody but root may change. A descriptor, or -1 with
 * errno: EPERM another user could lead the way elsewhere.
 */
int	pidfile_open_way(int at, const char *path);

/* Write pid into it. Async-signal-safe. 0, or -1 with errno. */
int	pidfile_put(int fd, pid_t pid);

/*
 * Remove dirfd's name if it still is the file fd. Async-signal-safe. 0, or
 * -1 with errno (ESTALE: it is another file now, and was left alone).
 */
int	pidfile_drop(int fd, int dirfd, const char *name);

/*
 * The process that a live pidfile names; it may be a zombie. 0, or -1 with
 * errno: ESRCH it is not live; EBUSY it is, but names no process, or one that
 * came later than its text; ELOOP a symbolic link; ENOTSUP no regular file;
 * EPERM the caller is root, and somebody else can write to the file or
 * replace it.
 */
int	pidfile_process(const char *path, struct identity *id);

#endif
