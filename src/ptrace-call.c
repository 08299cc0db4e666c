/* SPDX-License-Identifier: ISC */
/*
 * System calls done by a process that stands still, in a thread of it that
 * ptrace-borrow.c has made ready for them.
 */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptrace-impl.h"

/* ---- Failures for the tests -------------------------------------------- */

#ifdef ADOPT_FAULTS
/* The Nth call, counted over all tracees, is not done and fails. */
static bool
fault(void)
{
	static int done;
	const char *n = getenv("DETACH_ADOPT_FAIL");

	return n != NULL && ++done == atoi(n);
}
#else
static inline bool
fault(void)
{
	return false;
}
#endif

/* ---- One call ---------------------------------------------------------- */

int
tracee_lost(struct tracee *t)
{
	t->ended = true;
	errno = ESRCH;
	return -1;
}

pid_t
thread_wait(pid_t tid, int *status, int flags)
{
	pid_t pid;

	do
		pid = waitpid(tid, status, __WALL | flags);
	while (pid == -1 && errno == EINTR);
	return pid;
}

/* At a PTRACE_EVENT_CLONE. */
static void
note_clone(struct tracee *t, pid_t tid)
{
	unsigned long message = 0;

	(void)trace(PTRACE_GETEVENTMSG, tid, 0, (uintptr_t)&message);
	t->clone = (pid_t)message;
}

/*
 * Run to the next entry or exit of a call. A SIGSTOP, which cannot be blocked,
 * is owed to the process; any other signal here is a fault that the call has
 * brought about, and is dropped with it.
 */
int
thread_syscall_stop(struct tracee *t, pid_t tid)
{
	int status, sig;

	for (;;) {
		if (trace(PTRACE_SYSCALL, tid, 0, 0) == -1 ||
		    thread_wait(tid, &status, 0) != tid || !WIFSTOPPED(status))
			return tracee_lost(t);
		sig = WSTOPSIG(status);
		switch (status >> 16) {
		case 0:
			if (sig == (SIGTRAP | 0x80))
				return 0;
			if (sig != SIGSTOP) {
				errno = EFAULT;
				return -1;
			}
			t->sigstop = true;
			break;
		case PTRACE_EVENT_CLONE:
			note_clone(t, tid);
			break;
		default:
			break;
		}
	}
}

#if ARCH_STEPS
/* True if a SIGTRAP at which a thread stands is the kernel's own. */
static bool
is_step(struct tracee *t, pid_t tid)
{
	siginfo_t si;

	if (trace(PTRACE_GETSIGINFO, tid, 0, (uintptr_t)&si) == -1 ||
	    si.si_code > 0)
		return true;
	t->sigtrap = true;
	return false;
}

/*
 * Step over the instruction: one stop a call, where its entry and exit are
 * two, and the tracee is not held longer than must be. The end of the step is
 * a SIGTRAP by force, which is why this is not for one who ignores or blocks
 * it: the kernel would put an end to that.
 */
static int
step(struct tracee *t, pid_t tid)
{
	arch_regs r;
	int status;

	for (;;) {
		if (trace(PTRACE_SINGLESTEP, tid, 0, 0) == -1 ||
		    thread_wait(tid, &status, 0) != tid || !WIFSTOPPED(status))
			return tracee_lost(t);
		if (status >> 16 == PTRACE_EVENT_CLONE)
			note_clone(t, tid);
		if (status >> 16 != 0)
			continue;
		if (WSTOPSIG(status) == SIGSTOP)
			t->sigstop = true;
		else if (WSTOPSIG(status) != SIGTRAP) {
			errno = EFAULT;
			return -1;
		} else if (is_step(t, tid))
			return 0;
		/* Theirs may have come in place of the kernel's. */
		else if (arch_get_regs(tid, &r) == 0 && arch_pc(&r) != t->insn)
			return 0;
	}
}
#endif

int
thread_call(struct tracee *t, pid_t tid)
{
#if ARCH_STEPS
	if (t->steps)
		return step(t, tid);
#endif
	return thread_syscall_stop(t, tid) == -1 ||
		thread_syscall_stop(t, tid) == -1 ?
	    -1 :
	    0;
}

int64_t
tracee_must(struct tracee *t, enum remote call, const uint64_t arg[6])
{
	pid_t tid = t->caller->tid;
	arch_regs r = t->caller->regs;
	int64_t result;

	if (t->ended)
		return tracee_lost(t);
	arch_prepare(&r, t->abi, arch_number[t->abi][call], arg);
	arch_set_pc(&r, t->insn);
	if (arch_set_regs(tid, &r) == -1)
		return tracee_lost(t);
	if (thread_call(t, tid) == -1)
		return -1;
	if (arch_get_regs(tid, &r) == -1)
		return tracee_lost(t);
	result = arch_result(&r);
	if (result < 0 && result >= -4095) {
		errno = (int)-result;
		return -1;
	}
	return t->abi == 0 ? result : (int64_t)(uint32_t)result;
}

int64_t
tracee_call(struct tracee *t, enum remote call, const uint64_t arg[6])
{
	if (fault()) {
		errno = ENOTRECOVERABLE;
		return -1;
	}
	return tracee_must(t, call, arg);
}

/* ---- Memory ------------------------------------------------------------ */

int
tracee_peek(struct tracee *t, uint64_t addr, void *buf, size_t len)
{
	if (pread(t->mem, buf, len, (off_t)addr) == (ssize_t)len)
		return 0;
	errno = EFAULT;
	return -1;
}

int
tracee_poke(struct tracee *t, uint64_t addr, const void *buf, size_t len)
{
	if (pwrite(t->mem, buf, len, (off_t)addr) == (ssize_t)len)
		return 0;
	errno = EFAULT;
	return -1;
}

uint64_t
tracee_scratch(const struct tracee *t)
{
	return t->scratch;
}

int
tracee_read(struct tracee *t, size_t offset, void *buf, size_t len)
{
	return tracee_peek(t, t->scratch + offset, buf, len);
}

int
tracee_write(struct tracee *t, size_t offset, const void *buf, size_t len)
{
	return tracee_poke(t, t->scratch + offset, buf, len);
}

/* ---- What is more than one call ---------------------------------------- */

void
clone_reap(struct tracee *t)
{
	const uint64_t arg[6] = {
		(uint64_t)t->clone_number,
		0,
		__WALL | WNOHANG,
	};
	int status;

	if (t->clone == 0)
		return;
	while (thread_wait(t->clone, &status, 0) == t->clone &&
	    WIFSTOPPED(status))
		continue;
	(void)tracee_must(t, REMOTE_WAIT4, arg);
	t->clone = 0;
}

/*
 * The tracee makes the clone the leader of the new group, which a parent may,
 * and joins it. The clone is killed before it could do anything; waiting for
 * its end, on a processor that may be another one, is put off to when the
 * tracee is let go.
 */
pid_t
tracee_new_group(struct tracee *t)
{
	/* No exit signal: its parent's handler of SIGCHLD does not hear. */
	const uint64_t flags[6] = { CLONE_VM | CLONE_FS | CLONE_FILES };
	uint64_t lead[6] = { 0 }, join[6] = { 0 };
	pid_t tid = t->caller->tid;
	int64_t r;
	int error;

	clone_reap(t);
	if (trace(PTRACE_SETOPTIONS, tid, 0,
		tracee_options(t) | PTRACE_O_TRACECLONE) == -1)
		return tracee_lost(t);
	t->clone_number = tracee_call(t, REMOTE_CLONE, flags);
	error = errno;
	(void)trace(PTRACE_SETOPTIONS, tid, 0, tracee_options(t));
	if (t->clone_number == -1 || t->clone == 0) {
		errno = t->clone_number == -1 ? error : ECHILD;
		return -1;
	}
	lead[0] = lead[1] = join[1] = (uint64_t)t->clone_number;
	if ((r = tracee_call(t, REMOTE_SETPGID, lead)) == 0)
		r = tracee_call(t, REMOTE_SETPGID, join);
	error = errno;
	/* It is traced by us, and so cannot be another process by now. */
	(void)kill(t->clone, SIGKILL);
	errno = error;
	return r == -1 ? -1 : (pid_t)t->clone_number;
}

void
tracee_finish_writes(struct tracee *t, bool (*wanted)(int fd, void *arg),
    void *arg)
{
	uint64_t args[6] = { 0 };
	uint64_t count;
	struct thread *th;
	int64_t n, more;
	size_t i;

	for (i = 0; i < t->nthreads; i++) {
		th = &t->thread[i];
		n = arch_result(&th->regs);
		count = arch_argument(&th->regs, 2);
		if (th->call !=
			arch_number[arch_abi(&th->regs)][REMOTE_WRITE] ||
		    n <= 0 || (uint64_t)n >= count ||
		    !wanted((int)th->arg, arg))
			continue;
		args[0] = th->arg;
		args[1] = arch_argument(&th->regs, 1) + (uint64_t)n;
		args[2] = count - (uint64_t)n;
		if ((more = tracee_must(t, REMOTE_WRITE, args)) <= 0)
			continue;
		arch_set_result(&th->regs, n + more);
		if (th != t->caller)
			(void)arch_set_regs(th->tid, &th->regs);
	}
}
