/* SPDX-License-Identifier: ISC */
/*
 * What a member's descriptors are, so that it is quickly found out, once the
 * member is held, that they are the same still. /proc tells of each which
 * inode of which mount it is, how it was opened, and what an epoll set
 * watches; a file of /proc that stays open tells it anew at each read.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adopt.h"

#define MOST	 48   /* descriptors; each takes one of ours */
#define TEXT_MAX 1024 /* of what is told of one */

struct one {
	int fd;
	int info;   /* its file in /proc, held open */
	char *text; /* as it was, without the offset */
};

struct seen {
	DIR *dir;
	struct one one[MOST];
	size_t n;
};

/*
 * What is told of a descriptor, in buf. Its first line is the offset, which
 * changes. NULL if it does not fit, or does not say which inode it is, as
 * before Linux 5.14.
 */
static char *
tell(int info, char *buf)
{
	char *text;
	ssize_t n;

	if ((n = pread(info, buf, TEXT_MAX, 0)) <= 0 || n == TEXT_MAX)
		return NULL;
	buf[n] = '\0';
	if ((text = strchr(buf, '\n')) == NULL || strstr(text, "ino:") == NULL)
		return NULL;
	return text;
}

static int
add(struct seen *s, pid_t pid, int fd)
{
	struct one *o = &s->one[s->n];
	char buf[TEXT_MAX + 1], path[64], *text;

	if (s->n == MOST)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	if ((o->info = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	o->fd = fd;
	text = tell(o->info, buf);
	o->text = text == NULL ? NULL : strdup(text);
	s->n++;
	return o->text == NULL ? -1 : 0;
}

struct seen *
seen_new(pid_t pid)
{
	struct seen *s;
	struct dirent *e;
	char path[32];

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	if ((s->dir = opendir(path)) == NULL) {
		seen_free(s);
		return NULL;
	}
	while ((e = readdir(s->dir)) != NULL) {
		if (e->d_name[0] != '.' && add(s, pid, atoi(e->d_name)) == -1) {
			seen_free(s);
			return NULL;
		}
	}
	/* A first thread that has exited shows none. */
	if (s->n == 0) {
		seen_free(s);
		return NULL;
	}
	return s;
}

bool
seen_still(struct seen *s)
{
	char buf[TEXT_MAX + 1], *text;
	struct dirent *e;
	size_t i = 0;

	rewinddir(s->dir);
	while ((e = readdir(s->dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		/* In ascending order, both times. */
		if (i == s->n || atoi(e->d_name) != s->one[i].fd ||
		    (text = tell(s->one[i].info, buf)) == NULL ||
		    strcmp(text, s->one[i].text) != 0)
			return false;
		i++;
	}
	return i == s->n;
}

void
seen_free(struct seen *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++) {
		close(s->one[i].info);
		free(s->one[i].text);
	}
	if (s->dir != NULL)
		closedir(s->dir);
	free(s);
}
