/* SPDX-License-Identifier: ISC */
/* --wait: until all jobs have ended, with the last one's status. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "exitcode.h"
#include "operand.h"
#include "say.h"
#include "verbs.h"

/* Wait for one; its exit status, or detach's own. */
static int
wait_for(struct job *j, const char *operand, int64_t end)
{
	if (job_wait(j, end, -1) == -1) {
		if (errno == ETIMEDOUT)
			return EXIT_TIMED_OUT;
		say_errno(errno, "%s", operand);
		return EXIT_FAILED;
	}
	return operand_exit_code(j, operand);
}

int
verb_wait(const struct options *o)
{
	struct job **jobs;
	int64_t end = o->timeout > 0 ? job_deadline(o->timeout) : 0;
	int code = EXIT_DONE, i;
	bool missing = false, timed_out = false;

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
	for (i = 0; i < o->argc; i++) {
		if (jobs[i] == NULL)
			continue;
		if (!timed_out)
			code = wait_for(jobs[i], o->argv[i], end);
		if (code == EXIT_TIMED_OUT && end != 0 && job_clock() >= end)
			timed_out = true;
		job_free(jobs[i]);
	}
	free(jobs);
	if (timed_out)
		return EXIT_TIMED_OUT;
	return missing ? EXIT_FAILED : code;
}
