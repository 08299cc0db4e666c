/* SPDX-License-Identifier: ISC */
/*
 * Which call a thread was in when it was made to stand still, and what our
 * stop has done to it.
 *
 * On x86 the registers say all of it. Elsewhere the kernel has forgotten the
 * call by then: there is only what the program has put into its registers,
 * but the first argument is overwritten by the result. That one is told in
 * /proc: by some kernels still then, if they are made to think that the thread
 * is in a call; and by all of them before, while the thread slept in it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ptrace-impl.h"

#define TRIES 5 /* to find a thread asleep */

#if ARCH_REWINDS
/* /proc/PID/task/TID/syscall. 0, or -1: it is in none, or runs. */
static int
in_call(pid_t pid, pid_t tid, struct in_call *c)
{
	uint64_t *a = c->arg;
	char buf[256];
	ssize_t n;
	int fd;

	snprintf(buf, sizeof(buf), "/proc/%d/task/%d/syscall", pid, tid);
	if ((fd = open(buf, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	buf[n] = '\0';
	return sscanf(buf,
		   "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
		   " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64,
		   &c->number, &a[0], &a[1], &a[2], &a[3], &a[4], &a[5], &c->sp,
		   &c->pc) == 9 ?
	    0 :
	    -1;
}

/* The first argument of the call that it has just come back from. */
static int
first_argument(const struct tracee *t, struct thread *th)
{
	const arch_regs *r = &th->regs;
	const struct in_call *b = &th->before;
	struct in_call now = { .number = 0 };
	long entered = arch_entered(th->tid);
	int rc, i;

	if (arch_replace(th->tid, th->call) == -1)
		return -1;
	rc = in_call(t->pid, th->tid, &now);
	if (arch_replace(th->tid, entered) == -1)
		return -1;
	/* Some tell what that register has now. */
	if (rc == 0 && now.arg[0] != (uint64_t)arch_result(r)) {
		th->arg = now.arg[0];
		return 0;
	}
	if (b->number != th->call || b->pc != arch_pc(r) || rc == -1 ||
	    b->sp != now.sp)
		return -1;
	for (i = 1; i < 6; i++) {
		if (b->arg[i] != arch_argument(r, i))
			return -1;
	}
	th->arg = b->arg[0];
	return 0;
}

/* True if the instruction before the one that is next is a call. */
static bool
is_behind_call(const struct thread *th)
{
	uint64_t at = arch_pc(&th->regs) - ARCH_INSN_LEN, word;

	/* Not by /proc/PID/mem, which is not open yet. */
	return trace(PTRACE_PEEKTEXT, th->tid, at, (uintptr_t)&word) == 0 &&
	    memcmp(&word, arch_insn[0], ARCH_INSN_LEN) == 0;
}

/* A call that wants a repair: an EINTR, or a write cut short. */
static bool
is_damaged(const struct thread *th)
{
	int64_t n = arch_result(&th->regs);

	return n == -EINTR ||
	    (th->call == arch_number[0][REMOTE_WRITE] && n > 0 &&
		(uint64_t)n < arch_argument(&th->regs, 2));
}
#endif

void
call_foresee(const struct tracee *t, struct thread *th)
{
#if ARCH_REWINDS
	const struct timespec tick = { 0, 100000 };
	int tries;

	/* One that runs may be about to sleep; but others are not kept. */
	for (tries = 0; in_call(t->pid, th->tid, &th->before) == -1; tries++) {
		th->before.number = 0;
		if (t->nthreads > 0 || tries == TRIES)
			break;
		nanosleep(&tick, NULL);
	}
#else
	(void)t;
	(void)th;
#endif
}

/* True if an EINTR of that call came from nothing but a stop. */
static bool
eintr_is_ours(const struct thread *th)
{
	const short *p = arch_eintr[arch_abi(&th->regs)];

	while (*p != -1 && *p != th->call)
		p++;
	return *p != -1;
}

/*
 * A call that the kernel does not restart by itself fails with EINTR only
 * because of our stop: ask for a restart, which becomes that EINTR again if a
 * signal's handler is to run. A limit of its time begins anew.
 */
void
call_see(const struct tracee *t, struct thread *th)
{
	arch_regs *r = &th->regs;

	th->call = arch_call(r);
	th->restart = 0;
#if !ARCH_REWINDS
	(void)t;
	if (th->call < 0)
		return;
	th->arg = arch_argument(r, 0);
	if (arch_result(r) == -EINTR && eintr_is_ours(th)) {
		arch_set_result(r, -E_RESTARTNOHAND);
		(void)arch_set_regs(th->tid, r);
	}
#else
	if (!is_damaged(th) || !is_behind_call(th) ||
	    first_argument(t, th) == -1) {
		th->call = -1;
		return;
	}
	if (arch_result(r) == -EINTR && eintr_is_ours(th)) {
		/* The thread is told when it is let go. */
		arch_set_pc(r, arch_pc(r) - ARCH_INSN_LEN);
		arch_set_argument(r, th->arg);
		th->restart = E_RESTARTNOHAND;
	}
#endif
}
