/* SPDX-License-Identifier: ISC */
/*
 * The scenes in which a verb looks at a job or acts on it: it never says
 * what is not so, never returns 0 without having done its work, and changes
 * nothing but what it is for.
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"

#define PATIENCE_MS	20000

static int
run_detach(struct run *r, const char *a, const char *b, const char *c,
    char *out, size_t size)
{
	char *argv[8] = { detach, (char *)a, (char *)b, (char *)c };
	char path[4096];

	if (c != NULL && strcmp(c, "MARK") == 0) {
		snprintf(path, sizeof(path), "%s.marks", work);
		argv[3] = self;
		argv[4] = (char *)"mark";
		argv[5] = path;
	}
	return run_other(r, argv, out, size);
}

/* A job that runs; its output is a pipe's reader's, so that it has a log. */
static void
set_running(const struct scene *s)
{
	struct run aside = { .pipe = -1 };
	char out[1024];
	long end = clock_ms() + PATIENCE_MS;

	(void)s;
	/* run_other() gives a file, which would be kept. */
	if (run_detach(&aside, "--name=job", "--output=said", "MARK", out,
	    sizeof(out)) != 0)
		errx(99, "cannot start a job: %s", out);
	while (marks(NULL) == 0 && clock_ms() < end)
		(void)run_other(&aside, (char *[]){ (char *)"/bin/true",
		    NULL }, NULL, 0);
}

static void
set_ended(const struct scene *s)
{
	struct run aside = { .pipe = -1 };
	char out[1024];

	set_running(s);
	if (run_detach(&aside, "--stop", "job", NULL, out, sizeof(out)) != 0)
		errx(99, "cannot stop a job: %s", out);
}

/* A command of somebody's, whom nobody keeps. */
static void
set_command(const struct scene *s)
{
	struct run aside = { .pipe = -1 };
	char out[1024];
	long end = clock_ms() + PATIENCE_MS;

	(void)s;
	if (run_detach(&aside, "--output=said", "--", "MARK", out,
	    sizeof(out)) != 0)
		errx(99, "cannot start a command: %s", out);
	while (marks(NULL) == 0 && clock_ms() < end)
		(void)run_other(&aside, (char *[]){ (char *)"/bin/true",
		    NULL }, NULL, 0);
}

static bool
gone_soon(struct run *r, pid_t pid)
{
	long end = clock_ms() + PATIENCE_MS;

	while (process_there(pid) && clock_ms() < end)
		(void)run_follow(r, 5);
	return !process_there(pid);
}

/* The verb's status; -1 if it was killed, or hangs, which is wrong. */
static int
until_done(const struct scene *s, struct run *r)
{
	long end = clock_ms() + PATIENCE_MS;
	int code, i;

	while (r->status == -1 && clock_ms() < end)
		(void)run_follow(r, 50);
	(void)run_follow(r, PATIENCE_MS);
	if (r->status == -1) {
		wrong("it hangs");
		return -1;
	}
	if (WIFSIGNALED(r->status)) {
		if (!r->fired || r->plan.deed != DEED_KILL)
			wrong("it died of signal %d", WTERMSIG(r->status));
		return -1;
	}
	code = WEXITSTATUS(r->status);
	for (i = 0; s->allowed[i] != -1; i++)
		if (code == s->allowed[i])
			break;
	if (s->allowed[i] == -1)
		wrong("status %d", code);
	if (code == s->allowed[0] && s->needs != NULL &&
	    strstr(r->out, s->needs) == NULL)
		wrong("status %d without '%s'", code, s->needs);
	return code;
}

/* What a job was in: ended by now, and of that nothing is left. */
static void
end_job(struct run *r)
{
	char out[1024];
	pid_t pid = 0;

	(void)run_detach(r, "--stop", "job", NULL, out, sizeof(out));
	if (marks(&pid) > 0 && process_there(pid)) {
		kill(pid, SIGKILL);
		(void)gone_soon(r, pid);
	}
	(void)run_follow(r, PATIENCE_MS);
}

static void
same_files(const struct tree *before)
{
	struct tree *after = tree_take(work);
	const char *why;

	if ((why = tree_differs(before, after)) != NULL)
		wrong("%s", why);
	tree_free(after);
}

/* Verbs that only look. */
static void
check_look(const struct scene *s, struct run *r, const struct tree *before)
{
	(void)until_done(s, r);
	if (s->job != NULL && strstr(r->out, s->job) != NULL)
		wrong("'%s' is not so", s->job);
	same_files(before);
	end_job(r);
}

static void
check_stop(const struct scene *s, struct run *r, const struct tree *before)
{
	char out[1024];
	pid_t pid = 0;
	int code = until_done(s, r), rc;

	(void)before;
	marks(&pid);
	if (code == 0) {
		if (process_there(pid))
			wrong("status 0, but the command runs");
		rc = run_detach(r, "--status", "job", NULL, out, sizeof(out));
		if (rc != 3)
			wrong("after it, --status: %d: %s", rc, out);
		rc = run_detach(r, "--name=job", "--quiet", "MARK", out,
		    sizeof(out));
		if (rc != 0)
			wrong("after it, a new start: %d: %s", rc, out);
	}
	end_job(r);
}

static void
check_signal(const struct scene *s, struct run *r, const struct tree *before)
{
	char out[1024];
	pid_t pid = 0;
	int rc;

	(void)before;
	if (until_done(s, r) == 0) {
		marks(&pid);
		if (!gone_soon(r, pid))
			wrong("status 0, but the command runs");
	} else if ((rc = run_detach(r, "--status", "job", NULL, out,
	    sizeof(out))) != 0 && !(r->fired && r->plan.deed == DEED_KILL))
		wrong("failed, but --status: %d: %s", rc, out);
	end_job(r);
}

static void
check_forget(const struct scene *s, struct run *r, const struct tree *before)
{
	struct tree *after;
	char out[1024];
	int code = until_done(s, r), rc;

	(void)before;
	after = tree_take(work);
	if (code == 0 && tree_text(after, "state/job/record") != NULL)
		wrong("status 0, but the record is there");
	/* Until the record goes, the job is there, and can be forgotten. */
	rc = run_detach(r, "--status", "job", NULL, out, sizeof(out));
	if (tree_text(after, "state/job/record") != NULL && rc != 3)
		wrong("half forgotten, --status: %d: %s", rc, out);
	tree_free(after);
	rc = run_detach(r, "--name=job", "--quiet", "MARK", out, sizeof(out));
	if (rc != 0)
		wrong("after it, a new start: %d: %s", rc, out);
	end_job(r);
}

/* What is adopted, or is not, goes on as it was, untraced. */
static void
check_adopt(const struct scene *s, struct run *r, const struct tree *before)
{
	char path[64], text[4096], *p;
	pid_t pid = 0;
	int code = until_done(s, r), fd;
	ssize_t n = 0;

	marks(&pid);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) != -1) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	if ((p = strstr(text, "\nState:\t")) == NULL || p[8] == 'Z') {
		/* Killed in the middle of a borrowed call: beyond repair. */
		if (!r->fired || r->plan.deed != DEED_KILL)
			wrong("the command has ended");
	}
	else if (p[8] != 'S' && p[8] != 'R')
		wrong("the command is in state %c", p[8]);
	if ((p = strstr(text, "\nTracerPid:\t")) != NULL && atoi(p + 12) != 0)
		wrong("the command is traced");
	if (code > 0)
		same_files(before);
	if (code == 0 && run_detach(r, "--status", "job", NULL, text,
	    sizeof(text)) != 0)
		wrong("adopted, but --status: %s", text);
	end_job(r);
}

const struct scene verbs[] = {
	{
		.name = "list",
		.argv = { "--list" },
		.set = set_running,
		.check = check_look,
		.allowed = { 0, 125, 1, -1 },
		.needs = "running",
		.job = "lost",
	},
	{
		.name = "list-json",
		.argv = { "--list", "--json" },
		.set = set_ended,
		.check = check_look,
		.allowed = { 0, 125, 1, -1 },
		.needs = "\"signal\":\"TERM\"",
		.job = "running",
	},
	{
		.name = "status-running",
		.argv = { "--status", "job" },
		.set = set_running,
		.check = check_look,
		.allowed = { 0, 125, -1 },
		.needs = "running",
		.job = "lost",
	},
	{
		.name = "status-ended",
		.argv = { "--status", "job" },
		.set = set_ended,
		.check = check_look,
		.allowed = { 3, 125, -1 },
		.needs = "TERM",
		.job = "lost",
	},
	{
		.name = "wait-running",
		.argv = { "--wait", "--timeout=0.05", "job" },
		.set = set_running,
		.check = check_look,
		.allowed = { 124, 125, -1 },
	},
	{
		.name = "wait-ended",
		.argv = { "--wait", "job" },
		.set = set_ended,
		.check = check_look,
		.allowed = { 143, 125, -1 },
	},
	{
		.name = "log",
		.argv = { "--log", "job" },
		.set = set_ended,
		.check = check_look,
		.allowed = { 0, 125, 1, -1 },
		.needs = "said",
	},
	{
		.name = "log-follow",
		.argv = { "--log", "--follow", "--lines=1", "job" },
		.set = set_ended,
		.check = check_look,
		.allowed = { 143, 125, 1, -1 },
		.needs = "said",
	},
	{
		.name = "stop",
		.argv = { "--stop", "job" },
		.set = set_running,
		.check = check_stop,
		.allowed = { 0, 1, 125, -1 },
	},
	{
		.name = "signal",
		.argv = { "--signal=USR1", "job" },
		.set = set_running,
		.check = check_signal,
		.allowed = { 0, 1, 125, -1 },
	},
	{
		.name = "forget",
		.argv = { "--forget", "job" },
		.set = set_ended,
		.check = check_forget,
		.allowed = { 0, 1, 125, -1 },
	},
	{
		.name = "adopt",
		.argv = { "--adopt", "-n", "job", "PID" },
		.set = set_command,
		.check = check_adopt,
		.allowed = { 0, 125, 1, -1 },
	},
	{ .name = NULL },
};
