/* SPDX-License-Identifier: ISC */
/*
 * Every exit status that detach itself chooses, with the manual's words.
 * 125, 126 and 127 are those of nohup(1), env(1) and timeout(1); 1, 3 and 4
 * of --status are the LSB's for an init script's "status".
 */
#ifndef EXITCODE_H
#define EXITCODE_H

enum {
	EXIT_DONE = 0,		/* the command runs; the verb did its work */
	EXIT_NOTHING_DONE = 1,	/* already running; a verb could not for
				   at least one job */
	EXIT_LOST = 1,		/* --status: lost */
	EXIT_NOT_RUNNING = 3,	/* --status: not running */
	EXIT_NO_JOB = 4,	/* --status: no such job */
	EXIT_TIMED_OUT = 124,	/* --wait: --timeout ran out */
	EXIT_FAILED = 125,	/* detach failed, or misuse */
	EXIT_CANNOT_EXEC = 126,	/* found but cannot be executed */
	EXIT_NOT_FOUND = 127,	/* not found */
	EXIT_SIGNAL_BASE = 128,	/* plus the signal's number */
	EXIT_INTERRUPTED = 130,	/* -f: the watching was interrupted */
};

#endif
