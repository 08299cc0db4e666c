/* SPDX-License-Identifier: ISC */
/*
 * Surviving the end of a login session on systemd machines: moving processes
 * out of the session's scope into a transient scope of the user's manager.
 *
 * What always holds: nothing here prints, exits, starts a thread, changes a
 * signal's disposition or the mask, or leaves a descriptor, a child or memory
 * behind.  libsystemd is not linked here: a helper program, detach-scope,
 * talks to the buses, and is run only where it may be needed.
 */
#ifndef SCOPE_H
#define SCOPE_H

#include <sys/types.h>

enum scope_when {
	SCOPE_AUTO,	/* where this session's end would kill the command */
	SCOPE_ALWAYS,
	SCOPE_NEVER,
};

struct scope {
	char	name[128];	/* the scope's unit name; "" = none */
	char	why[512];	/* a failure's or warning's words; "" = none */
};

/*
 * Read the option's word: auto, always or never.
 * Returns 0, or -1 with EINVAL.
 */
int	scope_parse(const char *word, enum scope_when *when);

/*
 * Whether scope_move() is worth calling.  SCOPE_NEVER: 0, and SCOPE_ALWAYS: 1,
 * both without a system call.  SCOPE_AUTO: 1 only if there is a system bus and
 * this process is in a login session's scope, read from /proc/self/cgroup; no
 * bus is touched.
 */
int	scope_wanted(enum scope_when when);

/*
 * Move the npids processes pids together into one new scope of the user's
 * manager, described by description (it need not be UTF-8), and return when
 * they are there.  Takes a bounded time: 10 seconds at the very most.  May be
 * called with all signals blocked, and while children that share this memory
 * are blocked.
 *
 * Returns 0 if they were moved: result->name is the scope's name, and
 * result->why, if not "", a warning to be passed on.
 * Returns 1 if there is no need to (SCOPE_AUTO and SCOPE_NEVER only).
 * Returns -1 with errno if they should have been moved and could not:
 * result->why says why, and the processes may be presumed where they were.
 */
int	scope_move(enum scope_when when, const pid_t *pids, size_t npids,
	    const char *description, struct scope *result);

#endif /* SCOPE_H */
