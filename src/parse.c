/* SPDX-License-Identifier: ISC */
/* Small values from text; the whole text must be the value. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

#define FRACTION_DIGITS 14     /* 10^14 * 86400 still fits into 63 bits */
#define FRACTION_PER_NS 100000 /* 10^14 / 10^9 */
#define NS_PER_S	1000000000LL

static bool
all_digits(const char *s, const char *digits)
{
	return *s != '\0' && s[strspn(s, digits)] == '\0';
}

/* Seconds in a suffix; 0 if it is none. */
static int64_t
suffix_seconds(const char *s)
{
	if (*s == '\0')
		return 1;
	if (s[1] != '\0')
		return 0;
	switch (*s) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

int
parse_duration(const char *text, int64_t *ns)
{
	const char *p, *dot;
	int64_t unit, whole = 0, fraction = 0;
	bool saturated = false, rest = false;
	size_t n;
	int i;

	n = strspn(text, "0123456789");
	dot = text + n;
	p = dot;
	if (*dot == '.') {
		p += 1 + strspn(dot + 1, "0123456789");
		n += (size_t)(p - dot) - 1;
	}
	if (n == 0 || (unit = suffix_seconds(p)) == 0) {
		errno = EINVAL;
		return -1;
	}
	for (; text < dot; text++) {
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, *text - '0', &whole))
			saturated = true;
	}
	for (i = 0, text = dot + 1; text < p; i++, text++) {
		if (i < FRACTION_DIGITS)
			fraction = fraction * 10 + (*text - '0');
		else if (*text != '0')
			rest = true;
	}
	for (; i < FRACTION_DIGITS; i++)
		fraction *= 10;
	fraction *= unit;
	rest = rest || fraction % FRACTION_PER_NS != 0;
	fraction = fraction / FRACTION_PER_NS + (rest ? 1 : 0);
	if (saturated || __builtin_mul_overflow(whole, unit, &whole) ||
	    __builtin_mul_overflow(whole, NS_PER_S, &whole) ||
	    __builtin_add_overflow(whole, fraction, &whole))
		whole = INT64_MAX;
	*ns = whole;
	return 0;
}

int
parse_umask(const char *text, mode_t *mode)
{
	unsigned long v;

	if (!all_digits(text, "01234567")) {
		errno = EINVAL;
		return -1;
	}
	v = strtoul(text, NULL, 8);
	if (v > 0777) {
		errno = ERANGE;
		return -1;
	}
	*mode = (mode_t)v;
	return 0;
}

int
parse_number(const char *text, long min, long max, long *n)
{
	const char *bad;
	long long v;

	/* strtonum(3) takes blanks and signs as well. */
	if (!all_digits(text, "0123456789")) {
		errno = EINVAL;
		return -1;
	}
	v = strtonum(text, min, max, &bad);
	if (bad != NULL) {
		errno = ERANGE;
		return -1;
	}
	*n = (long)v;
	return 0;
}

int
parse_pid(const char *text, pid_t *pid)
{
	long n;

	if (parse_number(text, 1, INT_MAX, &n) == -1)
		return -1;
	*pid = (pid_t)n;
	return 0;
}
