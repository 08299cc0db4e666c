/* SPDX-License-Identifier: ISC */
/*
 * Making text safe to show. setlocale(3) would cost more than all the rest of
 * a launch, so whether the terminal takes UTF-8 is read from the environment
 * as setlocale would read it.
 */
#include "config.h"

#define LIBBSD_OPENBSD_VIS /* which strnvis(3); none is used */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <vis.h>

#include "show.h"

size_t
show_utf8(const char *s, size_t len, unsigned int *cp)
{
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	unsigned int c;
	size_t i, n;

	if (u[0] < 0x80) {
		*cp = u[0];
		return 1;
	}
	if (u[0] >= 0xc2 && u[0] <= 0xdf) {
		n = 2;
		c = u[0] & 0x1f;
	} else if (u[0] >= 0xe0 && u[0] <= 0xef) {
		n = 3;
		c = u[0] & 0x0f;
	} else if (u[0] >= 0xf0 && u[0] <= 0xf4) {
		n = 4;
		c = u[0] & 0x07;
	} else
		return 0;
	if (len < n)
		return 0;
	for (i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return n;
}

static bool
locale_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *v;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((v = getenv(names[i])) == NULL || *v == '\0')
			continue;
		return strcasestr(v, "utf-8") != NULL ||
		    strcasestr(v, "utf8") != NULL;
	}
	return false;
}

/*
 * C1 controls act on some terminals even in UTF-8; the others listed here
 * reorder or hide what stands beside them.
 */
static bool
is_plain(unsigned int cp)
{
	if (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f))
		return false;
	if (cp == 0xad || cp == 0x61c || cp == 0xfeff)
		return false;
	if ((cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
	    (cp >= 0x2060 && cp <= 0x206f))
		return false;
	return true;
}

char *
show_text(const char *s, size_t len)
{
	bool utf8 = locale_is_utf8();
	unsigned int cp;
	char *buf, *p;
	size_t i, n;

	if (len > (SIZE_MAX - 1) / 4) {
		errno = ENOMEM;
		return NULL;
	}
	if ((buf = malloc(len * 4 + 1)) == NULL)
		return NULL;
	for (i = 0, p = buf; i < len; i += n) {
		n = show_utf8(s + i, len - i, &cp);
		if (n != 0 && (n == 1 || utf8) && is_plain(cp)) {
			memcpy(p, s + i, n);
			p += n;
			continue;
		}
		n = 1;
		if ((unsigned char)s[i] >= 0x80) {
			/* vis(3) would ask the C library what it is. */
			p += sprintf(p, "\\%03o", (unsigned char)s[i]);
			continue;
		}
		/* The next byte decides between \0 and \000. */
		p = vis(p, (unsigned char)s[i],
		    VIS_CSTYLE | VIS_OCTAL | VIS_TAB | VIS_NL | VIS_NOLOCALE,
		    i + 1 < len ? (unsigned char)s[i + 1] : '\0');
	}
	*p = '\0';
	return buf;
}

static bool
needs_quotes(const char *word)
{
	/* What a shell would not take as it stands. */
	return *word == '\0' || *word == '~' || *word == '#' ||
	    word[strcspn(word, " \t\n\"'\\$`;&|<>()*?[]{}!")] != '\0';
}

char *
show_command(char *const *argv, int argc)
{
	const char *w;
	char *line, *p, *shown;
	size_t len = 1;
	bool quote;
	int i;

	/* A quote within quotes takes four bytes: '\'' */
	for (i = 0; i < argc; i++)
		len += strlen(argv[i]) * 4 + 3;
	if ((line = malloc(len)) == NULL)
		return NULL;
	for (i = 0, p = line; i < argc; i++) {
		quote = needs_quotes(argv[i]);
		if (i > 0)
			*p++ = ' ';
		if (quote)
			*p++ = '\'';
		for (w = argv[i]; *w != '\0'; w++) {
			if (*w == '\'') {
				memcpy(p, "'\\''", 4);
				p += 4;
			} else
				*p++ = *w;
		}
		if (quote)
			*p++ = '\'';
	}
	shown = show_text(line, (size_t)(p - line));
	free(line);
	return shown;
}

/* Wide: East Asian scripts and emoji; zero: combining marks. Near enough for
   a table's last column. */
static size_t
columns(unsigned int cp)
{
	if (cp >= 0x300 && cp <= 0x36f)
		return 0;
	if ((cp >= 0x1100 && cp <= 0x115f) || (cp >= 0x2e80 && cp <= 0xa4cf) ||
	    (cp >= 0xac00 && cp <= 0xd7a3) || (cp >= 0xf900 && cp <= 0xfaff) ||
	    (cp >= 0xfe30 && cp <= 0xfe6f) || (cp >= 0xff00 && cp <= 0xff60) ||
	    (cp >= 0xffe0 && cp <= 0xffe6) ||
	    (cp >= 0x1f300 && cp <= 0x1faff) ||
	    (cp >= 0x20000 && cp <= 0x3fffd))
		return 2;
	return 1;
}

size_t
show_fit(const char *s, size_t width)
{
	size_t i, n, w, len = strlen(s), used = 0;
	unsigned int cp;

	for (i = 0; i < len; i += n) {
		if ((n = show_utf8(s + i, len - i, &cp)) == 0) {
			n = 1;
			cp = '?';
		}
		if ((w = columns(cp)) > width - used)
			break;
		used += w;
	}
	return i;
}

size_t
show_width(const char *s)
{
	size_t i, n, len = strlen(s), used = 0;
	unsigned int cp;

	for (i = 0; i < len; i += n) {
		if ((n = show_utf8(s + i, len - i, &cp)) == 0) {
			n = 1;
			cp = '?';
		}
		used += columns(cp);
	}
	return used;
}
