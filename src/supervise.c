/* SPDX-License-Identifier: ISC */
/*
 * How a launch's child becomes a keeper, and what a keeper does beyond
 * waiting. The choice is by measurement: detach-keeper takes a third of the
 * memory of a keeper that goes on in the launcher's image. But that one has
 * everything that a new start needs, and so --restart and --on-exit stay.
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "descriptors.h"
#include "exitcode.h"
#include "keeper.h"
#include "launch.h"
#include "process.h"
#include "program.h"
#include "signals.h"
#include "spawn.h"
#include "supervise.h"

#define NSEC	      INT64_C(1000000000)
#define LONGEST_DELAY (60 * NSEC)
#define FORK_TRIES    20 /* seconds; --stop waits longer than that */

/* The state that restarting needs, in the keeper's own image. */
struct supervisor {
	struct launch *l;
	int64_t delay; /* before the latest start */
	int restarts;
	int output; /* what --on-exit prints goes there; -1: nowhere */
};

void
supervise_prepare(struct launch *l)
{
	const struct options *o = l->o;

	if (l->keeper_path == NULL)
		return;
	snprintf(l->keeper_title, sizeof(l->keeper_title), "detach: %s",
	    o->name);
	snprintf(l->keeper_env, sizeof(l->keeper_env), "KEEPER=%d %d %d %d %d ",
	    l->jobdir, l->pidfile.fd, l->pidfile.dirfd, l->ready[0], o->tree);
}

/* Nothing of the launcher's is held: no terminal, no directory, no file. */
static void
let_go(const struct launch *l)
{
	int i;

	for (i = 0; i < 3; i++)
		dup2(l->null, i);
	(void)!chdir("/");
}

static void
become_program(struct launch *l, pid_t pid)
{
	char numbers[sizeof(l->keeper_env) + 16], text[16];
	char name[NAME_MAX + sizeof("PIDFILE=")];
	char *argv[] = { l->keeper_title, NULL };
	char *env[] = { numbers, name, NULL };

	strcpy(numbers, l->keeper_env);
	strcat(numbers, keeper_number(text, sizeof(text), (uint64_t)pid, 1));
	strcpy(name, "PIDFILE=");
	strncat(name, l->pidfile.name, NAME_MAX);
	let_go(l);
	descriptor_inherit(l->jobdir);
	descriptor_inherit(l->pidfile.fd);
	descriptor_inherit(l->pidfile.dirfd);
	descriptor_inherit(l->ready[0]);
	execve(l->keeper_path, argv, env);
}

/* Should the command be started again after this end? */
static bool
wanted(const struct supervisor *s, const struct keeper_end *end)
{
	const struct options *o = s->l->o;
	bool failed = !end->known || !WIFEXITED(end->status) ||
	    WEXITSTATUS(end->status) != 0;

	if (end->told || o->restart == RESTART_NO ||
	    (o->restart == RESTART_ON_FAILURE && !failed))
		return false;
	return o->restart_limit == -1 || s->restarts < o->restart_limit;
}

/* The record's lines that belong to a run, for the new one. */
static void
record_run(struct supervisor *s, const struct identity *id)
{
	char pid[24], start[24], started[48], restarts[24];
	struct timespec now;
	struct keeper_line lines[] = {
		{ "pid", pid },
		{ "start_time", start },
		{ "started", started },
		{ "restarts", restarts },
	};

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(pid, sizeof(pid), "%d", (int)id->pid);
	snprintf(start, sizeof(start), "%llu",
	    (unsigned long long)id->start_time);
	snprintf(started, sizeof(started), "%lld.%09ld", (long long)now.tv_sec,
	    now.tv_nsec);
	snprintf(restarts, sizeof(restarts), "%d", s->restarts);
	(void)keeper_edit(s->l->jobdir, lines, 4, false);
}

/*
 * Start the command once more. Its pid and when it began, or 0 if even a
 * process cannot be had; an exec that fails leaves one that ends with 126 or
 * 127.
 */
static pid_t
start_again(struct supervisor *s, int64_t *since)
{
	struct launch *l = s->l;
	struct identity id;
	pid_t pid;

	if (pipe2(l->ready, O_CLOEXEC) == -1)
		return 0;
	/* The offset is shared with the run before; each reads it all. */
	if (l->o->input != NULL && strcmp(l->o->input, "-") != 0)
		(void)lseek(l->streams.fd[0], 0, SEEK_SET);
	pid = spawn(false, child_command, l, NULL, 0);
	close(l->ready[1]);
	if (pid != -1) {
		if (process_identify(pid, &id) == 0)
			record_run(s, &id);
		(void)keeper_launched(l->ready[0], since);
	}
	close(l->ready[0]);
	return pid == -1 ? 0 : pid;
}

/* Delays double, to a limit, while runs are shorter than the delay before. */
static int64_t
next_delay(const struct supervisor *s, int64_t elapsed)
{
	int64_t first = s->l->o->restart_delay;

	if (s->restarts == 0 || elapsed >= s->delay)
		return first;
	if (s->delay >= LONGEST_DELAY / 2)
		return s->delay > LONGEST_DELAY ? s->delay : LONGEST_DELAY;
	return s->delay * 2;
}

/* The hook for --restart. */
static pid_t
again(void *arg, int signals, struct keeper_end *end)
{
	struct supervisor *s = arg;
	pid_t pid = 0;

	if (!wanted(s, end))
		return 0;
	s->delay = next_delay(s, end->elapsed);
	end->told = keeper_pause(signals, s->delay);
	s->restarts++;
	/* No process can be had, for now; that is no restart. */
	while (!end->told && (pid = start_again(s, &end->since)) == 0)
		end->told = keeper_pause(signals, NSEC);
	return end->told ? 0 : pid;
}

static void
set(const char *name, long long n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", n);
	setenv(name, text, 1);
}

/*
 * The hook for --on-exit: in a child, which init adopts as we go. Its output
 * goes to the log of its own run, for the name is free by now and a new start
 * may have moved that log; or to the file that has the command's. Both are
 * open since the start: opened anew, a file that the caller writes to has
 * another offset, and its next line would be written over the hook's.
 */
static void
ended(void *arg, const struct keeper_end *end)
{
	const struct supervisor *s = arg;
	const struct launch *l = s->l;
	char name[16] = "";
	const struct timespec later = { 1, 0 };
	int status = 0, tries = 0;
	pid_t pid;

	/* If for long no process can be had, it is this one's, too. */
	while ((pid = fork()) == -1 && tries++ < FORK_TRIES)
		nanosleep(&later, NULL);
	if (pid > 0)
		return;
	environ = l->env;
	if (end->known && WIFSIGNALED(end->status)) {
		signals_name(WTERMSIG(end->status), name, sizeof(name));
		status = 128 + WTERMSIG(end->status);
	} else if (end->known)
		status = WEXITSTATUS(end->status);
	setenv("DETACH_NAME", l->o->name, 1);
	set("DETACH_PID", end->command);
	set("DETACH_STATUS", status);
	setenv("DETACH_SIGNAL", name, 1);
	setenv("DETACH_LOG", l->record.log == NULL ? "" : l->record.log, 1);
	set("DETACH_ELAPSED", end->elapsed / NSEC);
	setpgid(0, 0);
	if (s->output != -1) {
		dup2(s->output, STDOUT_FILENO);
		dup2(s->output, STDERR_FILENO);
	}
	if (l->o->umask_set)
		umask(l->o->umask);
	if (l->o->user != NULL && user_become(&l->user) == -1)
		_exit(EXIT_FAILED);
	if (l->record.directory != NULL)
		(void)!chdir(l->record.directory);
	signals_for_command();
	execl("/bin/sh", "sh", "-c", l->o->on_exit, (char *)NULL);
	_exit(EXIT_FAILED);
}

/*
 * A restart's streams: the inherited ones as copies, for the keeper's own 0
 * to 2 go to /dev/null. Their number in keep.
 */
static size_t
keep_streams(struct launch *l, int *keep)
{
	size_t n = 0;
	int i;

	for (i = 0; i < 3; i++) {
		if (l->streams.fd[i] == STREAM_KEPT)
			l->streams.fd[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		if (l->streams.fd[i] >= 3)
			keep[n++] = l->streams.fd[i];
	}
	return n;
}

/* The log, or the file that has the command's output; -1: there is none. */
static int
keep_output(const struct launch *l)
{
	int fd = launch_output(l);

	if (!l->has_log && l->record.log == NULL)
		return -1;
	return fd == STDOUT_FILENO ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : fd;
}

/*
 * setproctitle(3bsd) marks a title that is shorter than the program's path
 * with a dot for old kernels, and newer ones show it.
 */
static void
set_title(struct launch *l)
{
	size_t len;

	setproctitle("%s", l->o->name);
	snprintf(l->keeper_title, sizeof(l->keeper_title), "detach: %s",
	    l->o->name);
	(void)prctl(PR_SET_NAME, l->keeper_title);
	len = strnlen(l->arguments, l->arguments_size);
	memset(l->arguments + len, '\0', l->arguments_size - len);
}

/* In this image: what a restart needs stays open, all else is closed. */
static _Noreturn void
keep_in_place(struct launch *l, pid_t pid)
{
	struct supervisor s = { .l = l };
	struct keeper k = {
		.dirfd = l->jobdir,
		.pidfile = l->pidfile.fd,
		.pidfile_dirfd = l->pidfile.dirfd,
		.pidfile_name = l->pidfile.name,
		.ready = l->ready[0],
		.pidfd = -1,
		.command = pid,
		.tree = l->o->tree,
		.arg = &s,
	};
	int keep[16 + KEEP_MAX];
	size_t n = 0, i;

	keep[n++] = l->jobdir;
	keep[n++] = l->pidfile.fd;
	keep[n++] = l->pidfile.dirfd;
	keep[n++] = l->ready[0];
	if (l->o->restart != RESTART_NO) {
		k.again = again;
		n += keep_streams(l, keep + n);
		for (i = 0; i < l->o->nkeep; i++)
			keep[n++] = l->o->keep[i];
		/* A restart runs where the first start did. */
		if (l->chdir == AT_FDCWD)
			l->chdir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (l->chdir >= 0)
			keep[n++] = l->chdir;
		/* From here on nobody's go is waited for. */
		l->again = true;
	}
	if (l->o->on_exit != NULL) {
		k.ended = ended;
		if ((s.output = keep_output(l)) != -1)
			keep[n++] = s.output;
	}
	let_go(l);
	(void)descriptors_close(keep, n);
	if (!l->share)
		set_title(l);
	keeper_run(&k);
}

_Noreturn void
supervise(struct launch *l, pid_t pid)
{
	/*
	 * If the program cannot be executed after all, keep the job here: in
	 * memory that the launcher still shares, but keeper_run() makes only
	 * system calls, and has no hooks then.
	 */
	if (l->keeper_path != NULL)
		become_program(l, pid);
	keep_in_place(l, pid);
}
