/* SPDX-License-Identifier: ISC */
/* --status: one line about one job. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "json.h"
#include "operand.h"
#include "say.h"
#include "show.h"
#include "statedir.h"
#include "verbs.h"
#include "when.h"

/* Text of somebody else's, made safe. */
static void
put_shown(const char *before, const char *text)
{
	char *shown = show_text(text, strlen(text));

	(void)printf("%s%s", before, shown != NULL ? shown : "?");
	free(shown);
}

static void
put_running(const struct job *j, const struct record *r)
{
	char when[WHEN_SIZE], elapsed[WHEN_SIZE];

	if (j->other_host || process_alive(&r->command))
		(void)printf("running, pid %ld", (long)r->command.pid);
	else if (r->tree)
		(void)printf("running, what its command has left");
	else if (r->managed)
		(void)printf("running, about to be started again");
	else
		(void)printf("running, its end not yet on record");
	(void)printf(", since %s", when_full(&r->started, when));
	if (job_elapsed(j) >= 0)
		(void)printf(" (%s)", when_duration(job_elapsed(j), elapsed));
	if (j->record != NULL && !j->keeper_alive && !j->other_host)
		(void)printf(", its keeper was killed");
}

static const char *
loss_words(enum job_loss loss)
{
	switch (loss) {
	case LOSS_KEEPER:
		return "its keeper was killed: ended, status unknown";
	case LOSS_REBOOT:
		return "the machine went down";
	case LOSS_HOST:
		return "its host or its keeper went down";
	case LOSS_NONE:
		break;
	}
	return "ended, status unknown";
}

static void
put_ended(const struct job *j, const struct record *r)
{
	char state[32], when[WHEN_SIZE];

	job_state_text(j, state, sizeof(state));
	if (j->state == JOB_LOST)
		(void)printf("lost, %s; started %s", loss_words(j->loss),
		    when_full(&r->started, when));
	else if (j->state == JOB_ENDED)
		(void)printf("ended, status unknown");
	else
		(void)printf("%s", state);
	if (!r->has_ended || r->ended.tv_sec == 0)
		return;
	(void)printf(", at %s", when_full(&r->ended, when));
	if (job_elapsed(j) >= 0)
		(void)printf(", after %s", when_duration(job_elapsed(j), when));
}

static void
put_line(const struct job *j, const struct record *r, const char *operand)
{
	char *command;

	put_shown("", r->name != NULL ? r->name : operand);
	(void)printf(": ");
	if (j->state == JOB_RUNNING)
		put_running(j, r);
	else
		put_ended(j, r);
	if (j->other_namespace)
		(void)printf(", in another PID namespace");
	else if (j->other_host && r->host != NULL)
		put_shown(", on ", r->host);
	if (r->restarts > 0)
		(void)printf(", restarted %d time%s", r->restarts,
		    r->restarts == 1 ? "" : "s");
	if (r->scope != NULL)
		put_shown(", in ", r->scope);
	if (r->adopted)
		(void)printf(", adopted");
	command = show_command(r->command_argv, r->command_argc);
	if (command != NULL && *command != '\0')
		(void)printf(": %s", command);
	free(command);
	(void)printf("\n");
}

static int
state_code(enum job_state state)
{
	switch (state) {
	case JOB_RUNNING:
		return EXIT_DONE;
	case JOB_EXITED:
	case JOB_KILLED:
		return EXIT_NOT_RUNNING;
	case JOB_ENDED:
	case JOB_LOST:
		break;
	}
	return EXIT_LOST;
}

/* There is no such job, it cannot be known, or a process has just ended. */
static int
not_found_code(const char *operand, int errnum)
{
	char *path;

	if (operand_is_over(operand, errnum))
		return EXIT_NOT_RUNNING;
	switch (errnum) {
	case ENOENT:
		if (job_operand_is_path(operand))
			return EXIT_NO_JOB;
		/* Nowhere to look. */
		if ((path = statedir_path()) == NULL)
			return EXIT_FAILED;
		free(path);
		return EXIT_NO_JOB;
	case ESRCH:
	case EBUSY:
	case EINVAL:
	case ELOOP:
	case ENOTSUP:
		return EXIT_NO_JOB;
	}
	return EXIT_FAILED;
}

int
verb_status(const struct options *o)
{
	struct record *bare;
	struct job *j;
	int code, rc = 0;

	if ((j = operand_find(o->argv[0])) == NULL)
		return not_found_code(o->argv[0], errno);
	code = state_code(j->state);
	if (o->json)
		rc = json_job(stdout, j);
	else if (j->record != NULL)
		put_line(j, j->record, o->argv[0]);
	else if ((bare = job_bare_record(j)) != NULL) {
		put_line(j, bare, o->argv[0]);
		record_free(bare);
	} else
		rc = -1;
	job_free(j);
	if (rc == -1) {
		say_errno(errno, "%s", o->argv[0]);
		return EXIT_FAILED;
	}
	if (say_flush() == -1) {
		say_errno(errno, "standard output");
		return EXIT_FAILED;
	}
	return code;
}
