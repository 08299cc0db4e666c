/* SPDX-License-Identifier: ISC */
/*
 * x86_64, and i386 programs that it runs. At a stop the registers still show
 * the call that was interrupted (orig_rax) and the error that asks for its
 * restart (rax): putting them back is all that a restart needs.
 */
#ifndef PTRACE_X86_64_H
#define PTRACE_X86_64_H

#include <sys/user.h>

#include <string.h>

#define ARCH_SUPPORTED	1
#define ARCH_REWINDS	0	/* before the stop? */
#define ARCH_STEPS	1	/* calls can be stepped over */
#define ARCH_ABIS	2	/* x86_64, i386 */
#define ARCH_INSN_LEN	2
#define ARCH_INSN_ALIGN	1
#define ARCH_VECTOR	0	/* a call leaves vector registers alone */

typedef struct user_regs_struct arch_regs;

static const unsigned char arch_insn[ARCH_ABIS][ARCH_INSN_LEN] = {
	{ 0x0f, 0x05 },		/* syscall */
	{ 0xcd, 0x80 },		/* int $0x80 */
};

static const short arch_number[ARCH_ABIS][REMOTE_COUNT] = {
	{
		[REMOTE_MMAP] = 9,
		[REMOTE_MUNMAP] = 11,
		[REMOTE_OPENAT] = 257,
		[REMOTE_CLOSE] = 3,
		[REMOTE_CLOSE_RANGE] = 436,
		[REMOTE_DUP3] = 292,
		[REMOTE_FCNTL] = 72,
		[REMOTE_FCHMOD] = 91,
		[REMOTE_PIPE2] = 293,
		[REMOTE_UNLINKAT] = 263,
		[REMOTE_EPOLL_CTL] = 233,
		[REMOTE_SIGACTION] = 13,
		[REMOTE_GETPGID] = 121,
		[REMOTE_SETPGID] = 109,
		[REMOTE_WRITE] = 1,
		[REMOTE_PIDFD_OPEN] = 434,
		[REMOTE_PIDFD_GETFD] = 438,
		[REMOTE_CLONE] = 56,
		[REMOTE_WAIT4] = 61,
		[REMOTE_GETPID] = 39,
		[REMOTE_RESTART] = 219,
	},
	{
		[REMOTE_MMAP] = 192,
		[REMOTE_MUNMAP] = 91,
		[REMOTE_OPENAT] = 295,
		[REMOTE_CLOSE] = 6,
		[REMOTE_CLOSE_RANGE] = 436,
		[REMOTE_DUP3] = 330,
		[REMOTE_FCNTL] = 221,		/* fcntl64 */
		[REMOTE_FCHMOD] = 94,
		[REMOTE_PIPE2] = 331,
		[REMOTE_UNLINKAT] = 301,
		[REMOTE_EPOLL_CTL] = 255,
		[REMOTE_SIGACTION] = 174,
		[REMOTE_GETPGID] = 132,
		[REMOTE_SETPGID] = 57,
		[REMOTE_WRITE] = 4,
		[REMOTE_PIDFD_OPEN] = 434,
		[REMOTE_PIDFD_GETFD] = 438,
		[REMOTE_CLONE] = 120,
		[REMOTE_WAIT4] = 114,
		[REMOTE_GETPID] = 20,
		[REMOTE_RESTART] = 0,
	},
};

/*
 * Calls that fail with EINTR when a stop interrupts them and that the kernel
 * does not restart, though nothing has been done yet: they wait for events,
 * semaphores or signals, or they transfer data (on sockets with a time-out,
 * inotify and the like) and would have said how much. Ends at -1.
 */
static const short arch_eintr[ARCH_ABIS][32] = {
	{
		232, 281, 441,		/* epoll_wait epoll_pwait, and 2 */
		65, 220,		/* semop semtimedop */
		128,			/* rt_sigtimedwait */
		208, 333,		/* io_getevents io_pgetevents */
		426,			/* io_uring_enter */
		0, 1, 19, 20,		/* read write readv writev */
		42, 43, 288,		/* connect accept accept4 */
		44, 45, 46, 47,		/* sendto recvfrom sendmsg recvmsg */
		299, 307,		/* recvmmsg sendmmsg */
		-1,
	},
	{
		256, 319, 441,		/* epoll_wait epoll_pwait, and 2 */
		117, 420,		/* ipc (semop ...), semtimedop_time64 */
		177, 421,		/* rt_sigtimedwait, and _time64 */
		247, 385, 416,		/* io_getevents io_pgetevents, _64 */
		426,			/* io_uring_enter */
		3, 4, 145, 146,		/* read write readv writev */
		102,			/* socketcall */
		362, 364,		/* connect accept4 */
		369, 371, 370, 372,	/* sendto recvfrom sendmsg recvmsg */
		337, 417, 345,		/* recvmmsg, and _time64, sendmmsg */
		-1,
	},
};

static inline int
arch_get_regs(pid_t tid, arch_regs *r)
{
	/* The 64-bit layout, for a 32-bit process too. */
	return (int)trace(PTRACE_GETREGS, tid, 0, (uintptr_t)r);
}

static inline int
arch_set_regs(pid_t tid, const arch_regs *r)
{
	return (int)trace(PTRACE_SETREGS, tid, 0, (uintptr_t)r);
}

/* The row in the tables: the code segment tells i386 code. */
static inline int
arch_abi(const arch_regs *r)
{
	return r->cs == 0x23;
}

static inline uint64_t
arch_pc(const arch_regs *r)
{
	return r->rip;
}

static inline void
arch_set_pc(arch_regs *r, uint64_t pc)
{
	r->rip = pc;
}

static inline int64_t
arch_result(const arch_regs *r)
{
	return arch_abi(r) ? (int64_t)(int32_t)r->rax : (int64_t)r->rax;
}

static inline void
arch_set_result(arch_regs *r, int64_t result)
{
	r->rax = (uint64_t)result;
}

/* The number of the call that it stands in; negative: in none. */
static inline long
arch_call(const arch_regs *r)
{
	return (long)(int32_t)r->orig_rax;
}

static inline uint64_t
arch_argument(const arch_regs *r, int i)
{
	const uint64_t wide[] = {
		r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9,
	};
	const uint64_t narrow[] = {
		r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp,
	};

	return arch_abi(r) ? (uint32_t)narrow[i] : wide[i];
}

/* Make them those of a thread that is about to do the call. */
static inline void
arch_prepare(arch_regs *r, int abi, long number, const uint64_t arg[6])
{
	r->rax = (uint64_t)number;
	r->orig_rax = (uint64_t)-1;	/* nothing to restart */
	if (abi == 0) {
		r->rdi = arg[0];
		r->rsi = arg[1];
		r->rdx = arg[2];
		r->r10 = arg[3];
		r->r8 = arg[4];
		r->r9 = arg[5];
	} else {
		r->rbx = arg[0];
		r->rcx = arg[1];
		r->rdx = arg[2];
		r->rsi = arg[3];
		r->rdi = arg[4];
		r->rbp = arg[5];
	}
}

#endif
