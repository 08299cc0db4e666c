/* SPDX-License-Identifier: ISC */
/*
 * The launcher: prepare, spawn, hand over, learn the outcome, report. See
 * launch.h for the picture.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "exitcode.h"
#include "job.h"
#include "json.h"
#include "launch.h"
#include "process.h"
#include "program.h"
#include "say.h"
#include "show.h"
#include "signals.h"
#include "spawn.h"
#include "statedir.h"
#include "verbs.h"

#define VANISH_MS 5000 /* for what was told to exit */

static void
close_open(int fd)
{
	if (fd != -1)
		close(fd);
}

/*
 * Sleep until a process that was ours is gone, or is a zombie that only init
 * can reap. A bounded time: a SIGSTOP could keep it.
 */
static void
vanish(pid_t pid)
{
	struct pollfd pfd = { .events = POLLIN };

	if (pid <= 0)
		return;
	pfd.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pfd.fd == -1)
		return;
	(void)poll(&pfd, 1, VANISH_MS);
	close(pfd.fd);
}

/*
 * Take everything back: the processes first. Those that still wait for the
 * go see our end of the socket closed, and exit.
 */
static void
give_up(struct launch *l)
{
	close(l->hand);
	vanish(l->outcome->command);
	vanish(l->outcome->keeper);
	vanish(l->outcome->filter[0]);
	vanish(l->outcome->filter[1]);
	launch_undo(l);
}

static int
report_failure(const struct launch *l)
{
	static const char *const steps[] = {
		[STEP_FORK] = "cannot start a process",
		[STEP_STREAMS] = "standard input, output and error",
		[STEP_TRUNCATE] = "--truncate",
		[STEP_PIDFILE] = "pidfile",
		[STEP_PUBLISH] = "record",
		[STEP_USER] = "--user",
		[STEP_CHDIR] = "--chdir",
	};
	const struct outcome *out = l->outcome;

	if (out->step == STEP_EXEC)
		return launch_exec_failed(l, out->error);
	if (out->step == STEP_NONE)
		say("%s: died before it could be executed (killed, or out of "
		    "memory or file size)",
		    l->o->argv[0]);
	else
		say_errno(out->error, "%s: %s", l->o->argv[0],
		    steps[out->step]);
	return EXIT_FAILED;
}

/* What a child has to say; 0 at their end, which an interruption is not. */
static ssize_t
hear(const struct launch *l, char *c)
{
	ssize_t n;

	do
		n = read(l->hand, c, 1);
	while (n == -1 && errno == EINTR);
	return n;
}

/* The middle, reaped: whatever it left, init has adopted. */
static int
spawn_all(struct launch *l)
{
	int status = -1;
	pid_t pid;

	pid = spawn(l->share, child_middle, l,
	    l->stacks + STACK_MIDDLE * STACK_SIZE, STACK_SIZE);
	if (pid == -1) {
		l->outcome->step = STEP_FORK;
		l->outcome->error = errno;
	}
	while (pid != -1 && waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			break;
	/* The children's ends: their end must show when the children die. */
	close(l->go);
	close_open(l->ready[1]);
	close_open(l->gate[1]);
	/* A kept job's command comes from its keeper, and says so. */
	if (l->jobdir != -1 && status == 0)
		(void)hear(l, &(char){ 0 });
	return status == 0 && l->outcome->step == STEP_NONE &&
		l->outcome->command != 0 ?
	    0 :
	    -1;
}

/* Out of a login session's reach, where that is needed: section "logout". */
static int
move_to_scope(struct launch *l)
{
	const struct outcome *out = l->outcome;
	pid_t pids[4];
	size_t n = 0;
	char *text;
	int rc;

	if (!scope_wanted(l->o->scope))
		return 0;
	pids[n++] = out->command;
	if (out->keeper != 0)
		pids[n++] = out->keeper;
	if (out->filter[0] != 0)
		pids[n++] = out->filter[0];
	if (out->filter[1] != 0)
		pids[n++] = out->filter[1];
	text = show_command(l->o->argv, l->o->argc);
	rc = scope_move(l->o->scope, pids, n, text == NULL ? "" : text,
	    &l->scope);
	free(text);
	if (rc == -1 && l->o->scope == SCOPE_ALWAYS) {
		say("--scope=always: %s", l->scope.why);
		return -1;
	}
	if (l->scope.why[0] != '\0')
		say_warning(l->o->quiet, "%s", l->scope.why);
	if (l->scope.name[0] != '\0')
		l->record.scope = l->scope.name;
	return 0;
}

/* The first record, complete, beside the old one until exec is certain. */
static int
write_record(struct launch *l)
{
	struct record *r = &l->record;
	char *text;
	size_t len;
	int rc;

	if (l->jobdir == -1)
		return 0;
	clock_gettime(CLOCK_REALTIME, &r->started);
	if (process_identify(l->outcome->command, &r->command) == -1 ||
	    process_identify(l->outcome->keeper, &r->keeper) == -1) {
		say_errno(errno, "%s: /proc", l->o->name);
		return -1;
	}
	if ((text = record_format(r, &len)) == NULL) {
		say_errno(errno, "%s: record", l->o->name);
		return -1;
	}
	rc = record_write(l->jobdir, JOB_RECORD_NEW, text, len, false);
	if (rc == -1)
		say_errno(errno, "%s: record", l->o->name);
	free(text);
	return rc;
}

/* -P and --json, before the command is let go: if it fails, none is. */
static int
print(struct launch *l)
{
	struct job j = { .dirfd = -1,
		.pidfd = -1,
		.keeper_pidfd = -1,
		.state = JOB_RUNNING,
		.keeper_alive = true };
	int rc;

	if (!l->o->print_pid && !l->o->json)
		return 0;
	if (l->o->print_pid)
		printf("%d\n", (int)l->outcome->command);
	if (l->o->json) {
		if (l->jobdir == -1) {
			clock_gettime(CLOCK_REALTIME, &l->record.started);
			(void)process_identify(l->outcome->command,
			    &l->record.command);
		}
		j.process = l->record.command;
		j.record = &l->record;
		(void)json_job(stdout, &j);
	}
	rc = l->o->foreground ? fflush(stdout) : say_flush();
	if (rc != 0)
		say_errno(errno, "standard output");
	return rc != 0 ? -1 : 0;
}

/* Let the command go, and learn what became of it. */
static int
hand_over(struct launch *l)
{
	char c = 'g';

	if (send(l->hand, &c, 1, MSG_NOSIGNAL) == 1)
		while (hear(l, &c) > 0)
			continue;
	return l->outcome->ready ? 0 : -1;
}

static void
note(const struct launch *l)
{
	const char *name = l->o->name != NULL ? l->o->name : l->o->argv[0];
	const char *log = l->record.log;

	if (log == NULL && l->streams.fd[1] != STREAM_KEPT &&
	    l->streams.nfilters == 0)
		log = l->streams.file[0].path;

	if (log != NULL)
		say_note(l->o->quiet, "%s runs as pid %d, output in %s", name,
		    (int)l->outcome->command, log);
	else
		say_note(l->o->quiet, "%s runs as pid %d", name,
		    (int)l->outcome->command);
}

static int
start(struct launch *l)
{
	if (spawn_all(l) == -1) {
		give_up(l);
		return report_failure(l);
	}
	if (move_to_scope(l) == -1 || write_record(l) == -1 || print(l) == -1) {
		give_up(l);
		return EXIT_FAILED;
	}
	if (hand_over(l) == -1) {
		give_up(l);
		return report_failure(l);
	}
	if (l->jobdir != -1 && !l->jobdir_created)
		(void)statedir_job_settle(l->jobdir);
	note(l);
	return EXIT_DONE;
}

/* What the children write and we read. */
static struct outcome *
shared_outcome(bool share, struct outcome *own)
{
	if (share)
		return own;
	return mmap(NULL, sizeof(*own), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/*
 * A keeper that stays in this image shows its job's name in ps(1), for which
 * setproctitle(3bsd) takes the place of the arguments: so they move first,
 * and are read again.
 */
static int
move_arguments(struct launch *l, struct options *o, int argc, char **argv)
{
	l->arguments = argv[0];
	l->arguments_size =
	    (size_t)(strchr(argv[argc - 1], '\0') + 1 - argv[0]);
	setproctitle_init(argc, argv, environ);
	return options_parse(o, argc, argv);
}

static int
watch(struct launch *l)
{
	size_t i;

	/* The locks are the keeper's alone, pipes their two ends'. */
	close(l->jobdir);
	close(l->pidfile.fd);
	for (i = 0; i < l->streams.nfilters; i++) {
		close(l->streams.filter[i].data[0]);
		close(l->streams.filter[i].data[1]);
	}
	/* An interrupt, that of a moment ago, too, ends the watching alone. */
	sigaddset(&l->mask, SIGINT);
	signals_restore(&l->mask);
	return verb_watch(l->o, l->o->name, &l->record.keeper, l->log_from);
}

int
launch(const struct options *o, int argc, char **argv)
{
	struct outcome own = { 0 };
	struct options again;
	/*
	 * Not in a frame: the compiler probes each page of so large a one, and
	 * 20 page faults are a tenth of what a launch costs. Not aligned to
	 * pages, so that the last stack's end shares one with what follows.
	 */
	static char stacks[STACKS * STACK_SIZE];
	struct launch l;
	int rc;

	memset(&l, 0, sizeof(l));
	if (o->name != NULL && o->restart == RESTART_NO && o->on_exit == NULL)
		l.keeper_path = program_path("detach-keeper");
	if (o->name != NULL && l.keeper_path == NULL) {
		if ((rc = move_arguments(&l, &again, argc, argv)) != 0)
			return rc;
		o = &again;
	}
	l.o = o;
	l.stacks = stacks;
	l.share = spawn_can_share() && o->user == NULL &&
	    (o->name == NULL || l.keeper_path != NULL);
	l.outcome = shared_outcome(l.share, &own);
	if (l.outcome == MAP_FAILED) {
		say_errno(errno, "memory");
		return EXIT_FAILED;
	}
	/* From here on an interruption waits until all is taken back. */
	signals_block(&l.mask);
	signals_reap();
	rc = launch_prepare(&l);
	if (rc == 0 && signals_pending(&l.mask))
		rc = EXIT_FAILED;
	if (rc != 0) {
		launch_undo(&l);
		signals_restore(&l.mask);
		return rc;
	}
	rc = start(&l);
	if (rc == EXIT_DONE && o->foreground)
		return watch(&l);
	return rc;
}
