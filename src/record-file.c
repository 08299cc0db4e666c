/* SPDX-License-Identifier: ISC */
/*
 * A record's file: read and written whole. What is read must be the caller's
 * own and no link, because what it says is acted upon.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "record.h"
#include "statedir.h"

/* Not negative: the length; the text is in *text, to be freed. */
static ssize_t
read_text(int fd, char **text)
{
	size_t len = 0, room;
	struct stat st;
	ssize_t n;
	char *buf;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	if (st.st_size > RECORD_MAX) {
		errno = EFBIG;
		return -1;
	}
	/* Replaced, or written within its reserve: it does not grow. */
	room = (size_t)st.st_size;
	if ((buf = malloc(room + 1)) == NULL)
		return -1;
	while (len < room) {
		n = read(fd, buf + len, room - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			free(buf);
			return -1;
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*text = buf;
	return (ssize_t)len;
}

struct record *
record_read(int dirfd)
{
	struct record *r = NULL;
	char *text = NULL;
	ssize_t len;
	int fd, saved;

	fd = openat(dirfd, JOB_RECORD,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return NULL;
	if ((len = read_text(fd, &text)) != -1)
		r = record_parse(text, (size_t)len);
	saved = errno;
	free(text);
	(void)close(fd);
	errno = saved;
	return r;
}

int
record_write(int dirfd, const char *name, const char *text, size_t len,
    bool sync)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	ssize_t n;
	int fd, saved;

	fd = openat(dirfd, name, flags, 0600);
	if (fd == -1 && errno == EEXIST && unlinkat(dirfd, name, 0) == 0)
		fd = openat(dirfd, name, flags, 0600);
	if (fd == -1)
		return -1;
	/* 0600 whatever the umask: the owner must be able to read it. */
	if (fchmod(fd, 0600) == -1)
		goto fail;
	while (len > 0) {
		n = write(fd, text, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			goto fail;
		text += n;
		len -= (size_t)n;
	}
	if (sync && fsync(fd) == -1)
		goto fail;
	if (close(fd) == 0)
		return 0;
	fd = -1;

fail:
	saved = errno;
	if (fd != -1)
		(void)close(fd);
	(void)unlinkat(dirfd, name, 0);
	errno = saved;
	return -1;
}
