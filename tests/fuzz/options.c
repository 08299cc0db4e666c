/* SPDX-License-Identifier: ISC */
/*
 * Fuzz target: a command line, its words separated by NULs. What is refused
 * is refused with the exit status for misuse, what is taken has what every
 * launch and verb relies on. What options own is never freed: it lives as
 * long as the process.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "options.h"

#define MAXWORDS	32

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[MAXWORDS + 2], *text, *p;
	struct options o;
	int argc = 0, rc;

	if (size > 1024 || (text = malloc(size + 1)) == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	argv[argc++] = strdup("detach");
	for (p = text; p < text + size && argc <= MAXWORDS;
	    p += strlen(p) + 1)
		argv[argc++] = strdup(p);
	argv[argc] = NULL;
	free(text);
	rc = options_parse(&o, argc, argv);
	if (rc != 0 && rc != EXIT_FAILED)
		abort();
	if (rc == 0 && (o.argc < 0 || o.argc > argc ||
	    (o.argc > 0 && o.argv[o.argc] != NULL)))
		abort();
	return 0;
}
