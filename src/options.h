/* SPDX-License-Identifier: ISC */
/*
 * The command line as one struct. options_parse() is the only reader of it.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scope.h"

#define KEEP_MAX	64	/* -k options at most */

enum verb {
	VERB_LAUNCH,
	VERB_LIST,
	VERB_STATUS,
	VERB_WAIT,
	VERB_LOG,
	VERB_STOP,
	VERB_SIGNAL,
	VERB_FORGET,
	VERB_ADOPT,
	VERB_HELP,
	VERB_VERSION,
};

enum restart_when {
	RESTART_NO,
	RESTART_ON_FAILURE,
	RESTART_ALWAYS,
};

struct options {
	enum verb	  verb;

	/* launch; NULL, false, 0 where the option was not given */
	const char	 *name;		/* -n, or implied by a keeper option */
	const char	 *input;	/* -i */
	const char	 *output;	/* -o */
	const char	 *error;	/* -e */
	bool		  truncate;	/* -t */
	const char	 *pidfile;	/* -p */
	const char	 *chdir;	/* -C */
	const char	**env;		/* -E, in order; owned */
	size_t		  nenv;
	mode_t		  umask;	/* -m, where umask_set */
	bool		  umask_set;
	const char	 *user;		/* -u */
	int		 *keep;		/* -k; owned */
	size_t		  nkeep;
	bool		  print_pid;	/* -P */
	bool		  quiet;	/* -q */
	bool		  foreground;	/* -f */
	const char	 *on_exit;
	enum restart_when restart;
	int64_t		  restart_delay; /* nanoseconds; 1 s by default */
	long		  restart_limit; /* -1: no limit */
	bool		  tree;
	enum scope_when	  scope;
	bool		  json;		/* launch, --list, --status, --adopt */

	/* verbs */
	int64_t		  timeout;	/* nanoseconds; 0: no limit */
	int64_t		  grace;	/* nanoseconds; 10 s by default */
	bool		  follow;
	long		  lines;	/* -1: all */
	int		  signal;	/* --signal=SIG */

	/* operands: the command, or jobs; not copied */
	char		**argv;
	int		  argc;
};

/*
 * Parse argv into *o. Returns 0, or the exit status (EXIT_FAILED) after
 * having said on standard error what is wrong. What o owns lives as long as
 * the process.
 */
int	options_parse(struct options *o, int argc, char **argv);

/* Print the help, or the version, on standard output: 0 or -1 with errno. */
int	options_help(void);
int	options_version(void);

#endif
