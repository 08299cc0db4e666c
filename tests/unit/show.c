/* SPDX-License-Identifier: ISC */
/* What others have written, made safe to show, and how wide it is. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "show.h"
#include "tap.h"

static void
text(const char *s, const char *want)
{
	char *got = show_text(s, strlen(s));

	ok(got != NULL && strcmp(got, want) == 0, "shown as %s", want);
	free(got);
}

static void
command(char *const argv[], int argc, const char *want)
{
	char *got = show_command(argv, argc);

	ok(got != NULL && strcmp(got, want) == 0, "a line: %s", want);
	free(got);
}

static void
utf8(const char *s, size_t want, unsigned int want_cp)
{
	unsigned int cp = 0;
	size_t n = show_utf8(s, strlen(s), &cp);

	ok(n == want && (n == 0 || cp == want_cp), "UTF-8: %zu, U+%04X", n,
	    cp);
}

static void
check_utf8(void)
{
	utf8("a", 1, 'a');
	utf8("\303\244", 2, 0xe4);
	utf8("\342\202\254", 3, 0x20ac);
	utf8("\360\237\230\200", 4, 0x1f600);
	utf8("\200", 0, 0);			/* no first byte */
	utf8("\301\277", 0, 0);			/* too long for it */
	utf8("\340\200\200", 0, 0);
	utf8("\360\200\200\200", 0, 0);
	utf8("\355\240\200", 0, 0);		/* a surrogate */
	utf8("\364\220\200\200", 0, 0);		/* beyond the last */
	utf8("\365\200\200\200", 0, 0);
	utf8("\342\202", 0, 0);			/* cut off */
	utf8("\342\202a", 0, 0);
}

int
main(void)
{
	char *words[] = { (char *)"sh", (char *)"-c", (char *)"a b",
	    (char *)"it's", (char *)"", NULL };

	setenv("LC_ALL", "C.UTF-8", 1);
	text("plain", "plain");
	text("\303\244\360\237\230\200", "\303\244\360\237\230\200");
	text("\033[31m", "\\033[31m");
	text("a\nb\tc", "a\\nb\\tc");
	text("back\\slash", "back\\slash");
	text("\302\233", "\\302\\233");		/* a C1 control */
	text("\302\255", "\\302\\255");		/* a soft hyphen */
	text("\342\200\256", "\\342\\200\\256"); /* from right to left */
	text("\342\201\240", "\\342\\201\\240"); /* of no width */
	text("\377\376", "\\377\\376");
	setenv("LC_ALL", "C", 1);
	text("\303\244", "\\303\\244");
	setenv("LC_ALL", "C.UTF-8", 1);
	command(words, 5, "sh -c 'a b' 'it'\\''s' ''");
	check_utf8();
	ok(show_width("a\303\244") == 2, "one column each");
	ok(show_width("e\314\201") == 1, "an accent of its own takes none");
	ok(show_width("\344\270\255\360\237\230\200\360\240\200\200") == 6,
	    "wide ones take two");
	ok(show_width("\377a") == 2, "what is no character, one");
	ok(show_fit("\344\270\255\344\270\255", 3) == 3, "none is halved");
	ok(show_fit("abc", 2) == 2, "what fits");
	ok(show_fit("\377bc", 2) == 2, "what is no character");
	ok(show_fit("abc", 9) == 3, "all of it");
	return tap_done();
}
