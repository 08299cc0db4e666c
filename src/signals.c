/* SPDX-License-Identifier: ISC */
/*
 * Signals: names and numbers, and the only place that changes dispositions
 * and masks.
 *
 * Raw system calls are used where the C library would not let its own
 * signals (32, 33 and, in musl, 34) be touched: a caller may have left them
 * blocked or ignored, too. No call here can fail, so errno, which a child
 * that shares its parent's memory shares as well, is not written.
 *
 * Real-time signals are named from 34 on, as kill(1), bash and glibc do,
 * whatever the C library: the keeper may be linked with another one.
 */
#include "config.h"

#include <sys/signalfd.h>
#include <sys/syscall.h>

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "signals.h"

#define NSIGNALS 64
#define RTMIN	 34
#define RTMAX	 64

/* The kernel's own set: one bit a signal. */
#define KERNEL_SET_SIZE (NSIGNALS / 8)

struct signal_name {
	const char *name;
	int signo;
};

/* Of two names for one number, the first is the one shown. */
static const struct signal_name names[] = {
	{ "HUP", SIGHUP },
	{ "INT", SIGINT },
	{ "QUIT", SIGQUIT },
	{ "ILL", SIGILL },
	{ "TRAP", SIGTRAP },
	{ "ABRT", SIGABRT },
	{ "BUS", SIGBUS },
	{ "FPE", SIGFPE },
	{ "KILL", SIGKILL },
	{ "USR1", SIGUSR1 },
	{ "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },
	{ "PIPE", SIGPIPE },
	{ "ALRM", SIGALRM },
	{ "TERM", SIGTERM },
#ifdef SIGSTKFLT
	{ "STKFLT", SIGSTKFLT },
#endif
#ifdef SIGEMT
	{ "EMT", SIGEMT },
#endif
	{ "CHLD", SIGCHLD },
	{ "CONT", SIGCONT },
	{ "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },
	{ "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU },
	{ "URG", SIGURG },
	{ "XCPU", SIGXCPU },
	{ "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM },
	{ "PROF", SIGPROF },
	{ "WINCH", SIGWINCH },
	{ "IO", SIGIO },
	{ "PWR", SIGPWR },
	{ "SYS", SIGSYS },
	{ "IOT", SIGABRT },
	{ "CLD", SIGCHLD },
	{ "POLL", SIGIO },
};

#define NNAMES (sizeof(names) / sizeof(names[0]))

/* One or two digits, and no more: 0 to 99; else -1. */
static int
small_number(const char *s)
{
	int n = 0, digits = 0;

	for (; *s >= '0' && *s <= '9' && digits < 2; s++, digits++)
		n = n * 10 + (*s - '0');
	return digits > 0 && *s == '\0' ? n : -1;
}

/* "RTMIN", "RTMIN+N", "RTMAX", "RTMAX-N"; else -1. */
static int
realtime_number(const char *s)
{
	int n = 0;

	if (strncasecmp(s, "RTMIN", 5) == 0) {
		if (s[5] == '+')
			n = small_number(s + 6);
		else if (s[5] != '\0')
			return -1;
		return n >= 0 && n <= RTMAX - RTMIN ? RTMIN + n : -1;
	}
	if (strncasecmp(s, "RTMAX", 5) == 0) {
		if (s[5] == '-')
			n = small_number(s + 6);
		else if (s[5] != '\0')
			return -1;
		return n >= 0 && n <= RTMAX - RTMIN ? RTMAX - n : -1;
	}
	return -1;
}

int
signals_number(const char *name)
{
	size_t i;
	int n;

	if ((n = small_number(name)) != -1) {
		if (n <= NSIGNALS)
			return n;
		errno = EINVAL;
		return -1;
	}
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (i = 0; i < NNAMES; i++) {
		if (strcasecmp(name, names[i].name) == 0)
			return names[i].signo;
	}
	if ((n = realtime_number(name)) == -1)
		errno = EINVAL;
	return n;
}

/* n (0 to 99) in decimal at p; returns its end. */
static char *
put_number(char *p, int n)
{
	if (n > 9)
		*p++ = (char)('0' + n / 10);
	*p++ = (char)('0' + n % 10);
	*p = '\0';
	return p;
}

char *
signals_name(int signo, char *buf, size_t size)
{
	char text[16];
	char *p;
	size_t i, len;

	if (size == 0)
		return buf;
	for (i = 0; i < NNAMES && names[i].signo != signo; i++)
		continue;
	if (i < NNAMES)
		memcpy(text, names[i].name, strlen(names[i].name) + 1);
	else if (signo >= RTMIN && signo <= RTMAX) {
		memcpy(text, "RTMIN", sizeof("RTMIN"));
		if (signo > RTMIN) {
			p = text + 5;
			*p++ = '+';
			put_number(p, signo - RTMIN);
		}
	} else
		put_number(text, signo >= 0 && signo <= 99 ? signo : 0);
	len = strlen(text);
	if (len >= size)
		len = size - 1;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return buf;
}

/* rt_sigprocmask(2) as it is; the C library's set is longer. */
static void
kernel_mask(int how, const sigset_t *set, sigset_t *old)
{
	(void)syscall(SYS_rt_sigprocmask, how, set, old, KERNEL_SET_SIZE);
}

void
signals_block(sigset_t *old)
{
	sigset_t all;

	memset(&all, 0xff, sizeof(all));
	if (old != NULL)
		memset(old, 0, sizeof(*old));
	kernel_mask(SIG_SETMASK, &all, old);
}

void
signals_restore(const sigset_t *old)
{
	kernel_mask(SIG_SETMASK, old, NULL);
}

/* Default for all but one; 0: for all. */
static void
default_but(int other)
{
	/*
	 * The kernel's struct sigaction is laid out otherwise than the C
	 * library's, and not everywhere alike: but default, no flags and no
	 * mask is all zeros on every architecture.
	 */
	static const unsigned long zeros[16];
	int s;

	for (s = 1; s <= NSIGNALS; s++) {
		if (s != SIGKILL && s != SIGSTOP && s != other)
			(void)syscall(SYS_rt_sigaction, s, zeros, NULL,
			    KERNEL_SET_SIZE);
	}
}

void
signals_default(void)
{
	default_but(0);
}

/* SIGHUP ignored, the rest default. */
static void
ignore_hangup(void)
{
	struct sigaction ignore;

	default_but(SIGHUP);
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	(void)sigaction(SIGHUP, &ignore, NULL);
}

void
signals_unblock(void)
{
	sigset_t none;

	memset(&none, 0, sizeof(none));
	kernel_mask(SIG_SETMASK, &none, NULL);
}

void
signals_for_command(void)
{
	ignore_hangup();
	/* Last, when no signal can do harm any more. */
	signals_unblock();
}

void
signals_for_keeper(void)
{
	ignore_hangup();
	signals_block(NULL);
}

bool
signals_pending(const sigset_t *mask)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	struct sigaction sa;
	sigset_t pending;
	size_t i;

	if (sigpending(&pending) == -1 || sigisemptyset(&pending))
		return false;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (sigismember(&pending, ends[i]) == 1 &&
		    sigismember(mask, ends[i]) == 0 &&
		    sigaction(ends[i], NULL, &sa) == 0 &&
		    sa.sa_handler != SIG_IGN)
			return true;
	return false;
}

void
signals_reap(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	(void)sigaction(SIGCHLD, &sa, NULL);
}

int
signals_fd(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
