/* SPDX-License-Identifier: ISC */
/*
 * What is not adopted, and in which words: each says what to do next where
 * there is something to do. Nothing is touched before all have been asked.
 */
#include "config.h"

#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adopt.h"
#include "say.h"
#include "user.h"

#define YAMA "/proc/sys/kernel/yama/ptrace_scope"

#define EXIT_LIMIT 500 /* ms for a process to end that is about to */

/* Names that are shells though they may not be in /etc/shells. */
static const char *const shells[] = {
	"ash",
	"bash",
	"csh",
	"dash",
	"fish",
	"ksh",
	"ksh93",
	"mksh",
	"oksh",
	"rbash",
	"sh",
	"tcsh",
	"yash",
	"zsh",
};

static bool
is_shell_name(const char *name)
{
	const char *base;
	char *line;
	size_t i;
	bool found = false;

	for (i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(name, shells[i]) == 0)
			return true;
	}
	while (!found && (line = getusershell()) != NULL) {
		base = strrchr(line, '/');
		found = strcmp(name, base == NULL ? line : base + 1) == 0;
	}
	endusershell();
	return found;
}

/*
 * True for a shell that a person types into: it runs in a terminal, and its
 * arguments name neither a script nor, with -c, a command.
 */
static bool
is_interactive_shell(const struct member *m)
{
	char args[4096], path[32];
	const char *p, *base;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", m->thread);
	if (m->tty == 0 || (fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	n = read(fd, args, sizeof(args) - 1);
	close(fd);
	if (n <= 0)
		return false;
	args[n] = '\0';
	p = args[0] == '-' ? args + 1 : args;
	base = strrchr(p, '/');
	if (!is_shell_name(base == NULL ? p : base + 1))
		return false;
	for (p = args + strlen(args) + 1; p < args + n; p += strlen(p) + 1) {
		if (p[0] != '-' && p[0] != '+')
			return false;
		if (p[0] == '-' && p[1] != '-' && strchr(p, 'c') != NULL)
			return false;
	}
	return true;
}

bool
adopt_refuse_target(const struct member *m)
{
	pid_t pid = m->id.pid;

	if (pid == 1)
		say("1 (%s): this is init, which has no terminal to lose",
		    m->name);
	else if (m->no_memory)
		say("%d (%s): this is a kernel thread", pid, m->name);
	else if (m->state == 'Z')
		say("%d (%s): it has ended already, and waits for its parent "
		    "to collect its exit status",
		    pid, m->name);
	else if (pid == getpid())
		say("%d (%s): this is detach itself", pid, m->name);
	else if (adopt_is_ancestor(pid))
		say("%d (%s): this detach was started from it; give the pid of "
		    "the command that is to survive, not its shell's",
		    pid, m->name);
	else if (is_interactive_shell(m) && !adopt_is_fork(m))
		say("%d (%s): this is a terminal's shell; give the pid of a "
		    "command that runs in it",
		    pid, m->name);
	else
		return false;
	return true;
}

/* Our own seccomp filters, which what we start has inherited. */
static void
own_filters(int *mode, int *filters)
{
	struct member self;

	*mode = *filters = 0;
	if (adopt_look(getpid(), &self) == 0) {
		*mode = self.seccomp;
		*filters = self.filters;
	}
}

/*
 * Filters of its own might forbid the calls that it is to do, or kill it for
 * one. In a container everything runs under the container's filter; a process
 * that has as many as we have may do what we may.
 */
static bool
has_own_filters(const struct member *m)
{
	int mode, filters;

	if (m->seccomp == 0)
		return false;
	own_filters(&mode, &filters);
	return m->seccomp != mode || m->filters == 0 || m->filters != filters;
}

bool
adopt_suspends_seccomp(const struct member *m)
{
	const char *force = getenv("DETACH_ADOPT_FORCE");

	return has_own_filters(m) && geteuid() == 0 && force != NULL &&
	    strcmp(force, "1") == 0;
}

static void
ways_out(pid_t pid, bool root)
{
	if (root)
		say("as root it can be adopted: sudo detach --adopt %d", pid);
	say("or, in the shell that started it: bg; disown -h  (this saves the "
	    "command, but not what it prints)");
}

/* Yama's ptrace_scope, if that is what has refused. */
static bool
explain_yama(const struct member *m)
{
	const char *path = YAMA;
	char buf[16];
	ssize_t n;
	int fd, scope;

#ifdef ADOPT_FAULTS
	if (getenv("DETACH_ADOPT_YAMA") != NULL)
		path = getenv("DETACH_ADOPT_YAMA");
#endif
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	scope = atoi(buf);
	if (scope <= 0)
		return false;
	if (scope >= 3) {
		say("%d (%s): tracing is switched off on this machine until "
		    "its next boot (kernel.yama.ptrace_scope is 3)",
		    m->id.pid, m->name);
		ways_out(m->id.pid, false);
		return true;
	}
	if (geteuid() == 0)
		return false;
	if (scope == 2)
		say("%d (%s): only root may trace processes here "
		    "(kernel.yama.ptrace_scope is 2)",
		    m->id.pid, m->name);
	else
		say("%d (%s): only its ancestors and root may trace it "
		    "(kernel.yama.ptrace_scope is 1)",
		    m->id.pid, m->name);
	ways_out(m->id.pid, true);
	return true;
}

/* True if the process is not dumpable: its files in /proc are root's. */
static bool
is_protected(const struct member *m)
{
	struct stat st;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/mem", m->thread);
	return stat(path, &st) == 0 && st.st_uid != m->uid;
}

static void
explain_tracer(const struct member *m)
{
	struct member tracer;

	if (adopt_look(m->tracer, &tracer) == -1)
		snprintf(tracer.name, sizeof(tracer.name), "?");
	say("%d (%s): it is traced by %d (%s) already: end that first",
	    m->id.pid, m->name, m->tracer, tracer.name);
}

void
adopt_explain(const struct member *m, int error)
{
	struct member now;
	char *user;

	if (error == ESRCH || adopt_look(m->id.pid, &now) == -1)
		say("%d (%s): it has ended", m->id.pid, m->name);
	else if (error == ETIMEDOUT)
		say("%d (%s): it is in a call to the kernel that cannot be "
		    "interrupted; nothing was changed, try again later",
		    m->id.pid, m->name);
	else if (error == ENOTSUP)
		say("%d (%s): a 32-bit program cannot be adopted on this "
		    "processor",
		    m->id.pid, m->name);
	else if (error != EPERM && error != EACCES)
		say_errno(error, "%d (%s)", m->id.pid, m->name);
	else if (now.tracer != 0)
		explain_tracer(&now);
	else if (geteuid() != 0 && m->uid != geteuid()) {
		user = user_name(m->uid);
		say("%d (%s): it belongs to %s%s: adopt it as that user, or "
		    "with sudo",
		    m->id.pid, m->name,
		    user == NULL || isdigit((unsigned char)*user) ?
			"the user " :
			"",
		    user == NULL ? "that has it" : user);
		free(user);
	} else if (geteuid() != 0 && is_protected(m))
		say("%d (%s): it is protected, as set-uid programs are: only "
		    "root can adopt it: sudo detach --adopt %d",
		    m->id.pid, m->name, m->id.pid);
	else if (!explain_yama(m)) {
		say_errno(error,
		    "%d (%s): tracing it is forbidden here, by a "
		    "container or a security module",
		    m->id.pid, m->name);
		ways_out(m->id.pid, false);
	}
}

bool
adopt_has_ended(const struct member *m)
{
	const struct timespec tick = { 0, 1000000 };
	struct member now;
	int i;

	for (i = 0; i < EXIT_LIMIT; i++) {
		if (adopt_look(m->id.pid, &now) == -1 || now.state == 'Z' ||
		    now.id.start_time != m->id.start_time)
			return true;
		if (!now.no_memory)
			return false;
		nanosleep(&tick, NULL);
	}
	return false;
}

bool
adopt_refuse_member(const struct member *m)
{
	char path[32];
	int fd, error;

	if (m->tracer != 0) {
		explain_tracer(m);
		return true;
	}
	if (has_own_filters(m) && !adopt_suspends_seccomp(m)) {
		say("%d (%s): it runs under a seccomp filter, which may kill "
		    "it for the calls that this needs; root can have the "
		    "filter suspended: sudo DETACH_ADOPT_FORCE=1 detach "
		    "--adopt %d",
		    m->id.pid, m->name, m->id.pid);
		return true;
	}
#ifdef ADOPT_FAULTS
	if (getenv("DETACH_ADOPT_YAMA") != NULL) {
		adopt_explain(m, EACCES);
		return true;
	}
#endif
	/* The same decision as for ptrace(2), and the process is left alone. */
	snprintf(path, sizeof(path), "/proc/%d/mem", m->thread);
	if ((fd = open(path, O_RDWR | O_CLOEXEC)) != -1) {
		close(fd);
		return false;
	}
	error = errno;
	if (adopt_has_ended(m))
		return false; /* that is found out later */
	adopt_explain(m, error);
	return true;
}
