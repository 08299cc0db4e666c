/* SPDX-License-Identifier: ISC */
/*
 * The launcher's side of a scope: decide cheaply whether the question arises,
 * and if so have the helper program detach-scope settle it.
 *
 * What always holds: the helper is spawned, waited for and reaped here, within
 * a bounded time; only its pid is ever waited for.  Its report comes through a
 * close-on-exec pipe as lines:
 *
 *	moved NAME	or	unneeded	or	failed ERRNO
 *	why: a warning or the reason; may be empty
 *
 * A report without its second newline is no report: the helper died.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scope.h"

#ifndef HAVE_SYSTEMD
#define HAVE_SYSTEMD 0
#endif

#define HELPER	   "detach-scope"
#define SYSTEM_BUS "/run/dbus/system_bus_socket" /* sd_bus_open_system(3) */
#define HELPER_MS  10000 /* the helper itself gives up before that */
#define MAXPIDS	   16

#if HAVE_SYSTEMD
extern char **environ;

enum {
	R_MOVED,
	R_UNNEEDED,
	R_FAILED = -1
};
#endif

static const char *const words[] = {
	[SCOPE_AUTO] = "auto",
	[SCOPE_ALWAYS] = "always",
	[SCOPE_NEVER] = "never",
};

int
scope_parse(const char *word, enum scope_when *when)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0) {
			*when = (enum scope_when)i;
			return 0;
		}
	errno = EINVAL;
	return -1;
}

#if HAVE_SYSTEMD
/* Whether a component of one of the paths in text is named session-*.scope. */
static int
names_session(const char *text)
{
	static const char head[] = "/session-", tail[] = ".scope";
	const char *p;
	size_t n;

	for (p = text; (p = strstr(p, head)) != NULL; p += n) {
		p += sizeof(head) - 1;
		n = strcspn(p, "/\n");
		if (n > sizeof(tail) - 1 &&
		    memcmp(p + n - (sizeof(tail) - 1), tail,
			sizeof(tail) - 1) == 0)
			return 1;
	}
	return 0;
}

/*
 * Without a system bus there is no logind to ask, and the helper would find
 * nothing to do. To see that takes a tenth of what the kernel takes to make
 * the text of /proc/self/cgroup.
 */
static int
has_bus(void)
{
	return getenv("DBUS_SYSTEM_BUS_ADDRESS") != NULL ||
	    access(SYSTEM_BUS, F_OK) == 0;
}

/* Not inlined: who has no bus need not touch so much stack either. */
static __attribute__((noinline)) int
in_session(void)
{
	char buf[4096];
	ssize_t n;
	int fd;

	if ((fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	return names_session(buf);
}
#endif

int
scope_wanted(enum scope_when when)
{
	switch (when) {
	case SCOPE_ALWAYS:
		return 1;
	case SCOPE_AUTO:
#if HAVE_SYSTEMD
		return has_bus() && in_session();
#else
		return 0;
#endif
	case SCOPE_NEVER:
		break;
	}
	return 0;
}

#if HAVE_SYSTEMD
/* The helper's path: beside this program, as in a build tree, or installed. */
static int
find_helper(char *path, size_t size)
{
	char *slash;
	ssize_t n;

	n = readlink("/proc/self/exe", path, size - sizeof(HELPER));
	if (n > 0 && (size_t)n < size - sizeof(HELPER)) {
		path[n] = '\0';
		if ((slash = strrchr(path, '/')) != NULL) {
			memcpy(slash + 1, HELPER, sizeof(HELPER));
			if (access(path, X_OK) == 0)
				return 0;
		}
	}
	if (snprintf(path, size, "%s/%s", LIBEXECDIR, HELPER) >= (int)size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return access(path, X_OK);
}

/*
 * The helper gets the default of every signal, but those that end a session
 * wait until it is done: it is most needed while the session is ending.  A
 * group of its own keeps the terminal's signals from it.
 */
static int
set_attributes(posix_spawnattr_t *attr)
{
	sigset_t all, held;
	int e;

	sigfillset(&all);
	sigemptyset(&held);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGQUIT);
	sigaddset(&held, SIGTERM);
	if ((e = posix_spawnattr_setsigdefault(attr, &all)) == 0 &&
	    (e = posix_spawnattr_setsigmask(attr, &held)) == 0 &&
	    (e = posix_spawnattr_setpgroup(attr, 0)) == 0)
		e = posix_spawnattr_setflags(attr,
		    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
			POSIX_SPAWN_SETPGROUP);
	return e;
}

/*
 * Start argv with its output on descriptor out, which may itself be 0, 1 or 2:
 * hence the order.  Returns 0 or an errno.
 */
static int
spawn(pid_t *pid, char *const argv[], int out)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int e;

	if ((e = posix_spawn_file_actions_init(&fa)) != 0)
		return e;
	if ((e = posix_spawnattr_init(&attr)) != 0) {
		posix_spawn_file_actions_destroy(&fa);
		return e;
	}
	if ((e = posix_spawn_file_actions_adddup2(&fa, out, 1)) == 0 &&
	    (e = posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDWR,
		 0)) == 0 &&
	    (e = posix_spawn_file_actions_adddup2(&fa, 0, 2)) == 0 &&
	    (e = set_attributes(&attr)) == 0)
		e = posix_spawn(pid, argv[0], &fa, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return e;
}

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * Read fd to its end into buf, NUL-terminated.  Returns 0, or an errno:
 * ETIMEDOUT if the end did not come in time.
 */
static int
read_report(int fd, char *buf, size_t size)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	long end = now_ms() + HELPER_MS, left;
	size_t len = 0;
	ssize_t n = 1;
	int e = 0;

	while (n != 0 && len < size - 1) {
		if ((left = end - now_ms()) <= 0) {
			e = ETIMEDOUT;
			break;
		}
		if (poll(&pfd, 1, (int)left) <= 0)
			continue;
		n = read(fd, buf + len, size - 1 - len);
		if (n == -1 && errno != EINTR) {
			e = errno;
			break;
		}
		if (n > 0)
			len += (size_t)n;
	}
	buf[len] = '\0';
	return e;
}

/*
 * Run argv and take its report.  Returns 0, or an errno: of the spawn, or of
 * a helper that had to be killed.
 */
static int
run_helper(char *const argv[], char *report, size_t size)
{
	pid_t pid;
	int e, fd[2];

	if (pipe2(fd, O_CLOEXEC) == -1)
		return errno;
	e = spawn(&pid, argv, fd[1]);
	close(fd[1]);
	if (e == 0) {
		/* Until it is reaped here, the pid cannot be another's. */
		if ((e = read_report(fd[0], report, size)) != 0)
			kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			continue;
	}
	close(fd[0]);
	return e;
}

/* Cut the line off that *text begins with; NULL if there is no whole one. */
static char *
next_line(char **text)
{
	char *line = *text, *nl;

	if ((nl = strchr(line, '\n')) == NULL)
		return NULL;
	*nl = '\0';
	*text = nl + 1;
	return line;
}

static int
parse_report(char *report, struct scope *result)
{
	char *head, *why;

	if ((head = next_line(&report)) == NULL ||
	    (why = next_line(&report)) == NULL) {
		strlcpy(result->why, HELPER " died", sizeof(result->why));
		errno = ECHILD;
		return R_FAILED;
	}
	if (strcmp(head, "unneeded") == 0)
		return R_UNNEEDED;
	strlcpy(result->why, why, sizeof(result->why));
	if (strncmp(head, "moved ", 6) == 0) {
		strlcpy(result->name, head + 6, sizeof(result->name));
		return R_MOVED;
	}
	errno = EIO;
	if (strncmp(head, "failed ", 7) == 0 && atoi(head + 7) > 0)
		errno = atoi(head + 7);
	return R_FAILED;
}

static int
ask_helper(enum scope_when when, const pid_t *pids, size_t npids,
    const char *description, struct scope *result)
{
	char path[PATH_MAX], numbers[MAXPIDS][16], report[1024];
	char *argv[MAXPIDS + 4];
	size_t i;
	int e;

	if (find_helper(path, sizeof(path)) == -1) {
		e = errno;
		if (when == SCOPE_AUTO)
			return R_UNNEEDED;
		snprintf(result->why, sizeof(result->why), "%.300s: %s", path,
		    strerror(e));
		errno = e;
		return R_FAILED;
	}
	argv[0] = path;
	argv[1] = (char *)(uintptr_t)words[when];
	argv[2] = (char *)(uintptr_t)description;
	for (i = 0; i < npids; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%d", (int)pids[i]);
		argv[3 + i] = numbers[i];
	}
	argv[3 + npids] = NULL;

	if ((e = run_helper(argv, report, sizeof(report))) != 0) {
		snprintf(result->why, sizeof(result->why), "%s: %s", HELPER,
		    e == ETIMEDOUT ? "no answer in time" : strerror(e));
		errno = e;
		return R_FAILED;
	}
	return parse_report(report, result);
}
#endif

int
scope_move(enum scope_when when, const pid_t *pids, size_t npids,
    const char *description, struct scope *result)
{
#if HAVE_SYSTEMD
	char why[sizeof(result->why)];
	int e, rc;

	memset(result, 0, sizeof(*result));
	if (when == SCOPE_NEVER)
		return R_UNNEEDED;
	if (npids == 0 || npids > MAXPIDS) {
		errno = EINVAL;
		return R_FAILED;
	}
	rc = ask_helper(when, pids, npids, description, result);
	if (rc == R_FAILED && when == SCOPE_AUTO) {
		e = errno;
		strlcpy(why, result->why, sizeof(why));
		snprintf(result->why, sizeof(result->why),
		    "the command may be killed at your logout, as it could "
		    "not be moved into a scope: %.400s",
		    why);
		errno = e;
	}
	return rc;
#else
	(void)pids;
	(void)npids;
	(void)description;
	memset(result, 0, sizeof(*result));
	if (when != SCOPE_ALWAYS)
		return 1;
	strlcpy(result->why, "this detach was built without systemd",
	    sizeof(result->why));
	errno = ENOTSUP;
	return -1;
#endif
}
