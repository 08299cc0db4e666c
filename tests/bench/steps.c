/* SPDX-License-Identifier: ISC */
/*
 * steps.c -- counts what a launch executes in user mode.
 *
 *	steps [NAME=VALUE ...] command [argument ...]
 *	steps -c
 *
 * Single-steps the command and all that comes from it, and prints, separated
 * by tabs: instructions, system calls, cpuid instructions.  It is
 * exact, and it counts what callgrind does not: the part of a process before
 * its exec, and a child that shares its parent's memory, which valgrind cannot
 * run at all.
 *
 * cpuid is counted by itself because on a virtual machine each one is an exit
 * to the hypervisor and costs as much as thousands of others, and a C
 * library's start-up has dozens.  With -c: what one costs here, in us.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/user.h>
#include <time.h>
#include <unistd.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

#define TOO_LONG	120	/* seconds */

struct counts {
	unsigned long	instructions;
	unsigned long	calls;
	unsigned long	cpuids;
};

/* Counts the instruction that pid is about to execute. */
static void
count(pid_t pid, struct counts *c)
{
	c->instructions++;
#ifdef __x86_64__
	struct user_regs_struct regs;
	unsigned char text[2];
	struct iovec here = { text, sizeof(text) }, there;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) == -1)
		return;
	there.iov_base = (void *)regs.rip;
	there.iov_len = sizeof(text);
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof(text))
		return;
	c->calls += text[0] == 0x0f && text[1] == 0x05;
	c->cpuids += text[0] == 0x0f && text[1] == 0xa2;
#endif
}

/*
 * What a stop of pid asks for: the signal to give it, 0 for none.  A SIGTRAP
 * is a step, an event or an exec; a SIGSTOP the beginning of a new process.
 */
static int
signal_for(int status)
{
	int sig = WSTOPSIG(status);

	if (sig == SIGTRAP || sig == SIGSTOP || (status >> 16) != 0)
		return 0;
	return sig;
}

static void
trace(struct counts *c)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status))
			continue;
		count(pid, c);
		ptrace(PTRACE_SINGLESTEP, pid, NULL, signal_for(status));
	}
}

/* Of several measurements the least, for an interruption only adds. */
static double
cpuid_us(void)
{
	double least = 0;
#ifdef __x86_64__
	struct timespec from, to;
	unsigned int a, b, c, d, i, try;
	double us;

	for (try = 0; try < 50; try++) {
		clock_gettime(CLOCK_MONOTONIC, &from);
		for (i = 0; i < 100; i++)
			__cpuid_count(4, i & 3, a, b, c, d);
		clock_gettime(CLOCK_MONOTONIC, &to);
		us = (to.tv_sec - from.tv_sec) * 1e4 +
		    (to.tv_nsec - from.tv_nsec) / 1e5;
		if (try == 0 || us < least)
			least = us;
	}
#endif
	return least;
}

int
main(int argc, char *argv[])
{
	struct counts c = { 0 };
	pid_t pid;
	int status;

	if (argc == 2 && strcmp(argv[1], "-c") == 0) {
		printf("%.3f\n", cpuid_us());
		return 0;
	}
	for (argv++; argc > 1 && strchr(*argv, '=') != NULL; argv++, argc--)
		putenv(*argv);
	if (argc < 2)
		errx(1, "usage: steps [name=value ...] command [argument ...]");
	alarm(TOO_LONG);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1)
		err(1, "subreaper");
	switch ((pid = fork())) {
	case -1:
		err(1, "fork");
	case 0:
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[0], argv);
		err(1, "%s", argv[0]);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		errx(1, "%s: cannot be traced", argv[0]);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL |
	    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
	    PTRACE_O_TRACEEXEC);
	count(pid, &c);
	ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	trace(&c);
	printf("%lu\t%lu\t%lu\n", c.instructions, c.calls, c.cpuids);
	return 0;
}
