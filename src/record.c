/* SPDX-License-Identifier: ISC */
/*
 * A record's text, by a pure function.
 *
 * What always holds: what record_format() writes, record_parse() reads back
 * byte by byte.
 */
#include "config.h"

#define LIBBSD_OPENBSD_VIS /* which strnvis(3); none is used */

#include <sys/wait.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vis.h>

#include "record.h"
#include "signals.h"

#define FORMAT_VERSION "1"
#define NS_PER_S       1000000000LL
#define VIS_VALUE      (VIS_OCTAL | VIS_TAB | VIS_NL | VIS_NOLOCALE)
#define VIS_ARGUMENT   (VIS_OCTAL | VIS_WHITE | VIS_NOLOCALE)

struct text {
	char *p;
	size_t len;
	size_t room;
	bool failed;
};

static char *
text_room(struct text *t, size_t n)
{
	size_t room = t->room;
	char *p;

	if (t->failed)
		return NULL;
	while (room - t->len < n)
		room = room == 0 ? 1024 : room * 2;
	if (room != t->room) {
		if ((p = realloc(t->p, room)) == NULL) {
			t->failed = true;
			return NULL;
		}
		t->p = p;
		t->room = room;
	}
	return t->p + t->len;
}

static void __attribute__((format(printf, 2, 3)))
add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	size_t room = 128;
	char *p;
	int n;

	for (;;) {
		if ((p = text_room(t, room)) == NULL)
			return;
		va_start(ap, fmt);
		n = vsnprintf(p, room, fmt, ap);
		va_end(ap);
		if (n < 0) {
			t->failed = true;
			return;
		}
		if ((size_t)n < room)
			break;
		room = (size_t)n + 1;
	}
	t->len += (size_t)n;
}

/*
 * strvis(3) works in wide characters, at 300 instructions a byte; most values
 * have nothing to encode.
 */
static void
add_vis(struct text *t, const char *value, int flags)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+,-./:=@_";
	size_t len = strlen(value);
	char *p;

	/* vis(3): at most four bytes for one. */
	if ((p = text_room(t, len * 4 + 1)) == NULL)
		return;
	if (strspn(value, plain) == len) {
		memcpy(p, value, len);
		t->len += len;
	} else
		t->len += (size_t)strvis(p, value, flags);
}

static void
add_string(struct text *t, const char *key, const char *value)
{
	if (value == NULL)
		return;
	add(t, "%s ", key);
	add_vis(t, value, VIS_VALUE);
	add(t, "\n");
}

static void
add_identity(struct text *t, const char *pid, const char *start_time,
    const struct identity *id)
{
	if (id->pid == 0)
		return;
	add(t, "%s %ld\n%s %" PRIu64 "\n", pid, (long)id->pid, start_time,
	    id->start_time);
}

static void
add_time(struct text *t, const char *key, const struct timespec *ts)
{
	add(t, "%s %lld.%09ld\n", key, (long long)ts->tv_sec, ts->tv_nsec);
}

static void
add_end(struct text *t, const struct record *r)
{
	char name[16];

	add_time(t, "ended", &r->ended);
	add(t, "elapsed %lld.%09lld\n", (long long)(r->elapsed / NS_PER_S),
	    (long long)(r->elapsed % NS_PER_S));
	if (!r->status_known)
		return;
	if (WIFSIGNALED(r->status))
		add(t, "signal %s\ncore %d\n",
		    signals_name(WTERMSIG(r->status), name, sizeof(name)),
		    WCOREDUMP(r->status) ? 1 : 0);
	else
		add(t, "exit_status %d\n", WEXITSTATUS(r->status));
}

static void
add_reserve(struct text *t)
{
	char *p;

	add(t, "reserve ");
	if ((p = text_room(t, RECORD_RESERVE)) != NULL) {
		memset(p, '.', RECORD_RESERVE);
		t->len += RECORD_RESERVE;
	}
	add(t, "\n");
}

char *
record_format(const struct record *r, size_t *len)
{
	struct text t = { 0 };
	int i;

	add(&t, "version %s\n", FORMAT_VERSION);
	add_string(&t, "name", r->name);
	add_identity(&t, "pid", "start_time", &r->command);
	add_identity(&t, "keeper", "keeper_start_time", &r->keeper);
	add(&t, "boot_id %s\n", r->boot_id);
	if (r->pid_namespace != 0)
		add(&t, "pid_namespace %" PRIu64 "\n", r->pid_namespace);
	add_time(&t, "started", &r->started);
	add(&t, "restarts %d\nadopted %d\ntree %d\nmanaged %d\n", r->restarts,
	    r->adopted, r->tree, r->managed);
	add_string(&t, "host", r->host);
	add_string(&t, "user", r->user);
	add_string(&t, "directory", r->directory);
	add(&t, "command");
	for (i = 0; i < r->command_argc; i++) {
		add(&t, " ");
		add_vis(&t, r->command_argv[i], VIS_ARGUMENT);
	}
	add(&t, "\n");
	add_string(&t, "log", r->log);
	if (r->log_inode != 0)
		add(&t, "log_inode %" PRIu64 "\n", r->log_inode);
	add_string(&t, "pidfile", r->pidfile);
	add_string(&t, "scope", r->scope);
	if (r->has_ended)
		add_end(&t, r);
	else
		add_reserve(&t);
	if (t.failed) {
		free(t.p);
		errno = ENOMEM;
		return NULL;
	}
	if (len != NULL)
		*len = t.len;
	return t.p;
}
