/* SPDX-License-Identifier: ISC */
/*
 * The keeper's edits of a record, by system calls only. The new text is
 * written beside the old and renamed over it, so that a reader, or a keeper
 * killed half way, sees either. Only if that fails for want of space is the
 * final text written into the old file, over its reserve line (record.h):
 * within what the file has already, so that a full disk loses nothing.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"
#include "statedir.h"

#define FINAL_MAX 512

char *
keeper_number(char *buf, size_t size, uint64_t n, int digits)
{
	char *p = buf + size;

	*--p = '\0';
	for (; (n != 0 || digits > 0) && p > buf; n /= 10, digits--)
		*--p = (char)('0' + n % 10);
	return p;
}

static int
write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n)
		if ((n = write(fd, p, len)) == -1)
			return -1;
	return 0;
}

static bool
has_key(const char *line, size_t len, const char *key)
{
	size_t n = strlen(key);

	return len > n && memcmp(line, key, n) == 0 && line[n] == ' ';
}

static bool
replaced(const char *line, size_t len, const struct keeper_line *lines,
    size_t n, bool final)
{
	size_t i;

	if (final && has_key(line, len, "reserve"))
		return true;
	for (i = 0; i < n; i++)
		if (has_key(line, len, lines[i].key))
			return true;
	return false;
}

/* Copy what stays, in as few writes as there are gaps. */
static int
copy(int fd, const char *text, size_t len, const struct keeper_line *lines,
    size_t n, bool final)
{
	const char *line = text, *end = text + len, *from = text, *next;

	for (; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next == NULL ? end : next + 1;
		if (!replaced(line, (size_t)(next - line), lines, n, final))
			continue;
		if (write_all(fd, from, (size_t)(line - from)) == -1)
			return -1;
		from = next;
	}
	return write_all(fd, from, (size_t)(end - from));
}

/* The lines as text; their length. */
static size_t
format(char *buf, size_t size, const struct keeper_line *lines, size_t n)
{
	size_t i, key, value, len = 0;

	for (i = 0; i < n; i++) {
		key = strlen(lines[i].key);
		value = strlen(lines[i].value);
		if (len + key + value + 2 > size)
			break;
		memcpy(buf + len, lines[i].key, key);
		buf[len + key] = ' ';
		memcpy(buf + len + key + 1, lines[i].value, value);
		len += key + value + 2;
		buf[len - 1] = '\n';
	}
	return len;
}

static int
replace(int dirfd, const char *text, size_t size,
    const struct keeper_line *lines, size_t n, bool final)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char buf[FINAL_MAX];
	int fd, saved;

	fd = openat(dirfd, JOB_RECORD_NEW, flags, 0600);
	if (fd == -1 && errno == EEXIST &&
	    unlinkat(dirfd, JOB_RECORD_NEW, 0) == 0)
		fd = openat(dirfd, JOB_RECORD_NEW, flags, 0600);
	if (fd == -1)
		return -1;
	/* The caller's umask is the keeper's, too. */
	if (fchmod(fd, 0600) == -1 ||
	    copy(fd, text, size, lines, n, final) == -1 ||
	    write_all(fd, buf, format(buf, sizeof(buf), lines, n)) == -1 ||
	    (final && fsync(fd) == -1) ||
	    renameat(dirfd, JOB_RECORD_NEW, dirfd, JOB_RECORD) == -1) {
		saved = errno;
		close(fd);
		unlinkat(dirfd, JOB_RECORD_NEW, 0);
		errno = saved;
		return -1;
	}
	close(fd);
	if (final)
		(void)fsync(dirfd);
	return 0;
}

static int
overwrite(int fd, const char *text, size_t size,
    const struct keeper_line *lines, size_t n)
{
	const char *line, *next, *end = text + size;
	char buf[FINAL_MAX];
	off_t at = (off_t)size;
	size_t len;

	for (line = text; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next == NULL ? end : next + 1;
		if (has_key(line, (size_t)(next - line), "reserve"))
			at = line - text;
	}
	len = format(buf, sizeof(buf), lines, n);
	if (pwrite(fd, buf, len, at) != (ssize_t)len ||
	    ftruncate(fd, at + (off_t)len) == -1)
		return -1;
	return fsync(fd);
}

int
keeper_edit(int dirfd, const struct keeper_line *lines, size_t n, bool final)
{
	struct stat st;
	char *text;
	int fd, rc = -1;

	fd = openat(dirfd, JOB_RECORD, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || st.st_size <= 0) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text != MAP_FAILED) {
		rc = replace(dirfd, text, (size_t)st.st_size, lines, n, final);
		if (rc == -1 && final)
			rc = overwrite(fd, text, (size_t)st.st_size, lines, n);
		munmap(text, (size_t)st.st_size);
	}
	close(fd);
	return rc;
}
