/* SPDX-License-Identifier: ISC */
/* --wait: until all jobs have ended, with the last one's status. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "exitcode.h"
#include "operand.h"
#include "say.h"
#include "statedir.h"
#include "verbs.h"

/* The exit status of one that was waited for, or detach's own. */
static int
code_of(struct job *j, const char *operand, bool *timed_out)
{
	if (j->errnum != 0) {
		if (j->record != NULL && !statedir_name_valid(operand))
			operand = j->record->name;
		operand_say(operand, j->errnum);
		return EXIT_FAILED;
	}
	if (!job_is_there(j))
		return operand_exit_code(j, operand);
	*timed_out = true;
	return EXIT_TIMED_OUT;
}

int
verb_wait(const struct options *o)
{
	struct job **jobs;
	int64_t end = o->timeout > 0 ? job_deadline(o->timeout) : 0;
	bool failed, missing = false, timed_out = false;
	int code = EXIT_DONE, i;

	if (operands_check(o->argv, o->argc) != 0)
		return EXIT_FAILED;
	operand_many();
	if ((jobs = calloc((size_t)o->argc, sizeof(*jobs))) == NULL) {
		say_errno(errno, "--wait");
		return EXIT_FAILED;
	}
	/* All at once: what ends meanwhile must not be missed. */
	for (i = 0; i < o->argc; i++) {
		if ((jobs[i] = job_find(o->argv[i])) != NULL)
			continue;
		operand_say(o->argv[i], errno);
		missing = true;
	}
	failed = job_wait_all(jobs, (size_t)o->argc, end) == -1 &&
	    errno != ETIMEDOUT;
	if (failed)
		say_errno(errno, "--wait");
	for (i = 0; i < o->argc; i++) {
		if (jobs[i] != NULL && !failed)
			code = code_of(jobs[i], o->argv[i], &timed_out);
		job_free(jobs[i]);
	}
	free(jobs);
	if (timed_out)
		return EXIT_TIMED_OUT;
	return failed || missing ? EXIT_FAILED : code;
}
