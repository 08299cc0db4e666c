/* SPDX-License-Identifier: ISC */
/*
 * Which processes are the job: what a shell would call so, and what of it has
 * got away from there but still holds the terminal.
 */
#include "config.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adopt.h"

bool
adopt_is_ancestor(pid_t pid)
{
	struct process_stat st;
	pid_t p;

	for (p = getpid(); p > 0; p = st.ppid) {
		if (p == pid)
			return true;
		if (process_stat(p, &st) == -1)
			break;
	}
	return false;
}

/* True if the group is ours or one of our ancestors'. */
static bool
group_is_ours(pid_t pgrp)
{
	struct process_stat st;
	pid_t p;

	for (p = getpid(); p > 1 && process_stat(p, &st) == 0; p = st.ppid) {
		if (st.pgrp == pgrp)
			return true;
	}
	return false;
}

static int
add(struct adoption *a, pid_t pid)
{
	struct member *more, *m;

	if (a->n == a->room) {
		if ((more = realloc(a->member,
			 (a->room * 2 + 8) * sizeof(*more))) == NULL)
			return -1;
		a->member = more;
		a->room = a->room * 2 + 8;
	}
	m = &a->member[a->n];
	if (adopt_look(pid, m) == -1)
		return -1;
	m->pidns = process_pid_namespace(m->thread);
	m->move.null = m->move.log = m->move.lock = -1;
	m->move.pipe[0] = m->move.pipe[1] = -1;
	if (m->state != 'Z' && (m->pidfd = process_pidfd(&m->id)) == -1 &&
	    errno != ENOSYS)
		return -1;
	a->n++;
	return 0;
}

/* The terminal of a process that has no controlling one: what 0 to 2 are. */
static dev_t
terminal_held(pid_t pid)
{
	struct stat st;
	char path[48];
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		/* The major number of pseudo-terminals. */
		if (stat(path, &st) == 0 && S_ISCHR(st.st_mode) &&
		    major(st.st_rdev) == 136)
			return st.st_rdev;
	}
	return 0;
}

int
adopt_begin(struct adoption *a, pid_t pid)
{
	struct member *m;

	if (add(a, pid) == -1)
		return -1;
	m = &a->member[0];
	a->pidns = process_pid_namespace(0);
	a->pgrp = m->pgrp;
	a->whole_group = m->pgrp != m->session && !group_is_ours(m->pgrp);
	a->tty = m->tty != 0 ? m->tty : terminal_held(m->thread);
	return 0;
}

static bool
holds_terminal(const struct adoption *a, pid_t pid)
{
	struct dirent *e;
	struct stat st;
	char path[32];
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	if (a->tty == 0 || (dir = opendir(path)) == NULL)
		return false;
	while (!found && (e = readdir(dir)) != NULL)
		found = e->d_name[0] != '.' &&
		    fstatat(dirfd(dir), e->d_name, &st, 0) == 0 &&
		    S_ISCHR(st.st_mode) && st.st_rdev == a->tty;
	closedir(dir);
	return found;
}

struct process {
	pid_t pid;
	struct process_stat st;
};

static int
by_pid(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* All processes but ourselves; their number, or -1. a->seen has their pids. */
static ssize_t
all_processes(struct adoption *a, struct process **list)
{
	struct process *p = NULL, *more;
	struct dirent *e;
	size_t n = 0, room = 0, i;
	DIR *dir;

	if ((dir = opendir("/proc")) == NULL)
		return -1;
	while ((e = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		if (n == room) {
			room = room * 2 + 256;
			if ((more = realloc(p, room * sizeof(*p))) == NULL)
				goto fail;
			p = more;
		}
		p[n].pid = (pid_t)atoi(e->d_name);
		if (process_stat(p[n].pid, &p[n].st) == 0 &&
		    p[n].pid != getpid())
			n++;
	}
	free(a->seen);
	if ((a->seen = calloc(n + 1, sizeof(*a->seen))) == NULL)
		goto fail;
	for (i = 0; i < n; i++)
		a->seen[i] = p[i].pid;
	a->nseen = n;
	qsort(a->seen, n, sizeof(*a->seen), by_pid);
	closedir(dir);
	*list = p;
	return (ssize_t)n;
fail:
	closedir(dir);
	free(p);
	return -1;
}

static bool
is_member(const struct adoption *a, pid_t pid)
{
	size_t i;

	for (i = 0; i < a->n && a->member[i].id.pid != pid; i++)
		continue;
	return i < a->n;
}

static bool
belongs(const struct adoption *a, const struct process *p)
{
	if (is_member(a, p->pid) || !process_stat_alive(&p->st))
		return false;
	if (a->whole_group && p->st.pgrp == a->pgrp)
		return true;
	return is_member(a, p->st.ppid) &&
	    (p->st.session == a->member[0].session ||
		holds_terminal(a, p->pid));
}

int
adopt_collect(struct adoption *a)
{
	struct process *p = NULL;
	ssize_t n, i;
	int added = 0, before;

	if ((n = all_processes(a, &p)) == -1)
		return -1;
	/* A child may be found before its parent has become a member. */
	do {
		before = added;
		for (i = 0; i < n; i++) {
			if (!belongs(a, &p[i]))
				continue;
			if (add(a, p[i].pid) == 0)
				added++;
			else if (errno != ESRCH) {
				free(p);
				return -1;
			}
		}
	} while (added > before);
	free(p);
	return added;
}

/* Children of one thread; the file is there with CONFIG_PROC_CHILDREN. */
static bool
thread_has_new_child(const struct adoption *a, int taskfd, const char *tid)
{
	char name[64];
	bool found = false;
	pid_t pid;
	FILE *fp;
	int fd, n;

	snprintf(name, sizeof(name), "%.16s/children", tid);
	if ((fd = openat(taskfd, name, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	if ((fp = fdopen(fd, "r")) == NULL) {
		close(fd);
		return false;
	}
	while (!found && fscanf(fp, "%d", &n) == 1) {
		pid = (pid_t)n;
		found = bsearch(&pid, a->seen, a->nseen, sizeof(*a->seen),
			    by_pid) == NULL;
	}
	fclose(fp);
	return found;
}

bool
adopt_has_new_child(const struct adoption *a)
{
	struct dirent *e;
	char path[32];
	bool found = false;
	size_t i;
	DIR *dir;

	for (i = 0; i < a->n && !found; i++) {
		if (a->member[i].tracee == NULL)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task",
		    a->member[i].id.pid);
		if ((dir = opendir(path)) == NULL)
			continue;
		while (!found && (e = readdir(dir)) != NULL)
			found = e->d_name[0] != '.' &&
			    thread_has_new_child(a, dirfd(dir), e->d_name);
		closedir(dir);
	}
	return found;
}

void
adopt_free(struct adoption *a)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (a->member[i].pidfd != -1)
			close(a->member[i].pidfd);
		free(a->member[i].move.fd);
		free(a->member[i].move.watch);
	}
	free(a->member);
	free(a->seen);
}
