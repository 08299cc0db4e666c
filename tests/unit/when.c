/* SPDX-License-Identifier: ISC */
/* Times as text, beyond 2038 and 2106, too. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "when.h"

#define DAY	86400

static void
rfc3339(const char *zone, long long sec, const char *want)
{
	struct timespec ts = { .tv_sec = (time_t)sec };
	char buf[WHEN_SIZE], *p;

	setenv("TZ", zone, 1);
	tzset();
	p = when_rfc3339(&ts, buf);
	/* musl marks a year of five digits, as ISO 8601 wants it. */
	ok(strcmp(p + (*p == '+'), want) == 0, "%lld, %s: %s", sec, zone, buf);
}

static void
full(long long sec, const char *want)
{
	struct timespec ts = { .tv_sec = (time_t)sec };
	char buf[WHEN_SIZE];

	ok(strcmp(when_full(&ts, buf), want) == 0, "%lld: %s", sec, buf);
}

/* The form of it: digits are 0, letters a. */
static void
shortly(long long from_now, const char *form)
{
	struct timespec ts = { .tv_sec = time(NULL) + (time_t)from_now };
	char buf[WHEN_SIZE], got[WHEN_SIZE], *p;

	strcpy(got, when_short(&ts, buf));
	for (p = got; *p != '\0'; p++) {
		if (*p >= '0' && *p <= '9')
			*p = '0';
		else if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')
			*p = 'a';
	}
	/* "Feb  9" */
	if (strncmp(got, "aaa  0", 6) == 0)
		got[4] = '0';
	ok(strcmp(got, form) == 0, "%lld s from now: %s", from_now, buf);
}

static void
duration(int64_t s, const char *want)
{
	char buf[WHEN_SIZE];

	ok(strcmp(when_duration(s * 1000000000, buf), want) == 0, "%lld s: %s",
	    (long long)s, buf);
}

int
main(void)
{
	rfc3339("UTC0", 0, "1970-01-01T00:00:00Z");
	rfc3339("UTC0", -1, "1969-12-31T23:59:59Z");
	rfc3339("UTC0", 2147483647, "2038-01-19T03:14:07Z");
	rfc3339("UTC0", 2147483648, "2038-01-19T03:14:08Z");
	rfc3339("UTC0", 4294967296, "2106-02-07T06:28:16Z");
	rfc3339("UTC0", 253402300800, "10000-01-01T00:00:00Z");
	rfc3339("XXX-5:45", 4102444800, "2100-01-01T05:45:00+05:45");
	rfc3339("XXX3:30", 4102444800, "2099-12-31T20:30:00-03:30");
	rfc3339("UTC0", INT64_MAX, "");

	full(2147483648, "2038-01-19 03:14:08");
	full(4294967296, "2106-02-07 06:28:16");
	full(INT64_MAX, "-");

	shortly(0, "00:00");
	shortly(-3 * DAY, "aaa 00:00");
	shortly(-30 * DAY, "aaa 00 00:00");
	shortly(30 * DAY, "aaa 00 00:00");
	shortly(-400 * DAY, "0000-00-00");
	shortly(100LL * 366 * DAY, "0000-00-00");
	shortly(INT64_MAX / 2, "-");

	duration(-1, "-");
	duration(0, "0s");
	duration(187, "3m07s");
	duration(7500, "2h05m");
	duration(3 * DAY + 4 * 3600, "3d04h");
	duration(24855 * DAY, "24855d00h");
	duration(106751 * (int64_t)DAY, "106751d00h");
	return tap_done();
}
