/* SPDX-License-Identifier: ISC */
/*
 * Stopping a process whole and letting it go again; what happens in between
 * is ptrace-call.c's.
 *
 * PTRACE_SEIZE and PTRACE_INTERRUPT leave no trace: no signal is sent, the
 * parent is told nothing, a thread that was stopped by a signal stays so, and
 * if this process dies before tracee_ready() the kernel lets all threads go.
 */
#include "config.h"

#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ptrace-impl.h"

#define SLICE 10 /* ms that are waited at a time */

const char *
thread_stat(pid_t pid, pid_t tid, char *buf, size_t size)
{
	char *end;
	ssize_t n;
	int fd;

	snprintf(buf, size, "/proc/%d/task/%d/stat", pid, tid);
	if ((fd = open(buf, O_RDONLY | O_CLOEXEC)) == -1)
		return NULL;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	buf[n] = '\0';
	end = strrchr(buf, ')');
	return end != NULL && end[1] == ' ' ? end + 2 : NULL;
}

const char *
stat_field(const char *from, int field)
{
	int at = 3;

	for (; from != NULL && at < field; at++)
		from = (from = strchr(from, ' ')) != NULL ? from + 1 : NULL;
	return from;
}

/* True for a thread that has exited, or is just about to. */
static bool
thread_exits(pid_t pid, pid_t tid)
{
	char buf[1024];
	const char *f = thread_stat(pid, tid, buf, sizeof(buf));

	return f == NULL || *f == 'Z' || *f == 'X';
}

/*
 * Go to the processor that the tracee was on: a stop is a strict hand-over,
 * which costs some microseconds on one processor and many more, up to
 * milliseconds in virtual machines, between two.
 */
static void
follow(pid_t pid)
{
	char buf[1024];
	const char *f = thread_stat(pid, pid, buf, sizeof(buf));
	cpu_set_t set;
	int cpu;

	if ((f = stat_field(f, 39)) == NULL || (cpu = atoi(f)) < 0 ||
	    cpu >= CPU_SETSIZE)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

bool
tracee_supported(void)
{
	return ARCH_SUPPORTED;
}

uintptr_t
tracee_options(const struct tracee *t)
{
	return PTRACE_O_TRACESYSGOOD |
	    (t->suspend_seccomp ? (uintptr_t)PTRACE_O_SUSPEND_SECCOMP : 0);
}

struct tracee *
tracee_new(pid_t pid, bool suspend_seccomp)
{
	struct tracee *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	t->pid = pid;
	t->suspend_seccomp = suspend_seccomp;
	t->mem = -1;
	return t;
}

static void
forget_thread(struct tracee *t, size_t i)
{
	t->thread[i] = t->thread[--t->nthreads];
}

/* Seize a thread that is new: 1; 0 if it exits; -1 with errno. */
static int
seize(struct tracee *t, pid_t tid)
{
	struct thread *more, *th;
	size_t i;

	for (i = 0; i < t->nthreads; i++) {
		if (t->thread[i].tid == tid)
			return 0;
	}
	if (thread_exits(t->pid, tid))
		return 0;
	if (t->nthreads == t->room) {
		if ((more = realloc(t->thread,
			 (t->room * 2 + 8) * sizeof(*more))) == NULL)
			return -1;
		t->thread = more;
		t->room = t->room * 2 + 8;
	}
	th = &t->thread[t->nthreads];
	memset(th, 0, sizeof(*th));
	th->tid = tid;
	if (trace(PTRACE_SEIZE, tid, 0, tracee_options(t)) == -1) {
		if (errno == ESRCH || thread_exits(t->pid, tid))
			return 0;
		return -1;
	}
	call_foresee(t, th);
	t->nthreads++;
	if (trace(PTRACE_INTERRUPT, tid, 0, 0) == -1 && errno != ESRCH)
		return -1;
	return 1;
}

/*
 * Seize all threads that are not yet: how many there were, or -1. A thread
 * that exits just now is refused with EPERM before it shows: once others are
 * held, that is no refusal, and the next look will not find it.
 */
static int
seize_all(struct tracee *t)
{
	char path[64];
	struct dirent *e;
	DIR *dir;
	int fresh = 0, error = 0, n;

	snprintf(path, sizeof(path), "/proc/%d/task", t->pid);
	if ((dir = opendir(path)) == NULL) {
		if (errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	while (error == 0 && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n = seize(t, (pid_t)atoi(e->d_name));
		if (n == -1 && errno == EPERM && t->nthreads > 0)
			n = 1;
		if (n == -1)
			error = errno;
		else
			fresh += n;
	}
	closedir(dir);
	if (error != 0) {
		errno = error;
		return -1;
	}
	return fresh;
}

/*
 * Wait for a thread's next stop, for *budget ms, which is diminished. Only
 * time that has been waited counts: a machine that stood still is no reason
 * to give up. 1: *status has it; 0: the thread is gone; -1 with ETIMEDOUT.
 */
static int
wait_for_stop(pid_t tid, int *budget, int *status)
{
	const struct timespec slice = { 0, SLICE * 1000000L };
	sigset_t chld;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	while ((pid = thread_wait(tid, status, WNOHANG)) == 0) {
		if (*budget <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		/* In slices, too, for if SIGCHLD is ignored none comes. */
		if (sigtimedwait(&chld, NULL, &slice) == -1)
			*budget -= SLICE;
	}
	return pid == tid && WIFSTOPPED(*status);
}

/*
 * Let a thread run to its PTRACE_EVENT_STOP; signals met on the way are
 * delivered, never swallowed. 1: it stands there; 0: it is gone; -1.
 */
static int
interrupted(struct thread *th, int *budget)
{
	int status, n, sig;

	while ((n = wait_for_stop(th->tid, budget, &status)) == 1) {
		sig = WSTOPSIG(status);
		if (status >> 16 == PTRACE_EVENT_STOP) {
			th->stopped = true;
			th->group_stop = sig != SIGTRAP;
			return 1;
		}
		if (status >> 16 != 0 || sig == (SIGTRAP | 0x80))
			sig = 0;
		if (trace(PTRACE_CONT, th->tid, 0, (uintptr_t)sig) == -1)
			return 0;
	}
	return n;
}

/*
 * Read all threads' registers: which is also the proof that all stand still.
 * One that does not has been killed, or an execve(2) in another thread has
 * put that one in its place: 1, look again.
 */
static int
read_registers(struct tracee *t)
{
	struct thread *th;
	size_t i;
	int again = 0;

	for (i = 0; i < t->nthreads; i++) {
		th = &t->thread[i];
		if (arch_get_regs(th->tid, &th->regs) == 0) {
			call_see(t, th);
			continue;
		}
		if (errno != ESRCH)
			return -1;
		again = 1;
		th->stopped = false;
		if (trace(PTRACE_INTERRUPT, th->tid, 0, 0) == -1)
			forget_thread(t, i--);
	}
	return again;
}

void
tracee_look(struct tracee *t)
{
	follow(t->pid);
	t->insn = insn_guess(t);
}

int
tracee_stop(struct tracee *t, int limit)
{
	size_t i;
	int fresh, n, rounds = limit;

	do {
		if ((fresh = seize_all(t)) == -1) {
			t->ended = errno == ESRCH;
			return -1;
		}
		for (i = 0; i < t->nthreads; i++) {
			if (t->thread[i].stopped)
				continue;
			n = interrupted(&t->thread[i], &limit);
			if (n == -1)
				return -1;
			if (n == 0)
				forget_thread(t, i--);
		}
		if ((n = read_registers(t)) == -1)
			return -1;
		fresh += n;
	} while (fresh > 0 && --rounds > 0);
	if (fresh > 0) {
		/* It makes threads, or executes programs, all the time. */
		errno = ETIMEDOUT;
		return -1;
	}
	if (t->nthreads == 0) {
		t->ended = true;
		errno = ESRCH;
		return -1;
	}
	return 0;
}

int
tracee_release(struct tracee *t)
{
	struct thread *th;
	size_t i;
	int error = 0;

	if (t->borrowed && !t->ended && caller_restore(t) == -1)
		error = errno;
	for (i = 0; i < t->nthreads && !t->ended; i++) {
		th = &t->thread[i];
		if (th->restart != 0 && (th != t->caller || !t->borrowed))
			(void)thread_rearm(t, th);
	}
	if (t->ended)
		error = ESRCH;
	/* Pending, it takes effect when the process goes on. */
	if (t->sigstop && !t->ended)
		(void)kill(t->pid, SIGSTOP);
	if (t->sigtrap && !t->ended)
		(void)kill(t->pid, SIGTRAP);
	for (i = 0; i < t->nthreads; i++) {
		th = &t->thread[i];
		/* Not stopped: our end lets it go, nothing else can. */
		if (th->stopped)
			(void)trace(PTRACE_DETACH, th->tid, 0, 0);
		if (t->ended)
			(void)thread_wait(th->tid, NULL, WNOHANG);
	}
	if (t->mem != -1)
		close(t->mem);
	free(t->vector);
	free(t->thread);
	free(t);
	errno = error;
	return error == 0 ? 0 : -1;
}

pid_t
tracee_thread(const struct tracee *t)
{
	return t->nthreads == 0 ? t->pid : t->thread[0].tid;
}

bool
tracee_was_stopped(const struct tracee *t)
{
	size_t i;

	for (i = 0; i < t->nthreads && !t->thread[i].group_stop; i++)
		continue;
	return i < t->nthreads;
}

bool
tracee_is_32bit(const struct tracee *t)
{
	return t->abi == 1;
}

bool
tracee_ignores(const struct tracee *t, int signo)
{
	return (t->ignored >> (signo - 1) & 1) != 0;
}

bool
tracee_handles(const struct tracee *t, int signo)
{
	return (t->handled >> (signo - 1) & 1) != 0;
}

size_t
tracee_threads(const struct tracee *t)
{
	return t->nthreads;
}

bool
tracee_ended(const struct tracee *t)
{
	return t->ended;
}
