/* SPDX-License-Identifier: ISC */
/*
 * --adopt: a command that already runs is made to survive its terminal.
 *
 * The whole job is adopted or none of it. All of its processes are asked for
 * permission first; then all are held still together, changed step by step,
 * and let go; if a step fails in one of them, all are put back as they were.
 * While any is held, every signal that can be is blocked here.
 */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adopt.h"
#include "exitcode.h"
#include "job.h"
#include "parse.h"
#include "say.h"
#include "scope.h"
#include "signals.h"
#include "verbs.h"

#define SHELL_LIMIT INT64_C(500000000) /* ns to take its terminal back */
#define ROUNDS	    20 /* of looking for members that came late */

/* ---- Changing ---------------------------------------------------------- */

/*
 * Do a step in all members that are held. One that ends meanwhile is no
 * failure, unless it is the one that was named.
 */
static int
for_all(struct adoption *a, int (*step)(struct adoption *, struct member *),
    struct member **failed)
{
	struct member *m;
	size_t i;

	for (i = 0; i < a->n; i++) {
		m = &a->member[i];
		if (m->tracee == NULL || tracee_ended(m->tracee))
			continue;
		if (step(a, m) == -1 && (i == 0 || !tracee_ended(m->tracee))) {
			*failed = m;
			return -1;
		}
	}
	return 0;
}

static void
explain_failure(const struct adoption *a, const struct member *m, int error)
{
	if (error == ESRCH)
		say("%d (%s): it has ended while it was being adopted",
		    m->id.pid, m->name);
	else if (strcmp(a->step, "log") == 0)
		say_errno(error,
		    "%d (%s): cannot open %s as this process; "
		    "nothing was changed (-o names another file)",
		    m->id.pid, m->name, a->log[a->logno]);
	else if (error == ENOEXEC)
		say("%d (%s): it has no system call instruction; nothing was "
		    "changed",
		    m->id.pid, m->name);
	else
		say_errno(error,
		    "%d (%s): cannot be adopted, nothing was "
		    "changed: %s",
		    m->id.pid, m->name, a->step);
}

#ifdef ADOPT_FAULTS
/* For tests that do something to the members while they are held. */
static void
hold(void)
{
	const char *ms = getenv("DETACH_ADOPT_HOLD");

	if (ms != NULL)
		usleep((useconds_t)atoi(ms) * 1000);
}

/* For the test that measures how long they are. */
static void
clock_hold(bool begins)
{
	static struct timespec since;
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, begins ? &since : &ts);
	if (!begins && getenv("DETACH_ADOPT_CLOCK") != NULL)
		printf("%ld\n",
		    (long)((ts.tv_sec - since.tv_sec) * 1000000 +
			(ts.tv_nsec - since.tv_nsec) / 1000));
}
#else
static inline void
hold(void)
{
}

static inline void
clock_hold(bool begins)
{
	(void)begins;
}
#endif

/* Adopt the members that are not yet: 0, or -1 after a message. */
static int
adopt_members(struct adoption *a)
{
	struct member *failed, *m;
	int error = 0;
	size_t i;

	adopt_survey(a);
	adopt_hurry(a);
	clock_hold(true);
	if (adopt_hold(a) == -1) {
		adopt_calm(a);
		return -1;
	}
	if (for_all(a, adopt_prepare, &failed) == -1 ||
	    (hold(), for_all(a, adopt_change, &failed)) == -1 ||
	    for_all(a, adopt_regroup, &failed) == -1)
		error = errno;
	for (i = a->n; i-- > 0;) {
		m = &a->member[i];
		if (m->tracee == NULL)
			continue;
		if (error != 0)
			adopt_undo(a, m);
		else
			adopt_commit(a, m);
		adopt_clean(m, error == 0);
		if (tracee_was_stopped(m->tracee))
			m->stopped = true;
		m->done = error == 0;
	}
	if (error != 0 && tracee_ended(failed->tracee))
		error = ESRCH;
	adopt_release(a);
	clock_hold(false);
	adopt_calm(a);
	if (error != 0)
		explain_failure(a, failed, error);
	return error == 0 ? 0 : -1;
}

/* ---- The terminal's foreground ----------------------------------------- */

/*
 * A job in the foreground: its shell takes the terminal back once the job is
 * stopped, and prompts; then the job is adopted and goes on.
 */
static void
leave_foreground(struct adoption *a)
{
	const struct timespec tick = { 0, 5000000 };
	struct member *m = &a->member[0], now;
	int64_t end = job_deadline(SHELL_LIMIT);
	size_t i = 0;

	if (m->tty == 0 || !a->whole_group || m->tpgid != m->pgrp ||
	    m->state == 'T')
		return;
	a->foreground = true;
	do {
		for (; i < a->n; i++) {
			if (a->member[i].pgrp == a->pgrp)
				adopt_signal(&a->member[i], SIGSTOP);
		}
	} while (adopt_collect(a) > 0);
	m = &a->member[0];
	while (adopt_look(m->id.pid, &now) == 0 && now.tpgid == m->tpgid &&
	    job_clock() < end)
		nanosleep(&tick, NULL);
}

static void
continue_job(struct adoption *a, bool adopted)
{
	struct member *m;
	size_t i;

	for (i = 0; i < a->n; i++) {
		m = &a->member[i];
		if ((a->foreground && m->pgrp == a->pgrp) ||
		    (adopted && m->stopped))
			adopt_signal(m, SIGCONT);
	}
}

/* ---- The verb ---------------------------------------------------------- */

/* Those that were made after the look, by a member that has ended since. */
static void
adopt_latecomers(struct adoption *a)
{
	struct member *m;
	int round, n;

	for (round = 0; round < ROUNDS; round++) {
		if ((n = adopt_collect(a)) <= 0)
			return;
		for (; n > 0; n--) {
			m = &a->member[a->n - (size_t)n];
			if (adopt_refuse_member(m))
				m->gone = true;
		}
		if (adopt_members(a) == -1) {
			say_warning(a->o->quiet,
			    "a process that was started "
			    "meanwhile is not adopted");
			return;
		}
	}
}

/* logind may kill what is left of a login session, whatever it ignores. */
static void
move_to_scope(struct adoption *a)
{
	struct scope result = { "", "" };
	pid_t *pids;
	size_t i, n = 0;

	if (!scope_wanted(SCOPE_AUTO) ||
	    (pids = calloc(a->n + 1, sizeof(*pids))) == NULL)
		return;
	for (i = 0; i < a->n; i++) {
		if (a->member[i].done && a->member[i].uid == geteuid() &&
		    process_alive(&a->member[i].id))
			pids[n++] = a->member[i].id.pid;
	}
	if (n > 0 && a->outcome.keeper != 0)
		pids[n++] = a->outcome.keeper;
	if (n > 0)
		(void)scope_move(SCOPE_AUTO, pids, n, a->member[0].name,
		    &result);
	if (result.why[0] != '\0')
		say_warning(a->o->quiet, "%s", result.why);
	if (result.name[0] != '\0')
		adopt_record_scope(a, result.name);
	free(pids);
}

static bool
writes_to_log(const struct member *m)
{
	size_t i;

	for (i = 0; i < m->move.nfd && m->move.fd[i].to != TO_LOG; i++)
		continue;
	return m->done && i < m->move.nfd;
}

static void
report(const struct adoption *a)
{
	const struct member *m;
	bool quiet = a->o->quiet, written = false;
	char more[48] = "";
	size_t i, n = 0;

	for (i = 0; i < a->n; i++) {
		m = &a->member[i];
		n += m->done;
		written = written || writes_to_log(m);
		if (m->move.hup_handled && m->move.hup_ignored)
			say_warning(quiet,
			    "%d (%s): SIGHUP is ignored in "
			    "place of its own handler, for it %s",
			    m->id.pid, m->name,
			    m->session == m->id.pid ?
				"leads its session" :
				"cannot leave its process group");
	}
	m = &a->member[0];
	if (a->stayed)
		say_warning(quiet,
		    "%d (%s): it stays in its shell's process "
		    "group, for no process can be made (a limit?): what it "
		    "starts later may be ended by SIGHUP",
		    m->id.pid, m->name);
	if (n > 1)
		snprintf(more, sizeof(more), " with %zu process%s of its job",
		    n - 1, n == 2 ? "" : "es");
	if (a->log_used && !written)
		say_warning(quiet,
		    "%s (pid %d) is adopted%s; it writes to no "
		    "terminal, so nothing goes to %s",
		    m->name, m->id.pid, more, a->log[a->logno]);
	else if (a->log_used)
		say_note(quiet, "%s (pid %d) is adopted%s, output in %s",
		    m->name, m->id.pid, more, a->log[a->logno]);
	else
		say_note(quiet, "%s (pid %d) is adopted%s", m->name, m->id.pid,
		    more);
}

/* Look at all of it and touch nothing: 0, or -1 after a message. */
static int
look(struct adoption *a, pid_t pid)
{
	size_t i;

	if (adopt_begin(a, pid) == -1) {
		if (errno == ESRCH)
			say("%d: no such process", pid);
		else
			say_errno(errno, "%d", pid);
		return -1;
	}
	if (adopt_refuse_target(&a->member[0]))
		return -1;
	if (adopt_collect(a) == -1) {
		say_errno(errno, "/proc");
		return -1;
	}
	for (i = 0; i < a->n; i++) {
		if (!adopt_refuse_member(&a->member[i]))
			continue;
		if (a->n > 1)
			say("nothing was changed in any of the job's %zu "
			    "processes",
			    a->n);
		return -1;
	}
	return 0;
}

static int
adopt(struct adoption *a, pid_t pid)
{
	int status;

	if (look(a, pid) == -1)
		return EXIT_FAILED;
	if ((status = adopt_claim(a)) != 0)
		return status;
	leave_foreground(a);
	if (adopt_members(a) == -1) {
		continue_job(a, false);
		if (a->foreground)
			say("it goes on in the background: fg brings it back");
		adopt_unclaim(a);
		return EXIT_FAILED;
	}
	continue_job(a, true);
	adopt_latecomers(a);
	move_to_scope(a);
	report(a);
	return adopt_settle(a);
}

int
verb_adopt(const struct options *o)
{
	struct adoption a = { .o = o, .lock = -1, .go = -1 };
	cpu_set_t cpus;
	sigset_t mask;
	pid_t pid;
	bool pinned;
	int status;

	if (parse_pid(o->argv[0], &pid) == -1) {
		say("--adopt '%s': takes the pid of a command that runs",
		    o->argv[0]);
		return EXIT_FAILED;
	}
	if (!tracee_supported()) {
		say("--adopt: it is not known how to do that on this "
		    "processor");
		return EXIT_FAILED;
	}
	/* Stopping a process takes us to its processor. */
	pinned = sched_getaffinity(0, sizeof(cpus), &cpus) == 0;
	signals_block(&mask);
	status = adopt(&a, pid);
	if (pinned)
		(void)sched_setaffinity(0, sizeof(cpus), &cpus);
	signals_restore(&mask);
	adopt_free(&a);
	return status;
}
