/* SPDX-License-Identifier: ISC */
/*
 * The making of a transient scope, as systemd wants to be asked for it.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "scope-unit.h"

#define NAMES 6 /* tries to find a name that is not taken */

#define NO_SUCH_PROPERTY BUS_ERROR "PropertyReadOnly"
#define NAME_TAKEN	 SYSTEMD ".UnitExists"

uint64_t
usec_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
usec_left(uint64_t end)
{
	uint64_t t = usec_now();

	return t < end ? end - t : 1;
}

int
unit_fail(struct unit *unit, int r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(unit->why, sizeof(unit->why), fmt, ap);
	va_end(ap);
	return r;
}

int
unit_fail_bus(struct unit *unit, int r, const char *who,
    const sd_bus_error *error)
{
	if (r == -ETIMEDOUT)
		return unit_fail(unit, r, "%s does not answer", who);
	if (error != NULL && sd_bus_error_is_set(error))
		return unit_fail(unit, r, "%s: %s", who, error->message);
	return unit_fail(unit, r, "%s: %s", who, strerror(-r));
}

/* The length of the UTF-8 sequence at s that is a printable character, or 0. */
static size_t
character(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t i, len;

	if (*s < 0x80)
		return *s >= ' ' && *s != 0x7f;
	len = *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : 2;
	if (*s < 0xc2 || *s > 0xf4)
		return 0;
	c = *s & (0x7fU >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c < 0xa0 || c > 0x10ffff ||
	    (c >= 0xd800 && c < 0xe000) || (c >= 0xfdd0 && c < 0xfdf0) ||
	    (c & 0xfffe) == 0xfffe)
		return 0;
	return len;
}

/* A bus refuses what is not UTF-8, and a description is one line. */
static void
copy_description(char *to, size_t size, const char *from)
{
	const unsigned char *s = (const unsigned char *)from;
	size_t len, n = 0;

	while (*s != '\0' && n + 5 < size) {
		if ((len = character(s)) == 0) {
			to[n++] = '?';
			s++;
			continue;
		}
		memcpy(to + n, s, len);
		n += len;
		s += len;
	}
	to[n] = '\0';
}

static int
on_removed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct unit *unit = arg;
	const char *job, *name, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "uoss", &id, &job, &name, &result) < 0)
		return 0;
	if (strcmp(job, unit->job) == 0)
		snprintf(unit->result, sizeof(unit->result), "%s", result);
	return 0;
}

static int
append_string(sd_bus_message *m, const char *property, const char *value)
{
	return sd_bus_message_append(m, "(sv)", property, "s", value);
}

static int
append_pids(sd_bus_message *m, char *const *pids)
{
	int r;

	if ((r = sd_bus_message_open_container(m, 'r', "sv")) < 0 ||
	    (r = sd_bus_message_append(m, "s", "PIDs")) < 0 ||
	    (r = sd_bus_message_open_container(m, 'v', "au")) < 0 ||
	    (r = sd_bus_message_open_container(m, 'a', "u")) < 0)
		return r;
	for (; *pids != NULL; pids++)
		if ((r = sd_bus_message_append(m, "u",
			 (uint32_t)strtoul(*pids, NULL, 10))) < 0)
			return r;
	if ((r = sd_bus_message_close_container(m)) < 0 ||
	    (r = sd_bus_message_close_container(m)) < 0)
		return r;
	return sd_bus_message_close_container(m);
}

/*
 * The request, of signature ssa(sv)a(sa(sv)).  Old: without OOMPolicy, which
 * systemd knows for scopes since 253, and by whose default the killing of one
 * process for want of memory would end them all.
 */
static int
build_request(sd_bus *bus, const struct unit *unit, int old, sd_bus_message **m)
{
	char text[256];
	int r;

	copy_description(text, sizeof(text), unit->description);
	if ((r = sd_bus_message_new_method_call(bus, m, SYSTEMD, SYSTEMD_PATH,
		 SYSTEMD ".Manager", "StartTransientUnit")) < 0 ||
	    (r = sd_bus_message_append(*m, "ss", unit->name, "fail")) < 0 ||
	    (r = sd_bus_message_open_container(*m, 'a', "(sv)")) < 0 ||
	    (r = append_string(*m, "Description", text)) < 0 ||
	    (r = append_string(*m, "CollectMode", "inactive-or-failed")) < 0 ||
	    (!old && (r = append_string(*m, "OOMPolicy", "continue")) < 0) ||
	    (r = append_pids(*m, unit->pids)) < 0 ||
	    (r = sd_bus_message_close_container(*m)) < 0)
		return r;
	return sd_bus_message_append(*m, "a(sa(sv))", 0);
}

/* A scope outlives its first pid, so a name of that alone could be taken. */
static void
make_name(struct unit *unit)
{
	uint64_t salt;

	if (getrandom(&salt, sizeof(salt), GRND_NONBLOCK) != sizeof(salt))
		salt = usec_now();
	snprintf(unit->name, sizeof(unit->name),
	    "detach-%.10s-%012" PRIx64 ".scope", unit->pids[0],
	    salt & UINT64_C(0xffffffffffff));
}

static int
request(sd_bus *bus, struct unit *unit, int old, sd_bus_error *error)
{
	sd_bus_message *m = NULL, *reply = NULL;
	uint64_t limit = usec_left(unit->end);
	const char *path = "";
	int r;

	if ((r = build_request(bus, unit, old, &m)) >= 0 &&
	    (r = sd_bus_call(bus, m, limit, error, &reply)) >= 0 &&
	    (r = sd_bus_message_read(reply, "o", &path)) >= 0)
		snprintf(unit->job, sizeof(unit->job), "%s", path);
	sd_bus_message_unref(m);
	sd_bus_message_unref(reply);
	return r;
}

/* Have the scope made; its job is then on its way, and not more. */
static int
ask(sd_bus *bus, struct unit *unit, const char *who)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int old = 0, r, tries;

	for (tries = 1;; tries++) {
		make_name(unit);
		r = request(bus, unit, old, &error);
		if (r >= 0 || tries == NAMES)
			break;
		if (sd_bus_error_has_name(&error, NO_SUCH_PROPERTY) && !old)
			old = 1;
		else if (!sd_bus_error_has_name(&error, NAME_TAKEN))
			break;
		sd_bus_error_free(&error);
	}
	if (r < 0)
		unit_fail_bus(unit, r, who, &error);
	sd_bus_error_free(&error);
	return r;
}

/*
 * The reply to the request comes before the processes are moved: only the
 * removal of the job says that they are.
 */
int
unit_start(sd_bus *bus, struct unit *unit, const char *who)
{
	int r;

	sd_bus_set_method_call_timeout(bus, usec_left(unit->end));
	r = sd_bus_match_signal(bus, NULL, NULL, SYSTEMD_PATH,
	    SYSTEMD ".Manager", "JobRemoved", on_removed, unit);
	if (r < 0)
		return unit_fail_bus(unit, r, who, NULL);
	if ((r = ask(bus, unit, who)) < 0)
		return r;
	while (unit->result[0] == '\0') {
		if ((r = sd_bus_process(bus, NULL)) < 0)
			return unit_fail_bus(unit, r, who, NULL);
		if (r > 0)
			continue;
		if (usec_now() >= unit->end)
			return unit_fail(unit, -ETIMEDOUT,
			    "%s does not finish making %s", who, unit->name);
		r = sd_bus_wait(bus, usec_left(unit->end));
		if (r < 0 && r != -EINTR)
			return unit_fail_bus(unit, r, who, NULL);
	}
	if (strcmp(unit->result, "done") != 0)
		return unit_fail(unit, -EIO, "%s: making %s: %s", who,
		    unit->name, unit->result);
	return 0;
}
