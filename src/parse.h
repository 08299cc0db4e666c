/* SPDX-License-Identifier: ISC */
/*
 * Small values from text. Strict: the whole text must be the value. Never
 * prints; -1 with errno EINVAL or ERANGE.
 */
#ifndef PARSE_H
#define PARSE_H

#include <sys/types.h>

#include <stdint.h>

/* timeout(1)'s duration: a decimal number, fractions allowed, with an
   optional suffix s, m, h, d; in nanoseconds, rounded up, saturated. */
int	parse_duration(const char *text, int64_t *ns);

/* Octal, 0 to 0777. */
int	parse_umask(const char *text, mode_t *mode);

/* Decimal, digits only, min to max. */
int	parse_number(const char *text, long min, long max, long *n);

/* 1 to the largest pid; 0 is not one. */
int	parse_pid(const char *text, pid_t *pid);

#endif
