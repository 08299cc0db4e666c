/* SPDX-License-Identifier: ISC */
/*
 * The keeper. It sleeps in one poll(2), on a signalfd(2) and, for an adopted
 * command, a pidfd; with all signals blocked there is no moment at which one
 * could be missed. The order at the end is the promise: how it ended is on
 * record before the pidfile goes and the locks are released.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "keeper.h"
#include "pidfile.h"
#include "process.h"
#include "signals.h"
#include "statedir.h"

#define NSEC	      INT64_C(1000000000)
#define LATER_MS      100 /* until what failed is tried again */
#define EDIT_TRIES    50
#define REAP_PATIENCE (60 * NSEC) /* for an adopted command's parent */

static int64_t
boottime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

/* Written and read as a whole, as a pipe does with so little. */
struct telling {
	int64_t at; /* CLOCK_BOOTTIME in ns */
	char word;
};

int
keeper_tell(int ready, char word)
{
	struct telling t = { .at = boottime(), .word = word };

	return write(ready, &t, sizeof(t)) == sizeof(t) ? 0 : -1;
}

int
keeper_launched(int ready, int64_t *since)
{
	struct telling t = { .at = boottime(), .word = KEEPER_FAILED };
	ssize_t n;

	while ((n = read(ready, &t, sizeof(t))) > 0 ||
	    (n == -1 && errno == EINTR))
		continue;
	*since = t.at;
	return n == 0 && t.word == KEEPER_READY ? 0 : -1;
}

static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool
tells_to_end(int signo)
{
	return signo == SIGTERM || signo == SIGINT || signo == SIGQUIT;
}

bool
keeper_pause(int signals, int64_t ns)
{
	struct signalfd_siginfo si;
	struct pollfd pfd = { .fd = signals, .events = POLLIN };
	int64_t end = boottime(), left;

	end = ns > INT64_MAX - end ? INT64_MAX : end + ns;
	while ((left = end - boottime()) > 0) {
		/* Rounded up, lest the last millisecond be spent spinning. */
		left = left / 1000000 + 1;
		if (poll(&pfd, 1, left > 3600000 ? 3600000 : (int)left) < 1)
			continue;
		while (read(signals, &si, sizeof(si)) == sizeof(si))
			if (tells_to_end((int)si.ssi_signo))
				return true;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
	}
	return false;
}

/* Pass on what has come. */
static void
forward(const struct keeper *k, int signals, bool running,
    struct keeper_end *end)
{
	struct signalfd_siginfo si;
	int signo;

	while (read(signals, &si, sizeof(si)) == sizeof(si)) {
		signo = (int)si.ssi_signo;
		if (signo == SIGCHLD)
			continue;
		if (tells_to_end(signo))
			end->told = true;
		/* Our own child is not reaped yet: the pid is still its. */
		if (k->pidfd != -1)
			process_pidfd_signal(k->pidfd, signo);
		else if (running)
			kill(end->command, signo);
	}
}

/* Reap what has ended. True if nothing is left to wait for. */
static bool
reap(const struct keeper *k, bool *running, struct keeper_end *end)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0 ||
	    (pid == -1 && errno == EINTR))
		if (pid == end->command && *running) {
			*running = false;
			end->known = true;
			end->status = status;
		}
	if (pid == -1 && errno == ECHILD)
		return true;
	return !*running && !k->tree;
}

/* An adopted command has ended; its parent, not we, can tell how. */
static bool
ask(const struct keeper *k, struct keeper_end *end)
{
	end->known =
	    process_exit_status(k->pidfd, REAP_PATIENCE, &end->status) == 0;
	return true;
}

/*
 * Wait until the run has ended, and say how. A machine that has no descriptor
 * to give for the signals is asked again, and until then looked after.
 */
static void
wait_for_end(const struct keeper *k, int *signals, struct keeper_end *end)
{
	struct pollfd pfd[2] = {
		{ .events = POLLIN },
		{ .fd = k->pidfd, .events = POLLIN },
	};
	bool running = true, over = false;

	end->known = false;
	while (!over) {
		if (*signals == -1)
			*signals = open_signals();
		pfd[0].fd = *signals;
		/* Children first: one may have ended before the signalfd. */
		if (k->pidfd == -1)
			over = reap(k, &running, end);
		else if ((pfd[1].revents & POLLIN) != 0)
			over = ask(k, end);
		if (!over && poll(pfd, 2, *signals == -1 ? LATER_MS : -1) > 0)
			forward(k, *signals, running, end);
	}
	end->elapsed = boottime() - end->since;
	clock_gettime(CLOCK_REALTIME, &end->ended);
}

/* SEC.NSEC, as records have times. */
static char *
time_text(char *buf, size_t size, int64_t sec, int64_t nsec)
{
	char *frac, *p;

	/* The point goes over the NUL that ends the seconds. */
	frac = keeper_number(buf, size, (uint64_t)nsec, 9);
	p = keeper_number(buf, (size_t)(frac - buf), (uint64_t)sec, 1);
	frac[-1] = '.';
	return p;
}

static void
record_end(const struct keeper *k, const struct keeper_end *end)
{
	char ended[48], elapsed[48], code[16], name[16];
	const struct timespec later = { 0, LATER_MS * 1000000L };
	struct keeper_line lines[5];
	size_t n = 0;
	int tries;

	lines[n++] = (struct keeper_line){ "ended",
		time_text(ended, sizeof(ended), end->ended.tv_sec,
		    end->ended.tv_nsec) };
	lines[n++] = (struct keeper_line){ "elapsed",
		time_text(elapsed, sizeof(elapsed), end->elapsed / NSEC,
		    end->elapsed % NSEC) };
	if (end->known && WIFEXITED(end->status))
		lines[n++] = (struct keeper_line){ "exit_status",
			keeper_number(code, sizeof(code),
			    (uint64_t)WEXITSTATUS(end->status), 1) };
	else if (end->known && WIFSIGNALED(end->status)) {
		lines[n++] = (struct keeper_line){ "signal",
			signals_name(WTERMSIG(end->status), name,
			    sizeof(name)) };
		lines[n++] = (struct keeper_line){ "core",
			WCOREDUMP(end->status) ? "1" : "0" };
	}
	/* What a machine lacks for a moment must not cost the result (J2). */
	for (tries = 0; keeper_edit(k->dirfd, lines, n, true) == -1 &&
	     errno != ENOENT && tries < EDIT_TRIES;
	     tries++)
		nanosleep(&later, NULL);
}

_Noreturn void
keeper_run(const struct keeper *k)
{
	struct keeper_end end = { .command = k->command, .since = k->since };
	pid_t pid;
	int signals;

	/* A launched keeper was born so (child.c). */
	if (k->ready == -1)
		signals_for_keeper();
	/* Come through exec open; nothing that is started may have them. */
	fcntl(k->dirfd, F_SETFD, FD_CLOEXEC);
	fcntl(k->pidfile, F_SETFD, FD_CLOEXEC);
	fcntl(k->pidfile_dirfd, F_SETFD, FD_CLOEXEC);
	signals = open_signals();
	if (k->ready != -1 && keeper_launched(k->ready, &end.since) == -1) {
		/* The launcher takes everything back. */
		waitpid(k->command, NULL, 0);
		_exit(0);
	}
	if (k->ready != -1)
		close(k->ready);
	for (;;) {
		wait_for_end(k, &signals, &end);
		if (k->again == NULL ||
		    (pid = k->again(k->arg, signals, &end)) == 0)
			break;
		end.command = pid;
	}
	record_end(k, &end);
	pidfile_drop(k->pidfile, k->pidfile_dirfd, k->pidfile_name);
	flock(k->pidfile, LOCK_UN);
	flock(k->dirfd, LOCK_UN);
	if (k->ended != NULL)
		k->ended(k->arg, &end);
	_exit(0);
}
