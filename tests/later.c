/* SPDX-License-Identifier: ISC */
/*
 * To be preloaded: the clock of the day is $LATER seconds ahead. It asks the
 * kernel itself, whose call with 64 bits has another number where long has 32.
 */
#include "config.h"

#include <sys/syscall.h>

#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifdef __NR_clock_gettime64
#define CLOCK_CALL __NR_clock_gettime64
#else
#define CLOCK_CALL __NR_clock_gettime
#endif

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	const char *later = getenv("LATER");
	struct {
		int64_t sec, nsec;
	} now;

	if (syscall(CLOCK_CALL, clock, &now) == -1)
		return -1;
	if (clock == CLOCK_REALTIME && later != NULL)
		now.sec += strtoll(later, NULL, 10);
	ts->tv_sec = (time_t)now.sec;
	ts->tv_nsec = (long)now.nsec;
	return 0;
}

time_t
time(time_t *to)
{
	struct timespec ts = { .tv_sec = -1 };

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (to != NULL)
		*to = ts.tv_sec;
	return ts.tv_sec;
}
