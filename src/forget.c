/* SPDX-License-Identifier: ISC */
/*
 * --forget: remove a job's record and logs, if it does not run. The name is
 * locked meanwhile, so that no start comes between.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "exitcode.h"
#include "operand.h"
#include "say.h"
#include "statedir.h"
#include "verbs.h"

/* j: what is known about it, or NULL. */
static void
say_running(const struct job *j, const char *operand)
{
	if (j == NULL || !operand_elsewhere(j, operand, "forgotten"))
		say("%s: it is running; 'detach --stop %s' ends it", operand,
		    operand);
}

/* Remove it, once it is certain that it does not run. */
static int
remove_locked(int statefd, const char *name, int fd, const char *operand)
{
	struct job *j;
	bool running;

	/* A damaged record cannot say anything, and its lock is free. */
	j = job_open_locked(statefd, name);
	running = j != NULL && (j->state == JOB_RUNNING || j->keeper_alive);
	if (running)
		say_running(j, operand);
	job_free(j);
	if (running)
		return EXIT_NOTHING_DONE;
	if (statedir_job_remove(statefd, name, fd) == -1) {
		if (errno == ENOTEMPTY || errno == EEXIST)
			say("%s: its record and logs are removed, but other "
			    "files are left in its directory",
			    operand);
		else
			say_errno(errno, "%s: cannot be removed", operand);
		return EXIT_NOTHING_DONE;
	}
	return EXIT_DONE;
}

static int
forget_name(const char *name, const char *operand)
{
	int code = EXIT_NOTHING_DONE, fd = -1, statefd;
	struct job *j;

	if ((statefd = statedir_open(false)) == -1 ||
	    (fd = statedir_job_open(statefd, name, false, NULL)) == -1)
		operand_say(operand, errno);
	else if (statedir_job_lock(fd) == -1) {
		if (errno == EWOULDBLOCK) {
			j = job_open(statefd, name);
			say_running(j, operand);
			job_free(j);
		} else
			operand_say(operand, errno);
	} else
		code = remove_locked(statefd, name, fd, operand);
	if (fd != -1)
		(void)close(fd);
	if (statefd != -1)
		(void)close(statefd);
	return code;
}

static int
forget(const char *operand)
{
	struct job *j;
	int code;

	if (!job_operand_is_path(operand) && !job_operand_is_pid(operand))
		return forget_name(operand, operand);
	if ((j = operand_find(operand)) == NULL)
		return EXIT_NOTHING_DONE;
	if (j->record == NULL) {
		say("%s: is no job's, so there is nothing to forget", operand);
		code = EXIT_NOTHING_DONE;
	} else
		code = forget_name(j->record->name, operand);
	job_free(j);
	return code;
}

int
verb_forget(const struct options *o)
{
	int code = EXIT_DONE, i;

	if ((code = operands_check(o->argv, o->argc)) != 0)
		return code;
	for (i = 0; i < o->argc; i++) {
		if (forget(o->argv[i]) != EXIT_DONE)
			code = EXIT_NOTHING_DONE;
	}
	return code;
}
