/* SPDX-License-Identifier: ISC */
/*
 * Whether root's pidfile is where nobody else can put another file, or lead
 * the way to another place.
 */
#include "config.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "pidfile.h"

#define LINKS_MAX	    40	 /* as in path_resolution(7) */
#define RESOLVE_NO_SYMLINKS 0x04 /* openat2(2) */
#ifndef SYS_openat2
#define SYS_openat2 437 /* Linux 5.6 */
#endif

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

/* The usual way has no links, and the kernel sees to it. */
static int
open_without_links(int at, const char *path)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, at, path, &how, sizeof(how));
}

/*
 * Put the target of dirfd's link name before what is left of the path. 0, or
 * -1 with errno.
 */
static int
follow(int dirfd, const char *name, char left[PATH_MAX])
{
	char path[PATH_MAX];
	ssize_t n;
	size_t len = strlen(left);

	if (pidfile_check_way(dirfd) == -1 ||
	    (n = readlinkat(dirfd, name, path, sizeof(path))) == -1)
		return -1;
	if ((size_t)n + 1 + len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	path[n] = '/';
	memcpy(path + n + 1, left, len + 1);
	memcpy(left, path, (size_t)n + 1 + len + 1);
	return 0;
}

/* Take one step from *dirfd, which is replaced; left loses a component. */
static int
step(int *dirfd, char left[PATH_MAX], int *links)
{
	char name[NAME_MAX + 1];
	struct stat st;
	size_t len = strcspn(left, "/");
	int next = -1;

	if (len >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, left, len);
	name[len] = '\0';
	memmove(left, left + len, strlen(left + len) + 1);
	if (fstatat(*dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (S_ISLNK(st.st_mode)) {
		if (st.st_uid != 0 || ++*links > LINKS_MAX) {
			errno = st.st_uid != 0 ? EPERM : ELOOP;
			return -1;
		}
		if (follow(*dirfd, name, left) == -1)
			return -1;
		if (*left != '/')
			return 0;
		next = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else
		next = openat(*dirfd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next == -1)
		return -1;
	close(*dirfd);
	*dirfd = next;
	return 0;
}

int
pidfile_open_way(int at, const char *path)
{
	char left[PATH_MAX];
	int fd, links = 0, saved;
	size_t slashes;

	if ((fd = open_without_links(at, path)) != -1)
		return fd;
	if (strlcpy(left, path, sizeof(left)) >= sizeof(left)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = openat(at, *path == '/' ? "/" : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd != -1) {
		slashes = strspn(left, "/");
		memmove(left, left + slashes, strlen(left + slashes) + 1);
		if (*left == '\0')
			break;
		if (step(&fd, left, &links) == -1) {
			saved = errno;
			close(fd);
			errno = saved;
			fd = -1;
		}
	}
	return fd;
}
