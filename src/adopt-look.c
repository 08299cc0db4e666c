/* SPDX-License-Identifier: ISC */
/*
 * What /proc says of one process, as far as adopting it goes.
 */
#include "config.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adopt.h"

/* /proc/PID/stat has the kernel's own encoding, 12 bits of major number. */
static dev_t
tty_device(dev_t raw)
{
	unsigned n = (unsigned)raw;

	return n == 0 ?
	    0 :
	    makedev((n >> 8) & 0xfff, (n & 0xff) | ((n >> 12) & 0xfff00));
}

/* The value of a line of /proc/PID/status, or NULL. */
static const char *
status_value(const char *line, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len) != 0 || line[len] != ':')
		return NULL;
	line += len + 1;
	return line + strspn(line, " \t");
}

/* Whether it has memory: a kernel thread has none. */
static int
read_status(pid_t pid, struct member *m, bool *memory)
{
	char line[512], path[32];
	const char *v;
	FILE *fp;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if ((fp = fopen(path, "re")) == NULL) {
		if (errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	while (fgets(line, sizeof(line), fp) != NULL) {
		if ((v = status_value(line, "Name")) != NULL)
			snprintf(m->name, sizeof(m->name), "%.*s",
			    (int)strcspn(v, "\n"), v);
		else if ((v = status_value(line, "Uid")) != NULL)
			m->uid = (uid_t)strtoul(v, NULL, 10);
		else if ((v = status_value(line, "TracerPid")) != NULL)
			m->tracer = (pid_t)atoi(v);
		else if ((v = status_value(line, "Seccomp")) != NULL)
			m->seccomp = atoi(v);
		else if ((v = status_value(line, "Seccomp_filters")) != NULL)
			m->filters = atoi(v);
		else if (status_value(line, "VmSize") != NULL)
			*memory = true;
	}
	fclose(fp);
	return 0;
}

/* A thread of a process whose first one has exited. */
static pid_t
other_thread(pid_t pid)
{
	struct dirent *e;
	char path[32];
	pid_t found = pid, tid;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	if ((dir = opendir(path)) == NULL)
		return pid;
	while (found == pid && (e = readdir(dir)) != NULL) {
		tid = (pid_t)atoi(e->d_name);
		if (tid > 0 && tid != pid)
			found = tid;
	}
	closedir(dir);
	return found;
}

int
adopt_look(pid_t pid, struct member *m)
{
	struct process_stat st;
	bool memory = false;

	memset(m, 0, sizeof(*m));
	m->pidfd = -1;
	if (process_stat(pid, &st) == -1)
		return -1;
	m->id.pid = pid;
	m->id.start_time = st.start_time;
	m->ppid = st.ppid;
	m->pgrp = st.pgrp;
	m->session = st.session;
	m->tty = tty_device(st.tty);
	m->tpgid = st.tpgid;
	if (read_status(pid, m, &memory) == -1)
		return -1;
	m->thread = pid;
	m->state = st.state;
	if (!process_stat_alive(&st))
		m->state = 'Z';
	else if (st.state == 'Z') {
		m->thread = other_thread(pid);
		m->state = 'S';
	} else
		m->no_memory = !memory;
	return 0;
}

bool
adopt_is_fork(const struct member *m)
{
	struct process_stat its, ours;

	return process_stat(m->ppid, &its) == 0 &&
	    process_stat(m->thread, &ours) == 0 &&
	    its.session == ours.session && its.pgrp != ours.pgrp &&
	    its.start_stack != 0 && its.start_stack == ours.start_stack &&
	    its.arg_start != 0 && its.arg_start == ours.arg_start;
}
