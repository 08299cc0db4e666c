/* SPDX-License-Identifier: ISC */
/*
 * Text that somebody else has chosen (names, arguments, paths), made safe to
 * show: no byte of it acts on a terminal or breaks a line. Never prints.
 */
#ifndef SHOW_H
#define SHOW_H

#include <stddef.h>

/*
 * A copy of the len bytes at s, encoded as vis(3) does with VIS_CSTYLE and
 * VIS_OCTAL, but backslashes are left alone, and so are printable characters
 * of UTF-8 where the environment's locale is a UTF-8 one. To be freed; NULL
 * with errno ENOMEM.
 */
char	*show_text(const char *s, size_t len);

/* argv as one line for people: words with blanks in them in quotes. */
char	*show_command(char *const *argv, int argc);

/* Columns that text from show_text() takes. */
size_t	 show_width(const char *s);

/* The length in bytes of the longest head of s that fits into width. */
size_t	 show_fit(const char *s, size_t width);

/*
 * Length of the valid UTF-8 sequence at s (at most len bytes; len > 0), with
 * its code point in *cp; 0 if there is none.
 */
size_t	 show_utf8(const char *s, size_t len, unsigned int *cp);

#endif
