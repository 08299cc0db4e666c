/* SPDX-License-Identifier: ISC */
/* The command's environment: -E and -u on what a caller has given. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "env.h"
#include "tap.h"

/* "A=1 B=2" is the environment; changes and what is wanted alike. */
static void
becomes(const char *given, const char *changes, const struct user *u,
    const char *want)
{
	struct options o = { 0 };
	char before[256], words[256], got[512] = "", *p, *save;
	char *env[16], **new;
	const char *set[16];
	size_t n = 0, i;

	o.env = set;
	strlcpy(before, given, sizeof(before));
	for (p = strtok_r(before, " ", &save); p != NULL;
	    p = strtok_r(NULL, " ", &save))
		env[n++] = p;
	env[n] = NULL;
	strlcpy(words, changes, sizeof(words));
	for (p = strtok_r(words, " ", &save); p != NULL;
	    p = strtok_r(NULL, " ", &save))
		set[o.nenv++] = p;
	new = env_build(env, &o, u);
	for (i = 0; new != NULL && new[i] != NULL; i++) {
		if (i > 0)
			strlcat(got, " ", sizeof(got));
		strlcat(got, new[i], sizeof(got));
	}
	ok(strcmp(got, want) == 0, "'%s' with '%s': '%s'", given, changes,
	    got);
	ok(env[n] == NULL && (new != env || o.nenv == 0),
	    "the caller's own is left alone");
	if (new != env)
		free(new);
}

int
main(void)
{
	char name[] = "me", home[] = "/me", shell[] = "/bin/sh";
	struct user u = { .name = name, .home = home, .shell = shell };

	becomes("A=1 B=2", "", NULL, "A=1 B=2");
	becomes("", "A=1", NULL, "A=1");
	becomes("A=1 B=2", "A=3", NULL, "A=3 B=2");
	becomes("A=1 B=2", "A", NULL, "B=2");
	becomes("A=1 B=2", "C", NULL, "A=1 B=2");
	becomes("A=1", "A A=2 A=", NULL, "A=");
	becomes("AB=1 A=2 ABC=3", "A", NULL, "AB=1 ABC=3");
	/* Several of one name: some programs take the last. */
	becomes("A=1 B=2 A=3 A=4", "A=5", NULL, "A=5 B=2");
	becomes("A=1 B=2 A=3 A=4", "A", NULL, "B=2");
	/* What is no variable is passed on. */
	becomes("junk A=1 =x", "A=2", NULL, "junk A=2 =x");
	becomes("USER=root HOME=/root HOME=/evil", "", &u,
	    "USER=me HOME=/me LOGNAME=me SHELL=/bin/sh");
	becomes("X=1", "HOME=/x SHELL", &u,
	    "X=1 HOME=/x USER=me LOGNAME=me");
	return tap_done();
}
