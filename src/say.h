/* SPDX-License-Identifier: ISC */
/*
 * The only voices: messages on standard error, as "detach: WHAT: WHY". Each
 * is one write(2), and bytes that could act on a terminal are encoded as
 * vis(3) does.
 */
#ifndef SAY_H
#define SAY_H

#include <stdbool.h>

/* "detach: MESSAGE"; with an error number, "detach: MESSAGE: STRERROR". */
void	say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	say_errno(int errnum, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* "detach: warning: MESSAGE", unless quiet. */
void	say_warning(bool quiet, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* "detach: MESSAGE" if standard error is a terminal and quiet is false. */
void	say_note(bool quiet, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* What is wrong with /proc, with process_check_proc()'s errno. */
void	say_proc(int errnum);

/*
 * Occupy those of the descriptors 0 to 2 that are closed, so that no other
 * file gets such a number and is written to in its place; writing to them
 * fails as before.
 */
void	say_guard(void);

/*
 * Flush standard output and close it: 0, or -1 with errno if anything that
 * was written to it since the start did not arrive (as closestream(3) does).
 */
int	say_flush(void);

#endif
