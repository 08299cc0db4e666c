/* SPDX-License-Identifier: ISC */
/*
 * What pids and start times are relative to: a PID namespace, and the clock
 * that began with the boot.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "process.h"

#define NS_PER_S 1000000000LL

uint64_t
process_pid_namespace(pid_t pid)
{
	char path[40] = "/proc/self/ns/pid";
	struct stat st;

	if (pid != 0)
		(void)snprintf(path, sizeof(path), "/proc/%ld/ns/pid",
		    (long)pid);
	return stat(path, &st) == -1 ? 0 : st.st_ino;
}

int
process_check_proc(void)
{
	char self[24];
	ssize_t n;

	if ((n = readlink("/proc/self", self, sizeof(self) - 1)) == -1)
		return -1;
	self[n] = '\0';
	if (strtol(self, NULL, 10) == (long)getpid())
		return 0;
	errno = EXDEV;
	return -1;
}

int64_t
process_elapsed(uint64_t start_time)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	int64_t start, elapsed;
	struct timespec now;

	start = (int64_t)(start_time / hz) * NS_PER_S +
	    (int64_t)(start_time % hz * (uint64_t)NS_PER_S / hz);
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	elapsed = now.tv_sec * NS_PER_S + now.tv_nsec - start;
	return elapsed > 0 ? elapsed : 0;
}

int
process_started(uint64_t start_time, struct timespec *ts)
{
	int64_t ns;

	if (clock_gettime(CLOCK_REALTIME, ts) == -1)
		return -1;
	ns = ts->tv_sec * NS_PER_S + ts->tv_nsec - process_elapsed(start_time);
	ts->tv_sec = ns / NS_PER_S;
	ts->tv_nsec = ns % NS_PER_S;
	return 0;
}
