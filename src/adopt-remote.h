/* SPDX-License-Identifier: ISC */
/*
 * Calls in a member, as adopt-open.c and adopt-move.c do them.
 */
#ifndef ADOPT_REMOTE_H
#define ADOPT_REMOTE_H

#include <errno.h>
#include <string.h>

#include "adopt.h"

#define CALL(m, call, ...) \
	tracee_call((m)->tracee, call, (const uint64_t[6]){ __VA_ARGS__ })
#define MUST(m, call, ...) \
	tracee_must((m)->tracee, call, (const uint64_t[6]){ __VA_ARGS__ })

/* In the scratch memory: small things first, then a path. */
#define SMALL	0
#define PATH	4096
#define SMALL_AT(m)	(tracee_scratch((m)->tracee) + SMALL)
#define PATH_AT(m)	(tracee_scratch((m)->tracee) + PATH)

#define KERNEL_SET_SIZE	8	/* of a signal set */

/* Put a path where PATH_AT() is. 0, or -1 with errno. */
static inline int
remote_path(struct member *m, const char *path)
{
	size_t len = strlen(path) + 1;

	if (len > TRACEE_SCRATCH - PATH) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return tracee_write(m->tracee, PATH, path, len);
}

#endif
