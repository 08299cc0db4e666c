/* SPDX-License-Identifier: ISC */
/*
 * A job as the verbs see it: found by an operand, with its record, its lock
 * and /proc put together into a state. Never prints; needs no keeper.
 */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>

#include "process.h"
#include "record.h"

enum job_state {
	JOB_RUNNING,
	JOB_EXITED,	/* with an exit status */
	JOB_KILLED,	/* by a signal */
	JOB_LOST,	/* gone, and nothing was recorded */
};

enum job_loss {		/* why JOB_LOST */
	LOSS_NONE,
	LOSS_KEEPER,	/* its keeper was killed */
	LOSS_REBOOT,	/* the machine went down */
	LOSS_HOST,	/* another host's, and its lock is free */
};

struct job {
	struct record  *record;	/* NULL: a bare process that is no job */
	struct identity	process; /* the command; record->command if there is
				   a record */
	int		dirfd;	/* the job's directory; -1: no record */
	char	       *pidfile; /* the operand, if it was a pidfile; else NULL */
	enum job_state	state;
	enum job_loss	loss;
	bool		other_host;
	bool		locked;	/* the name is locked: the keeper lives */
};

/*
 * Find the job that an operand means: a name; digits: the pid of a running
 * command (a job's if one has it, else a bare process); with a slash: a
 * pidfile (its pid is believed only while the file is locked; a job's record
 * names its pidfile). NULL with errno: ENOENT no such job, ESRCH no such
 * process, EINVAL not a valid name, EPERM. To be freed with job_free().
 */
struct job *job_find(const char *operand);
struct job *job_open(int statefd, const char *name);
void	job_free(struct job *j);

/* Look again: 0, or -1 with errno. */
int	job_refresh(struct job *j);

/*
 * Sleep until the job has ended, that is, until a new start of its name would
 * not be refused, at most timeout ns (0: no limit) and at most until fd
 * (unless -1) is readable or hung up. Sleeps in the kernel (pidfd of keeper
 * and command, poll); a bounded fallback of polling where there is no pidfd.
 * 0: ended, and j is refreshed; 1: fd; -1 with errno: ETIMEDOUT, ...
 * *status (may be NULL) as waitpid(2) gives it, or -1: not known.
 */
int	job_wait(struct job *j, int64_t timeout, int fd, int *status);

/* An exit status as the shell would give it: N, or 128 + signal. */
int	job_exit_code(int status);

/* "running", "exited 3", "killed TERM", "lost" into buf. */
void	job_state_text(const struct job *j, char *buf, size_t size);

#endif
