/* SPDX-License-Identifier: ISC */
/*
 * The keeper: a kept job's parent. It waits for the command, passes signals
 * on, and writes down how it ended, in one place, with all signals blocked
 * and no handlers.
 *
 * It uses system calls only (no malloc, no stdio, no vis), so that the same
 * code serves in the launcher's image and in the small program
 * detach-keeper. The record is edited as text: lines are added or replaced.
 * What needs more than that, restarting and --on-exit, is done by hooks
 * (supervise.c), which detach-keeper does not have.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define KEEPER_READY	'r'
#define KEEPER_FAILED	'f'

/* How one run of the command ended. */
struct keeper_end {
	pid_t		command;
	int64_t		since;		/* when it began: CLOCK_BOOTTIME in ns */
	struct timespec	ended;		/* CLOCK_REALTIME */
	int64_t		elapsed;	/* ns, CLOCK_BOOTTIME */
	bool		known;
	int		status;		/* as waitpid(2) gives it */
	bool		told;		/* SIGTERM, SIGINT or SIGQUIT came: it is
					   not to be started again */
};

struct keeper {
	int		dirfd;		/* the job's directory, which is locked */
	int		pidfile;	/* the locked pidfile */
	int		pidfile_dirfd;	/* its directory */
	const char     *pidfile_name;	/* its name there */
	int		ready;		/* the pipe on which the command says
					   KEEPER_READY before exec, and
					   KEEPER_FAILED if that failed; -1:
					   an adopted command */
	int		pidfd;		/* an adopted command's; else -1 */
	int64_t		since;		/* CLOCK_BOOTTIME in ns when an adopted
					   command began; else 0 */
	pid_t		command;
	bool		tree;		/* wait for the last descendant */

	/*
	 * Hooks; may be NULL. again: start the command again, after what delay
	 * it takes (keeper_pause()), and return its pid, or 0 if the job has
	 * ended. ended: called last, when record and locks are settled.
	 */
	pid_t	      (*again)(void *arg, int signals, struct keeper_end *end);
	void	      (*ended)(void *arg, const struct keeper_end *end);
	void	       *arg;
};

/* A line of the record to be replaced or added. */
struct keeper_line {
	const char     *key;
	const char     *value;
};

/*
 * Keep the job until it has ended. Never returns. With a ready pipe,
 * signals_for_keeper() must have been called already, here or in a parent.
 */
_Noreturn void	keeper_run(const struct keeper *k);

/*
 * What the command says on the ready pipe, and when. Whoever waits for it may
 * be late: only the command knows when it began. Async-signal-safe; 0, or -1
 * with errno.
 */
int	keeper_tell(int ready, char word);

/*
 * Wait for a command's exec: 0, or -1 if it failed, with *since as in struct
 * keeper_end. Sleep for ns, or until a signal on the descriptor signals tells
 * to end: true then.
 */
int	keeper_launched(int ready, int64_t *since);
bool	keeper_pause(int signals, int64_t ns);

/*
 * Rewrite the record in dirfd with n lines replaced or added; with final,
 * the reserve line goes, the file is synced, and if there is no space, the
 * lines are written in the reserve's place. 0, or -1 with errno.
 */
int	keeper_edit(int dirfd, const struct keeper_line *lines, size_t n,
	    bool final);

/*
 * Write n in decimal, with at least digits (1 or more) digits and a NUL, at
 * the end of buf. Where it begins.
 */
char	*keeper_number(char *buf, size_t size, uint64_t n, int digits);

#endif
