/* SPDX-License-Identifier: ISC */
/*
 * Borrowing a thread of a process that stands still: its registers and signal
 * mask are saved, a system call instruction is found for it, and in the end it
 * is put back at a PTRACE_EVENT_STOP, from where the kernel itself decides
 * whether the call that the stop has interrupted is restarted or fails with
 * EINTR. (Winding it back by hand instead loses wakeups: a signal that comes
 * meanwhile would run its handler, and the wait for it begin anew.)
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ptrace-impl.h"

#define MASK_SIZE  8 /* of the kernel's signal set */
#define TRAP_BIT   (UINT64_C(1) << (SIGTRAP - 1))
#define VECTOR_MAX (128 << 10) /* more than any processor's */

/* One that sits in a call, if it can be told: it has most of its work done. */
static struct thread *
choose_caller(struct tracee *t)
{
#if !ARCH_REWINDS
	size_t i;

	for (i = 0; i < t->nthreads; i++) {
		if (arch_call(&t->thread[i].regs) >= 0)
			return &t->thread[i];
	}
#endif
	return &t->thread[0];
}

/*
 * A thread in a restartable sequence (rseq(2)) would go on at its abort
 * address, since it has been preempted; but with its program counter
 * elsewhere the kernel forgets about that. So it is done here.
 */
static void
abort_rseq(struct tracee *t)
{
	struct {
		uint64_t addr;
		uint32_t size, signature, flags, pad;
	} conf;
	struct {
		uint32_t version, flags;
		uint64_t start, length, abort;
	} cs;
	const uint64_t none = 0;
	uint64_t addr;

	memset(&conf, 0, sizeof(conf));
	if (trace(PTRACE_GET_RSEQ_CONFIGURATION, t->caller->tid, sizeof(conf),
		(uintptr_t)&conf) <= 0 ||
	    conf.addr == 0)
		return;
	/* struct rseq: cpu_id_start, cpu_id, rseq_cs. */
	if (tracee_peek(t, conf.addr + 8, &addr, sizeof(addr)) == -1 ||
	    addr == 0 || tracee_peek(t, addr, &cs, sizeof(cs)) == -1)
		return;
	if (arch_pc(&t->caller->regs) - cs.start < cs.length) {
		arch_set_pc(&t->caller->regs, cs.abort);
		(void)tracee_poke(t, conf.addr + 8, &none, sizeof(none));
	}
}

/* A call discards vector registers on some processors. */
static int
save_vector(struct tracee *t)
{
	struct iovec v;

	if (ARCH_VECTOR == 0)
		return 0;
	if ((t->vector = malloc(VECTOR_MAX)) == NULL)
		return -1;
	v.iov_base = t->vector;
	v.iov_len = VECTOR_MAX;
	if (trace(PTRACE_GETREGSET, t->caller->tid, ARCH_VECTOR,
		(uintptr_t)&v) == 0)
		t->vector_len = v.iov_len;
	return 0;
}

#if ARCH_REWINDS
/* The error with which the kernel has that call restarted. */
static int
restart_error(struct tracee *t, long call)
{
	const short *p;

	if (call == arch_number[t->abi][REMOTE_RESTART])
		return E_RESTART_RESTARTBLOCK;
	for (p = arch_nohand; *p != -1; p++) {
		if (call == *p)
			return E_RESTARTNOHAND;
	}
	return E_RESTARTSYS;
}

/*
 * If the thread is about to do a call, perhaps because the kernel has wound it
 * back: let it enter, see which call it would be, do a harmless one instead,
 * and remember how the kernel is to be asked for the restart.
 */
static int
enter_rewound(struct tracee *t)
{
	pid_t tid = t->caller->tid;

	if (t->caller->restart != 0 || !insn_at(t, arch_pc(&t->caller->regs)))
		return 0;
	if (thread_syscall_stop(t, tid) == -1)
		return -1;
	t->caller->restart = restart_error(t, arch_entered(tid));
	if (arch_replace(tid, arch_number[t->abi][REMOTE_GETPID]) == -1)
		return tracee_lost(t);
	return thread_syscall_stop(t, tid);
}
#endif

static int
map_scratch(struct tracee *t)
{
	const uint64_t arg[6] = {
		0,
		TRACEE_SCRATCH,
		PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS,
		(uint64_t)-1,
		0,
	};
	int64_t addr;

	if ((addr = tracee_call(t, REMOTE_MMAP, arg)) == -1)
		return -1;
	t->scratch = (uint64_t)addr;
	return 0;
}

/* What signals do to it; and so whether it can be stepped over calls. */
static int
read_signals(struct tracee *t)
{
	char buf[1024];
	pid_t tid = t->caller->tid;
	const char *f;

	if ((f = thread_stat(t->pid, tid, buf, sizeof(buf))) == NULL ||
	    (f = stat_field(f, 33)) == NULL)
		return tracee_lost(t);
	t->ignored = strtoull(f, NULL, 10);
	t->handled = strtoull(stat_field(f, 4), NULL, 10);
	if (trace(PTRACE_GETSIGMASK, tid, MASK_SIZE, (uintptr_t)&t->mask) == -1)
		return tracee_lost(t);
	t->steps = ARCH_STEPS && !tracee_ignores(t, SIGTRAP) &&
	    (t->mask & TRAP_BIT) == 0;
	return 0;
}

int
tracee_ready(struct tracee *t)
{
	uint64_t all = ~UINT64_C(0);

	if (tracee_open(t) == -1)
		return -1;
	t->caller = choose_caller(t);
	t->abi = arch_abi(&t->caller->regs);
	if ((t->insn = insn_find(t)) == 0) {
		errno = ENOEXEC;
		return -1;
	}
	if (save_vector(t) == -1 || read_signals(t) == -1)
		return -1;
	t->borrowed = true;
	if (t->steps)
		all &= ~TRAP_BIT;
	if (trace(PTRACE_SETSIGMASK, t->caller->tid, MASK_SIZE,
		(uintptr_t)&all) == -1)
		return tracee_lost(t);
	abort_rseq(t);
#if ARCH_REWINDS
	if (enter_rewound(t) == -1)
		return -1;
#endif
	return map_scratch(t);
}

/*
 * Run a thread from a call's exit to a PTRACE_EVENT_STOP. Where the kernel
 * rewinds, it is given the error that it had before, so that it does so once
 * more, and knows that it has.
 */
static int
to_event_stop(struct tracee *t, const struct thread *th)
{
	pid_t tid = th->tid;
	arch_regs r = th->regs;
	int status;

#if ARCH_REWINDS
	if (th->restart != 0) {
		arch_set_pc(&r, arch_pc(&r) + ARCH_INSN_LEN);
		arch_set_result(&r, -th->restart);
	} else
		arch_set_result(&r, 0);
#endif
	if (arch_set_regs(tid, &r) == -1 ||
	    trace(PTRACE_INTERRUPT, tid, 0, 0) == -1)
		return tracee_lost(t);
	do {
		if (trace(PTRACE_CONT, tid, 0, 0) == -1 ||
		    thread_wait(tid, &status, 0) != tid || !WIFSTOPPED(status))
			return tracee_lost(t);
		if (status >> 16 == 0 && WSTOPSIG(status) == SIGSTOP)
			t->sigstop = true;
	} while (status >> 16 != PTRACE_EVENT_STOP);
	return 0;
}

#if ARCH_REWINDS
int
thread_rearm(struct tracee *t, struct thread *th)
{
	const uint64_t all = ~UINT64_C(0), none[6] = { 0 };
	uint64_t mask;
	arch_regs r = th->regs;

	if (trace(PTRACE_GETSIGMASK, th->tid, MASK_SIZE, (uintptr_t)&mask) ==
		-1 ||
	    trace(PTRACE_SETSIGMASK, th->tid, MASK_SIZE, (uintptr_t)&all) == -1)
		return -1;
	/* A harmless call, by the instruction that it is to repeat. */
	arch_prepare(&r, 0, arch_number[0][REMOTE_GETPID], none);
	if (arch_set_regs(th->tid, &r) == -1 ||
	    thread_syscall_stop(t, th->tid) == -1 ||
	    thread_syscall_stop(t, th->tid) == -1 ||
	    to_event_stop(t, th) == -1 ||
	    arch_set_regs(th->tid, &th->regs) == -1)
		return -1;
	return (int)trace(PTRACE_SETSIGMASK, th->tid, MASK_SIZE,
	    (uintptr_t)&mask);
}
#else
int
thread_rearm(struct tracee *t, struct thread *th)
{
	(void)t;
	(void)th;
	return 0;
}
#endif

int
caller_restore(struct tracee *t)
{
	const uint64_t arg[6] = { t->scratch, TRACEE_SCRATCH };
	pid_t tid = t->caller->tid;
	struct iovec v = { t->vector, t->vector_len };

	if (t->scratch != 0)
		(void)tracee_must(t, REMOTE_MUNMAP, arg);
	clone_reap(t);
	if (t->ended || to_event_stop(t, t->caller) == -1)
		return tracee_lost(t);
	if (t->vector_len != 0)
		(void)trace(PTRACE_SETREGSET, tid, ARCH_VECTOR, (uintptr_t)&v);
	if (arch_set_regs(tid, &t->caller->regs) == -1 ||
	    trace(PTRACE_SETSIGMASK, tid, MASK_SIZE, (uintptr_t)&t->mask) == -1)
		return tracee_lost(t);
	return 0;
}
