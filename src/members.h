/* SPDX-License-Identifier: ISC */
/*
 * The processes of a job beside its command: those of its process group (for
 * an adopted one, which leads none, the group that it was put into), and, where
 * its keeper is their subreaper, all descendants of the keeper. Never prints.
 */
#ifndef MEMBERS_H
#define MEMBERS_H

#include "job.h"

enum members {
	MEMBERS_OTHERS,	/* all but the command */
	MEMBERS_ALL,
};

/*
 * Send each a signal, through a pidfd that is certain to be its. One that has
 * ended meanwhile is skipped, and so is one that may not be signalled.
 */
void	members_signal(const struct job *j, int signo, enum members which);

#endif
