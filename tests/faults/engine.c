/* SPDX-License-Identifier: ISC */
/*
 * A program and all the processes that it makes, under ptrace(2). The
 * harness is a subreaper: what loses its parent becomes its child, so that
 * nothing can be left behind unseen, and no machine's init is asked to reap.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <dirent.h>
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"

#define OPTIONS	(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | \
    PTRACE_O_EXITKILL)
#define LINKER_SIZE	0x80000UL
#define QUIET_MS	12
#define OTHER_MS	20000

static const char *const *let_go;	/* programs */

long
clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000L;
}

long
clock_ms(void)
{
	return clock_us() / 1000;
}

/* The letter of /proc/PID/stat and the parent; 0 if it is not there. */
static char
state_of(pid_t pid, pid_t *ppid)
{
	char path[32], buf[512], *p, state;
	int fd, parent = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	if ((p = strrchr(buf, ')')) == NULL ||
	    sscanf(p, ") %c %d", &state, &parent) != 2)
		return 0;
	if (ppid != NULL)
		*ppid = parent;
	return state;
}

bool
process_there(pid_t pid)
{
	char c = state_of(pid, NULL);

	return c != 0 && c != 'Z' && c != 'X';
}

static struct role *
find(struct run *r, pid_t pid)
{
	int i;

	for (i = 0; i < r->nroles; i++)
		if (r->role[i].pid == pid)
			return &r->role[i];
	return NULL;
}

static struct role *
add(struct run *r, pid_t pid)
{
	struct role *role;

	if (r->nroles == MAXROLES)
		errx(99, "more than %d processes", MAXROLES);
	role = &r->role[r->nroles++];
	memset(role, 0, sizeof(*role));
	role->pid = pid;
	return role;
}

static void
resume(struct role *role, int sig)
{
	if (ptrace(PTRACE_SYSCALL, role->pid, NULL,
	    (void *)(intptr_t)sig) == -1 && errno != ESRCH)
		err(99, "ptrace");
}

static unsigned long
linker_of(pid_t pid)
{
	unsigned long v[2], base = 0;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	while (read(fd, v, sizeof(v)) == sizeof(v) && v[0] != AT_NULL)
		if (v[0] == AT_BASE)
			base = v[1];
	close(fd);
	return base;
}

#ifdef __x86_64__
/* In place of the call, another; or only one byte of it. */
static void
change_call(struct run *r, struct role *role, const struct call *c)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, role->pid, NULL, &regs) == -1)
		return;
	if (r->plan.deed == DEED_SHORT) {
		if (regs.rdx <= 1)
			r->fired = false;
		regs.rdx = regs.rdx > 1 ? 1 : regs.rdx;
	} else {
		role->fake = true;
		role->result = -r->plan.error;
		if (!errors_close(c->nr))
			regs.orig_rax = (unsigned long)-1;
	}
	ptrace(PTRACE_SETREGS, role->pid, NULL, &regs);
}

static void
change_result(struct role *role)
{
	struct user_regs_struct regs;

	role->fake = false;
	if (ptrace(PTRACE_GETREGS, role->pid, NULL, &regs) == -1)
		return;
	regs.rax = (unsigned long)role->result;
	ptrace(PTRACE_SETREGS, role->pid, NULL, &regs);
}
#else
static void
change_call(struct run *r, struct role *role, const struct call *c)
{
	(void)r;
	(void)role;
	(void)c;
}

static void
change_result(struct role *role)
{
	(void)role;
}
#endif

/* The call is not made, or for less, or its result will be another. */
static void
tamper(struct run *r, struct role *role, const struct call *c)
{
	const int *e = errors_of(c);

	/* Where runs differ, it may be another call than was meant. */
	while (*e != 0 && *e != r->plan.error)
		e++;
	if (r->plan.deed == DEED_ERROR && *e == 0)
		return;
	r->fired = true;
	if (r->plan.deed == DEED_KILL)
		kill(role->pid, SIGKILL);
	else
		change_call(r, role, c);
}

/* Only files have disks that can be full or fail. */
static bool
is_file(pid_t pid, int fd)
{
	char path[64], to[8];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	return readlink(path, to, sizeof(to)) > 0 && to[0] == '/';
}

static void
on_syscall(struct run *r, struct role *role)
{
	struct __ptrace_syscall_info info;
	struct call *c;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, role->pid, (void *)sizeof(info),
	    &info) <= 0)
		return;
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY) {
		role->inside = false;
		if (role->fake)
			change_result(role);
		return;
	}
	role->inside = true;
	if (!role->execed || r->ncalls == MAXCALLS)
		return;
	role->last = clock_us();
	if (role->calls == 0)
		role->first = role->last;
	c = &r->call[r->ncalls++];
	c->role = (int)(role - r->role);
	c->index = role->calls++;
	c->nr = (int)info.entry.nr;
	c->channel = !is_file(role->pid, (int)info.entry.args[0]);
	c->arg = (int)info.entry.args[1];
	c->harmless = role->linker != 0 &&
	    info.instruction_pointer - role->linker < LINKER_SIZE;
	if (r->plan.deed != DEED_NONE && r->plan.deed != DEED_MOMENT &&
	    !r->fired && r->plan.role == c->role && r->plan.call == c->index)
		tamper(r, role, c);
}

/* True if it is one of the commands, now let go. */
static bool
on_exec(struct role *role)
{
	char path[32], exe[4096];
	ssize_t n;
	size_t i;

	role->execed = true;
	role->linker = linker_of(role->pid);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)role->pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n < 0 ? 0 : n] = '\0';
	for (i = 0; let_go[i] != NULL; i++)
		if (strcmp(exe, let_go[i]) == 0) {
			role->free = true;
			ptrace(PTRACE_DETACH, role->pid, NULL, NULL);
			return true;
		}
	return false;
}

static void
on_child(struct run *r, pid_t parent)
{
	struct role *role;
	unsigned long pid;

	if (ptrace(PTRACE_GETEVENTMSG, parent, NULL, &pid) == -1)
		return;
	if ((role = find(r, (pid_t)pid)) == NULL)
		role = add(r, (pid_t)pid);
	role->known = true;
	role->execed = true;
	role->linker = find(r, parent)->linker;
	if (role->held) {
		role->held = false;
		resume(role, 0);
	}
}

/* Whoever is killed in fork(2) does not tell of its child: go on without. */
static void
unparented(struct run *r, struct role *role)
{
	pid_t ppid;

	if (state_of(role->pid, &ppid) == 0 || ppid != getpid())
		return;
	role->held = false;
	role->known = role->execed = true;
	role->linker = r->role[r->plan.role].linker;
	resume(role, 0);
}

static void
on_end(struct run *r, pid_t pid, int status)
{
	struct role *role = find(r, pid);
	int i;

	if (pid == r->other) {
		r->other = 0;
		r->other_status = status;
	}
	if (role == NULL)
		return;
	role->pid = 0;
	if (role == &r->role[0])
		r->status = status;
	for (i = 0; i < r->nroles; i++)
		if (r->role[i].held)
			unparented(r, &r->role[i]);
}

static void
on_stop(struct run *r, pid_t pid, int status)
{
	struct role *role = find(r, pid);
	int sig = WSTOPSIG(status);

	if (role == NULL) {		/* its parent has not told of it yet */
		role = add(r, pid);
		role->held = true;
		unparented(r, role);
		return;
	}
	switch (status >> 16) {
	case 0:
		if (sig == (SIGTRAP | 0x80)) {
			on_syscall(r, role);
			sig = 0;
		}
		resume(role, sig);
		break;
	case PTRACE_EVENT_EXEC:
		if (!on_exec(role))
			resume(role, 0);
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		on_child(r, pid);
		resume(role, 0);
		break;
	case PTRACE_EVENT_STOP:
		if (sig == SIGTRAP && role->known)
			resume(role, 0);
		else if (sig == SIGTRAP)
			role->held = true;
		else
			ptrace(PTRACE_LISTEN, pid, NULL, NULL);
		break;
	default:
		resume(role, 0);
	}
}

static void
collect(struct run *r)
{
	ssize_t n;

	while (r->outlen < sizeof(r->out) - 1 && (n = read(r->pipe,
	    r->out + r->outlen, sizeof(r->out) - 1 - r->outlen)) > 0)
		r->outlen += (size_t)n;
	r->out[r->outlen] = '\0';
}

/* us until a kill's moment, 0 if it has come; -1 if there is none ahead. */
static long
until_moment(const struct run *r)
{
	const struct role *role = &r->role[r->plan.role];
	long left;

	if (r->plan.deed != DEED_MOMENT || r->plan.role >= r->nroles ||
	    role->calls == 0)
		return -1;
	left = role->first + r->plan.moment - clock_us();
	return left > 0 ? left : 0;
}

/* A kill whose moment has come. Traced and not yet let go, it is ours. */
static void
strike(struct run *r)
{
	struct role *role = &r->role[r->plan.role];

	if (until_moment(r) != 0)
		return;
	r->plan.deed = DEED_NONE;
	if (role->pid == 0 || role->free || !process_there(role->pid))
		return;
	kill(role->pid, SIGKILL);
	r->plan.deed = DEED_KILL;
	r->plan.call = role->calls - 1;
	r->fired = true;
}

/* All that has happened by now. False if nothing has. */
static bool
events(struct run *r)
{
	bool any = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
		any = true;
		if (WIFSTOPPED(status))
			on_stop(r, pid, status);
		else
			on_end(r, pid, status);
		strike(r);
	}
	strike(r);
	if (any)
		r->moved = clock_ms();
	return any;
}

/* Until something happens, 2 ms, or a kill's moment. */
static void
pause_a_little(const struct run *r)
{
	struct timespec t = { 0, 2000000 };
	long left = until_moment(r);
	sigset_t set;

	if (left != -1 && left < 2000)
		t.tv_nsec = left * 1000;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &t);
}

/* Ended: nothing traced is left. Quiet: what is left sleeps in the kernel. */
static bool
settled(struct run *r, enum follow *how)
{
	int i, left = 0, asleep = 0;
	char c;

	for (i = 0; i < r->nroles; i++) {
		if (r->role[i].pid == 0 || r->role[i].free)
			continue;
		left++;
		c = state_of(r->role[i].pid, NULL);
		if (r->role[i].inside && (c == 'S' || c == 'D'))
			asleep++;
	}
	*how = left == 0 ? FOLLOW_ENDED : FOLLOW_QUIET;
	return left == 0 || (left == asleep &&
	    clock_ms() - r->moved >= QUIET_MS);
}

enum follow
run_follow(struct run *r, int ms)
{
	long end = clock_ms() + ms;
	enum follow how;

	for (;;) {
		if (events(r))
			continue;
		collect(r);
		if (settled(r, &how))
			return how;
		if (clock_ms() >= end)
			return FOLLOW_TIMEOUT;
		pause_a_little(r);
	}
}

static void
child(char *const argv[], int out, int go)
{
	sigset_t none;
	char c;

	setpgid(0, 0);
	if (go != -1 && read(go, &c, 1) != 1)
		_exit(99);
	dup2(out, 1);
	dup2(out, 2);
	close(out);
	if (go != -1)
		close(go);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(argv[0], argv);
	_exit(99);
}

void
run_alone(void)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1)
		err(99, "prctl");
}

void
run_start(struct run *r, char *const argv[], const struct plan *plan,
    const char *const *commands)
{
	int out[2], go[2];
	pid_t pid;

	let_go = commands;
	memset(r, 0, sizeof(*r));
	r->plan = *plan;
	r->status = -1;
	if (pipe2(out, O_NONBLOCK | O_CLOEXEC) == -1 ||
	    pipe2(go, O_CLOEXEC) == -1)
		err(99, "pipe");
	/* The reader alone must not wait. */
	if (fcntl(out[1], F_SETFL, 0) == -1 || (pid = fork()) == -1)
		err(99, "fork");
	if (pid == 0)
		child(argv, out[1], go[0]);
	close(go[0]);
	close(out[1]);
	r->pipe = out[0];
	add(r, pid)->known = true;
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)OPTIONS) == -1)
		err(99, "ptrace");
	/* So that its system calls are seen from now on. */
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	if (write(go[1], "", 1) != 1)
		err(99, "pipe");
	close(go[1]);
	r->moved = clock_ms();
}

int
run_other(struct run *r, char *const argv[], char *out, size_t size)
{
	long end = clock_ms() + OTHER_MS;
	char path[4096];
	ssize_t n = 0;
	pid_t pid;
	int fd;

	snprintf(path, sizeof(path), "%s.other", work);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
	    0600);
	if (fd == -1 || (pid = fork()) == -1)
		err(99, "%s", path);
	if (pid == 0)
		child(argv, fd, -1);
	r->other = pid;
	while (r->other != 0 && clock_ms() < end)
		if (!events(r))
			pause_a_little(r);
	if (out != NULL) {
		n = pread(fd, out, size - 1, 0);
		out[n < 0 ? 0 : n] = '\0';
	}
	close(fd);
	if (r->other != 0) {
		kill(pid, SIGKILL);
		return -1;
	}
	return WIFSIGNALED(r->other_status) ?
	    128 + WTERMSIG(r->other_status) : WEXITSTATUS(r->other_status);
}

/* How many children are alive; sig is sent to each child, dead or alive. */
static int
children(pid_t but, pid_t mine, int sig)
{
	struct dirent *e;
	pid_t pid, ppid;
	int n = 0;
	char c;
	DIR *d;

	if ((d = opendir("/proc")) == NULL)
		err(99, "/proc");
	while ((e = readdir(d)) != NULL) {
		if ((pid = atoi(e->d_name)) <= 0 || pid == but ||
		    (c = state_of(pid, &ppid)) == 0 || ppid != mine)
			continue;
		if (c != 'Z' && c != 'X')
			n++;
		kill(pid, sig);
	}
	closedir(d);
	return n;
}

int
run_clean(struct run *r, pid_t but)
{
	long end = clock_ms() + 10000;
	int left = 0, status;
	pid_t pid;

	/* One made just as its parent was killed ends by itself, if it may. */
	while (children(but, getpid(), 0) > 0 && clock_ms() < end - 9000)
		if (!events(r))
			pause_a_little(r);
	/* A child's own children become ours only as it is reaped. */
	while (clock_ms() < end) {
		pid = waitpid(-1, &status, __WALL | WNOHANG);
		if (pid == -1)
			break;
		if (pid > 0 && WIFSTOPPED(status))
			ptrace(PTRACE_CONT, pid, NULL, NULL);
		if (pid > 0)
			continue;
		if (but != 0 && children(but, getpid(), SIGKILL) == 0)
			break;
		if (but == 0)
			left += children(0, getpid(), SIGKILL);
		pause_a_little(r);
	}
	collect(r);
	close(r->pipe);
	return left;
}
