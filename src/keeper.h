/* SPDX-License-Identifier: ISC */
/*
 * The keeper: a kept job's parent. It waits for the command, passes signals
 * on, and writes down how it ended, in one place, with all signals blocked
 * and no handlers.
 *
 * It uses system calls only (no malloc, no stdio, no vis), so that the same
 * code serves in the launcher's image and in the small program
 * detach-keeper, which is given what it needs by descriptors and arguments.
 * The record is edited as text: lines are added or replaced.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

struct launch;

struct keeper {
	int	dirfd;		/* the job's directory, which is locked */
	int	pidfile;	/* the locked pidfile */
	int	pidfile_dirfd;	/* its directory; dirfd for NAME/pid */
	const char *pidfile_name; /* its name there */
	int	outcome;	/* read end of the pipe on which the command says
				   "ready" (KEEPER_READY) before exec, and
				   KEEPER_FAILED if that failed; -1: adopted */
	int	pidfd;		/* an adopted command's; else -1 */
	pid_t	command;
	bool	tree;		/* wait for the last descendant */
};

#define KEEPER_READY	'r'
#define KEEPER_FAILED	'f'

/*
 * Keep the job until it has ended. Never returns. All signals are blocked
 * when it is called.
 */
_Noreturn void keeper_run(const struct keeper *k);

#endif
