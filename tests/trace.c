/* SPDX-License-Identifier: ISC */
/*
 * trace [-o FILE] [-k ROLE:N:SIGNAL] [-w ROLE:MS] launcher [argument ...]
 *
 * Runs a launcher and the processes that it makes under ptrace(2), to look
 * at moments that chance would hit once in a thousand runs.  Processes are
 * called by their role: 0 is the launcher, 1 the first process that was
 * made, 2 the second and so on.  Each is let go as it execs a command.
 *
 *	-k	send the signal to the role as it enters its Nth system call,
 *		counted from 1; the launcher's count begins after its exec
 *	-w	hold the role for so long where it is about to end
 *	-o	write what was seen:
 *		calls ROLE N E	entered N system calls; the Eth was the first
 *				execve, 0 if none
 *		exec ROLE PID PPID LEFT	exec'd when its parent was PPID, while
 *				LEFT of the other processes that the launcher
 *				had made and that had not exec'd were still
 *				there, zombies included
 *
 * Exit status: the launcher's, 128+N if a signal N has ended it; 99 if it
 * could not be traced.
 */

#define _GNU_SOURCE
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAXROLES	64
#define EX_TRACE	99
#define NOBODY		-1	/* for a role: no signal to send */
#define DONE		-2	/* the signal has been sent */
#define GRACE		2000	/* ms for the others, once the launcher ended */
#define LIFETIME	60	/* seconds until everything is let go */

struct role {
	pid_t	pid;
	int	gone;		/* ended or let go */
	int	execed;
	int	calls;
	int	execve;		/* which call was the first execve */
};

struct trace {
	struct role	 roles[MAXROLES];
	int		 n;
	int		 killrole, killcall, killsig;
	int		 waitrole, waitms;
	pid_t		 held;		/* 0: nobody */
	long		 holdend;	/* as of now_ms() */
	int		 status;	/* the launcher's, -1 while it runs */
	FILE		*report;
};

static int
find(struct trace *t, pid_t pid)
{
	int i;

	for (i = 0; i < t->n; i++)
		if (t->roles[i].pid == pid)
			return i;
	if (t->n == MAXROLES)
		errx(EX_TRACE, "more than %d processes", MAXROLES);
	memset(&t->roles[t->n], 0, sizeof(t->roles[0]));
	t->roles[t->n].pid = pid;
	return t->n++;
}

static pid_t
parent(pid_t pid)
{
	char path[64], line[256];
	int ppid = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "PPid: %d", &ppid) == 1)
			break;
	fclose(f);
	return ppid;
}

static int
left(const struct trace *t, int but)
{
	char path[64];
	int i, n = 0;

	for (i = 1; i < t->n; i++) {
		snprintf(path, sizeof(path), "/proc/%d",
		    (int)t->roles[i].pid);
		if (i != but && !t->roles[i].execed && access(path, F_OK) == 0)
			n++;
	}
	return n;
}

static void
resume(const struct trace *t, pid_t pid, int sig)
{
	/* Nothing more to count once the signal has been sent. */
	if (ptrace(t->killrole == DONE ? PTRACE_CONT : PTRACE_SYSCALL, pid,
	    NULL, (void *)(intptr_t)sig) == -1 && errno != ESRCH)
		err(EX_TRACE, "ptrace");
}

static void
onsyscall(struct trace *t, int i)
{
	struct __ptrace_syscall_info info;
	struct role *r = &t->roles[i];

	if (ptrace(PTRACE_GET_SYSCALL_INFO, r->pid, (void *)sizeof(info),
	    &info) > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		r->calls++;
		if (r->execve == 0 && (info.entry.nr == SYS_execve ||
		    info.entry.nr == SYS_execveat))
			r->execve = r->calls;
		if (i == t->killrole && r->calls == t->killcall) {
			kill(r->pid, t->killsig);
			t->killrole = DONE;
		}
	}
	resume(t, r->pid, 0);
}

static void
onexec(struct trace *t, int i)
{
	struct role *r = &t->roles[i];

	if (i == 0 && !r->execed) {	/* the launcher has become itself */
		r->execed = 1;
		r->calls = r->execve = 0;
		resume(t, r->pid, 0);
		return;
	}
	if (t->report != NULL)
		fprintf(t->report, "exec %d %d %d %d\n", i, (int)r->pid,
		    (int)parent(r->pid), left(t, i));
	r->execed = r->gone = 1;
	ptrace(PTRACE_DETACH, r->pid, NULL, NULL);
}

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

/* One change of one process's state. */
static void
onevent(struct trace *t, pid_t pid, int status)
{
	int i = find(t, pid), sig;

	if (!WIFSTOPPED(status)) {
		t->roles[i].gone = 1;
		if (i == 0)
			t->status = status;
		return;
	}
	sig = WSTOPSIG(status);
	switch (status >> 16) {
	case 0:
		if (sig == (SIGTRAP | 0x80))
			onsyscall(t, i);
		else
			resume(t, pid, sig);
		break;
	case PTRACE_EVENT_EXEC:
		onexec(t, i);
		break;
	case PTRACE_EVENT_EXIT:
		if (i == t->waitrole) {
			t->held = pid;
			t->holdend = now_ms() + t->waitms;
		} else
			resume(t, pid, 0);
		break;
	case PTRACE_EVENT_STOP:
		if (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
		    sig == SIGTTOU)
			ptrace(PTRACE_LISTEN, pid, NULL, NULL);
		else
			resume(t, pid, 0);
		break;
	default:
		resume(t, pid, 0);
	}
}

/* Somebody has neither ended nor been let go. */
static int
pending(const struct trace *t)
{
	int i;

	for (i = 0; i < t->n; i++)
		if (!t->roles[i].gone)
			return 1;
	return 0;
}

/*
 * Until the launcher has ended, and, for a bounded time, until the others
 * have or have exec'd: that may be told after the launcher's own end.
 */
static void
follow(struct trace *t)
{
	const struct timespec pause = { 0, 1000000L };
	long end = 0;
	int status;
	pid_t pid;

	while (t->status == -1 || (pending(t) && now_ms() < end)) {
		pid = waitpid(-1, &status, __WALL |
		    (t->held != 0 || t->status != -1 ? WNOHANG : 0));
		if (pid == -1)
			err(EX_TRACE, "waitpid");
		if (pid != 0) {
			onevent(t, pid, status);
			if (t->status != -1 && end == 0)
				end = now_ms() + GRACE;
			continue;
		}
		nanosleep(&pause, NULL);
		if (t->held != 0 && now_ms() >= t->holdend) {
			pid = t->held;
			t->held = 0;
			t->waitrole = NOBODY;
			resume(t, pid, 0);
		}
	}
}

static void
start(struct trace *t, char *argv[])
{
	const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
	    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT |
	    PTRACE_O_TRACESYSGOOD;
	int go[2];
	pid_t pid;
	char c;

	if (pipe(go) == -1 || (pid = fork()) == -1)
		err(EX_TRACE, "fork");
	if (pid == 0) {
		close(go[1]);
		if (read(go[0], &c, 1) != 1)
			_exit(EX_TRACE);
		close(go[0]);
		execvp(argv[0], argv);
		_exit(EX_TRACE);
	}
	close(go[0]);
	find(t, pid);
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) == -1)
		err(EX_TRACE, "ptrace");
	if (write(go[1], "", 1) != 1)
		err(EX_TRACE, "pipe");
	close(go[1]);
}

static void
report(const struct trace *t)
{
	int i;

	if (t->report == NULL)
		return;
	for (i = 0; i < t->n; i++)
		fprintf(t->report, "calls %d %d %d\n", i, t->roles[i].calls,
		    t->roles[i].execve);
	if (fclose(t->report) != 0)
		err(EX_TRACE, "report");
}

int
main(int argc, char *argv[])
{
	/* NOBODY, not DONE: all calls are counted. */
	struct trace t = { .killrole = NOBODY, .waitrole = NOBODY,
	    .status = -1 };
	int ch;

	while ((ch = getopt(argc, argv, "+k:o:w:")) != -1) {
		switch (ch) {
		case 'k':
			if (sscanf(optarg, "%d:%d:%d", &t.killrole,
			    &t.killcall, &t.killsig) != 3)
				errx(EX_TRACE, "-k ROLE:N:SIGNAL");
			break;
		case 'o':
			if ((t.report = fopen(optarg, "we")) == NULL)
				err(EX_TRACE, "%s", optarg);
			break;
		case 'w':
			if (sscanf(optarg, "%d:%d", &t.waitrole,
			    &t.waitms) != 2)
				errx(EX_TRACE, "-w ROLE:MS");
			break;
		default:
			return EX_TRACE;
		}
	}
	argv += optind;
	if (argv[0] == NULL)
		errx(EX_TRACE, "nothing to trace");
	alarm(LIFETIME);
	start(&t, argv);
	follow(&t);
	report(&t);
	if (WIFSIGNALED(t.status))
		return 128 + WTERMSIG(t.status);
	return WEXITSTATUS(t.status);
}
