/* SPDX-License-Identifier: ISC */
/*
 * --stop and --signal.
 *
 * What always holds: no process is signalled but through its identity, and
 * none of another host.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "exitcode.h"
#include "members.h"
#include "operand.h"
#include "say.h"
#include "verbs.h"

#define NS_PER_S      1000000000LL
#define NS_PER_MS     1000000LL
#define KILL_AGAIN    (50 * NS_PER_MS)
#define KILL_PATIENCE (30 * NS_PER_S) /* for what sleeps in the kernel */

/* The process alone; by the old way where the kernel has no pidfd. */
static int
signal_process(const struct identity *id, int signo)
{
	int fd, r, saved;

	if ((fd = process_pidfd(id)) == -1) {
		if (errno != ENOSYS)
			return -1;
		if (!process_alive(id)) {
			errno = ESRCH;
			return -1;
		}
		return kill(id->pid, signo);
	}
	if ((r = process_pidfd_signal(fd, signo)) == -1 && errno == ENOSYS &&
	    process_alive(id))
		r = kill(id->pid, signo);
	saved = errno;
	(void)close(fd);
	errno = saved;
	return r;
}

/*
 * The command's process group if it leads one, else the command alone. ESRCH
 * is no failure: what is to be ended has ended.
 */
static int
signal_group(const struct job *j, int signo)
{
	if (process_group_signal(&j->process, signo) == 0)
		return 0;
	if (errno == ESRCH && signal_process(&j->process, signo) == 0)
		return 0;
	return errno == ESRCH ? 0 : -1;
}

/* True if the keeper is to be told, lest it start the command again. */
static bool
is_managed(const struct job *j)
{
	return j->record != NULL && j->record->managed && j->keeper_alive;
}

/* True if the job's processes are to be looked for: see members.h. */
static bool
has_members(const struct job *j)
{
	return is_managed(j) || (j->record != NULL && j->record->adopted);
}

/*
 * Ask it to end. A keeper passes the signal on to the command alone, so the
 * others get theirs here.
 */
static int
ask(const struct job *j)
{
	if (!has_members(j))
		return signal_group(j, SIGTERM) == -1 ||
			signal_group(j, SIGCONT) == -1 ?
		    -1 :
		    0;
	if (!is_managed(j)) {
		members_signal(j, SIGTERM, MEMBERS_ALL);
		members_signal(j, SIGCONT, MEMBERS_ALL);
		return 0;
	}
	if (signal_process(&j->record->keeper, SIGTERM) == -1 && errno != ESRCH)
		return -1;
	(void)signal_process(&j->record->keeper, SIGCONT);
	members_signal(j, SIGTERM, MEMBERS_OTHERS);
	members_signal(j, SIGCONT, MEMBERS_ALL);
	return 0;
}

/* Kill it, until there is nothing left of it to kill. */
static int
kill_all(struct job *j, const char *operand)
{
	int64_t end = job_deadline(KILL_PATIENCE);

	for (;;) {
		if (has_members(j))
			members_signal(j, SIGKILL, MEMBERS_ALL);
		else if (signal_group(j, SIGKILL) == -1)
			break;
		if (job_wait(j, job_deadline(KILL_AGAIN), -1) == 0)
			return 0;
		if (errno != ETIMEDOUT)
			break;
		if (job_clock() >= end) {
			say("%s: does not end, not even by SIGKILL: it is "
			    "init, or sleeps in the kernel, or its keeper was "
			    "stopped",
			    operand);
			return -1;
		}
	}
	say_errno(errno, "%s: cannot be killed", operand);
	return -1;
}

/* Wait for what ask() has asked, until end; then kill it. */
static int
see_it_end(struct job *j, const char *operand, int64_t end)
{
	if (job_wait(j, end, -1) == 0)
		return 0;
	if (errno != ETIMEDOUT) {
		say_errno(errno, "%s", operand);
		return -1;
	}
	return kill_all(j, operand);
}

/* Find it and ask it to end: NULL if nothing is left to do, *failed if so. */
static struct job *
begin(const char *operand, bool *failed)
{
	struct job *j;

	if ((j = operand_look(operand)) == NULL) {
		*failed = !operand_is_over(operand, errno);
		if (*failed)
			operand_say(operand, errno);
		return NULL;
	}
	*failed = true;
	if (operand_elsewhere(j, operand, "stopped")) {
		job_free(j);
		return NULL;
	}
	if (j->state == JOB_RUNNING && ask(j) == -1) {
		say_errno(errno, "%s: cannot be stopped", operand);
		job_free(j);
		return NULL;
	}
	*failed = false;
	if (!job_is_there(j)) {
		job_free(j);
		return NULL;
	}
	return j;
}

int
verb_stop(const struct options *o)
{
	int code = EXIT_DONE, i;
	struct job **jobs;
	int64_t end;
	bool failed;

	if ((code = operands_check(o->argv, o->argc)) != 0)
		return code;
	operand_many();
	if ((jobs = calloc((size_t)o->argc, sizeof(*jobs))) == NULL) {
		say_errno(errno, "--stop");
		return EXIT_FAILED;
	}
	/* All are asked first, so that they end side by side. */
	for (i = 0; i < o->argc; i++) {
		jobs[i] = begin(o->argv[i], &failed);
		if (failed)
			code = EXIT_NOTHING_DONE;
	}
	end = job_deadline(o->grace);
	for (i = 0; i < o->argc; i++) {
		if (jobs[i] == NULL)
			continue;
		if (see_it_end(jobs[i], o->argv[i], end) == -1)
			code = EXIT_NOTHING_DONE;
		job_free(jobs[i]);
	}
	free(jobs);
	return code;
}

/* Why a job that runs has no command to signal. */
static const char *
why_not_running(const struct job *j)
{
	if (!is_managed(j))
		return "is not running";
	return j->record->tree ?
	    "its command has ended; '--stop' ends what it has started" :
	    "is not running, but about to be started again";
}

static int
signal_one(const char *operand, int signo)
{
	struct job *j;
	int r = -1;

	if ((j = operand_find(operand)) == NULL)
		return -1;
	if (operand_elsewhere(j, operand, "signalled"))
		;
	else if (j->state != JOB_RUNNING)
		say("%s: is not running", operand);
	else if ((r = signal_process(&j->process, signo)) == -1) {
		if (errno == ESRCH)
			say("%s: %s", operand, why_not_running(j));
		else
			say_errno(errno, "%s: cannot be signalled", operand);
	}
	job_free(j);
	return r;
}

int
verb_signal(const struct options *o)
{
	int code = EXIT_DONE, i;

	if ((code = operands_check(o->argv, o->argc)) != 0)
		return code;
	for (i = 0; i < o->argc; i++) {
		if (signal_one(o->argv[i], o->signal) == -1)
			code = EXIT_NOTHING_DONE;
	}
	return code;
}
