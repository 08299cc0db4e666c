/* SPDX-License-Identifier: ISC */
/*
 * What the owner of a locked pidfile does with it: write a pid, remove the
 * file. By system calls only, for a command's process before exec and for
 * the keeper.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "pidfile.h"

int
pidfile_put(int fd, pid_t pid)
{
	char text[16];
	char *p = text + sizeof(text);
	size_t len;
	ssize_t n;

	do
		*--p = (char)('0' + pid % 10);
	while ((pid /= 10) != 0);
	len = (size_t)(text + sizeof(text) - p);
	n = pwrite(fd, p, len, 0);
	if (n == -1)
		return -1;
	if ((size_t)n != len) {
		errno = ENOSPC;
		return -1;
	}
	/* A restart may write a shorter pid over a longer one. */
	return lseek(fd, 0, SEEK_END) > (off_t)len ? ftruncate(fd, (off_t)len) :
						     0;
}

int
pidfile_drop(int fd, int dirfd, const char *name)
{
	struct stat open, named;

	if (fstat(fd, &open) == -1 ||
	    fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (open.st_dev != named.st_dev || open.st_ino != named.st_ino) {
		errno = ESTALE;
		return -1;
	}
	return unlinkat(dirfd, name, 0);
}
