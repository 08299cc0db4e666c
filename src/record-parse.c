/* SPDX-License-Identifier: ISC */
/*
 * A record from its text, by a pure function.
 *
 * What always holds: a text that was cut short, or says two things at once,
 * is no record.
 */
#include "config.h"

#define LIBBSD_OPENBSD_VIS /* which strnvis(3); none is used */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <vis.h>

#include "parse.h"
#include "record.h"
#include "signals.h"

#define FORMAT_VERSION "1"
#define NS_PER_S       1000000000LL

/* What is gathered beside the record itself. */
struct parsed {
	struct record *r;
	bool version;
	bool later_version;
	int exit_status; /* -1: none */
	int signal;	 /* 0: none */
	long core;
};

static int
get_string(char **to, const char *value)
{
	char *s;

	if ((s = malloc(strlen(value) + 1)) == NULL)
		return -1;
	if (strunvis(s, value) == -1) {
		free(s);
		errno = EINVAL;
		return -1;
	}
	free(*to);
	*to = s;
	return 0;
}

static int
get_command(struct record *r, char *value)
{
	char **argv, *word;
	int argc = 1, i;

	for (word = value; (word = strchr(word, ' ')) != NULL; word++)
		argc++;
	if ((argv = calloc((size_t)argc + 1, sizeof(*argv))) == NULL)
		return -1;
	for (i = 0; i < argc; i++) {
		word = strsep(&value, " ");
		if (get_string(&argv[i], word) == -1) {
			while (i > 0)
				free(argv[--i]);
			free(argv);
			return -1;
		}
	}
	for (i = 0; i < r->command_argc; i++)
		free(r->command_argv[i]);
	free(r->command_argv);
	r->command_argv = argv;
	r->command_argc = argc;
	return 0;
}

static int
get_u64(uint64_t *to, const char *value)
{
	char *end;

	errno = 0;
	*to = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end != '\0' || errno != 0) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* "SEC.NSEC", nine digits; SEC may be negative, NSEC counts upwards. */
static int
get_time(struct timespec *ts, const char *value)
{
	const char *digits = value + (*value == '-'), *dot;
	char *end;

	errno = 0;
	ts->tv_sec = (time_t)strtoll(value, &end, 10);
	dot = end;
	if (*digits < '0' || *digits > '9' || errno != 0 || *dot != '.' ||
	    strspn(dot + 1, "0123456789") != 9 || dot[10] != '\0') {
		errno = EINVAL;
		return -1;
	}
	ts->tv_nsec = strtol(dot + 1, NULL, 10);
	return 0;
}

static int
get_ns(int64_t *ns, const char *value)
{
	struct timespec ts;

	if (get_time(&ts, value) == -1)
		return -1;
	if (ts.tv_sec < 0 || ts.tv_sec >= INT64_MAX / NS_PER_S) {
		errno = EINVAL;
		return -1;
	}
	*ns = ts.tv_sec * NS_PER_S + ts.tv_nsec;
	return 0;
}

static int
get_bool(bool *to, const char *value)
{
	long n;

	if (parse_number(value, 0, 1, &n) == -1)
		return -1;
	*to = n == 1;
	return 0;
}

static int
get_boot_id(struct record *r, const char *value)
{
	if (strlen(value) != BOOT_ID_LEN) {
		errno = EINVAL;
		return -1;
	}
	memcpy(r->boot_id, value, BOOT_ID_LEN + 1);
	return 0;
}

static int
parse_end_line(struct parsed *p, const char *key, const char *value)
{
	struct record *r = p->r;
	long n;

	if (strcmp(key, "ended") == 0) {
		r->has_ended = true;
		return get_time(&r->ended, value);
	}
	if (strcmp(key, "elapsed") == 0)
		return get_ns(&r->elapsed, value);
	if (strcmp(key, "core") == 0)
		return parse_number(value, 0, 1, &p->core);
	if (strcmp(key, "exit_status") == 0) {
		if (parse_number(value, 0, 255, &n) == -1)
			return -1;
		p->exit_status = (int)n;
		return 0;
	}
	if (strcmp(key, "signal") == 0) {
		p->signal = signals_number(value);
		return p->signal <= 0 ? -1 : 0;
	}
	return 0;
}

static int
parse_line(struct parsed *p, const char *key, char *value)
{
	struct record *r = p->r;
	long n;

	if (strcmp(key, "version") == 0) {
		p->version = strcmp(value, FORMAT_VERSION) == 0;
		p->later_version = parse_number(value, 2, INT_MAX, &n) == 0;
		return 0;
	}
	if (strcmp(key, "name") == 0)
		return get_string(&r->name, value);
	if (strcmp(key, "pid") == 0)
		return parse_pid(value, &r->command.pid);
	if (strcmp(key, "start_time") == 0)
		return get_u64(&r->command.start_time, value);
	if (strcmp(key, "keeper") == 0)
		return parse_pid(value, &r->keeper.pid);
	if (strcmp(key, "keeper_start_time") == 0)
		return get_u64(&r->keeper.start_time, value);
	if (strcmp(key, "boot_id") == 0)
		return get_boot_id(r, value);
	if (strcmp(key, "pid_namespace") == 0)
		return get_u64(&r->pid_namespace, value);
	if (strcmp(key, "started") == 0)
		return get_time(&r->started, value);
	if (strcmp(key, "restarts") == 0) {
		if (parse_number(value, 0, INT_MAX, &n) == -1)
			return -1;
		r->restarts = (int)n;
		return 0;
	}
	if (strcmp(key, "adopted") == 0)
		return get_bool(&r->adopted, value);
	if (strcmp(key, "tree") == 0)
		return get_bool(&r->tree, value);
	if (strcmp(key, "managed") == 0)
		return get_bool(&r->managed, value);
	if (strcmp(key, "host") == 0)
		return get_string(&r->host, value);
	if (strcmp(key, "user") == 0)
		return get_string(&r->user, value);
	if (strcmp(key, "directory") == 0)
		return get_string(&r->directory, value);
	if (strcmp(key, "command") == 0)
		return get_command(r, value);
	if (strcmp(key, "log") == 0)
		return get_string(&r->log, value);
	if (strcmp(key, "log_inode") == 0)
		return get_u64(&r->log_inode, value);
	if (strcmp(key, "pidfile") == 0)
		return get_string(&r->pidfile, value);
	if (strcmp(key, "scope") == 0)
		return get_string(&r->scope, value);
	return parse_end_line(p, key, value);
}

/* All that every record has. */
static bool
is_whole(const struct parsed *p)
{
	const struct record *r = p->r;

	return p->version && r->name != NULL && r->command.pid != 0 &&
	    r->boot_id[0] != '\0' && r->command_argc > 0 &&
	    (!r->has_ended || p->exit_status == -1 || p->signal == 0);
}

static void
set_status(struct parsed *p)
{
	struct record *r = p->r;

	if (!r->has_ended)
		return;
	r->status_known = p->exit_status != -1 || p->signal != 0;
	if (p->signal != 0)
		r->status = p->signal | (p->core ? 0x80 : 0);
	else if (p->exit_status != -1)
		r->status = p->exit_status << 8;
}

struct record *
record_parse(const char *text, size_t len)
{
	struct parsed p = { .exit_status = -1 };
	char *copy = NULL, *line, *next, *value;

	if (len == 0 || text[len - 1] != '\n' ||
	    memchr(text, '\0', len) != NULL) {
		errno = EINVAL;
		return NULL;
	}
	if ((p.r = calloc(1, sizeof(*p.r))) == NULL ||
	    (copy = strndup(text, len - 1)) == NULL)
		goto fail;
	for (next = copy; (line = strsep(&next, "\n")) != NULL;) {
		if ((value = strchr(line, ' ')) == NULL)
			continue;
		*value++ = '\0';
		if (parse_line(&p, line, value) == -1)
			goto fail;
	}
	if (p.later_version || !is_whole(&p)) {
		errno = EINVAL;
		goto fail;
	}
	set_status(&p);
	free(copy);
	return p.r;

fail:
	if (errno != ENOMEM)
		errno = p.later_version ? EPROTONOSUPPORT : EINVAL;
	free(copy);
	record_free(p.r);
	return NULL;
}

void
record_free(struct record *r)
{
	int i, saved = errno;

	if (r == NULL)
		return;
	for (i = 0; i < r->command_argc; i++)
		free(r->command_argv[i]);
	free(r->command_argv);
	free(r->name);
	free(r->host);
	free(r->user);
	free(r->directory);
	free(r->log);
	free(r->pidfile);
	free(r->scope);
	free(r);
	errno = saved;
}
