/* SPDX-License-Identifier: ISC */
/* --log, and the watching of -f. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "exitcode.h"
#include "follow.h"
#include "operand.h"
#include "say.h"
#include "signals.h"
#include "verbs.h"

static int
say_no_log(const struct job *j, const char *operand, int errnum)
{
	const char *log = j->record != NULL ? j->record->log : NULL;

	switch (errnum) {
	case ENODATA:
	case EINVAL:
		say("%s: has no log: its output went to a pipe, a terminal, a "
		    "device or a file without a name",
		    operand);
		break;
	case ENOENT:
		say("%s: its log is gone: %s", operand,
		    log != NULL ? log : "deleted");
		break;
	default:
		say_errno(errnum, "%s: %s", operand,
		    log != NULL ? log : "its output");
	}
	return EXIT_NOTHING_DONE;
}

static int
exit_code(enum follow_result r, struct job *j, const char *operand)
{
	switch (r) {
	case FOLLOW_ENDED:
		break;
	case FOLLOW_INTERRUPTED:
		return EXIT_INTERRUPTED;
	case FOLLOW_NO_READER:
		return EXIT_SIGNAL_BASE + SIGPIPE;
	case FOLLOW_READ_ERROR:
		return say_no_log(j, operand, errno);
	case FOLLOW_WRITE_ERROR:
		say_errno(errno, "standard output");
		return EXIT_FAILED;
	}
	return operand_exit_code(j, operand);
}

static int
print(const struct job *j, const char *operand, long lines)
{
	int code = EXIT_DONE, fd;
	off_t from;

	if ((fd = follow_open(j)) == -1)
		return say_no_log(j, operand, errno);
	if ((from = follow_lines(fd, lines)) == -1 ||
	    lseek(fd, from, SEEK_SET) == -1)
		code = say_no_log(j, operand, errno);
	else {
		switch (follow_copy(fd)) {
		case FOLLOW_READ_ERROR:
			code = say_no_log(j, operand, errno);
			break;
		case FOLLOW_WRITE_ERROR:
			say_errno(errno, "standard output");
			code = EXIT_FAILED;
			break;
		default:
			break;
		}
	}
	(void)close(fd);
	return code;
}

int
verb_log(const struct options *o)
{
	const char *operand = o->argv[0];
	struct job *j;
	int code, fd = -1;

	if ((j = operand_find(operand)) == NULL)
		return EXIT_FAILED;
	if (!o->follow)
		code = print(j, operand, o->lines);
	else if (j->state != JOB_RUNNING && (fd = follow_open(j)) == -1)
		code = say_no_log(j, operand, errno);
	else if (j->record != NULL && j->record->log == NULL)
		code = say_no_log(j, operand, ENODATA);
	else
		code = exit_code(follow(j, 0, o->lines, -1), j, operand);
	if (fd != -1)
		(void)close(fd);
	job_free(j);
	if (say_flush() == -1) {
		say_errno(errno, "standard output");
		return EXIT_FAILED;
	}
	return code;
}

int
verb_watch(const struct options *o, const char *name,
    const struct identity *keeper, off_t from)
{
	enum follow_result r;
	struct job *j;
	int code, signals;

	if ((j = operand_find(name)) == NULL)
		return EXIT_FAILED;
	if (!process_same(&j->record->keeper, keeper)) {
		say("%s: has ended, and was started anew by another; its "
		    "output is in log.1 of its directory",
		    name);
		job_free(j);
		return EXIT_FAILED;
	}
	if ((signals = signals_fd(SIGINT)) == -1) {
		say_errno(errno, "%s: cannot be watched", name);
		job_free(j);
		return EXIT_FAILED;
	}
	r = follow(j, from, -1, signals);
	code = exit_code(r, j, name);
	/* Its output could not be shown; how it ended is known all the same. */
	if (r == FOLLOW_READ_ERROR && !job_is_there(j))
		code = operand_exit_code(j, name);
	if (code == EXIT_INTERRUPTED && j->state == JOB_RUNNING)
		say_note(o->quiet,
		    "%s runs on; 'detach --log --follow %s' "
		    "shows it again, 'detach --stop %s' ends it",
		    name, name, name);
	(void)close(signals);
	job_free(j);
	return code;
}
