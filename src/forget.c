/* SPDX-License-Identifier: ISC */
/*
 * --forget: remove a job's record and logs, if it does not run. The name is
 * locked meanwhile, so that no start comes between.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "exitcode.h"
#include "operand.h"
#include "say.h"
#include "statedir.h"
#include "verbs.h"

#define LOOK_MS 10
#define LOOKS	200

static void
say_running(const struct job *j, const char *operand)
{
	if (!operand_elsewhere(j, operand, "forgotten"))
		say("%s: it is running; 'detach --stop %s' ends it", operand,
		    operand);
}

/* Nothing runs by the record, if there is one (errnum: why there is none),
   but the lock is not free. */
static void
say_locked(const struct job *j, int errnum, const char *name,
    const char *operand)
{
	char *pidfile;

	if (j != NULL)
		say("%s: it is just being started, or forgotten", operand);
	else if (errnum == EBADMSG || errnum == ENOENT) {
		pidfile = operand_pidfile(name);
		say("%s: is locked, and its record is damaged or not there; "
		    "'detach --stop %s' ends it if it runs",
		    operand, pidfile != NULL ? pidfile : "PIDFILE");
		free(pidfile);
	} else
		operand_say(operand, errnum);
}

/* Remove it, once it is certain that it does not run. */
static int
remove_locked(int statefd, const char *name, int fd, const char *operand)
{
	struct job *j;
	bool running;

	/* A damaged record cannot say anything, and its lock is free. */
	j = job_open_locked(statefd, name);
	running = j != NULL && job_is_there(j);
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

/* The lock is not free: true to ask for it again, or false having said why. */
static bool
is_soon_free(int statefd, const char *name, const char *operand, bool last)
{
	const struct timespec pause = { 0, LOOK_MS * 1000000L };
	struct job *j = job_open(statefd, name);
	int errnum = errno;
	bool again = false;

	if (j != NULL && job_is_there(j) && (last || !j->other_namespace))
		say_running(j, operand);
	else if (last)
		say_locked(j, errnum, name, operand);
	else
		again = true;
	job_free(j);
	if (again)
		(void)nanosleep(&pause, NULL);
	return again;
}

/*
 * The lock is asked for a few times: a verb that looks has it for an instant,
 * and another --forget not for long.
 */
static int
forget_name(const char *name, const char *operand)
{
	int code = EXIT_NOTHING_DONE, fd = -1, looks = 0, statefd;
	bool again;

	if ((statefd = statedir_open(false)) == -1) {
		operand_say(operand, errno);
		return code;
	}
	do {
		again = false;
		if ((fd = statedir_job_open(statefd, name, false, NULL)) == -1)
			operand_say(operand, errno);
		else if (statedir_job_lock(fd) == 0)
			code = remove_locked(statefd, name, fd, operand);
		else if (errno != EWOULDBLOCK)
			operand_say(operand, errno);
		else
			again = is_soon_free(statefd, name, operand,
			    ++looks == LOOKS);
		if (fd != -1)
			(void)close(fd);
	} while (again);
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
