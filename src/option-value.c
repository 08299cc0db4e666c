/* SPDX-License-Identifier: ISC */
/*
 * What each option means: its value is looked at, and put into the struct. A
 * message names the option, whichever way it was written, and says what it
 * takes.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "options-impl.h"
#include "parse.h"
#include "say.h"
#include "signals.h"
#include "statedir.h"

static int
bad_value(int c, const char *value, const char *takes)
{
	char name[32];

	say("%s '%s': takes %s", option_name(c, name, sizeof(name)), value,
	    takes);
	return -1;
}

static int
add_env(struct options *o, const char *arg)
{
	const char **env;

	if (arg[0] == '\0' || arg[0] == '=')
		return bad_value('E', arg, "NAME=VALUE, or NAME to unset it");
	env = reallocarray(o->env, o->nenv + 1, sizeof(*env));
	if (env == NULL) {
		say_errno(errno, "--env");
		return -1;
	}
	o->env = env;
	o->env[o->nenv++] = arg;
	return 0;
}

static int
add_keep(struct options *o, const char *arg)
{
	long n;
	int *keep;

	if (parse_number(arg, 0, 1 << 30, &n) == -1)
		return bad_value('k', arg, "the number of a descriptor");
	if (o->nkeep == KEEP_MAX) {
		say("--keep-fd: at most %d descriptors", KEEP_MAX);
		return -1;
	}
	keep = reallocarray(o->keep, o->nkeep + 1, sizeof(*keep));
	if (keep == NULL) {
		say_errno(errno, "--keep-fd");
		return -1;
	}
	o->keep = keep;
	o->keep[o->nkeep++] = (int)n;
	return 0;
}

static int
set_restart(struct options *o, const char *arg)
{
	if (strcmp(arg, "no") == 0)
		o->restart = RESTART_NO;
	else if (strcmp(arg, "on-failure") == 0)
		o->restart = RESTART_ON_FAILURE;
	else if (strcmp(arg, "always") == 0)
		o->restart = RESTART_ALWAYS;
	else
		return bad_value(OPT_RESTART, arg, "no, on-failure or always");
	return 0;
}

int
option_set_verb(struct options *o, enum verb verb, const char *arg)
{
	char name[32];

	if (o->verb != VERB_LAUNCH && o->verb != verb && verb != VERB_HELP &&
	    verb != VERB_VERSION) {
		say("%s: only one verb at a time; " HINT,
		    option_name(OPT_VERB + (int)verb, name, sizeof(name)));
		return -1;
	}
	if (verb == VERB_SIGNAL && (o->signal = signals_number(arg)) == -1)
		return bad_value(OPT_VERB + VERB_SIGNAL, arg,
		    "a signal's name or number");
	o->verb = verb;
	return 0;
}

/* A launch option. 0, or -1 after a message. */
static int
set_launch(struct options *o, int c, char *arg)
{
	switch (c) {
	case 'n':
		if (!statedir_name_valid(arg))
			return bad_value('n', arg,
			    "1 to 64 of A-Z a-z 0-9 . "
			    "_ + @ : -, beginning with a letter or digit and "
			    "not digits alone");
		o->name = arg;
		return 0;
	case 'i':
		o->input = arg;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case 'e':
		o->error = arg;
		return 0;
	case 't':
		o->truncate = true;
		return 0;
	case 'p':
		o->pidfile = arg;
		return 0;
	case 'C':
		o->chdir = arg;
		return 0;
	case 'E':
		return add_env(o, arg);
	case 'm':
		if (parse_umask(arg, &o->umask) == -1)
			return bad_value('m', arg, "an octal mode, 0 to 777");
		o->umask_set = true;
		return 0;
	case 'u':
		o->user = arg;
		return 0;
	case 'k':
		return add_keep(o, arg);
	case 'P':
		o->print_pid = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'f':
		o->foreground = true;
		return 0;
	case OPT_ON_EXIT:
		o->on_exit = arg;
		return 0;
	case OPT_RESTART:
		return set_restart(o, arg);
	case OPT_RESTART_DELAY:
		if (parse_duration(arg, &o->restart_delay) == -1)
			return bad_value(c, arg, "a duration such as 5s");
		return 0;
	case OPT_RESTART_LIMIT:
		if (parse_number(arg, 0, 1 << 30, &o->restart_limit) == -1)
			return bad_value(c, arg, "a number of restarts");
		return 0;
	case OPT_TREE:
		o->tree = true;
		return 0;
	case OPT_SCOPE:
		if (scope_parse(arg, &o->scope) == -1)
			return bad_value(c, arg, "auto, always or never");
		return 0;
	}
	return -1;
}

int
option_set(struct options *o, int c, char *arg)
{
	switch (c) {
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_TIMEOUT:
		if (parse_duration(arg, &o->timeout) == -1)
			return bad_value(c, arg,
			    "a duration such as 30s or 2h");
		return 0;
	case OPT_GRACE:
		if (parse_duration(arg, &o->grace) == -1)
			return bad_value(c, arg,
			    "a duration such as 30s or 2h");
		return 0;
	case OPT_FOLLOW:
		o->follow = true;
		return 0;
	case OPT_LINES:
		if (parse_number(arg, 0, 1L << 30, &o->lines) == -1)
			return bad_value(c, arg, "a number of lines");
		return 0;
	}
	return set_launch(o, c, arg);
}
