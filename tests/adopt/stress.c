/* SPDX-License-Identifier: ISC */
/*
 * stress DETACH DIRECTORY N PROGRAM SCENARIO
 *
 * N adoptions in a row: runs PROGRAM, tests/adopt/check, in the background of
 * a terminal of its own, and has it adopted by DETACH each time that it has
 * opened that terminal again.  Files are made in DIRECTORY.
 *
 * Exit status 0 if each adoption has succeeded and the program has found no
 * anomaly in itself.  Prints how long it stood still at the median, for the
 * scenario "gap".
 */

#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "state.h"

#define DEADLINE	30	/* seconds, for what should happen at once */

static struct state *state;
static pid_t leader;

static void
end(void)
{
	if (state->pid > 0)
		kill(state->pid, SIGKILL);
	if (leader > 0)
		kill(leader, SIGKILL);
}

static void
wait_for_round(long n)
{
	struct timespec ts = { 0, 200000 };
	time_t late = time(NULL) + DEADLINE;

	while (state->round != n) {
		if (time(NULL) > late) {
			end();
			errx(1, "adoption %ld: the program does not go on",
			    n - 1);
		}
		nanosleep(&ts, NULL);
	}
}

/* The terminal's session: its leader waits for the program it has started. */
static _Noreturn void
lead(const char *slave, char *argv[])
{
	int fd, status;
	pid_t pid;

	if (setsid() == -1 || (fd = open(slave, O_RDWR)) == -1 ||
	    ioctl(fd, TIOCSCTTY, 0) == -1)
		err(127, "terminal");
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
	if ((pid = fork()) == 0) {
		setpgid(0, 0);
		execv(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	while (waitpid(pid, &status, 0) == -1)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

static int
adopt(const char *detach, const char *log)
{
	char pid[16];
	int status;
	pid_t child;

	snprintf(pid, sizeof(pid), "%d", (int)state->pid);
	if ((child = fork()) == 0) {
		execl(detach, "detach", "--adopt", "-q", "-o", log, pid,
		    (char *)NULL);
		err(127, "%s", detach);
	}
	if (child == -1 || waitpid(child, &status, 0) != child)
		err(1, "fork");
	return status;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
main(int argc, char *argv[])
{
	char log[4096], path[4096], report[4096];
	int fd, master, status, reportfd;
	char *args[4], *slave;
	double *gap;
	long i, n;

	if (argc != 6)
		errx(2, "usage: stress detach directory n program scenario");
	n = atol(argv[3]);
	snprintf(path, sizeof(path), "%s/state", argv[2]);
	snprintf(log, sizeof(log), "%s/log", argv[2]);
	snprintf(report, sizeof(report), "%s/report", argv[2]);
	if ((gap = calloc((size_t)n + 1, sizeof(*gap))) == NULL ||
	    (fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600)) == -1 ||
	    ftruncate(fd, sizeof(*state)) == -1 ||
	    (state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0)) == MAP_FAILED)
		err(1, "%s", path);
	if ((reportfd = open(report, O_WRONLY | O_CREAT | O_TRUNC, 0600)) == -1)
		err(1, "%s", report);
	state->report = reportfd;
	if ((master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) == -1 ||
	    grantpt(master) == -1 || unlockpt(master) == -1 ||
	    (slave = ptsname(master)) == NULL)
		err(1, "pty");
	args[0] = argv[4];
	args[1] = path;
	args[2] = argv[5];
	args[3] = NULL;
	if ((leader = fork()) == 0)
		lead(slave, args);
	close(reportfd);
	for (i = 1; i <= n; i++) {
		wait_for_round(i);
		state->gap = 0;
		if ((status = adopt(argv[1], log)) != 0) {
			end();
			errx(1, "adoption %ld: detach ended with 0x%x", i,
			    status);
		}
		wait_for_round(i + 1);
		gap[i - 1] = state->gap;
	}
	kill(state->pid, SIGTERM);
	if (waitpid(leader, &status, 0) != leader)
		err(1, "waitpid");
	qsort(gap, (size_t)n, sizeof(*gap), compare);
	if (strcmp(argv[5], "gap") == 0)
		printf("%ld us at the median, %ld us at 90 %%, "
		    "%ld us at most\n",
		    (long)(gap[n / 2] * 1e6), (long)(gap[n * 9 / 10] * 1e6),
		    (long)(gap[n - 1] * 1e6));
	return status != 0;
}
