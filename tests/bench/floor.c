/* SPDX-License-Identifier: ISC */
/*
 * floor.c -- the least that a launcher can cost.
 *
 *	floor [-p PIDFILE] command [argument ...]
 *
 * Raw system calls, no C library, two vforks: a new session, SIGHUP ignored,
 * the mask emptied, /dev/null on 0, 1 and 2, all else closed, and a locked
 * pidfile if asked for.  It is no launcher to use: the command can start
 * before its parent has gone, nothing is checked and nothing is reported.
 * It is here so that the table can say how near the floor the others are.
 */
#include <linux/sched.h>
#include <linux/signal.h>

#include "raw.h"

#define FLOOR_LOCK	6	/* LOCK_EX | LOCK_NB */

static long
floor_vfork(void)
{
	return raw(__NR_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
}

static void
write_pid(int fd)
{
	char buf[16];
	int i = sizeof(buf);
	long pid = raw(__NR_getpid, 0, 0, 0, 0, 0);

	do
		buf[--i] = (char)('0' + pid % 10);
	while ((pid /= 10) > 0);
	raw(__NR_write, fd, (long)(buf + i), sizeof(buf) - i, 0, 0);
}

__attribute__((noreturn, noinline)) static void
command(char **argv, char **envp, int lock)
{
	struct {
		void		(*handler)(int);
		unsigned long	flags;
		void		*restorer;
		unsigned long	mask;
	} ignore = { SIG_IGN, 0, NULL, 0 };
	unsigned long none = 0;
	long null;
	int fd;

	null = raw(__NR_openat, AT_FDCWD, (long)"/dev/null", O_RDWR, 0, 0);
	for (fd = 0; fd < 3; fd++)
		if (null != fd)
			raw(__NR_dup3, null, fd, 0, 0, 0);
	if (lock >= 0) {
		write_pid(lock);
		if (lock != 3)
			raw(__NR_dup3, lock, 3, 0, 0, 0);
	}
	raw(__NR_close_range, lock >= 0 ? 4 : 3, ~0U, 0, 0, 0);
	raw(__NR_rt_sigaction, SIGHUP, (long)&ignore, 0, 8, 0);
	raw(__NR_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0);
	raw(__NR_execve, (long)argv[0], (long)argv, (long)envp, 0, 0);
	raw_exit(127);
}

__attribute__((noreturn, noinline)) static void
leader(char **argv, char **envp, int lock)
{
	raw(__NR_setsid, 0, 0, 0, 0, 0);
	if (floor_vfork() == 0)
		command(argv, envp, lock);
	raw_exit(0);
}

int
raw_main(int argc, char **argv, char **envp)
{
	long pid;
	int lock = -1;

	argv++;
	if (argc > 2 && argv[0][0] == '-') {
		lock = (int)raw(__NR_openat, AT_FDCWD, (long)argv[1],
		    O_RDWR | O_CREAT | O_NOCTTY, 0644, 0);
		if (lock < 0 || raw(__NR_flock, lock, FLOOR_LOCK, 0, 0, 0) < 0)
			return 1;
		raw(__NR_ftruncate, lock, 0, 0, 0, 0);
		argv += 2;
	}
	pid = floor_vfork();
	if (pid == 0)
		leader(argv, envp, lock);
	raw(__NR_wait4, pid, 0, 0, 0, 0);
	return 0;
}
