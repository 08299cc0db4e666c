/* SPDX-License-Identifier: ISC */
/*
 * The numbers of calls that younger processors share (asm-generic/unistd.h):
 * aarch64 and riscv64.
 */
#ifndef PTRACE_GENERIC_H
#define PTRACE_GENERIC_H

#define ARCH_ABIS	1

static const short arch_number[ARCH_ABIS][REMOTE_COUNT] = {
	{
		[REMOTE_MMAP] = 222,
		[REMOTE_MUNMAP] = 215,
		[REMOTE_OPENAT] = 56,
		[REMOTE_CLOSE] = 57,
		[REMOTE_CLOSE_RANGE] = 436,
		[REMOTE_DUP3] = 24,
		[REMOTE_FCNTL] = 25,
		[REMOTE_FCHMOD] = 52,
		[REMOTE_PIPE2] = 59,
		[REMOTE_UNLINKAT] = 35,
		[REMOTE_EPOLL_CTL] = 21,
		[REMOTE_SIGACTION] = 134,
		[REMOTE_GETPGID] = 155,
		[REMOTE_SETPGID] = 154,
		[REMOTE_WRITE] = 64,
		[REMOTE_PIDFD_OPEN] = 434,
		[REMOTE_PIDFD_GETFD] = 438,
		[REMOTE_CLONE] = 220,
		[REMOTE_WAIT4] = 260,
		[REMOTE_GETPID] = 172,
		[REMOTE_RESTART] = 128,
	},
};

/* As in ptrace-x86_64.h. */
static const short arch_eintr[ARCH_ABIS][32] = {
	{
		22, 441,		/* epoll_pwait, and 2 */
		193, 192,		/* semop semtimedop */
		137,			/* rt_sigtimedwait */
		4, 292,			/* io_getevents io_pgetevents */
		426,			/* io_uring_enter */
		63, 64, 65, 66,		/* read write readv writev */
		203, 202, 242,		/* connect accept accept4 */
		206, 207, 211, 212,	/* sendto recvfrom sendmsg recvmsg */
		243, 269,		/* recvmmsg sendmmsg */
		-1,
	},
};

/*
 * Calls that the kernel restarts unless a handler runs, and not just if that
 * was set up without SA_RESTART. Ends at -1.
 */
static const short arch_nohand[] = {
	133,				/* rt_sigsuspend */
	73, 72,				/* ppoll pselect6 */
	115,				/* clock_nanosleep */
	188, 189,			/* msgrcv msgsnd */
	-1,
};

#endif
