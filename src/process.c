/* SPDX-License-Identifier: ISC */
/*
 * Processes by identity. Nothing here trusts a pid without its start time,
 * and whatever signals does so through a pidfd that was checked after it was
 * opened: a process that still has its identity then had it before.
 *
 * The system calls are made by number, and their newest structures written
 * down here, because C libraries and headers come years after the kernel.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#define NS_PER_S 1000000000LL

/* pidfd_send_signal(2): Linux 6.9. */
#define SEND_TO_GROUP (1U << 2)

/* The first 64 bytes of struct pidfd_info, all that was ever required. */
struct exit_info {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t ids[11];
	int32_t exit_code;
};

#define INFO_EXIT     (1ULL << 3) /* Linux 6.15 */
#define GET_EXIT_INFO _IOWR(0xff, 11, struct exit_info)

static int64_t
monotonic_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Without stdio: the small keeper links this. */
static void
stat_path(char *path, pid_t pid)
{
	char digits[16];
	int n = 0;

	memcpy(path, "/proc/", 6);
	path += 6;
	do {
		digits[n++] = (char)('0' + pid % 10);
	} while ((pid /= 10) > 0);
	while (n > 0)
		*path++ = digits[--n];
	memcpy(path, "/stat", sizeof("/stat"));
}

static ssize_t
read_file(const char *path, char *buf, size_t size)
{
	ssize_t n;
	int fd, saved;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	do {
		n = read(fd, buf, size - 1);
	} while (n == -1 && errno == EINTR);
	saved = errno;
	(void)close(fd);
	errno = saved;
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

int
process_stat(pid_t pid, struct process_stat *st)
{
	enum {
		STATE = 3,
		PPID,
		PGRP,
		SESSION,
		TTY,
		TPGID,
		THREADS = 20,
		START_TIME = 22,
		START_STACK = 28,
		ARG_START = 48
	};
	char buf[1024], path[32];
	long long v[ARG_START + 1] = { 0 };
	char *p, *end;
	int i;

	if (pid <= 0) {
		errno = ESRCH;
		return -1;
	}
	stat_path(path, pid);
	if (read_file(path, buf, sizeof(buf)) == -1) {
		if (errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	/* A command's name may have anything in it, parentheses, too. */
	if ((p = strrchr(buf, ')')) == NULL || p[1] != ' ' || p[2] == '\0') {
		errno = ESRCH;
		return -1;
	}
	st->state = p[2];
	p += 3;
	for (i = PPID; i <= ARG_START; i++, p = end) {
		v[i] = (long long)strtoull(p, &end, 10);
		if (end == p && i <= START_TIME) {
			errno = EINVAL;
			return -1;
		}
	}
	st->ppid = (pid_t)v[PPID];
	st->pgrp = (pid_t)v[PGRP];
	st->session = (pid_t)v[SESSION];
	st->tty = (dev_t)v[TTY];
	st->tpgid = (pid_t)v[TPGID];
	st->threads = (int)v[THREADS];
	st->start_time = (uint64_t)v[START_TIME];
	/* Emulators may leave these out. */
	st->start_stack = (uint64_t)v[START_STACK];
	st->arg_start = (uint64_t)v[ARG_START];
	return 0;
}

bool
process_stat_alive(const struct process_stat *st)
{
	/* The first thread may end long before the others. */
	return (st->state != 'Z' && st->state != 'X' && st->state != 'x') ||
	    st->threads > 1;
}

bool
process_same(const struct identity *a, const struct identity *b)
{
	return a->pid == b->pid && a->start_time == b->start_time;
}

int
process_identify(pid_t pid, struct identity *id)
{
	struct process_stat st;

	if (process_stat(pid, &st) == -1)
		return -1;
	id->pid = pid;
	id->start_time = st.start_time;
	return 0;
}

bool
process_alive(const struct identity *id)
{
	struct process_stat st;

	return process_stat(id->pid, &st) == 0 &&
	    st.start_time == id->start_time && process_stat_alive(&st);
}

int
process_pidfd(const struct identity *id)
{
	int fd, lack;

	if (id->pid <= 0) {
		errno = ESRCH;
		return -1;
	}
	if ((fd = (int)syscall(SYS_pidfd_open, id->pid, 0)) == -1) {
		/* A thread has this number. */
		if (errno == EINVAL || errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	errno = 0;
	if (!process_alive(id)) {
		lack = errno == EMFILE || errno == ENFILE ? errno : ESRCH;
		(void)close(fd);
		errno = lack;
		return -1;
	}
	return fd;
}

int
process_pidfd_signal(int pidfd, int signo)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0U);
}

int
process_group_signal(const struct identity *id, int signo)
{
	struct process_stat st;
	int fd, r, saved;

	if ((fd = process_pidfd(id)) == -1 && errno != ENOSYS)
		return -1;
	if (process_stat(id->pid, &st) == -1 ||
	    st.start_time != id->start_time || st.pgrp != id->pid) {
		if (fd != -1)
			(void)close(fd);
		errno = ESRCH;
		return -1;
	}
	r = fd == -1 ?
	    -1 :
	    (int)syscall(SYS_pidfd_send_signal, fd, signo, NULL, SEND_TO_GROUP);
	if (fd == -1 || (r == -1 && (errno == EINVAL || errno == ENOSYS))) {
		/* As near as an older kernel gets; -1 is not group 1. */
		r = process_alive(id) && id->pid > 1 ? kill(-id->pid, signo) :
						       (errno = ESRCH, -1);
	}
	saved = errno;
	if (fd != -1)
		(void)close(fd);
	errno = saved;
	return r;
}

int
process_boot_id(char id[BOOT_ID_LEN + 1])
{
	char buf[64];

	if (read_file("/proc/sys/kernel/random/boot_id", buf, sizeof(buf)) ==
	    -1)
		return -1;
	if (strspn(buf, "0123456789abcdef-") != BOOT_ID_LEN) {
		errno = EINVAL;
		return -1;
	}
	memcpy(id, buf, BOOT_ID_LEN);
	id[BOOT_ID_LEN] = '\0';
	return 0;
}

/* True if all four numbers of a line of /proc/PID/status are id. */
static bool
all_are(const char *text, const char *key, unsigned long id)
{
	char *end;
	int i;

	if ((text = strstr(text, key)) == NULL)
		return false;
	for (i = 0, text += strlen(key); i < 4; i++, text = end) {
		if (strtoul(text, &end, 10) != id || end == text)
			return false;
	}
	return true;
}

/* What ptrace(2) asks of those who want to know more about a process. */
static bool
may_read(pid_t pid)
{
	char buf[2048], path[32];

	stat_path(path, pid);
	strcat(path, "us");
	return read_file(path, buf, sizeof(buf)) > 0 &&
	    all_are(buf, "\nUid:", geteuid()) &&
	    all_are(buf, "\nGid:", getegid());
}

int
process_zombie_status(const struct identity *id, int *status)
{
	enum {
		START_TIME = 22,
		EXIT_CODE = 52
	};
	char buf[1024], path[32];
	uint64_t start_time = 0;
	char *p;
	int i;

	if (id->pid <= 0) {
		errno = ESRCH;
		return -1;
	}
	stat_path(path, id->pid);
	if (read_file(path, buf, sizeof(buf)) == -1 ||
	    (p = strrchr(buf, ')')) == NULL || p[1] != ' ' || p[2] != 'Z') {
		errno = ESRCH;
		return -1;
	}
	/* p is at the blank before a field. */
	for (i = 3, p++; i <= EXIT_CODE && p != NULL; i++) {
		if (i == START_TIME)
			start_time = strtoull(p + 1, NULL, 10);
		if (i == EXIT_CODE)
			*status = (int)strtol(p + 1, NULL, 10);
		p = strchr(p + 1, ' ');
	}
	if (start_time != id->start_time) {
		errno = ESRCH;
		return -1;
	}
	/* Those who may not know are shown 0. */
	if (i <= EXIT_CODE || (*status == 0 && !may_read(id->pid))) {
		errno = EACCES;
		return -1;
	}
	return 0;
}

/* Milliseconds for poll(2), rounded up, from ns. */
static int
poll_ms(int64_t ns)
{
	ns = ns / 1000000 + (ns % 1000000 != 0);
	return ns > INT_MAX ? INT_MAX : (int)ns;
}

int
process_exit_status(int pidfd, int64_t timeout, int *status)
{
	int64_t end = monotonic_ns() + timeout, left;
	struct pollfd pfd = { .fd = pidfd, .events = 0 };
	struct exit_info info;
	bool again = false;

	for (;;) {
		memset(&info, 0, sizeof(info));
		info.mask = INFO_EXIT;
		if (ioctl(pidfd, GET_EXIT_INFO, &info) == -1) {
			/* Reaped between the kernel's looks for the status and
			   for the process: now there is one. */
			if (errno == ESRCH && !again) {
				again = true;
				continue;
			}
			errno = ENOTSUP;
			return -1;
		}
		if (info.mask & INFO_EXIT) {
			*status = info.exit_code;
			return 0;
		}
		if (pfd.revents & POLLHUP) {
			/* Reaped, and still nothing: before Linux 6.15. */
			errno = ENOTSUP;
			return -1;
		}
		if ((left = end - monotonic_ns()) <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		/* POLLHUP, which cannot be masked, says that it is reaped. */
		if (poll(&pfd, 1, poll_ms(left)) == -1 && errno != EINTR)
			return -1;
	}
}
