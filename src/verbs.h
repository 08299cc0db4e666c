/* SPDX-License-Identifier: ISC */
/*
 * The verbs, one file each. Each reads records, locks and /proc, never talks
 * to a keeper but by signals, prints what was asked for, and returns the
 * exit status (exitcode.h).
 */
#ifndef VERBS_H
#define VERBS_H

#include <sys/types.h>

#include "options.h"
#include "process.h"

int	verb_list(const struct options *o);
int	verb_status(const struct options *o);
int	verb_wait(const struct options *o);
int	verb_log(const struct options *o);
int	verb_stop(const struct options *o);
int	verb_signal(const struct options *o);
int	verb_forget(const struct options *o);
int	verb_adopt(const struct options *o);

/*
 * Watch a job that this process has just launched (-f), and whose keeper is
 * *keeper: its output from byte `from` of its log on, then the command's exit
 * status as this process's own; EXIT_FAILED if another run has its name now.
 * SIGINT ends the watching with EXIT_INTERRUPTED and a note how to come back;
 * SIGHUP, SIGTERM or a lost connection end it, too; the job never.
 */
int	verb_watch(const struct options *o, const char *name,
	    const struct identity *keeper, off_t from);

#endif
