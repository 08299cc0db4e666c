/* SPDX-License-Identifier: ISC */
/*
 * Standard input, output and error: which descriptor goes where, and the
 * files behind them. Everything is opened by the launcher; the command's
 * process only moves descriptors. Never prints.
 *
 *	without an option, a descriptor that is	 stdin	    stdout, stderr
 *	a terminal, a pipe, a socket, closed	 /dev/null  the log
 *	a regular file, /dev/null, a device	 kept	    kept
 */
#ifndef STREAMS_H
#define STREAMS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#define STREAM_KEPT	(-1)	/* the inherited one stays */
#define LOG_FILE	"detach.out"

enum stream_kind {
	STREAM_CLOSED,
	STREAM_TERMINAL,
	STREAM_CHANNEL,		/* a pipe or socket */
	STREAM_OTHER,		/* a regular file, /dev/null, a device ... */
};

/* A file that is being written, and what to take back. */
struct stream_file {
	char	*path;		/* as given, or found; owned */
	int	 fd;
	bool	 created;
	bool	 regular;
};

/* -o '|COMMAND' or -e '|COMMAND'. */
struct stream_filter {
	const char *command;
	int	 data[2];	/* the pipe: [0] the filter's stdin */
	int	 out[3];	/* the filter's own 0 to 2, as fd[] below */
};

struct streams {
	enum stream_kind kind[3];	/* what the launcher was given */
	int	 fd[3];		/* to be moved to 0, 1, 2, or STREAM_KEPT; fd[2]
				   may be 1: what standard output will be */
	struct stream_file file[3];	/* -o, -e, the log */
	size_t	 nfiles;
	char	*log;		/* the log's path if one is used, else NULL;
				   points into file[] */
	int	 log_fd;
	struct stream_filter filter[2];
	size_t	 nfilters;
	bool	 truncate;
	const char *culprit;	/* what a failure was about */
};

struct stream_request {
	const char *input;	/* options -i -o -e, NULL: none */
	const char *output;
	const char *error;
	bool	 truncate;
	int	 logdir;	/* a kept job: its directory; else -1 */
	const char *log_name;	/* ... the new log's name in it */
	const char *home;	/* HOME, for detach.out; may be NULL */
	/*
	 * Called around opening what the user of -u must be able to open; may
	 * be NULL. 0, or -1 with errno.
	 */
	int	(*lend)(void *arg, bool back);
	void	*arg;
};

/*
 * See what 0 to 2 are, and open /dev/null on those that are closed, so that
 * nothing opened later can become one of them. 0, or -1 with errno.
 */
int	streams_survey(struct streams *s);

/*
 * Open all that the request asks for. 0, or -1 with errno and s->culprit
 * naming the file or stream; what was opened and made then is still in *s:
 * streams_undo().
 */
int	streams_open(struct streams *s, const struct stream_request *r);

/* Remove the files that were made, if they are still those. */
void	streams_undo(const struct streams *s);

/*
 * In the process that is to run fd's owner: move the three into place
 * (dup2(2)). Async-signal-safe. 0, or -1 with errno.
 */
int	streams_move(const int fd[3]);

/* Truncate what -t asks for. Async-signal-safe. 0, or -1 with errno. */
int	streams_truncate(const struct streams *s);

#endif
