/* SPDX-License-Identifier: ISC */
/*
 * detach-scope: move processes out of a login session's scope.
 *
 *	detach-scope auto|always DESCRIPTION PID ...
 *
 * The launcher runs this program, which alone is linked with libsystemd, and
 * reads the report that it writes to standard output (see scope.c).
 *
 * Who kills what at a logout decides what is right:
 *
 * - logind, where its killing applies to the session's owner, ends all that
 *   is left in the session's scope: only who is elsewhere survives;
 * - the user's manager ends with the last session, unless the user lingers,
 *   and all of its scopes with it: where logind does not kill, moving there
 *   would be the very end of a process that would have survived.
 *
 * Root's processes go to the system's manager, which ends with the machine.
 *
 * What always holds: no wait is without the one deadline, and none outlives
 * the launcher; nothing is asked of polkit, and linger is never changed.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>

#include "scope-unit.h"

#define LIMIT_USEC UINT64_C(8000000)
#define ALARM_SEC  12 /* if even the deadline fails */

#define LOGIN	   "org.freedesktop.login1"
#define LOGIN_PATH "/org/freedesktop/login1"

/* The two lines of the report, newlines only where they end a line. */
static int
report(const char *head, const char *why)
{
	char buf[640];
	int i, n;

	n = snprintf(buf, sizeof(buf) - 1, "%s\n%s", head, why);
	if (n > (int)sizeof(buf) - 2)
		n = sizeof(buf) - 2;
	for (i = (int)strlen(head) + 1; i < n; i++)
		if (buf[i] == '\n')
			buf[i] = ' ';
	buf[n++] = '\n';
	return write(STDOUT_FILENO, buf, (size_t)n) == n ? 0 : 1;
}

/* Wait until bus is connected and authenticated. */
static int
bus_ready(sd_bus *bus, uint64_t end)
{
	int r;

	for (;;) {
		if ((r = sd_bus_is_ready(bus)) != 0)
			return r < 0 ? r : 0;
		if ((r = sd_bus_process(bus, NULL)) < 0)
			return r;
		if (r > 0)
			continue;
		if (usec_now() >= end)
			return -ETIMEDOUT;
		if ((r = sd_bus_wait(bus, usec_left(end))) < 0 && r != -EINTR)
			return r;
	}
}

static int
open_system(sd_bus **bus, uint64_t end)
{
	int r;

	if ((r = sd_bus_open_system(bus)) < 0)
		return r;
	if ((r = bus_ready(*bus, end)) < 0)
		*bus = sd_bus_close_unref(*bus);
	return r;
}

/* Connect to the socket file; client says whether a message bus is there. */
static int
open_socket(sd_bus **bus, const char *dir, const char *file, int client,
    uint64_t end)
{
	char address[PATH_MAX * 3], *p = address;
	const char *part;
	int r;

	p += sprintf(p, "unix:path=");
	for (part = dir; *part != '\0' && p < address + 2L * PATH_MAX; part++)
		p += sprintf(p, "%%%02x", (unsigned char)*part);
	snprintf(p, PATH_MAX / 2, "/%s", file);

	if ((r = sd_bus_new(bus)) < 0)
		return r;
	if ((r = sd_bus_set_address(*bus, address)) < 0 ||
	    (r = sd_bus_set_bus_client(*bus, client)) < 0 ||
	    (r = sd_bus_start(*bus)) < 0 || (r = bus_ready(*bus, end)) < 0)
		*bus = sd_bus_close_unref(*bus);
	return r;
}

/*
 * The user's manager: its own socket, which needs no message bus, or else the
 * user's bus.  The environment's runtime directory is another user's after
 * su(1), and missing in cron.
 */
static int
open_user(sd_bus **bus, uint64_t end)
{
	char dir[64];
	const char *runtime;
	struct stat st;
	int r;

	if ((runtime = getenv("XDG_RUNTIME_DIR")) == NULL || *runtime != '/' ||
	    strlen(runtime) > PATH_MAX / 2 || stat(runtime, &st) == -1 ||
	    st.st_uid != getuid()) {
		snprintf(dir, sizeof(dir), "/run/user/%u",
		    (unsigned int)getuid());
		runtime = dir;
	}
	r = open_socket(bus, runtime, "systemd/private", 0, end);
	if (r < 0 && r != -ETIMEDOUT)
		r = open_socket(bus, runtime, "bus", 1, end);
	return r;
}

static const char *
user_name(uid_t uid, char *buf, size_t size)
{
	struct passwd *pw;

	if ((pw = getpwuid(uid)) != NULL)
		snprintf(buf, size, "%s", pw->pw_name);
	else
		snprintf(buf, size, "%u", (unsigned int)uid);
	return buf;
}

/* Whether the list that is logind's property holds name; *empty: no list. */
static int
listed(sd_bus *bus, const char *property, const char *name, int *empty,
    sd_bus_error *error)
{
	char **list = NULL, **p;
	int found = 0, r;

	r = sd_bus_get_property_strv(bus, LOGIN, LOGIN_PATH, LOGIN ".Manager",
	    property, error, &list);
	if (r < 0)
		return r;
	*empty = list == NULL || *list == NULL;
	for (p = list; p != NULL && *p != NULL; p++) {
		if (strcmp(*p, name) == 0)
			found = 1;
		free(*p);
	}
	free(list);
	return found;
}

/*
 * Whether logind kills what user leaves behind: 1 or 0, or a negative errno.
 * The rule is logind's own: root is exempt only where no exemption is set,
 * and a list of those to be killed overrides KillUserProcesses.
 */
static int
kills(sd_bus *bus, const char *user, uint64_t end, sd_bus_error *error)
{
	int empty = 1, r, yes = 0;

	sd_bus_set_method_call_timeout(bus, usec_left(end));
	r = listed(bus, "KillExcludeUsers", user, &empty, error);
	if (r < 0)
		return r;
	if (r == 1 || (empty && strcmp(user, "root") == 0))
		return 0;
	sd_bus_set_method_call_timeout(bus, usec_left(end));
	r = listed(bus, "KillOnlyUsers", user, &empty, error);
	if (r < 0 || !empty)
		return r;
	sd_bus_set_method_call_timeout(bus, usec_left(end));
	r = sd_bus_get_property_trivial(bus, LOGIN, LOGIN_PATH,
	    LOGIN ".Manager", "KillUserProcesses", error, 'b', &yes);
	return r < 0 ? r : yes;
}

/* Whether the error says that there is no logind, or not one of systemd's. */
static int
is_absence(const sd_bus_error *error)
{
	static const char *const names[] = {
		BUS_ERROR "ServiceUnknown",
		BUS_ERROR "NameHasNoOwner",
		BUS_ERROR "UnknownObject",
		BUS_ERROR "UnknownInterface",
		BUS_ERROR "UnknownMethod",
		BUS_ERROR "UnknownProperty",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (sd_bus_error_has_name(error, names[i]))
			return 1;
	return 0;
}

/*
 * Whether the end of this session will kill what it leaves behind.  It is the
 * session's owner who counts, not the user that sudo(8) made of him.
 * Returns 1, or 0 also where there is nobody to ask, or a negative errno.
 */
static int
needed(sd_bus *system, int open_error, struct unit *unit)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char name[256];
	uid_t uid;
	int r;

	if (system == NULL)
		return open_error == -ETIMEDOUT ?
		    unit_fail_bus(unit, open_error, "the system bus", NULL) :
		    0;
	if (sd_pid_get_owner_uid(0, &uid) < 0)
		uid = getuid();
	r = kills(system, user_name(uid, name, sizeof(name)), unit->end,
	    &error);
	if (r < 0) {
		if (is_absence(&error))
			r = 0;
		else
			unit_fail_bus(unit, r, "systemd-logind", &error);
	}
	sd_bus_error_free(&error);
	return r;
}

/* Whether this user's manager outlives the user's last session. */
static int
lingers(sd_bus *system, uint64_t end)
{
	char name[256], path[512];
	int r = -ENOTCONN, yes = 0;

	if (system != NULL) {
		snprintf(path, sizeof(path), LOGIN_PATH "/user/_%u",
		    (unsigned int)getuid());
		sd_bus_set_method_call_timeout(system, usec_left(end));
		r = sd_bus_get_property_trivial(system, LOGIN, path,
		    LOGIN ".User", "Linger", NULL, 'b', &yes);
	}
	if (r < 0) {
		snprintf(path, sizeof(path), "/var/lib/systemd/linger/%s",
		    user_name(getuid(), name, sizeof(name)));
		yes = access(path, F_OK) == 0;
	}
	return yes;
}

/* Move by the manager that is this user's, and set a warning if it may end. */
static int
move_to_manager(sd_bus *system, int open_error, struct unit *unit)
{
	sd_bus *bus = NULL;
	char name[256];
	int r;

	if (getuid() == 0) {
		if (system == NULL)
			return unit_fail_bus(unit, open_error, "the system bus",
			    NULL);
		return unit_start(system, unit, "systemd");
	}
	user_name(getuid(), name, sizeof(name));
	if ((r = open_user(&bus, unit->end)) < 0) {
		if (r == -ENOENT || r == -ECONNREFUSED || r == -EACCES)
			return unit_fail(unit, r,
			    "%s has no running user manager "
			    "(as root: loginctl enable-linger %s)",
			    name, name);
		return unit_fail_bus(unit, r, "the user manager", NULL);
	}
	r = unit_start(bus, unit, "the user manager");
	if (r >= 0 && !lingers(system, unit->end))
		unit_fail(unit, 0,
		    "the command will be killed soon after "
		    "your last logout; to keep it, run: loginctl "
		    "enable-linger (or as root: loginctl enable-linger %s)",
		    name);
	sd_bus_close_unref(bus);
	return r;
}

static int
run(int always, struct unit *unit)
{
	sd_bus *system = NULL;
	char head[96] = "unneeded";
	int r, open_error;

	open_error = open_system(&system, unit->end);
	r = always ? 1 : needed(system, open_error, unit);
	if (r > 0 && (r = move_to_manager(system, open_error, unit)) >= 0)
		snprintf(head, sizeof(head), "moved %s", unit->name);
	if (r < 0)
		snprintf(head, sizeof(head), "failed %d", -r);
	sd_bus_close_unref(system);
	return report(head, unit->why);
}

int
main(int argc, char *argv[])
{
	struct unit unit = { .end = usec_now() + LIMIT_USEC };

	if (argc < 4 ||
	    (strcmp(argv[1], "auto") != 0 && strcmp(argv[1], "always") != 0)) {
		fprintf(stderr,
		    "usage: detach-scope auto|always description "
		    "pid ...\n");
		return 125;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(ALARM_SEC);
	unit.description = argv[2];
	unit.pids = argv + 3;
	return run(strcmp(argv[1], "always") == 0, &unit);
}
