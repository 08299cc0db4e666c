/* SPDX-License-Identifier: ISC */
/* Whether root's pidfile is where nobody else can put another file. */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "pidfile.h"

/* True if st's owner is not root, or others could put another file there. */
static bool
replaceable(const struct stat *st)
{
	if (st->st_uid != 0)
		return true;
	return (st->st_mode & S_ISVTX) == 0 &&
	    ((st->st_mode & S_IWOTH) != 0 ||
		((st->st_mode & S_IWGRP) != 0 && st->st_gid != 0));
}

int
pidfile_check_way(int dirfd)
{
	struct stat st, up;
	int fd = dirfd, next, depth, rc = -1;

	if (fstat(fd, &st) == -1)
		return -1;
	for (depth = 0; depth < 256; depth++) {
		if (replaceable(&st)) {
			errno = EPERM;
			break;
		}
		next = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (next == -1)
			break;
		if (fd != dirfd)
			close(fd);
		fd = next;
		if (fstat(fd, &up) == -1)
			break;
		if (up.st_dev == st.st_dev && up.st_ino == st.st_ino) {
			rc = 0;
			break;
		}
		st = up;
	}
	if (fd != dirfd)
		close(fd);
	return rc;
}
