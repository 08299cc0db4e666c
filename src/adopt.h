/* SPDX-License-Identifier: ISC */
/*
 * --adopt in its rooms: what it adopts (adopt-job.c), what it refuses
 * (adopt-refuse.c), how all of it is held (adopt-hold.c), which descriptors
 * move where (adopt-fds.c), the changes in one process and how they are undone
 * (adopt-open.c, adopt-move.c), the log, pidfile and job (adopt-into.c,
 * adopt-record.c), and the order of it all (adopt.c).
 */
#ifndef ADOPT_H
#define ADOPT_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launch.h"
#include "options.h"
#include "process.h"
#include "ptrace.h"

/* A descriptor of a member that is a terminal, and what it becomes. */
enum target {
	TO_NULL,		/* /dev/null */
	TO_LOG,
	TO_PIPE,		/* an empty one: an end-of-file to be polled */
};

struct descriptor {
	int		fd;
	bool		cloexec;
	enum target	to;
	int		copy;	/* the member's own copy; -1: none */
	bool		copied;	/* by us; else it is that of an equal one */
	bool		moved;
};

/* An entry of an epoll set for one of them. */
struct watch {
	int		epfd;
	int		fd;
	uint32_t	events;
	uint64_t	data;
	bool		replace; /* by one for the pipe that fd becomes */
	bool		removed;
	bool		replaced;
};

/* What was seen of a member's descriptors before it was held: adopt-seen.c */
struct seen;

/* The changes in one member; descriptors are its own, -1 for none. */
struct move {
	struct seen    *seen;		/* fd and watch are of that time */
	struct descriptor *fd;
	size_t		nfd;
	struct watch   *watch;
	size_t		nwatch;
	int		null;
	int		log;
	int		pipe[2];
	int		lock;		/* the pidfile's, which it keeps */
	bool		log_created;
	bool		log_nonblock;	/* until it is committed */
	bool		hup_handled;	/* it has a handler for SIGHUP */
	bool		hup_default;
	bool		hup_ignored;	/* by us */
	unsigned char	hup[REMOTE_SIGACTION_SIZE]; /* its action before */
	int64_t		group;		/* before, as it sees it */
	bool		group_left;
};

/* A process of the job. */
struct member {
	struct identity	id;
	pid_t		thread;		/* one that lives: of a first one that
					   has exited /proc tells little */
	pid_t		ppid;
	pid_t		pgrp;
	pid_t		session;
	dev_t		tty;		/* as stat(2) has it; 0: none */
	pid_t		tpgid;
	char		state;
	char		name[64];	/* of its program */
	uid_t		uid;
	pid_t		tracer;
	int		seccomp;	/* mode; 0: none */
	int		filters;	/* seccomp filters; 0: unknown */
	bool		no_memory;	/* a kernel thread, or just exiting */
	uint64_t	pidns;		/* numbers are by pid namespace */

	int		pidfd;
	bool		gone;		/* ended meanwhile */
	bool		done;		/* adopted */
	bool		stopped;	/* by a signal: to be continued */
	struct tracee  *tracee;		/* while it is held */
	struct move	move;
};

#define LOGS	2

struct adoption {
	const struct options *o;
	struct member  *member;		/* [0]: the one that was named */
	size_t		n;
	size_t		room;
	pid_t	       *seen;		/* all pids at that time, sorted */
	size_t		nseen;
	uint64_t	pidns;		/* ours */
	pid_t		pgrp;		/* the group that the shell knows */
	bool		whole_group;	/* all of it belongs to the job */
	dev_t		tty;		/* the one to be survived; 0: none */
	bool		foreground;	/* it was, and has been stopped by us */

	char		log[LOGS][PATH_MAX]; /* to be tried in turn */
	size_t		nlogs;
	size_t		logno;		/* the one that was opened */
	mode_t		log_mode;
	bool		log_exact;	/* the mode, whatever the umask */
	bool		log_used;
	int		lock;		/* an unkept job's pidfile; -1: none */
	struct launch	l;		/* its name, pidfile and record */
	struct outcome	outcome;
	int		go;		/* lets the keeper begin; -1: none */
	int		gone;		/* ends when it has begun, or ended */

	int64_t		group;		/* the new one, in pid namespace ... */
	ino_t		group_ns;
	bool		stayed;		/* no new group could be made */
	bool		hurried;	/* scheduled in another way */

	const char     *step;		/* what failed, for the message */
};

/* ---- adopt-look.c ------------------------------------------------------ */

/* Read what /proc says of pid. 0, or -1 with errno (ESRCH). */
int	adopt_look(pid_t pid, struct member *m);

/*
 * True if it is a fork of its parent, in a process group of its own, and has
 * executed nothing since: a shell's loop or list of commands, in the
 * background, whose arguments are that shell's.
 */
bool	adopt_is_fork(const struct member *m);

/* ---- adopt-job.c ------------------------------------------------------- */

/* Begin with the process that was named. 0, or -1 with errno. */
int	adopt_begin(struct adoption *a, pid_t pid);

/*
 * Collect the members: how many are new, or -1 with errno. The process group
 * of the one that was named, unless it is the session leader's own or ours;
 * all descendants in that session; and those in other sessions that hold the
 * terminal open.
 */
int	adopt_collect(struct adoption *a);

/*
 * Without looking at all processes: has a member that is held a child that
 * adopt_collect() has not seen?
 */
bool	adopt_has_new_child(const struct adoption *a);

/* True if pid is this process or one of its ancestors. */
bool	adopt_is_ancestor(pid_t pid);

void	adopt_free(struct adoption *a);

/* ---- adopt-refuse.c ---------------------------------------------------- */

/* Why the process that was named is refused: said, and true. */
bool	adopt_refuse_target(const struct member *m);

/* True if it has ended; one that is just exiting is waited for. */
bool	adopt_has_ended(const struct member *m);

/* Why a member is refused: said, and true. Nothing is touched. */
bool	adopt_refuse_member(const struct member *m);

/* Say why ptrace(2) has refused m, by the error and what /proc says. */
void	adopt_explain(const struct member *m, int error);

/* True if its seccomp filters must be suspended while it does our calls. */
bool	adopt_suspends_seccomp(const struct member *m);

/* ---- adopt-hold.c ------------------------------------------------------ */

/* What can be done before they are held: then they are for less long. */
void	adopt_survey(struct adoption *a);

/*
 * Hold all members that are to be adopted, with all their children. 0, or -1
 * after a message; then none is held.
 */
int	adopt_hold(struct adoption *a);

/* Let all go on. */
void	adopt_release(struct adoption *a);

/*
 * Go before other processes on the same processor, as far as that is
 * permitted; and no more. No member's place among them is changed.
 */
void	adopt_hurry(struct adoption *a);
void	adopt_calm(struct adoption *a);

/* Signal a member, and never another process that has its pid now. */
void	adopt_signal(const struct member *m, int signo);

/* ---- adopt-fds.c ------------------------------------------------------- */

/*
 * Find the member's descriptors that are terminals, and the entries of its
 * epoll sets for them. 0, or -1 with errno. Quicker after adopt_presee(), if
 * nothing has changed since.
 */
int	adopt_find_fds(const struct adoption *a, struct member *m);

/* The same before it is held: what is found is a guess until then. */
void	adopt_presee(const struct adoption *a, struct member *m);

/* True if two descriptors of a member are copies of each other (dup(2)). */
bool	adopt_is_copy(const struct member *m, int fd, int other);

/* ---- adopt-seen.c ------------------------------------------------------ */

/*
 * Remember all the member's descriptors as they are now; NULL if that would
 * not save time. True if they are the same still.
 */
struct seen *seen_new(pid_t pid);
bool	seen_still(struct seen *s);
void	seen_free(struct seen *s);

/* ---- adopt-open.c, adopt-move.c ---------------------------------------- */

/*
 * In each member in turn, in this order. 0, or -1 with errno and a->step
 * saying what has failed: then adopt_undo() for all members, in any case
 * adopt_clean().
 */
int	adopt_prepare(struct adoption *a, struct member *m);
int	adopt_change(struct adoption *a, struct member *m);
int	adopt_regroup(struct adoption *a, struct member *m);

/* What cannot fail, and cannot be undone. */
void	adopt_commit(struct adoption *a, struct member *m);

void	adopt_undo(struct adoption *a, struct member *m);
void	adopt_clean(struct member *m, bool adopted);

/* ---- adopt-into.c, adopt-record.c -------------------------------------- */

/*
 * Choose the log, and claim the pidfile and the job's name. 0, or an exit
 * status after a message.
 */
int	adopt_claim(struct adoption *a);

/* Fill a->l.record for the member that was named. 0, or -1 with errno. */
int	adopt_fill_record(struct adoption *a);

/* It has been moved into that scope: add it to the record. */
void	adopt_record_scope(struct adoption *a, const char *scope);

/* True if standard output or error of a member is a terminal. */
bool	adopt_writes_to_terminal(const struct adoption *a);

/* It was not adopted: everything as it was. */
void	adopt_unclaim(struct adoption *a);

/* It is adopted: the record is published, the keeper started. Exit status. */
int	adopt_settle(struct adoption *a);

#endif
