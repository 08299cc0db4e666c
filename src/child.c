/* SPDX-License-Identifier: ISC */
/*
 * Everything between fork and exec, in order. These processes may share the
 * launcher's memory (spawn.c): only async-signal-safe calls, and nothing but
 * l->outcome is written.
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "child.h"
#include "descriptors.h"
#include "exitcode.h"
#include "keeper.h"
#include "launch.h"
#include "signals.h"
#include "spawn.h"
#include "statedir.h"
#include "supervise.h"

static int
fail(struct launch *l, enum step step)
{
	l->outcome->ready = false;
	l->outcome->error = errno;
	l->outcome->step = (int)step;
	if (l->ready[1] != -1)
		(void)keeper_tell(l->ready[1], KEEPER_FAILED);
	return EXIT_FAILED;
}

static pid_t
run(struct launch *l, int (*fn)(void *), void *arg, int stack)
{
	return spawn(l->share, fn, arg, l->stacks + stack * STACK_SIZE,
	    STACK_SIZE);
}

/* The descriptors that -k and an unkept pidfile leave to the command. */
static int
inherit(struct launch *l)
{
	size_t i;

	for (i = 0; i < l->o->nkeep; i++)
		if (descriptor_inherit(l->o->keep[i]) == -1)
			return -1;
	if (l->jobdir == -1 && l->pidfile.fd != -1)
		return descriptor_inherit(l->pidfile.fd);
	return 0;
}

/*
 * The command's own process, from its first instruction to exec. What may
 * need root comes before the ids are given up, what the user's rights decide
 * after.
 */
int
child_command(void *arg)
{
	struct launch *l = arg;
	const struct options *o = l->o;
	char go;

	/*
	 * 1. The launcher's go: the end of the socket means that it died. The
	 * command of a kept job says that it is there; were it its keeper that
	 * said so, one that was killed would leave all waiting for ever.
	 */
	if (l->jobdir != -1 && !l->again) {
		l->outcome->command = getpid();
		if (write(l->go, "k", 1) != 1)
			return fail(l, STEP_FORK);
	}
	if (!l->again && read(l->go, &go, 1) != 1)
		return EXIT_FAILED;

	/* 2. A process group of its own, which it leads (L3). */
	setpgid(0, 0);

	/* 3. Standard input, output, error, and what else stays open. */
	if (streams_move(l->streams.fd) == -1 || inherit(l) == -1)
		return fail(l, STEP_STREAMS);

	/* 4. The pid, written by its owner; the record, put in place. */
	if (l->pidfile.fd != -1 &&
	    pidfile_put(l->pidfile.write, getpid()) == -1)
		return fail(l, STEP_PIDFILE);

	/* 5. Ids first, then the directory, with the rights of the user. */
	if (o->umask_set)
		umask(o->umask);
	if (l->jobdir != -1 && !l->again) {
		/* Before it is true: half of it must be taken back, too. */
		l->outcome->published = true;
		if ((l->jobdir_created ?
			    statedir_job_publish_first(l->jobdir, l->has_log) :
			    statedir_job_publish(l->jobdir, l->has_log)) == -1)
			return fail(l, STEP_PUBLISH);
	}
	if (o->user != NULL && user_become(&l->user) == -1)
		return fail(l, STEP_USER);
	if (l->chdir >= 0 && fchdir(l->chdir) == -1)
		return fail(l, STEP_CHDIR);

	/* 6. The last that can be checked before exec: now -t may. */
	if (!l->again && streams_truncate(&l->streams) == -1)
		return fail(l, STEP_TRUNCATE);

	/* 7. Dispositions are as L5 wants them since the middle; the mask. */
	signals_unblock();

	/* 8. Ready; what follows is the kernel's. */
	if (l->ready[1] != -1 && keeper_tell(l->ready[1], KEEPER_READY) == -1)
		return fail(l, STEP_FORK);
	l->outcome->ready = true;
	execve(l->command.path, l->command.argv, l->env);
	if (errno == ENOEXEC && l->command.sh_argv != NULL)
		execve("/bin/sh", l->command.sh_argv, l->env);
	/* A restart has only its log and its exit status to say so. */
	if (l->again)
		return launch_exec_failed(l, errno);
	return fail(l, STEP_EXEC);
}

/*
 * A '|COMMAND': it waits until the command has been exec'd, and is never run
 * otherwise. The gate's end says that the waiting is over, ready how.
 */
static int
child_filter(void *arg)
{
	struct launch_filter *fa = arg;
	struct launch *l = fa->l;
	const struct stream_filter *f = &l->streams.filter[fa->i];
	const char *argv[] = { "sh", "-c", f->command, NULL };
	char c;

	close(l->gate[1]);
	setpgid(0, 0);
	while (read(l->gate[0], &c, 1) > 0)
		continue;
	if (!l->outcome->ready || streams_move(f->out) == -1 ||
	    (l->o->user != NULL && user_become(&l->user) == -1))
		return EXIT_FAILED;
	signals_unblock();
	execve("/bin/sh", (char **)argv, l->env);
	return EXIT_FAILED;
}

/*
 * The keeper: the command's parent from its start on, so that getppid() never
 * changes under it.
 */
static int
child_keeper(void *arg)
{
	struct launch *l = arg;
	pid_t pid;

	/* Before there is a command: nothing that it leaves may slip by. */
	if (l->o->tree)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if ((pid = run(l, child_command, l, STACK_COMMAND)) == -1)
		return fail(l, STEP_FORK);
	supervise(l, pid);
}

/*
 * The session leader: it makes the session, and those that live in it, and
 * is gone, so that nothing of that session can get a controlling terminal.
 */
int
child_middle(void *arg)
{
	struct launch *l = arg;
	size_t i;
	pid_t pid;

	/* The launcher's end: its end must show when the launcher dies. */
	close(l->hand);
	setsid();
	/* Once for all that come from here: it takes a call a signal (L5). */
	signals_for_keeper();
	for (i = 0; i < l->streams.nfilters; i++) {
		pid =
		    run(l, child_filter, &l->filter[i], STACK_FILTER + (int)i);
		if (pid == -1)
			return fail(l, STEP_FORK);
		l->outcome->filter[i] = pid;
	}
	if (l->jobdir != -1)
		pid = run(l, child_keeper, l, STACK_KEEPER);
	else
		pid = run(l, child_command, l, STACK_COMMAND);
	if (pid == -1)
		return fail(l, STEP_FORK);
	if (l->jobdir != -1)
		l->outcome->keeper = pid;
	else
		l->outcome->command = pid;
	return EXIT_DONE;
}
