/* SPDX-License-Identifier: ISC */
/* Jobs as JSON. */
#include "config.h"

#include <sys/wait.h>

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "show.h"
#include "signals.h"
#include "when.h"

static void
put_string(FILE *fp, const char *s)
{
	size_t len, n;
	unsigned int cp;

	if (s == NULL) {
		(void)fputs("null", fp);
		return;
	}
	(void)putc('"', fp);
	for (len = strlen(s); len > 0; s += n, len -= n) {
		if ((n = show_utf8(s, len, &cp)) == 0) {
			(void)fputs("\357\277\275", fp);
			n = 1;
		} else if (cp == '"' || cp == '\\')
			(void)fprintf(fp, "\\%c", (int)cp);
		else if (cp == '\n')
			(void)fputs("\\n", fp);
		else if (cp == '\t')
			(void)fputs("\\t", fp);
		else if (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f))
			(void)fprintf(fp, "\\u%04x", cp);
		else
			(void)fwrite(s, 1, n, fp);
	}
	(void)putc('"', fp);
}

static void
put_key(FILE *fp, const char *key)
{
	(void)fprintf(fp, ",\"%s\":", key);
}

static void
put_text(FILE *fp, const char *key, const char *value)
{
	put_key(fp, key);
	put_string(fp, value);
}

static void
put_number(FILE *fp, const char *key, bool known, long long value)
{
	put_key(fp, key);
	if (known)
		(void)fprintf(fp, "%lld", value);
	else
		(void)fputs("null", fp);
}

static void
put_time(FILE *fp, const char *key, bool known, const struct timespec *ts)
{
	char buf[WHEN_SIZE];

	put_text(fp, key, known ? when_rfc3339(ts, buf) : NULL);
}

static void
put_seconds(FILE *fp, const char *key, int64_t ns)
{
	put_key(fp, key);
	if (ns < 0)
		(void)fputs("null", fp);
	else
		(void)fprintf(fp, "%lld.%03lld", (long long)(ns / 1000000000),
		    (long long)(ns / 1000000 % 1000));
}

static void
put_command(FILE *fp, const struct record *r)
{
	int i;

	put_key(fp, "command");
	(void)putc('[', fp);
	for (i = 0; i < r->command_argc; i++) {
		if (i > 0)
			(void)putc(',', fp);
		put_string(fp, r->command_argv[i]);
	}
	(void)putc(']', fp);
}

/* An end that is on record without its status is as good as none here. */
static const char *
state_word(enum job_state state)
{
	switch (state) {
	case JOB_RUNNING:
		return "running";
	case JOB_EXITED:
		return "exited";
	case JOB_KILLED:
		return "killed";
	case JOB_ENDED:
	case JOB_LOST:
		break;
	}
	return "lost";
}

/* False between two runs of a job, and of a tree whose command has ended. */
static bool
has_pid(const struct job *j, const struct record *r)
{
	return j->state != JOB_RUNNING || j->other_host ||
	    process_alive(&r->command);
}

static void
put_job(FILE *fp, const struct job *j, const struct record *r)
{
	bool killed = j->state == JOB_KILLED;
	char name[16];

	(void)fputs("{\"name\":", fp);
	put_string(fp, r->name);
	put_number(fp, "pid", has_pid(j, r), r->command.pid);
	put_number(fp, "keeper",
	    r->keeper.pid != 0 &&
		(j->state != JOB_RUNNING || j->keeper_alive || j->other_host),
	    r->keeper.pid);
	put_text(fp, "state", state_word(j->state));
	put_number(fp, "exit_status", j->state == JOB_EXITED,
	    j->state == JOB_EXITED ? WEXITSTATUS(r->status) : 0);
	put_text(fp, "signal",
	    killed ? signals_name(WTERMSIG(r->status), name, sizeof(name)) :
		     NULL);
	put_key(fp, "core");
	(void)fputs(!killed	     ? "null" :
		WCOREDUMP(r->status) ? "true" :
				       "false",
	    fp);
	put_time(fp, "started", r->started.tv_sec != 0, &r->started);
	put_time(fp, "ended", r->has_ended && r->ended.tv_sec != 0, &r->ended);
	put_seconds(fp, "elapsed", job_elapsed(j));
	put_command(fp, r);
	put_text(fp, "directory", r->directory);
	put_text(fp, "user", r->user);
	put_text(fp, "host", r->host);
	put_text(fp, "log", r->log);
	put_text(fp, "pidfile", r->pidfile);
	put_text(fp, "scope", r->scope);
	put_number(fp, "restarts", j->record != NULL, r->restarts);
	put_key(fp, "adopted");
	(void)fputs(r->adopted ? "true" : "false", fp);
	(void)fputs("}\n", fp);
}

int
json_job(FILE *fp, const struct job *j)
{
	struct record *bare;

	if (j->record != NULL) {
		put_job(fp, j, j->record);
		return 0;
	}
	if ((bare = job_bare_record(j)) == NULL)
		return -1;
	put_job(fp, j, bare);
	record_free(bare);
	return 0;
}
