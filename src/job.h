/* SPDX-License-Identifier: ISC */
/*
 * A job as the verbs see it: found by an operand, with its record, its lock
 * and /proc put together into a state. Never prints; needs no keeper.
 */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process.h"
#include "record.h"

enum job_state {
	JOB_RUNNING,
	JOB_EXITED,	/* with an exit status */
	JOB_KILLED,	/* by a signal */
	JOB_ENDED,	/* its end is on record, but how is not known */
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
	int		pidfd;	/* the command's, or -1: opened once needed, and
				   for a bare process at once */
	int		keeper_pidfd;
	enum job_state	state;
	enum job_loss	loss;
	bool		other_host; /* it is never signalled */
	bool		other_namespace; /* of that kind, but on this host: its
				   pids are of another PID namespace */
	bool		keeper_alive; /* it runs, or is about to be gone */
	bool		lock_is_ours; /* the name's: it says nothing, then */
	size_t		slot;	/* of job_wait_all() */
	int		errnum;	/* why job_wait_all() could not look again */
};

/*
 * Find the job that an operand means: a name; digits: the pid of a running
 * command (a job's if one has it, else a bare process; if there is none, the
 * latest job that had it since the machine started); with a slash: a pidfile
 * (a job's record names its pidfile; otherwise its text is believed only
 * while it is locked, and by root only if nobody else can write or replace
 * it: EPERM). A zombie is found as a bare process that has ended. NULL with
 * errno: ENOENT no such job, ESRCH no such process, EINVAL not a valid name,
 * EPERM, EBADMSG its record is damaged, EPROTONOSUPPORT it is a later
 * version's. To be freed with job_free().
 */
struct job *job_find(const char *operand);
struct job *job_open(int statefd, const char *name);

/* The same of a job whose name the caller has locked. */
struct job *job_open_locked(int statefd, const char *name);

void	job_free(struct job *j);

/* The job whose record names the pidfile, one that runs before others; NULL
   with errno. */
struct job *job_of_pidfile(const char *path);

/* An empty one, for the rooms that fill it; NULL with errno. */
struct job *job_new(void);

/* What an operand is. */
bool	job_operand_is_pid(const char *operand);
bool	job_operand_is_path(const char *operand);

/*
 * Look again: 0, or -1 with errno. j stays the run that it was: if its name
 * was started anew or forgotten meanwhile, that run has ended.
 */
int	job_refresh(struct job *j);

/* True if the record's pids are of this boot and PID namespace: those of
   another, such as a container's, mean nothing here. */
bool	job_is_from_here(const struct record *r);

/* True while its command runs, or its keeper: a new start would be refused. */
bool	job_is_there(const struct job *j);

/*
 * Sleep until the n jobs (NULL: skipped) have ended, that is, until a new
 * start of their names would not be refused, at most until the time end of
 * CLOCK_MONOTONIC in ns (0: no limit). Each is looked at as it ends, before
 * its name is started anew or forgotten. Sleeps in the kernel (pidfds of
 * keeper and command, poll); where there is no pidfd, or for another host's
 * job, it looks again every now and then. 0: each has ended and is refreshed,
 * or has an errnum; -1 with errno: ETIMEDOUT, ENOMEM.
 */
int	job_wait_all(struct job *const *jobs, size_t n, int64_t end);

/*
 * The same of one, and at most until fd (unless -1) is readable or hung up:
 * 1. -1 also with its errnum.
 */
int	job_wait(struct job *j, int64_t end, int fd);

/*
 * How it ended, as waitpid(2) gives it: from its record, else from the kernel
 * if j was looked at while it ran. 0, or -1: it cannot be known.
 */
int	job_status(struct job *j, int *status);

/* CLOCK_MONOTONIC in ns, and that of now + ns, saturated; for job_wait(). */
int64_t	job_clock(void);
int64_t	job_deadline(int64_t ns);

/* An exit status as the shell would give it: N, or 128 + signal. */
int	job_exit_code(int status);

/* "running", "exited 3", "killed TERM", "ended", "lost" into buf. */
void	job_state_text(const struct job *j, char *buf, size_t size);

/* How long it has run, in ns; -1: not known. */
int64_t	job_elapsed(const struct job *j);

/*
 * A record for showing a bare process, from /proc; what cannot be read is
 * NULL or empty. To be freed with record_free(); NULL with errno.
 */
struct record *job_bare_record(const struct job *j);

#endif
