/* SPDX-License-Identifier: ISC */
/*
 * Where the helper programs are. Never from the environment or PATH: root
 * runs detach, too.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

char *
program_path(const char *name)
{
	char path[PATH_MAX];
	ssize_t n;
	size_t len;

	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n > 0) {
		path[n] = '\0';
		len = (size_t)(strrchr(path, '/') - path) + 1;
		if (len + strlen(name) < sizeof(path)) {
			strcpy(path + len, name);
			if (access(path, X_OK) == 0)
				return strdup(path);
		}
	}
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", LIBEXECDIR, name) <
		sizeof(path) &&
	    access(path, X_OK) == 0)
		return strdup(path);
	return NULL;
}
