/* SPDX-License-Identifier: ISC */
/* Times as text. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "when.h"

#define DAY 86400LL

char *
when_rfc3339(const struct timespec *ts, char buf[WHEN_SIZE])
{
	char date[32];
	struct tm tm;
	long zone;

	if (localtime_r(&ts->tv_sec, &tm) == NULL ||
	    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
		buf[0] = '\0';
		return buf;
	}
	zone = tm.tm_gmtoff / 60;
	if (zone == 0)
		(void)snprintf(buf, WHEN_SIZE, "%sZ", date);
	else
		(void)snprintf(buf, WHEN_SIZE, "%s%c%02ld:%02ld", date,
		    zone < 0 ? '-' : '+', labs(zone) / 60 % 100,
		    labs(zone) % 60);
	return buf;
}

char *
when_full(const struct timespec *ts, char buf[WHEN_SIZE])
{
	struct tm tm;

	if (localtime_r(&ts->tv_sec, &tm) == NULL ||
	    strftime(buf, WHEN_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)strcpy(buf, "-");
	return buf;
}

char *
when_short(const struct timespec *ts, char buf[WHEN_SIZE])
{
	time_t now = time(NULL);
	struct tm tm, today;
	size_t n;

	if (localtime_r(&ts->tv_sec, &tm) == NULL ||
	    localtime_r(&now, &today) == NULL)
		n = 0;
	else if (tm.tm_year == today.tm_year && tm.tm_yday == today.tm_yday)
		n = strftime(buf, WHEN_SIZE, "%H:%M", &tm);
	else if (ts->tv_sec <= now && now - ts->tv_sec < 6 * DAY)
		n = strftime(buf, WHEN_SIZE, "%a %H:%M", &tm);
	else if (llabs(now - ts->tv_sec) < 180 * DAY)
		n = strftime(buf, WHEN_SIZE, "%b %e %H:%M", &tm);
	else
		n = strftime(buf, WHEN_SIZE, "%Y-%m-%d", &tm);
	if (n == 0)
		(void)strcpy(buf, "-");
	return buf;
}

char *
when_duration(int64_t ns, char buf[WHEN_SIZE])
{
	long long s = ns / 1000000000LL;

	if (ns < 0)
		(void)strcpy(buf, "-");
	else if (s < 60)
		(void)snprintf(buf, WHEN_SIZE, "%llds", s);
	else if (s < 3600)
		(void)snprintf(buf, WHEN_SIZE, "%lldm%02llds", s / 60, s % 60);
	else if (s < DAY)
		(void)snprintf(buf, WHEN_SIZE, "%lldh%02lldm", s / 3600,
		    s / 60 % 60);
	else
		(void)snprintf(buf, WHEN_SIZE, "%lldd%02lldh", s / DAY,
		    s / 3600 % 24);
	return buf;
}
