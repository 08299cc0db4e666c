/* SPDX-License-Identifier: ISC */
/*
 * The option table, and parsing: the only reader of the command line. A
 * message here names the option as it was meant and says what it takes.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "help.h"
#include "options.h"
#include "parse.h"
#include "say.h"
#include "signals.h"
#include "statedir.h"

#define SECOND INT64_C(1000000000)
#define HINT   "see 'detach --help'"

enum {
	OPT_ON_EXIT = 256,
	OPT_RESTART,
	OPT_RESTART_DELAY,
	OPT_RESTART_LIMIT,
	OPT_TREE,
	OPT_SCOPE,
	OPT_JSON,
	OPT_TIMEOUT,
	OPT_GRACE,
	OPT_FOLLOW,
	OPT_LINES,
	OPT_VERB, /* plus the verb */
};

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

/* The option's name as it is written in messages, into buf. */
static const char *
option_name(int c, char *buf, size_t size)
{
	const struct option *lo;

	for (lo = long_options; lo->name != NULL; lo++)
		if (lo->val == c)
			break;
	snprintf(buf, size, "--%s", lo->name == NULL ? "?" : lo->name);
	return buf;
}

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

static int
set_verb(struct options *o, enum verb verb, const char *arg)
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

/* A verb's own option. 0, or -1 after a message. */
static int
set_verbs(struct options *o, int c, char *arg)
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
			if (set_verb(o, c - OPT_VERB, optarg) == -1)
				return EXIT_FAILED;
			continue;
		}
		seen[c] = true;
		if (set_verbs(o, c, optarg) == -1)
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
