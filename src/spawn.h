/* SPDX-License-Identifier: ISC */
/*
 * A child process, by fork(2), or by clone(2) sharing the parent's memory.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Run fn(arg) in a child, whose exit status is what fn returns. With share,
 * it runs in this process's memory, on the stack of size bytes at stack,
 * while the parent goes on: see spawn.c for what that forbids. The pid, or
 * -1 with errno. Async-signal-safe with share.
 */
pid_t	spawn(bool share, int (*fn)(void *), void *arg, char *stack,
	    size_t size);

/* True if share is worth asking for in this build. */
bool	spawn_can_share(void);

#endif
