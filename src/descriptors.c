/* SPDX-License-Identifier: ISC */
/*
 * Descriptors that nobody has asked for. The launcher marks them before it
 * forks, so that every exec closes them, and no child has to; only a keeper
 * that goes on in this image, without an exec, closes them itself.
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/syscall.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"
#include "parse.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

static int
range(unsigned int first, unsigned int last, unsigned int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

static void
one(int fd, bool mark)
{
	int flags;

	if (!mark)
		close(fd);
	else if ((flags = fcntl(fd, F_GETFD)) != -1)
		fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

/* Kernels before 5.9 (5.11 for marking), and filters that forbid it. */
static int
one_by_one(int first, int last, bool mark)
{
	struct dirent *d;
	struct rlimit rl;
	DIR *dir;
	long fd;

	dir = opendir("/proc/self/fd");
	if (dir == NULL) {
		if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
			return -1;
		if (rl.rlim_cur < (rlim_t)last)
			last = (int)rl.rlim_cur;
		for (fd = first; fd <= last; fd++)
			one((int)fd, mark);
		return 0;
	}
	while ((d = readdir(dir)) != NULL)
		if (parse_number(d->d_name, first, last, &fd) == 0 &&
		    fd != dirfd(dir))
			one((int)fd, mark);
	closedir(dir);
	return 0;
}

int
descriptors_mark(void)
{
	if (range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return 0;
	return one_by_one(3, INT_MAX, true);
}

static int
compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

int
descriptors_close(int *keep, size_t n)
{
	int first = 3, last;
	size_t i;

	qsort(keep, n, sizeof(*keep), compare);
	for (i = 0; i <= n; i++) {
		last = i < n ? keep[i] - 1 : INT_MAX;
		if (first <= last &&
		    range((unsigned int)first, (unsigned int)last, 0) == -1 &&
		    one_by_one(first, last, false) == -1)
			return -1;
		if (i < n && keep[i] >= first)
			first = keep[i] + 1;
	}
	return 0;
}

int
descriptor_inherit(int fd)
{
	return fcntl(fd, F_SETFD, 0);
}
