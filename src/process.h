/* SPDX-License-Identifier: ISC */
/*
 * What a process is: a pid alone proves nothing, for it is given out again;
 * a pid with its start time, within one boot, names one process for good.
 * Reads /proc; never prints.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define BOOT_ID_LEN	36

struct identity {
	pid_t		pid;		/* 0: none */
	uint64_t	start_time;	/* clock ticks since boot: field 22 of
					   /proc/PID/stat (proc_pid_stat(5)) */
};

/* True if both, of one boot, are the same process. */
bool	process_same(const struct identity *a, const struct identity *b);

/* What /proc/PID/stat says (proc_pid_stat(5)). */
struct process_stat {
	char		state;		/* 'R', 'S', 'Z' ... */
	pid_t		ppid;
	pid_t		pgrp;
	pid_t		session;
	dev_t		tty;		/* 0: no controlling terminal */
	pid_t		tpgid;
	int		threads;
	uint64_t	start_time;	/* clock ticks since boot */
	uint64_t	start_stack;	/* addresses, which execve(2) sets at */
	uint64_t	arg_start;	/* random; 0: not told */
};

/* Read it. 0, or -1 with errno (ESRCH: no such process). */
int	process_stat(pid_t pid, struct process_stat *st);

/* False for a zombie: it has ended, all its threads have. */
bool	process_stat_alive(const struct process_stat *st);

/* Fill *id for a process that exists. 0, or -1 with errno. */
int	process_identify(pid_t pid, struct identity *id);

/*
 * True if the process of *id still runs: same start time, and no zombie. The
 * caller has compared the boot id.
 */
bool	process_alive(const struct identity *id);

/*
 * A pidfd (close-on-exec) that is certain to be *id's, or -1 with errno
 * (ESRCH: it has ended, or the pid is another's now; ENOSYS on a kernel
 * without pidfd_open). The caller closes it.
 */
int	process_pidfd(const struct identity *id);

/* Signal through the pidfd; ENOSYS where the kernel cannot. */
int	process_pidfd_signal(int pidfd, int signo);

/*
 * Signal *id's own process group; the process must be alive when it is sent.
 * Through the pidfd where the kernel knows how (6.9). 0, or -1 with errno
 * (ESRCH: it has ended, or leads no group, or is PID 1, whose group an older
 * kernel cannot tell from all processes).
 */
int	process_group_signal(const struct identity *id, int signo);

/* The boot id as text with its NUL. 0, or -1 with errno. */
int	process_boot_id(char id[BOOT_ID_LEN + 1]);

/* The PID namespace of pid, 0: of this process (namespaces(7)): its inode
   number, or 0 if that cannot be seen. */
uint64_t process_pid_namespace(pid_t pid);

/* 0 if /proc shows the processes of our PID namespace, or -1 with errno:
   EXDEV: it shows another's, whose numbers mean others here; ENOENT: none. */
int	process_check_proc(void);

/* start_time as CLOCK_REALTIME, and the time since then, in ns. */
int	process_started(uint64_t start_time, struct timespec *ts);
int64_t	process_elapsed(uint64_t start_time);

/*
 * The wait status of a process that is nobody's child here, by
 * PIDFD_GET_INFO (Linux 6.15), after its parent has reaped it: waits up to
 * timeout ns for that. 0 with *status as waitpid(2) gives it, or -1 with
 * errno (ENOTSUP where the kernel cannot tell; ETIMEDOUT: nobody reaps it).
 */
int	process_exit_status(int pidfd, int64_t timeout, int *status);

/*
 * The same of a zombie, which no parent has reaped yet, from /proc. 0, or -1
 * with errno (ESRCH: it is none; EACCES: it may not be read).
 */
int	process_zombie_status(const struct identity *id, int *status);

#endif
