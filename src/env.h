/* SPDX-License-Identifier: ISC */
/*
 * The command's environment: the caller's, changed by -u and -E. Never
 * prints.
 */
#ifndef ENV_H
#define ENV_H

#include "options.h"
#include "user.h"

/*
 * A new environment: the caller's env, with u's HOME, USER, LOGNAME and SHELL
 * (u may be NULL), then -E's changes in order. env itself where nothing
 * changes; else the array is allocated, and of its strings those that are
 * new. NULL with errno.
 */
char	**env_build(char **env, const struct options *o,
	    const struct user *u);

/* A variable's value in env, or NULL. */
const char *env_get(char *const *env, const char *name);

#endif
