/* SPDX-License-Identifier: ISC */
/*
 * A launch, from the options to a running command.
 *
 *	launcher   prepare.c: everything that can fail, before anything is
 *	           started or changed
 *	    | spawn
 *	middle     child.c: setsid, spawn, _exit: the session leader is gone
 *	    |      for good, and with it any way to a controlling terminal
 *	    | spawn
 *	command    waits for the launcher's go, which comes when the middle has
 *	           been reaped, so init has adopted it before anything else
 *	           happens; then puts itself in order, says ready, and execs
 *	launcher   launch.c: ready and then the end of the socket: it runs;
 *	           {step, error}, or the end without ready: it does not, and
 *	           everything is taken back
 *
 * A kept job has one process more, its keeper, between middle and command; a
 * '|COMMAND' of -o or -e is a child of the middle, too.
 *
 * The system calls of a plain launch, once the C library has started, and
 * what each is for:
 *
 *	rt_sigprocmask, rt_sigaction	an interruption waits (L12); SIGCHLD
 *	fstat and TCGETS of 0, 1, 2	the table of section 4
 *	close_range			every other descriptor, at once (L6)
 *	faccessat, fstatat; open, read,	the command, its interpreter or loader:
 *	pread, close; faccessat, fstatat    126 and 127 without a fork (L10)
 *	lstat, open, fstat, F_SETFL	the log: links, FIFOs, O_APPEND (S3)
 *	socketpair			the hand-over (L1, L4)
 *	rt_sigpending			the last chance to be interrupted
 *	clone; wait4, close		the middle, and its end
 *	   close, setsid		its copy of our end; the session (L3)
 *	   62 rt_sigaction, and the mask    dispositions, once for all (L5)
 *	   clone, exit			the command's process
 *	faccessat; open, read, close	a system bus; a session's scope?
 *	send, read			go; and what becomes of it
 *	      read, setpgid, dup2 each	go; its group; its streams
 *	      rt_sigprocmask, execve	nothing blocked (L5)
 *	TCGETS				a note, if somebody looks
 *
 * -p adds a lock and what F5 makes root look at; a kept job its directory,
 * its record (and from the second start on the old one's second name), two
 * looks at /proc/PID/stat, and the keeper.
 *
 * Nothing tells of more than one signal at a time but /proc, which costs as
 * much as the 62 calls, and clone3(2) resets handlers, as exec does, but not
 * what is ignored.  A page fault costs as much as 15 of these calls, one on the
 * program's text as 30: hence the stacks, and the order in Makefile.am.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <sys/types.h>

#include <signal.h>
#include <stdbool.h>

#include "command.h"
#include "options.h"
#include "pidfile.h"
#include "record.h"
#include "scope.h"
#include "streams.h"
#include "user.h"

/* Where a process on the way to the command failed. */
enum step {
	STEP_NONE,
	STEP_FORK,
	STEP_STREAMS,
	STEP_TRUNCATE,
	STEP_PIDFILE,
	STEP_PUBLISH,
	STEP_USER,
	STEP_CHDIR,
	STEP_EXEC,
};

/*
 * What the processes tell the launcher through memory that they share; who
 * waits for it sleeps on a descriptor's end, never on this.
 */
struct outcome {
	volatile pid_t	command;
	volatile pid_t	keeper;
	volatile pid_t	filter[2];
	volatile int	step;		/* enum step */
	volatile int	error;		/* errno */
	volatile bool	published;
	volatile bool	ready;
};

struct launch;

struct launch_filter {		/* a filter process's argument */
	struct launch  *l;
	size_t		i;
};

/* The stacks of children that share our memory. */
#define STACK_SIZE	((size_t)16384)
enum stack {
	STACK_FILTER,		/* two */
	STACK_KEEPER = 2,
	STACK_MIDDLE,
	STACK_COMMAND,
	STACKS
};

struct launch {
	const struct options *o;

	struct user	 user;		/* where o->user */
	char	       **env;
	int		 chdir;		/* -C: O_PATH; else AT_FDCWD */
	struct command	 command;
	struct streams	 streams;
	struct pidfile	 pidfile;	/* .fd -1: none */
	int		 null;		/* /dev/null; kept jobs only */

	int		 statefd;	/* kept jobs; else -1 */
	int		 jobdir;	/* locked */
	bool		 jobdir_created;
	bool		 has_log;	/* a log.new is to be published */
	off_t		 log_from;	/* where this run's output begins in a
					   file that had something in it */
	struct record	 record;
	struct scope	 scope;
	char		*keeper_path;	/* detach-keeper; NULL: keep in place */
	char		 keeper_title[80];
	char		*arguments;	/* the memory that ps(1) looks at, where */
	size_t		 arguments_size; /* a keeper stays in this image */
	char		 keeper_env[128]; /* supervise.c */
	struct launch_filter filter[2];

	bool		 share;		/* children share our memory: none of what
					   they use changes once they live */
	bool		 again;		/* a restart, by the keeper */
	struct outcome	*outcome;
	int		 hand;		/* a socket: the launcher's end, */
	int		 go;		/* and the children's */
	int		 ready[2];	/* pipe: command to keeper */
	int		 gate[2];	/* pipe: its end lets the filters go */
	sigset_t	 mask;		/* the caller's */
	char	       *stacks;		/* STACKS of STACK_SIZE */
};

/* Launch as the options say; the exit status. */
int	launch(const struct options *o, int argc, char **argv);

/*
 * Steps of prepare.c. 0, or an exit status after a message; what was made so
 * far is in *l, for launch_undo().
 */
int	launch_prepare(struct launch *l);
void	launch_undo(struct launch *l);

/*
 * The step that --adopt needs, too: lock the job's name, for -n, and the
 * pidfile.
 */
int	launch_claim(struct launch *l);

/* The descriptor, here, of the file that has the output: the job's log, or
   what standard output is to be. Not to be closed. */
int	launch_output(const struct launch *l);

/* Say that the command cannot be executed, and why; 126, 127 or 125. */
int	launch_exec_failed(const struct launch *l, int errnum);

/* "detach: WHAT: already running (pid N, since TIME)". EXIT_NOTHING_DONE. */
int	launch_refuse(const char *what, pid_t pid);

#endif
