/* SPDX-License-Identifier: ISC */
/*
 * What ptrace.c (stop and let go), ptrace-borrow.c (a thread for the calls),
 * ptrace-insn.c (an instruction for them), ptrace-call.c (the calls) and
 * ptrace-see.c (what they are in) share. Nobody else includes this, or any
 * header of ptrace(2).
 */
#ifndef PTRACE_IMPL_H
#define PTRACE_IMPL_H

#include <sys/syscall.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include <asm/ptrace.h>
#include <linux/ptrace.h>

#include "ptrace.h"

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP	128
#endif
#ifndef PTRACE_O_SUSPEND_SECCOMP
#define PTRACE_O_SUSPEND_SECCOMP (1 << 21)
#endif
#ifndef PTRACE_GET_RSEQ_CONFIGURATION	/* Linux 5.13 */
#define PTRACE_GET_RSEQ_CONFIGURATION	0x420f
#endif

/* The kernel's private error numbers that ask for a restart of the call. */
#define E_RESTARTSYS		512
#define E_RESTARTNOINTR		513
#define E_RESTARTNOHAND		514
#define E_RESTART_RESTARTBLOCK	516

/*
 * The C library's ptrace() has an argument list of its own on each system;
 * the call itself has four words. Not for PTRACE_PEEK*.
 */
static inline long
trace(long request, pid_t tid, uintptr_t addr, uintptr_t data)
{
	return syscall(SYS_ptrace, request, (long)tid, addr, data);
}

#if defined(__x86_64__) && defined(__LP64__)
#include "ptrace-x86_64.h"
#elif defined(__aarch64__)
#include "ptrace-aarch64.h"
#elif defined(__riscv) && __riscv_xlen == 64
#include "ptrace-riscv64.h"
#else
#include "ptrace-none.h"
#endif

struct thread {
	pid_t		tid;
	bool		stopped;	/* at a PTRACE_EVENT_STOP */
	bool		group_stop;	/* a stop signal is in effect */
	arch_regs	regs;		/* as it stood there */
	long		call;		/* that it stands in, or, where the
					   kernel rewinds, has just come back
					   from without being so; -1: none */
	uint64_t	arg;		/* the first one of that */
	int		restart;	/* the error that asks for a restart,
					   where the kernel has rewound */
	struct in_call {		/* before it stood still; there only */
		long		number;	/* 0: not known */
		uint64_t	arg[6];
		uint64_t	sp;
		uint64_t	pc;
	} before;
};

struct tracee {
	pid_t		pid;
	bool		suspend_seccomp;
	bool		ended;
	struct thread  *thread;
	size_t		nthreads;
	size_t		room;

	/* from tracee_ready() on */
	struct thread  *caller;		/* the thread that does the calls */
	bool		borrowed;	/* its state has been changed */
	int		abi;		/* its row in the table */
	uint64_t	mask;		/* its signal mask */
	void	       *vector;		/* its vector registers, or NULL */
	size_t		vector_len;
	uint64_t	ignored;	/* the first 31 signals, as in a set */
	uint64_t	handled;
	bool		steps;		/* over a call: see thread_call() */
	int		mem;		/* /proc/PID/mem */
	uint64_t	insn;		/* a system call instruction; before:
					   where one may be */
	uint64_t	scratch;		/* 0: none */
	bool		sigstop;	/* a SIGSTOP is owed to it */
	bool		sigtrap;	/* a SIGTRAP */
	pid_t		clone;		/* what its last clone has made;
					   0: it is reaped */
	int64_t		clone_number;	/* its pid as the tracee sees it */
};

/*
 * The text of /proc/PID/task/TID/stat from its third field on, which buf has
 * room for; NULL: there is no such thread.
 */
const char *thread_stat(pid_t pid, pid_t tid, char *buf, size_t size);

/* Another field in that text, counted from 1 as in proc(5); NULL: none. */
const char *stat_field(const char *from, int field);

/* Open its memory: t->mem, which tracee_release() closes, or -1 with errno. */
int	tracee_open(struct tracee *t);

/*
 * Where a system call instruction is, once that is open and t->abi known; and
 * where one may be, before it is stopped. 0: not known.
 */
uint64_t insn_find(struct tracee *t);
uint64_t insn_guess(struct tracee *t);

/* True if there is one at that address, once its memory is open. */
bool	insn_at(struct tracee *t, uint64_t addr);

/* The options that all its threads are seized with. */
uintptr_t tracee_options(const struct tracee *t);

/* The tracee has been killed: always -1, with ESRCH. */
int	tracee_lost(struct tracee *t);

/* Its memory, at any address; -1 with EFAULT. */
int	tracee_peek(struct tracee *t, uint64_t addr, void *buf, size_t len);
int	tracee_poke(struct tracee *t, uint64_t addr, const void *buf,
	    size_t len);

/*
 * waitpid(2) for a thread, whatever interrupts it: what is half done to a
 * tracee cannot be left there.
 */
pid_t	thread_wait(pid_t tid, int *status, int flags);

/* Run a thread to the next entry or exit of a call. 0 or -1. */
int	thread_syscall_stop(struct tracee *t, pid_t tid);

/*
 * Which call a thread is in, before it is to stand still, and once it does
 * and its registers are known: thread.call and thread.arg. If that has failed
 * with EINTR because of our stop, a restart is asked for.
 */
void	call_foresee(const struct tracee *t, struct thread *th);
void	call_see(const struct tracee *t, struct thread *th);

/*
 * Have a thread that stands at a PTRACE_EVENT_STOP, and has a restart to ask
 * for, stand at another one, where the kernel knows of that. 0 or -1.
 */
int	thread_rearm(struct tracee *t, struct thread *th);

/* Let a thread whose registers are set do the call. 0 or -1. */
int	thread_call(struct tracee *t, pid_t tid);

/* Wait for the clone's end, and have it reaped by the tracee. */
void	clone_reap(struct tracee *t);

/* Unmap the scratch memory, and give the caller's thread back. 0 or -1. */
int	caller_restore(struct tracee *t);

#endif
