/* SPDX-License-Identifier: ISC */
/*
 * What the parts of tests/faults share: see faults.c for what it is all for.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#define MAXROLES	16
#define MAXCALLS	2000

/* ---- engine.c: a program and all its processes, under ptrace(2) ---------- */

enum deed { DEED_NONE, DEED_ERROR, DEED_SHORT, DEED_KILL, DEED_MOMENT };

/*
 * What is done to one system call: the callth of a role's, both from 0. Or a
 * kill at a moment, whatever the role does then: once done, it is a
 * DEED_KILL at the call that it had made last.
 */
struct plan {
	int		 role;
	int		 call;
	enum deed	 deed;
	int		 error;
	long		 moment;	/* us from the role's first call */
};

struct call {
	int		 role;		/* 0: the program; then as they are made */
	int		 index;		/* the role's how manyth, from 0 */
	int		 nr;
	bool		 channel;	/* its first argument is no file */
	int		 arg;		/* its second argument */
	bool		 harmless;	/* of the dynamic linker's */
};

struct role {
	pid_t		 pid;		/* 0 once it has ended */
	int		 calls;
	long		 first, last;	/* of them, by clock_us() */
	bool		 inside;	/* a system call */
	bool		 known;		/* its parent has told of it */
	bool		 held;		/* stopped until then */
	bool		 execed;	/* the program, as itself */
	bool		 free;		/* a command: no longer traced */
	unsigned long	 linker;	/* where ld.so is, 0: nowhere */
	long		 result;	/* for the call's exit, if faked */
	bool		 fake;
};

struct run {
	struct plan	 plan;
	bool		 fired;		/* the plan was carried out */
	struct role	 role[MAXROLES];
	int		 nroles;
	struct call	 call[MAXCALLS];
	int		 ncalls;
	int		 status;	/* the program's wait status; -1: runs */
	pid_t		 other;		/* run_other()'s */
	int		 other_status;
	long		 moved;		/* ms: when something happened last */
	char		 out[16384];	/* standard output and error */
	size_t		 outlen;
	int		 pipe;
};

enum follow { FOLLOW_ENDED, FOLLOW_QUIET, FOLLOW_TIMEOUT };

/* Make this process the one to which those fall that lose their parent. */
void		 run_alone(void);

/*
 * Start argv under a plan. Processes that exec one of the programs in
 * `commands` (NULL-ended, real paths) are let go there.
 */
void		 run_start(struct run *r, char *const argv[],
		     const struct plan *plan, const char *const *commands);

/*
 * Go on until all that is traced has ended, or all of it sleeps in a system
 * call for a while, or ms have passed.
 */
enum follow	 run_follow(struct run *r, int ms);

/* Run another program, untraced, while that goes on; its exit status, 128+N
   for a signal, -1 if it did not end in time. Its output, cut, goes to out. */
int		 run_other(struct run *r, char *const argv[], char *out,
		     size_t size);

/* Kill and reap whatever is left. How many there were but for zombies. */
int		 run_clean(struct run *r, pid_t but);

bool		 process_there(pid_t pid);
long		 clock_ms(void);
long		 clock_us(void);

/* ---- tree.c: what files there are ---------------------------------------- */

struct tree;

struct tree	*tree_take(const char *dir);
void		 tree_put(const struct tree *t, const char *dir);
void		 tree_free(struct tree *t);
void		 tree_remove(const char *dir);

/* NULL if they are the same, else what differs first (static). */
const char	*tree_differs(const struct tree *a, const struct tree *b);
/* Is the text in any file below prefix? */
bool		 tree_has(const struct tree *t, const char *prefix,
		     const char *text);
const char	*tree_text(const struct tree *t, const char *path);

/* ---- errors.c: what can go wrong in a system call ------------------------ */

/* The errors of a call, 0-ended; empty if it cannot fail. */
const int	*errors_of(const struct call *c);
bool		 errors_short(int nr);	/* it takes a length in its third argument */
bool		 errors_close(int nr);	/* it does its work even if it fails */
const char	*errors_call_name(int nr);

/* ---- faults.c, launches.c, verbs.c --------------------------------------- */

struct scene {
	const char	 *name;
	bool		  root;		/* only root can play it */
	/* Files and processes as they are before; untraced. */
	void		(*set)(const struct scene *s);
	const char	 *argv[24];	/* NULL first: the program under test */
	/* Called when the run is quiet: see if all is well, end what runs. */
	void		(*check)(const struct scene *s, struct run *r,
			     const struct tree *before);
	bool		  kept;
	const char	 *job;		/* a verb's: what it must not say */
	int		  allowed[8];	/* exit statuses, -1 ended */
	const char	 *needs;	/* in the output, if the status is 0 */
};

extern const struct scene launches[], verbs[];

extern char *detach, *self, *work;	/* the program; this one; the place */

/* A finding: what is wrong with the run at hand. */
void	wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

char	*at(const char *name);		/* a path in the place; static, rotating */
int	marks(pid_t *last);		/* how often the command ran */
void	put(const char *name, const char *text);

#endif
