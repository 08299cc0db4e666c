/* SPDX-License-Identifier: ISC */
/*
 * The option table, and parsing: the only reader of the command line. What
 * goes with what is decided here; what a value means, in option-value.c.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "help.h"
#include "options-impl.h"
#include "say.h"
#include "statedir.h"

#define SECOND INT64_C(1000000000)

static const struct option long_options[] = {
	{ "name", required_argument, NULL, 'n' },
	{ "input", required_argument, NULL, 'i' },
	{ "output", required_argument, NULL, 'o' },
	{ "error", required_argument, NULL, 'e' },
	{ "truncate", no_argument, NULL, 't' },
	{ "pidfile", required_argument, NULL, 'p' },
	{ "chdir", required_argument, NULL, 'C' },
	{ "env", required_argument, NULL, 'E' },
	{ "umask", required_argument, NULL, 'm' },
	{ "user", required_argument, NULL, 'u' },
	{ "keep-fd", required_argument, NULL, 'k' },
	{ "print-pid", no_argument, NULL, 'P' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "foreground", no_argument, NULL, 'f' },
	{ "on-exit", required_argument, NULL, OPT_ON_EXIT },
	{ "restart", required_argument, NULL, OPT_RESTART },
	{ "restart-delay", required_argument, NULL, OPT_RESTART_DELAY },
	{ "restart-limit", required_argument, NULL, OPT_RESTART_LIMIT },
	{ "tree", no_argument, NULL, OPT_TREE },
	{ "scope", required_argument, NULL, OPT_SCOPE },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "grace", required_argument, NULL, OPT_GRACE },
	{ "follow", no_argument, NULL, OPT_FOLLOW },
	{ "lines", required_argument, NULL, OPT_LINES },
	{ "list", no_argument, NULL, OPT_VERB + VERB_LIST },
	{ "status", no_argument, NULL, OPT_VERB + VERB_STATUS },
	{ "wait", no_argument, NULL, OPT_VERB + VERB_WAIT },
	{ "log", no_argument, NULL, OPT_VERB + VERB_LOG },
	{ "stop", no_argument, NULL, OPT_VERB + VERB_STOP },
	{ "signal", required_argument, NULL, OPT_VERB + VERB_SIGNAL },
	{ "forget", no_argument, NULL, OPT_VERB + VERB_FORGET },
	{ "adopt", no_argument, NULL, OPT_VERB + VERB_ADOPT },
	{ "help", no_argument, NULL, OPT_VERB + VERB_HELP },
	{ "version", no_argument, NULL, OPT_VERB + VERB_VERSION },
	{ NULL, 0, NULL, 0 },
};

/* Which verbs take an option, as a set of 1 << verb. */
#define ON(verb) (1U << (verb))

static unsigned
taken_by(int c)
{
	switch (c) {
	case 'n':
	case 'o':
	case 'p':
	case 'q':
		return ON(VERB_LAUNCH) | ON(VERB_ADOPT);
	case OPT_JSON:
		return ON(VERB_LAUNCH) | ON(VERB_ADOPT) | ON(VERB_LIST) |
		    ON(VERB_STATUS);
	case OPT_TIMEOUT:
		return ON(VERB_WAIT);
	case OPT_GRACE:
		return ON(VERB_STOP);
	case OPT_FOLLOW:
	case OPT_LINES:
		return ON(VERB_LOG);
	default:
		return ON(VERB_LAUNCH);
	}
}

/* How many operands a verb takes: at least, and at most (-1: any number). */
static const struct {
	int min;
	int max;
	const char *what;
} operands[] = {
	[VERB_LAUNCH] = { 1, -1, "command" },
	[VERB_LIST] = { 0, -1, "job" },
	[VERB_STATUS] = { 1, 1, "job" },
	[VERB_WAIT] = { 1, -1, "job" },
	[VERB_LOG] = { 1, 1, "job" },
	[VERB_STOP] = { 1, -1, "job" },
	[VERB_SIGNAL] = { 1, -1, "job" },
	[VERB_FORGET] = { 1, -1, "job" },
	[VERB_ADOPT] = { 1, 1, "pid" },
	[VERB_HELP] = { 0, -1, "operand" },
	[VERB_VERSION] = { 0, -1, "operand" },
};

const char *
option_name(int c, char *buf, size_t size)
{
	const struct option *lo;

	for (lo = long_options; lo->name != NULL; lo++)
		if (lo->val == c)
			break;
	snprintf(buf, size, "--%s", lo->name == NULL ? "?" : lo->name);
	return buf;
}

/* getopt_long's own complaint, in our words; argv[0] stays out of it. */
static int
complain(int c, char **argv)
{
	const char *word = argv[optind - 1];
	char name[32];

	if (optopt >= OPT_VERB || (optopt >= OPT_ON_EXIT && optopt < OPT_VERB))
		say(c == ':' ? "%s: takes a value; " HINT :
			       "%s: takes no value; " HINT,
		    option_name(optopt, name, sizeof(name)));
	else if (optopt != 0 && c == ':')
		say("-%c: takes a value; " HINT, optopt);
	else if (optopt != 0 && strncmp(word, "--", 2) == 0)
		say("%s: takes no value; " HINT,
		    option_name(optopt, name, sizeof(name)));
	else if (optopt != 0)
		say("-%c: no such option; " HINT, optopt);
	else
		say("%s: no such option, or short for more than one; " HINT,
		    word);
	return EXIT_FAILED;
}

/* What the options mean together. 0, or an exit status after a message. */
static int
check(struct options *o, int misused)
{
	char name[32];
	const char *base;

	if (o->verb == VERB_HELP || o->verb == VERB_VERSION)
		return 0;
	if (misused != 0) {
		say("%s: does not go with %s; " HINT,
		    option_name(misused, name, sizeof(name)),
		    o->verb == VERB_LAUNCH ? "starting a command" :
					     "that verb");
		return EXIT_FAILED;
	}
	if (o->argc < operands[o->verb].min) {
		say("%s: none given; " HINT, operands[o->verb].what);
		return EXIT_FAILED;
	}
	if (operands[o->verb].max != -1 && o->argc > operands[o->verb].max) {
		if (o->argv[1][0] == '-')
			say("%s: options come before the %s; " HINT, o->argv[1],
			    operands[o->verb].what);
		else
			say("%s: one %s at a time; " HINT, o->argv[1],
			    operands[o->verb].what);
		return EXIT_FAILED;
	}
	if (o->verb != VERB_LAUNCH || o->name != NULL)
		return 0;
	/* A keeper is needed: the command's basename names the job. */
	if (o->foreground || o->on_exit != NULL || o->restart != RESTART_NO ||
	    o->tree) {
		base = strrchr(o->argv[0], '/');
		base = base == NULL ? o->argv[0] : base + 1;
		if (!statedir_name_valid(base)) {
			say("'%s': cannot name a job; name it with -n", base);
			return EXIT_FAILED;
		}
		o->name = base;
	}
	return 0;
}

int
options_parse(struct options *o, int argc, char **argv)
{
	bool seen[OPT_VERB] = { false };
	const char *when;
	int c, misused = 0;

	memset(o, 0, sizeof(*o));
	o->restart_delay = SECOND;
	o->restart_limit = -1;
	o->grace = 10 * SECOND;
	o->lines = -1;
	when = getenv("DETACH_SCOPE");
	if (when != NULL && *when != '\0' &&
	    scope_parse(when, &o->scope) == -1) {
		say("DETACH_SCOPE '%s': takes auto, always or never", when);
		return EXIT_FAILED;
	}

	/* "+": options end at the first operand; ":": the words are ours. */
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "+:n:i:o:e:tp:C:E:m:u:k:Pqf",
		    long_options, NULL)) != -1) {
		if (c == '?' || c == ':')
			return complain(c, argv);
		if (c >= OPT_VERB) {
			if (option_set_verb(o, c - OPT_VERB, optarg) == -1)
				return EXIT_FAILED;
			continue;
		}
		seen[c] = true;
		if (option_set(o, c, optarg) == -1)
			return EXIT_FAILED;
	}
	o->argv = argv + optind;
	o->argc = argc - optind;
	for (c = 0; c < OPT_VERB && misused == 0; c++)
		if (seen[c] && (taken_by(c) & ON(o->verb)) == 0)
			misused = c;
	return check(o, misused);
}

int
options_help(void)
{
	fputs(HELP_TEXT, stdout);
	return say_flush();
}

int
options_version(void)
{
	printf("detach %s\n", PACKAGE_VERSION);
	printf("Built with: systemd scopes %s, keeper program %s, "
	       "shared-memory launch %s\n",
#ifdef HAVE_SYSTEMD
	    "yes",
#else
	    "no",
#endif
#ifdef HAVE_KEEPER_PROGRAM
	    "yes",
#else
	    "no",
#endif
#ifdef NO_CLONE_VM
	    "no"
#else
	    "yes"
#endif
	);
	return say_flush();
}
