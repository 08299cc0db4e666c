/* SPDX-License-Identifier: ISC */
/*
 * A log copied to standard output: its end, and what is appended until its
 * job has ended. Bytes are passed on as they are. Never prints a message.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <sys/types.h>

#include "job.h"

enum follow_result {
	FOLLOW_ENDED,		/* the job has ended, all is written */
	FOLLOW_INTERRUPTED,	/* the signal came */
	FOLLOW_NO_READER,	/* nobody reads standard output any more */
	FOLLOW_READ_ERROR,	/* errno */
	FOLLOW_WRITE_ERROR,	/* errno */
};

/*
 * A descriptor of the job's log, or -1 with errno: ENOENT it is not there
 * (yet), ENODATA its output went elsewhere, EINVAL it is no regular file.
 */
int	follow_open(const struct job *j);

/* Where the last n lines of it begin; n -1: 0. -1 with errno. */
off_t	follow_lines(int fd, long n);

/* Copy it from where it stands to its end. FOLLOW_ENDED or an error. */
enum follow_result follow_copy(int fd);

/*
 * Copy it from `from` on until the job has ended; the log may not be there
 * yet, or there may be none at all. lines, unless -1, instead of from.
 * signals (unless -1) is a descriptor whose being readable is the
 * interruption.
 */
enum follow_result follow(struct job *j, off_t from, long lines, int signals);

#endif
