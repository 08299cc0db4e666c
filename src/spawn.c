/* SPDX-License-Identifier: ISC */
/*
 * A child process. fork(2) copies the page tables for a child that is about
 * to throw them away; that copy, and the faults after it, are the dearest
 * part of a launch. vfork(2) saves it, but holds the parent until exec, so
 * that the middle process could never go before the command starts (L4).
 *
 * clone(2) with CLONE_VM and a stack of its own does both: nothing is copied,
 * and the parent goes on. The price is discipline, which the launch keeps by
 * its hand-over: of the processes in this memory one runs at a time, the
 * others sleep in read(2) or waitpid(2) with all signals blocked. So errno,
 * which they share, is never written by two; none of them calls malloc(3) or
 * stdio; descriptors, signal dispositions, mask, directory and ids are each
 * one's own, since none of those is shared. What a child leaves in memory
 * before exec is seen by its parents: struct outcome is made for that.
 *
 * With -u, memory is not shared: for a moment a process of that user would
 * have root's memory. Nor where the keeper goes on in this image.
 */
#include "config.h"

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "spawn.h"

bool
spawn_can_share(void)
{
#ifdef NO_CLONE_VM
	return false;
#else
	return true;
#endif
}

pid_t
spawn(bool share, int (*fn)(void *), void *arg, char *stack, size_t size)
{
	pid_t pid;

#ifndef NO_CLONE_VM
	/* The stack grows down, from an address aligned as the ABIs want. */
	if (share)
		return clone(fn,
		    (void *)((uintptr_t)(stack + size) & ~(uintptr_t)63),
		    CLONE_VM | SIGCHLD, arg);
#else
	(void)share;
	(void)stack;
	(void)size;
#endif
	if ((pid = fork()) == 0)
		_exit(fn(arg));
	return pid;
}
