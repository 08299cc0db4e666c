/* SPDX-License-Identifier: ISC */
/*
 * The scenes in which something is launched, and what must hold after each:
 * L1 and L12 (status 0 if and only if the command was exec'd; else nothing is
 * left and nothing has changed), F2 (a second start is refused), J1 to J4 (an
 * old or a new record, how it ended, and free locks).
 */
#define _GNU_SOURCE
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"

#define PATIENCE_MS	20000
#define OLD		"what an earlier run has said\n"

/* An old record and log, as an earlier run of the job has left them. */
static void
set_old_job(const struct scene *s)
{
	static const char record[] =
	    "version 1\nname job\npid 4194303\nstart_time 1\n"
	    "keeper 4194302\nkeeper_start_time 1\n"
	    "boot_id 00000000-0000-0000-0000-000000000000\n"
	    "started 1700000000.000000000\nrestarts 0\nadopted 0\ntree 0\n"
	    "managed 0\nhost somewhere\nuser somebody\ndirectory /\n"
	    "command old\npidfile /nowhere\n"
	    "ended 1700000001.000000000\nelapsed 1.000000000\n"
	    "exit_status 5\n";

	(void)s;
	if (mkdir(at("state"), 0700) == -1 || mkdir(at("state/job"), 0700) == -1)
		err(99, "state");
	put("state/job/record", record);
	put("state/job/log", OLD);
	if (chmod(at("state/job/record"), 0600) == -1 ||
	    chmod(at("state/job/log"), 0600) == -1)
		err(99, "state");
}

static void
set_old_files(const struct scene *s)
{
	(void)s;
	put("out", OLD);
	put("pid", "4194303");
}

/* A role's process that is there. */
static bool
anybody(const struct run *r)
{
	int i;

	for (i = 0; i < r->nroles; i++)
		if (r->role[i].pid != 0 && process_there(r->role[i].pid))
			return true;
	return false;
}

/* The command was exec'd, though it may not have left its mark yet. */
static bool
execed(const struct run *r)
{
	int i;

	for (i = 0; i < r->nroles; i++)
		if (r->role[i].free && r->role[i].pid != 0 &&
		    process_there(r->role[i].pid))
			return true;
	return false;
}

static void
until_ended(struct run *r)
{
	long end = clock_ms() + PATIENCE_MS;

	while (r->status == -1 && clock_ms() < end)
		(void)run_follow(r, 100);
	/* The others, as far as they come by themselves. */
	if (run_follow(r, PATIENCE_MS) == FOLLOW_TIMEOUT)
		wrong("something runs on and on");
	while (marks(NULL) == 0 && execed(r) && clock_ms() < end)
		(void)run_follow(r, 5);
}

static void
until_gone(struct run *r)
{
	long end = clock_ms() + PATIENCE_MS;

	while (anybody(r) && clock_ms() < end)
		(void)run_follow(r, 5);
	if (anybody(r))
		wrong("a process of it is left");
}

static int
messages(const struct run *r)
{
	const char *p = r->out;
	int n = 0;

	for (; p != NULL && *p != '\0'; p = strchr(p, '\n')) {
		if (*p == '\n')
			p++;
		if (strncmp(p, "detach: ", 8) == 0 &&
		    strncmp(p, "detach: warning", 15) != 0)
			n++;
		if (*p == '\0')
			break;
	}
	return n;
}

/* The call that was tampered with, -1 if none. */
static int
tampered(const struct run *r)
{
	int i;

	for (i = 0; r->fired && i < r->ncalls; i++)
		if (r->call[i].role == r->plan.role &&
		    r->call[i].index == r->plan.call)
			return r->call[i].nr;
	return -1;
}

static bool
killed_role(const struct run *r, int role)
{
	return r->fired && r->plan.deed == DEED_KILL && r->plan.role == role;
}

static int
again(struct run *r, char *out, size_t size)
{
	char *argv[] = { detach, (char *)"-n", (char *)"job", self,
	    (char *)"mark", NULL, NULL };
	char path[4096];

	snprintf(path, sizeof(path), "%s.marks", work);
	argv[5] = path;
	return run_other(r, argv, out, size);
}

static int
verb(struct run *r, const char *what, char *out, size_t size)
{
	char *argv[] = { detach, (char *)what, (char *)"job", NULL };

	return run_other(r, argv, out, size);
}

/* Whatever has happened before, a new start must work, and leave the rest. */
static void
check_restart(struct run *r)
{
	char out[1024];
	int rc, n = marks(NULL);
	long end = clock_ms() + PATIENCE_MS;
	pid_t pid = 0;

	if ((rc = again(r, out, sizeof(out))) != 0) {
		wrong("a new start: status %d: %s", rc, out);
		return;
	}
	while (marks(&pid) == n && clock_ms() < end)
		(void)run_follow(r, 5);
	if (marks(&pid) != n + 1)
		wrong("a new start: the command did not run");
	else if ((rc = verb(r, "--stop", out, sizeof(out))) != 0)
		wrong("--stop of a new start: status %d: %s", rc, out);
	else if ((rc = verb(r, "--status", out, sizeof(out))) != 3)
		wrong("--status after --stop: %d: %s", rc, out);
}

/* The old output must be somewhere, whatever was killed. */
static void
check_old(struct run *r, const struct tree *before)
{
	struct tree *after = tree_take(work);
	const char *old = tree_text(before, "state/job/record");
	const char *new = tree_text(after, "state/job/record");
	char out[1024];
	int rc;

	if (old != NULL && new == NULL)
		wrong("the record is gone");
	if (tree_has(before, "state/job/log", OLD) &&
	    !tree_has(after, "state/job/log", OLD))
		wrong("the old log is lost");
	if (tree_has(before, "out", OLD) && !tree_has(after, "out", OLD))
		wrong("the old output is lost");
	if (new != NULL && ((rc = verb(r, "--status", out, sizeof(out))) != 3 &&
	    rc != 1))
		wrong("--status of what has not run: %d: %s", rc, out);
	tree_free(after);
}

static void
check_failed(const struct scene *s, struct run *r, const struct tree *before)
{
	struct tree *after;
	const char *why;
	int code, n;

	until_gone(r);
	if (killed_role(r, 0)) {
		check_old(r, before);
		if (s->kept)
			check_restart(r);
		return;
	}
	code = WIFEXITED(r->status) ? WEXITSTATUS(r->status) :
	    128 + WTERMSIG(r->status);
	if (code != 1 && code != 125 && code != 126 && code != 127)
		wrong("status %d, but the command did not run", code);
	n = messages(r);
	if (n != 1 && !(r->plan.role == 0 && (tampered(r) == SYS_write ||
	    tampered(r) == SYS_writev)))
		wrong("%d messages", n);
	after = tree_take(work);
	/* A stale pid is nobody's; and what comes after -t cannot be tried:
	   who is killed at that may have done it. */
	if ((why = tree_differs(before, after)) != NULL &&
	    strcmp(why, "pid has changed") != 0 &&
	    !((tampered(r) == SYS_execve || tampered(r) == SYS_rt_sigprocmask ||
	    (tampered(r) == SYS_ftruncate && r->plan.deed == DEED_KILL)) &&
	    strcmp(why, "out has changed") == 0))
		wrong("failed, but %s", why);
	tree_free(after);
}

static void
check_pidfile(pid_t pid)
{
	char text[32] = "";
	int fd;

	if ((fd = open(at("pid"), O_RDONLY | O_CLOEXEC)) == -1) {
		wrong("no pidfile");
		return;
	}
	if (read(fd, text, sizeof(text) - 1) < 1 || atoi(text) != (int)pid)
		wrong("the pidfile says '%s', the command is %d", text,
		    (int)pid);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		wrong("the pidfile is not locked");
	close(fd);
}

/* How it ended is on record; only a killed keeper could not say. */
static void
check_end(struct run *r)
{
	char out[1024];
	int rc = verb(r, "--status", out, sizeof(out));

	if (rc == 3 && strstr(out, "TERM") != NULL)
		return;
	if (killed_role(r, 2) && (rc == 1 || rc == 3))
		return;
	wrong("it ended, but --status: %d: %s", rc, out);
}

static void
check_kept(struct run *r, pid_t pid)
{
	char out[1024];
	int rc;

	if ((rc = again(r, out, sizeof(out))) != 1 ||
	    strstr(out, "already running") == NULL)
		wrong("a second start: status %d: %s", rc, out);
	if ((rc = verb(r, "--status", out, sizeof(out))) != 0)
		wrong("it runs, but --status: %d: %s", rc, out);
	if (killed_role(r, 2)) {
		if ((rc = verb(r, "--stop", out, sizeof(out))) != 0)
			wrong("without its keeper, --stop: %d: %s", rc, out);
	} else
		kill(pid, SIGTERM);
	until_gone(r);
	check_end(r);
	if (r->fired && (r->plan.deed == DEED_KILL || r->plan.role == 2))
		check_restart(r);
}

static void
check_launch(const struct scene *s, struct run *r, const struct tree *before)
{
	pid_t pid = 0;
	int n;

	until_ended(r);
	if (r->status == -1) {
		wrong("the launcher hangs");
		return;
	}
	n = marks(&pid);
	if (r->status == 0 && n == 0) {
		/* Between saying ready and exec: nobody could know. */
		if (r->fired && r->plan.deed == DEED_KILL &&
		    r->plan.role > (s->kept ? 2 : 1) &&
		    (tampered(r) == SYS_execve || (r->plan.moment > 0 &&
		    (tampered(r) == SYS_write ||
		    tampered(r) == SYS_rt_sigprocmask))))
			return;
		wrong("status 0, but the command did not run");
		return;
	}
	if (n == 0) {
		check_failed(s, r, before);
		return;
	}
	if (r->status != 0 && !killed_role(r, 0))
		wrong("status %#x, but the command runs", r->status);
	if (n > 1)
		wrong("the command ran %d times", n);
	if (strstr(s->name, "pidfile") != NULL)
		check_pidfile(pid);
	if (s->kept)
		check_kept(r, pid);
	else
		kill(pid, SIGTERM);
	until_gone(r);
}

const struct scene launches[] = {
	{
		.name = "pidfile",
		.argv = { "-p", "@pid", "-o", "@out", "-C", "/", "-m", "077",
		    "-E", "A=b", "-P", "MARK" },
		.check = check_launch,
	},
	{
		.name = "old-pidfile",
		.argv = { "-p", "@pid", "-o", "@out", "-t", "--", "MARK" },
		.set = set_old_files,
		.check = check_launch,
	},
	{
		.name = "unkept-log",
		.argv = { "--json", "MARK" },
		.check = check_launch,
	},
	{
		.name = "filter",
		.argv = { "-o", "|cat >/dev/null", "MARK" },
		.check = check_launch,
	},
	{
		.name = "user",
		.argv = { "-u", "nobody", "-i", "/dev/null", "-o", "/dev/null",
		    "MARK" },
		.root = true,
		.check = check_launch,
	},
	{
		.name = "kept",
		.argv = { "-n", "job", "MARK" },
		.kept = true,
		.check = check_launch,
	},
	{
		.name = "kept-again",
		.argv = { "-n", "job", "MARK" },
		.set = set_old_job,
		.kept = true,
		.check = check_launch,
	},
	{
		.name = "kept-tree",
		.argv = { "--tree", "-n", "job", "MARK" },
		.set = set_old_job,
		.kept = true,
		.check = check_launch,
	},
	{
		.name = "kept-in-place",
		.argv = { "--on-exit=:", "-n", "job", "-o", "@out", "MARK" },
		.kept = true,
		.check = check_launch,
	},
	{ .name = NULL },
};
