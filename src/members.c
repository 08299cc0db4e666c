/* SPDX-License-Identifier: ISC */
/*
 * A job's other processes, found in /proc. A look is not atomic: what is born
 * meanwhile may be missed, so who wants all of them looks again until none is
 * left.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "members.h"
#include "parse.h"

struct entry {
	struct identity id;
	pid_t ppid;
	pid_t pgrp;
	bool member;
};

struct entries {
	struct entry *list;
	size_t n;
};

static int
add_entry(struct entries *es, pid_t pid)
{
	struct process_stat st;
	struct entry *more;

	if (process_stat(pid, &st) == -1 || !process_stat_alive(&st))
		return 0;
	more = reallocarray(es->list, es->n + 1, sizeof(*more));
	if (more == NULL)
		return -1;
	es->list = more;
	es->list[es->n++] = (struct entry){
		.id = { .pid = pid, .start_time = st.start_time },
		.ppid = st.ppid,
		.pgrp = st.pgrp,
	};
	return 0;
}

static struct entries
all_processes(void)
{
	struct entries es = { 0 };
	struct dirent *e;
	pid_t pid;
	DIR *d;

	if ((d = opendir("/proc")) == NULL)
		return es;
	while ((e = readdir(d)) != NULL) {
		if (parse_pid(e->d_name, &pid) == 0 &&
		    add_entry(&es, pid) == -1)
			break;
	}
	(void)closedir(d);
	return es;
}

static bool
is_member_pid(const struct entries *es, pid_t pid)
{
	size_t i;

	for (i = 0; i < es->n; i++) {
		if (es->list[i].id.pid == pid)
			return es->list[i].member;
	}
	return false;
}

/* Descendants of root, generation by generation. */
static void
mark_descendants(struct entries *es, pid_t root)
{
	bool more = true;
	size_t i;

	while (more) {
		more = false;
		for (i = 0; i < es->n; i++) {
			if (es->list[i].member)
				continue;
			if (es->list[i].ppid == root ||
			    is_member_pid(es, es->list[i].ppid)) {
				es->list[i].member = true;
				more = true;
			}
		}
	}
}

static void
signal_entry(const struct entry *e, int signo)
{
	int fd;

	if ((fd = process_pidfd(&e->id)) == -1) {
		if (errno == ENOSYS && process_alive(&e->id))
			(void)kill(e->id.pid, signo);
		return;
	}
	(void)process_pidfd_signal(fd, signo);
	(void)close(fd);
}

/*
 * True if the group is the job's own: the command leads it, or was adopted
 * into it; then its number is nobody's (see ptrace.h).
 */
static bool
owns_group(const struct job *j, const struct entries *es, pid_t pgrp)
{
	size_t i;

	if (pgrp == j->process.pid)
		return true;
	if (j->record == NULL || !j->record->adopted)
		return false;
	for (i = 0; i < es->n; i++) {
		if (es->list[i].id.pid == pgrp)
			return false;
	}
	return true;
}

void
members_signal(const struct job *j, int signo, enum members which)
{
	struct entries es = all_processes();
	struct process_stat st;
	size_t i;
	bool own;

	if (process_alive(&j->process) &&
	    process_stat(j->process.pid, &st) == 0) {
		own = owns_group(j, &es, st.pgrp);
		for (i = 0; i < es.n; i++) {
			es.list[i].member = own ?
			    es.list[i].pgrp == st.pgrp :
			    es.list[i].id.pid == j->process.pid;
		}
	}
	if (j->record != NULL && j->record->tree && j->keeper_alive)
		mark_descendants(&es, j->record->keeper.pid);
	for (i = 0; i < es.n; i++) {
		if (es.list[i].member &&
		    (which == MEMBERS_ALL ||
			es.list[i].id.pid != j->process.pid))
			signal_entry(&es.list[i], signo);
	}
	free(es.list);
}
