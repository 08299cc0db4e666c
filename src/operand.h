/* SPDX-License-Identifier: ISC */
/* A verb's job operands, and what is said if one of them is no job. */
#ifndef OPERAND_H
#define OPERAND_H

#include "job.h"

/*
 * job_find(), for which a process that is no job's and a zombie is none:
 * NULL with errno ECHILD. The caller frees it.
 */
struct job *operand_look(const char *operand);

/*
 * The same, and if it fails, a message on standard error that says what to do
 * next.
 */
struct job *operand_find(const char *operand);

/*
 * Look at all operands before anything is done for one. 0, or the exit status
 * after a message if one could be no job: EXIT_FAILED for an option that
 * comes too late, which is misuse, EXIT_NOTHING_DONE for another word.
 */
int	operands_check(char *const *operands, int n);

/* The path of the pidfile in a job's directory, if it is there, or NULL: for
   saying what to do. To be freed. */
char	*operand_pidfile(const char *name);

/* The message alone, for errno as operand_look() left it. */
void	operand_say(const char *operand, int errnum);

/*
 * True if operand_look() failed with errnum because what the operand is for
 * has ended, and there is no job of it: a pidfile that is there but not
 * locked; a zombie.
 */
bool	operand_is_over(const char *operand, int errnum);

/* True, with a message, if the job is another host's, so that verb (as in
   "cannot be stopped") cannot be done from here. */
bool	operand_elsewhere(const struct job *j, const char *operand,
	    const char *verb);

/* The exit status of a job that has ended, as the verb's own; EXIT_FAILED,
   with a message, if it cannot be known. */
int	operand_exit_code(struct job *j, const char *operand);

/* Allow as many descriptors as there can be: each job has some. */
void	operand_many(void);

#endif
