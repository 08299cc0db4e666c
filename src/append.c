/* SPDX-License-Identifier: ISC */
/*
 * A file to append to: whatever is done about symbolic links is done here.
 * Nothing is ever created through one.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "append.h"

#define LINKS_MAX 16 /* links followed before O_CREAT */

/*
 * Where the name leads, so that nothing is created through a link: path is
 * replaced as symbolic links are followed. Root follows only its own, lest
 * somebody else decide what it writes to. 0; 1 if path is a link of /proc's,
 * which is no name, and which only the kernel can follow; -1 with errno.
 */
static int
follow_links(char path[PATH_MAX])
{
	char target[PATH_MAX], *slash;
	struct stat st;
	ssize_t n;
	size_t dirlen;
	int i;

	for (i = 0; i < LINKS_MAX; i++) {
		if (lstat(path, &st) == -1)
			return errno == ENOENT ? 0 : -1;
		if (!S_ISLNK(st.st_mode))
			return 0;
		if (geteuid() == 0 && st.st_uid != 0) {
			errno = ENOTSUP;
			return -1;
		}
		n = readlink(path, target, sizeof(target) - 1);
		if (n == -1)
			return -1;
		target[n] = '\0';
		/* "pipe:[1234]", "/path (deleted)" of an open file. */
		if (stat(path, &st) == 0 &&
		    (strncmp(path, "/proc/", 6) == 0 ||
			strncmp(path, "/dev/fd/", 8) == 0))
			return 1;
		slash = strrchr(path, '/');
		dirlen = target[0] == '/' || slash == NULL ?
		    0 :
		    (size_t)(slash - path) + 1;
		if (dirlen + (size_t)n >= PATH_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(path + dirlen, target, (size_t)n + 1);
	}
	errno = ELOOP;
	return -1;
}

int
append_open(const char *name, mode_t mode, struct stream_file *f)
{
	const int flags =
	    O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
	char path[PATH_MAX];
	struct stat st;
	int i, rc;

	f->fd = -1;
	f->created = false;
	if (strlcpy(path, name, sizeof(path)) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (i = 0; i < LINKS_MAX && f->fd == -1; i++) {
		if ((rc = follow_links(path)) == -1)
			return -1;
		f->fd = open(path, flags | (rc == 1 ? 0 : O_NOFOLLOW));
		if (f->fd != -1)
			break;
		if (errno != ENOENT || rc == 1)
			return -1;
		f->fd = open(path, flags | O_CREAT | O_EXCL, mode);
		if (f->fd != -1)
			f->created = true;
		else if (errno != EEXIST)
			return -1;
	}
	if (f->fd == -1)
		return -1;
	if ((f->path = strdup(path)) == NULL) {
		/* Nobody will know what to undo. */
		if (f->created)
			(void)unlink(path);
		errno = ENOMEM;
		return -1;
	}
	if (fstat(f->fd, &st) == -1 || fcntl(f->fd, F_SETFL, O_APPEND) == -1)
		return -1;
	f->regular = S_ISREG(st.st_mode);
	return 0;
}
