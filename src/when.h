/* SPDX-License-Identifier: ISC */
/* Times as text: for people, and for programs. Never prints. */
#ifndef WHEN_H
#define WHEN_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define WHEN_SIZE	48	/* enough for each of them */

/* "2024-02-29T14:03:05+01:00", or with Z for UTC (RFC 3339). */
char	*when_rfc3339(const struct timespec *ts, char buf[WHEN_SIZE]);

/* "2024-02-29 14:03:05": local time, nothing left to guess. */
char	*when_full(const struct timespec *ts, char buf[WHEN_SIZE]);

/* "14:03" today, "Thu 14:03" within a week, "Feb 29 14:03" within half a
   year, else "2024-02-29". */
char	*when_short(const struct timespec *ts, char buf[WHEN_SIZE]);

/* "7s", "3m07s", "2h05m", "3d04h", from ns; "-" if negative. */
char	*when_duration(int64_t ns, char buf[WHEN_SIZE]);

#endif
