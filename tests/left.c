/* SPDX-License-Identifier: ISC */
/*
 * left MARK DIRECTORY PID
 *
 * Prints the pids of the processes that a test has left, one a line: those
 * with MARK as a string of their environment, and those whose directory or
 * one of whose open files is DIRECTORY or below it, since a process can
 * write over its environment.  Not those that look as PID, the test itself,
 * does (it and its subshells), nor zombies, nor this process.
 */

#define _GNU_SOURCE
#include <sys/types.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct text {
	char	*s;
	size_t	 len;
};

/* The whole of a file in /proc, and a NUL; empty if it cannot be read. */
static void
slurp(const char *pid, const char *name, struct text *t)
{
	char path[64];
	size_t size = 0;
	ssize_t n = 1;
	int fd;

	t->s = NULL;
	t->len = 0;
	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		n = 0;
	for (;;) {
		if (t->len + 1 >= size) {
			size += 16384;
			if ((t->s = realloc(t->s, size)) == NULL)
				err(1, NULL);
		}
		if (n < 1 ||
		    (n = read(fd, t->s + t->len, size - t->len - 1)) < 1)
			break;
		t->len += (size_t)n;
	}
	t->s[t->len] = '\0';
	if (fd != -1)
		close(fd);
}

static int
same(const struct text *a, const struct text *b)
{
	return a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}

static int
marked(const char *pid, const char *mark)
{
	struct text env;
	size_t i;
	int found = 0;

	slurp(pid, "environ", &env);
	for (i = 0; i < env.len && !found; i += strlen(env.s + i) + 1)
		found = strcmp(env.s + i, mark) == 0;
	free(env.s);
	return found;
}

static int
below(const char *link, const char *dir)
{
	char target[4096];
	size_t len = strlen(dir);
	ssize_t n;

	if ((n = readlink(link, target, sizeof(target) - 1)) == -1)
		return 0;
	target[n] = '\0';
	return strncmp(target, dir, len) == 0 &&
	    (target[len] == '\0' || target[len] == '/' || target[len] == ' ');
}

static int
inside(const char *pid, const char *dir)
{
	char path[320];
	struct dirent *e;
	int found;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/cwd", pid);
	if (below(path, dir))
		return 1;
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	if ((d = opendir(path)) == NULL)
		return 0;
	found = 0;
	while (!found && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, e->d_name);
		found = below(path, dir);
	}
	closedir(d);
	return found;
}

static int
zombie(const char *pid)
{
	struct text stat;
	char *p;
	int dead;

	slurp(pid, "stat", &stat);
	dead = (p = strrchr(stat.s, ')')) == NULL || p[1] == '\0' ||
	    p[2] == 'Z' || p[2] == 'X';
	free(stat.s);
	return dead;
}

int
main(int argc, char *argv[])
{
	struct text test, other;
	struct dirent *e;
	int itself;
	DIR *d;

	if (argc != 4)
		errx(2, "usage: left MARK DIRECTORY PID");
	slurp(argv[3], "cmdline", &test);
	if ((d = opendir("/proc")) == NULL)
		err(1, "/proc");
	while ((e = readdir(d)) != NULL) {
		if (strspn(e->d_name, "0123456789") != strlen(e->d_name) ||
		    atoi(e->d_name) == (int)getpid())
			continue;
		if (!marked(e->d_name, argv[1]) && !inside(e->d_name, argv[2]))
			continue;
		slurp(e->d_name, "cmdline", &other);
		itself = same(&test, &other);
		free(other.s);
		if (!itself && !zombie(e->d_name))
			puts(e->d_name);
	}
	closedir(d);
	return 0;
}
