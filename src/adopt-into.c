/* SPDX-License-Identifier: ISC */
/*
 * What a command is adopted into: a log, a pidfile, and with -n a job with a
 * record and a keeper. Claimed before the command is touched.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adopt.h"
#include "exitcode.h"
#include "say.h"
#include "streams.h"

static int
add_log(struct adoption *a, const char *dir, const char *file)
{
	int n;

	n = snprintf(a->log[a->nlogs], sizeof(a->log[0]), "%s%s%s", dir,
	    *dir == '\0' ? "" : "/", file);
	if (n >= (int)sizeof(a->log[0])) {
		say_errno(ENAMETOOLONG, "%s", file);
		return -1;
	}
	a->nlogs++;
	return 0;
}

/* The member opens it, wherever that is: its path must be absolute. */
static int
choose_log(struct adoption *a)
{
	const char *file = a->o->output, *home = getenv("HOME");
	char cwd[PATH_MAX] = "";
	bool known;

	known = getcwd(cwd, sizeof(cwd)) != NULL && cwd[0] == '/';
	a->log_mode = 0600;
	a->log_exact = true;
	if (file != NULL) {
		mode_t mask = umask(0);

		(void)umask(mask);
		a->log_mode = 0666 & ~mask;
		a->log_exact = false;
		if (*file == '/')
			return add_log(a, "", file);
		if (!known) {
			say_errno(ENOENT, "the current directory");
			return -1;
		}
		return add_log(a, cwd, file);
	}
	if (known && add_log(a, strcmp(cwd, "/") == 0 ? "" : cwd,
	    LOG_FILE) == -1)
		return -1;
	if (home != NULL && *home == '/')
		return add_log(a, home, LOG_FILE);
	return 0;
}

int
adopt_claim(struct adoption *a)
{
	return choose_log(a) == -1 ? EXIT_FAILED : 0;
}

void
adopt_unclaim(struct adoption *a)
{
	(void)a;
}

int
adopt_settle(struct adoption *a)
{
	(void)a;
	return EXIT_DONE;
}
