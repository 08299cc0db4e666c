/* SPDX-License-Identifier: ISC */
/*
 * Fuzz target: the text of a record. What is parsed and formatted is parsed
 * to the same again; and what is shown of it, as JSON or to a terminal, is
 * harmless. With FUZZ_JSON=FILE in the environment the JSON is appended
 * there, for another parser to read.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job.h"
#include "json.h"
#include "record.h"
#include "show.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* No byte that a terminal acts on; C1 controls are two bytes of UTF-8. */
static void
check_harmless(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	for (; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f || (p[0] == 0xc2 && p[1] >= 0x80 &&
		    p[1] < 0xa0))
			abort();
}

static void
check_shown(const struct record *r)
{
	char *s;

	s = show_command(r->command_argv, r->command_argc);
	if (s != NULL)
		check_harmless(s);
	free(s);
	if (r->directory != NULL &&
	    (s = show_text(r->directory, strlen(r->directory))) != NULL) {
		check_harmless(s);
		(void)show_width(s);
		if (show_fit(s, 10) > strlen(s))
			abort();
		free(s);
	}
}

/* One line, in which nothing is a control character. */
static void
check_json(struct record *r)
{
	const char *path = getenv("FUZZ_JSON");
	struct job j = { .dirfd = -1, .pidfd = -1, .keeper_pidfd = -1 };
	char *text = NULL, *p;
	size_t len = 0, i;
	FILE *f;

	if ((f = open_memstream(&text, &len)) == NULL)
		return;
	j.record = r;
	j.process = r->command;
	json_job(f, &j);
	if (fclose(f) != 0 || len < 3 || text[0] != '{' ||
	    text[len - 1] != '\n' || text[len - 2] != '}')
		abort();
	for (i = 0; i < len - 1; i++)
		if ((unsigned char)text[i] < 0x20)
			abort();
	for (p = text; *p != '\0'; ) {
		unsigned int cp;
		size_t n = show_utf8(p, strlen(p), &cp);

		if (n == 0)
			abort();
		p += n;
	}
	if (path != NULL && (f = fopen(path, "ae")) != NULL) {
		fwrite(text, 1, len, f);
		fclose(f);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *first, *second;
	struct record *r, *again;
	size_t len, len2;

	if ((r = record_parse((const char *)data, size)) == NULL)
		return 0;
	check_shown(r);
	check_json(r);
	if ((first = record_format(r, &len)) != NULL) {
		if ((again = record_parse(first, len)) == NULL)
			abort();
		second = record_format(again, &len2);
		if (second == NULL || len != len2 ||
		    memcmp(first, second, len) != 0)
			abort();
		free(second);
		record_free(again);
	}
	free(first);
	record_free(r);
	return 0;
}
