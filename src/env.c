/* SPDX-License-Identifier: ISC */
/*
 * The command's environment, as an array of its own: the launcher's, which
 * its own lookups use, is left alone.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env.h"

/* Whether entry sets the variable that name (len bytes) is. */
static bool
sets(const char *entry, const char *name, size_t len)
{
	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* The index of name in env, or that of the NULL. */
static size_t
find(char *const *env, const char *name, size_t len)
{
	size_t i;

	for (i = 0; env[i] != NULL; i++)
		if (sets(env[i], name, len))
			break;
	return i;
}

const char *
env_get(char *const *env, const char *name)
{
	size_t len = strlen(name), i = find(env, name, len);

	return env[i] == NULL ? NULL : env[i] + len + 1;
}

/*
 * "NAME=VALUE" sets, "NAME" unsets; env has room for one more. A caller may
 * have given several of one name, and of these some programs take the last:
 * all go.
 */
static void
change(char **env, char *entry)
{
	size_t len = strcspn(entry, "="), i = find(env, entry, len), to;

	if (entry[len] == '=') {
		if (env[i] == NULL)
			env[i + 1] = NULL;
		env[i++] = entry;
	}
	for (to = i; env[i] != NULL; i++)
		if (!sets(env[i], entry, len))
			env[to++] = env[i];
	env[to] = NULL;
}

static int
set(char **env, const char *name, const char *value)
{
	char *entry;

	if (asprintf(&entry, "%s=%s", name, value) == -1)
		return -1;
	change(env, entry);
	return 0;
}

char **
env_build(char **env, const struct options *o, const struct user *u)
{
	char **new;
	size_t n;

	if (u == NULL && o->nenv == 0)
		return env;
	for (n = 0; env[n] != NULL; n++)
		continue;
	new = reallocarray(NULL, n + o->nenv + 5, sizeof(*new));
	if (new == NULL)
		return NULL;
	memcpy(new, env, (n + 1) * sizeof(*new));
	if (u != NULL &&
	    (set(new, "HOME", u->home) == -1 ||
		set(new, "USER", u->name) == -1 ||
		set(new, "LOGNAME", u->name) == -1 ||
		set(new, "SHELL", u->shell) == -1)) {
		free(new);
		return NULL;
	}
	for (n = 0; n < o->nenv; n++)
		change(new, (char *)o->env[n]);
	return new;
}
