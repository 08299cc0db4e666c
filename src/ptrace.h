/* SPDX-License-Identifier: ISC */
/*
 * Another process, held still, and made to do system calls: the mechanism of
 * --adopt, by ptrace(2).
 *
 * What always holds: until tracee_ready() a tracee is only held, not changed;
 * tracee_release() lets it go as it was, but for what the calls have done. In
 * between all its threads stand still, and the one that does the calls has
 * all signals blocked. The kernel itself restarts the calls that the stop has
 * interrupted.
 *
 * The caller has blocked all signals, SIGCHLD above all: if it dies between
 * tracee_ready() and tracee_release(), so does the tracee. One thread of the
 * caller does everything, for ptrace(2) is a matter of threads. Never prints.
 */
#ifndef PTRACE_H
#define PTRACE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tracee;

/* The calls that a tracee can be made to do; the tables are in this order. */
enum remote {
	REMOTE_MMAP,		/* mmap2 for a 32-bit process */
	REMOTE_MUNMAP,
	REMOTE_OPENAT,
	REMOTE_CLOSE,
	REMOTE_CLOSE_RANGE,	/* Linux 5.9 */
	REMOTE_DUP3,
	REMOTE_FCNTL,
	REMOTE_FCHMOD,
	REMOTE_PIPE2,
	REMOTE_UNLINKAT,
	REMOTE_EPOLL_CTL,
	REMOTE_SIGACTION,	/* rt_sigaction */
	REMOTE_GETPGID,
	REMOTE_SETPGID,
	REMOTE_WRITE,
	REMOTE_PIDFD_OPEN,
	REMOTE_PIDFD_GETFD,
	REMOTE_CLONE,
	REMOTE_WAIT4,
	REMOTE_GETPID,
	REMOTE_RESTART,		/* restart_syscall */
	REMOTE_COUNT
};

/* What the kernel takes for a signal's action, as long as it can get. */
#define REMOTE_SIGACTION_SIZE	32

/* The size of the memory in the tracee that calls can pass things in. */
#define TRACEE_SCRATCH	8192

/* True if there is a table for this processor. */
bool	tracee_supported(void);

/*
 * A tracee that nothing has been done to yet; NULL with ENOMEM. With
 * suspend_seccomp its seccomp filters do not apply to it while it is held
 * (root only).
 */
struct tracee *tracee_new(pid_t pid, bool suspend_seccomp);

/*
 * Find out what needs no stop, so that the stop is short: where a system call
 * instruction may be, and the processor that it runs on, where we go too. It
 * may be left out, and what it finds be wrong by the time of the stop.
 */
void	tracee_look(struct tracee *t);

/*
 * Stop all its threads, those that appear meanwhile too; signals on their way
 * to it are delivered. At most limit ms; 0: all stand still. -1 with errno:
 *	ESRCH		it has ended
 *	EPERM		tracing it is not allowed
 *	ENOTSUP		it is a 32-bit process, and there is no table for it
 *	ETIMEDOUT	a thread is in a call that cannot be interrupted
 *			now; a second call goes on waiting
 */
int	tracee_stop(struct tracee *t, int limit);

/*
 * After tracee_stop(): make it ready for tracee_call(). 0, or -1 with errno;
 * then it is as it was (ENOEXEC: no system call instruction was found).
 */
int	tracee_ready(struct tracee *t);

/*
 * Let it do a call with up to six arguments. Its result, or -1 with errno as
 * the call gave it; ESRCH if the tracee has been killed, EFAULT if the call
 * did not come about. tracee_must() is the same for calls that put things
 * back: tests let the others fail.
 */
int64_t	tracee_call(struct tracee *t, enum remote call, const uint64_t arg[6]);
int64_t	tracee_must(struct tracee *t, enum remote call, const uint64_t arg[6]);

/* The address of that memory, and copies from and to it. -1 with errno. */
uint64_t tracee_scratch(const struct tracee *t);
int	tracee_read(struct tracee *t, size_t offset, void *buf, size_t len);
int	tracee_write(struct tracee *t, size_t offset, const void *buf,
	    size_t len);

/*
 * Put it into a new process group in its session. A process group needs a
 * leader of that number: the tracee makes a process for it that shares its
 * memory and files, never runs its code, and is gone and reaped when the
 * tracee is released. The group's number as the tracee sees it, or -1 with
 * errno (EAGAIN: it may have no more processes); then it is where it was.
 */
pid_t	tracee_new_group(struct tracee *t);

/*
 * A write(2) that the stop has cut short is finished, if wanted() says so
 * for its descriptor: each byte is written once.
 */
void	tracee_finish_writes(struct tracee *t,
	    bool (*wanted)(int fd, void *arg), void *arg);

/*
 * Let it go on, or stay stopped if it was stopped by a signal, and forget
 * about it. 0, or -1 with errno: it has ended (ESRCH), or the thread that did
 * the calls could not be put back.
 */
int	tracee_release(struct tracee *t);

/* A thread of it that lives: /proc/PID of a leader that has exited is empty. */
pid_t	tracee_thread(const struct tracee *t);

/* True if it was stopped by a signal (Ctrl-Z, SIGSTOP) when it was seized. */
bool	tracee_was_stopped(const struct tracee *t);

/* True for a 32-bit process held by a 64-bit one; after tracee_ready(). */
bool	tracee_is_32bit(const struct tracee *t);

/* What it does on a signal below 32, if not the default; likewise. */
bool	tracee_ignores(const struct tracee *t, int signo);
bool	tracee_handles(const struct tracee *t, int signo);

/* How many threads it has; after tracee_stop(). */
size_t	tracee_threads(const struct tracee *t);

/* True once it is known to have ended. */
bool	tracee_ended(const struct tracee *t);

#endif
