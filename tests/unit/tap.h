/* SPDX-License-Identifier: ISC */
/*
 * A check is a line of TAP. The count at the end is what was done; main()
 * returns tap_done().
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_count;
static int tap_failed;

static inline bool __attribute__((format(printf, 2, 3)))
ok(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!good)
		tap_failed++;
	return good;
}

static inline int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return fflush(stdout) == 0 && tap_failed == 0 ? 0 : 1;
}

#endif
