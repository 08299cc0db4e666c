/* SPDX-License-Identifier: ISC */
/*
 * check STATE SCENARIO
 *
 * A program that watches itself while it is adopted again and again.  It runs
 * the scenario (or, for "all", one in each of many threads), in which every
 * call says how it must end: a wait that ends early, an EINTR that no handler
 * explains, a byte or a count that is wrong is an anomaly.  When its
 * descriptors are found moved, it checks what else the adoption has left, and
 * opens its terminal again on 0 to 2 for the next one.
 *
 * STATE is a file that it shares with tests/adopt/stress, which asks for the
 * adoptions: see struct state there.  SIGTERM ends it, with a line for each
 * scenario; exit status 0 if there was no anomaly.
 */

#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "state.h"

#define LIMIT	0.05	/* seconds, of a wait that nothing ends */

struct scenario {
	const char	*name;
	void		(*once)(struct scenario *);
	long		 ops;
	long		 bad;
	char		 why[120];
	int		 a, b;		/* its descriptors or ids */
	pthread_t	 peer;
};

static struct state *state;
static char terminal[64];
static volatile sig_atomic_t over;
static _Thread_local volatile sig_atomic_t handled;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void __attribute__((format(printf, 2, 3)))
bad(struct scenario *s, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (over)
		return;		/* SIGTERM has a handler */
	if (s->bad++ == 0) {
		va_start(ap, fmt);
		vsnprintf(s->why, sizeof(s->why), fmt, ap);
		va_end(ap);
		snprintf(s->why + strlen(s->why),
		    sizeof(s->why) - strlen(s->why), " (errno %d)", saved);
	}
}

/* A wait that only its limit ends: r is the result, want the one expected. */
static void
timed(struct scenario *s, double since, long r, long want, int error)
{
	if (r != want || (want == -1 && errno != error))
		bad(s, "returned %ld", r);
	else if (now() - since < LIMIT - 0.002)
		bad(s, "%.1f ms early", (LIMIT - (now() - since)) * 1e3);
	s->ops++;
}

static struct timespec
limit(void)
{
	return (struct timespec){ 0, (long)(LIMIT * 1e9) };
}

/* ---- waits with a limit ------------------------------------------------ */

static void
do_nanosleep(struct scenario *s)
{
	struct timespec ts = limit();
	double t = now();

	timed(s, t, nanosleep(&ts, NULL), 0, 0);
}

static void
do_poll(struct scenario *s)
{
	struct pollfd p = { .fd = s->a, .events = POLLIN };
	double t = now();

	timed(s, t, poll(&p, 1, (int)(LIMIT * 1e3)), 0, 0);
}

static void
do_ppoll(struct scenario *s)
{
	struct pollfd p = { .fd = s->a, .events = POLLIN };
	struct timespec ts = limit();
	double t = now();

	timed(s, t, ppoll(&p, 1, &ts, NULL), 0, 0);
}

static void
do_select(struct scenario *s)
{
	struct timeval tv = { 0, (long)(LIMIT * 1e6) };
	double t = now();
	fd_set set;

	FD_ZERO(&set);
	FD_SET(s->a, &set);
	timed(s, t, select(s->a + 1, &set, NULL, NULL, &tv), 0, 0);
}

static void
do_futex(struct scenario *s)
{
	struct timespec ts = limit();
	int word = 0;
	double t = now();

	timed(s, t, syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &ts, NULL,
	    0), -1, ETIMEDOUT);
}

static void
do_epoll(struct scenario *s)
{
	struct epoll_event ev;
	double t = now();

	timed(s, t, epoll_wait(s->b, &ev, 1, (int)(LIMIT * 1e3)), 0, 0);
}

static void
do_semaphore(struct scenario *s)
{
	struct sembuf down = { 0, -1, 0 };
	struct timespec ts = limit();
	double t = now();

	timed(s, t, semtimedop(s->a, &down, 1, &ts), -1, EAGAIN);
}

static void
do_sigwait(struct scenario *s)
{
	struct timespec ts = limit();
	sigset_t set;
	double t = now();

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	timed(s, t, sigtimedwait(&set, NULL, &ts), -1, EAGAIN);
}

static void
do_recv(struct scenario *s)
{
	double t = now();
	char c;

	timed(s, t, recv(s->a, &c, 1, 0), -1, EAGAIN);
}

/* ---- waits that somebody ends ------------------------------------------ */

static void *
feeder(void *arg)
{
	struct timespec ts = { 0, 3000000 };
	unsigned char n = 0;

	while (write((int)(intptr_t)arg, &n, 1) == 1) {
		n++;
		nanosleep(&ts, NULL);
	}
	return NULL;
}

static void
do_read(struct scenario *s)
{
	unsigned char c;

	if (read(s->a, &c, 1) != 1)
		bad(s, "read");
	else if (c != (unsigned char)s->ops)
		bad(s, "byte %d instead of %ld", c, s->ops & 255);
	s->ops++;
}

static void
do_epollread(struct scenario *s)
{
	struct epoll_event ev;
	int n = epoll_wait(s->b, &ev, 1, -1);

	if (n != 1)
		bad(s, "epoll_wait returned %d", n);
	else
		do_read(s);
}

static void
on_alarm(int sig)
{
	(void)sig;
	handled++;
}

/* pause() ends after a handler and for nothing else; none may be lost. */
static void
do_pause(struct scenario *s)
{
	struct itimerval it = { { 0, 0 }, { 0, 5000 } };
	sigset_t alarm_only, all;
	double t = now();

	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm_only, &all);
	sigdelset(&all, SIGALRM);
	handled = 0;
	setitimer(ITIMER_REAL, &it, NULL);
	if (sigsuspend(&all) != -1 || errno != EINTR)
		bad(s, "sigsuspend");
	if (handled != 1)
		bad(s, "%d handlers ran", (int)handled);
	if (now() - t > 5)
		bad(s, "a wakeup was lost for %.0f s", now() - t);
	s->ops++;
}

/* ---- work -------------------------------------------------------------- */

static void
do_registers(struct scenario *s)
{
	static double expected;
	static unsigned long expected_word;
	volatile double x = 1.25;
	volatile unsigned long w = 12345;
	double a = x, b = x + 1, c = x * 3;
	unsigned long u = w, v = ~w;
	int i;

	for (i = 0; i < 20000; i++) {
		a = a * 0.999 + c;
		b = b * 0.5 + a;
		c = c * 0.25 - b * 0.125;
		u += v;
		v ^= u << 5;
		u = (u << 13) | (u >> (sizeof(u) * 8 - 13));
	}
	if (expected == 0) {
		expected = a + b + c;
		expected_word = u ^ v;
	} else if (expected != a + b + c || expected_word != (u ^ v))
		bad(s, "registers");
	s->ops++;
}

static void
do_calls(struct scenario *s)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (syscall(SYS_getpid) != state->pid ||
		    syscall(SYS_close, -1) != -1 || errno != EBADF)
			bad(s, "getpid, close");
	}
	s->ops++;
}

static void *
triple(void *arg)
{
	return (void *)((intptr_t)arg * 3);
}

static void
do_threads(struct scenario *s)
{
	pthread_t t;
	void *r;

	if (pthread_create(&t, NULL, triple, (void *)14) != 0)
		bad(s, "pthread_create");
	else if (pthread_join(t, &r) != 0 || r != (void *)42)
		bad(s, "pthread_join");
	s->ops++;
}

static void
do_fork(struct scenario *s)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(7);
	if (pid == -1 || waitpid(pid, &status, 0) != pid ||
	    !WIFEXITED(status) || WEXITSTATUS(status) != 7)
		bad(s, "fork, waitpid");
	s->ops++;
	usleep(1000);
}

/* The largest gap between two looks at the clock: how long we stood still. */
static void
do_gap(struct scenario *s)
{
	double last = now(), t;
	int i;

	for (i = 0; i < 1000; i++, last = t) {
		t = now();
		if (t - last > state->gap)
			state->gap = t - last;
	}
	s->ops++;
}

static struct scenario scenarios[] = {
	{ .name = "nanosleep", .once = do_nanosleep },
	{ .name = "poll", .once = do_poll },
	{ .name = "ppoll", .once = do_ppoll },
	{ .name = "select", .once = do_select },
	{ .name = "futex", .once = do_futex },
	{ .name = "epoll", .once = do_epoll },
	{ .name = "semaphore", .once = do_semaphore },
	{ .name = "sigwait", .once = do_sigwait },
	{ .name = "recv", .once = do_recv },
	{ .name = "read", .once = do_read },
	{ .name = "epollread", .once = do_epollread },
	{ .name = "registers", .once = do_registers },
	{ .name = "calls", .once = do_calls },
	{ .name = "threads", .once = do_threads },
	{ .name = "fork", .once = do_fork },
	/* alone only */
	{ .name = "pause", .once = do_pause },
	{ .name = "gap", .once = do_gap },
};

#define NALL	15
#define N	(sizeof(scenarios) / sizeof(scenarios[0]))

/* ---- adoptions --------------------------------------------------------- */

static struct scenario adoption = { .name = "adoption" };
static int descriptors, mappings;

static int
count_lines(const char *path)
{
	FILE *f = fopen(path, "re");
	int n = 0, c;

	if (f == NULL)
		err(1, "%s", path);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

/* Not opendir(3): its memory would show in the mappings. */
static int
count_descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
open_terminal(void)
{
	int fd;

	if ((fd = open(terminal, O_RDWR | O_NOCTTY | O_CLOEXEC)) == -1)
		err(1, "%s", terminal);
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	close(fd);
	signal(SIGHUP, SIG_DFL);
}

static void
adopted(void)
{
	struct scenario *s = &adoption;
	struct sigaction sa;
	struct stat st;

	sigaction(SIGHUP, NULL, &sa);
	if (sa.sa_handler != SIG_IGN)
		bad(s, "SIGHUP is not ignored");
	if (isatty(0) || isatty(2))
		bad(s, "a descriptor is left on the terminal");
	if (fstat(1, &st) == -1 || !S_ISREG(st.st_mode))
		bad(s, "standard output is no file");
	if (getpgid(0) == state->group)
		bad(s, "the process group is the old one");
	state->group = getpgid(0);
	if (count_descriptors() != descriptors)
		bad(s, "%d descriptors instead of %d", count_descriptors(),
		    descriptors);
	/* Threads that come and go map and unmap stacks. */
	if (mappings != 0 && count_lines("/proc/self/maps") != mappings)
		bad(s, "%d mappings instead of %d",
		    count_lines("/proc/self/maps"), mappings);
	s->ops++;
	open_terminal();
	state->round++;
}

static void
look(void)
{
	if (!isatty(1))
		adopted();
}

static void *
run(void *arg)
{
	struct scenario *s = arg;

	while (!over)
		s->once(s);
	return NULL;
}

static void
prepare(struct scenario *s)
{
	struct timeval tv = { 0, (long)(LIMIT * 1e6) };
	struct epoll_event ev = { .events = EPOLLIN };
	int p[2];

	if (s->once == do_semaphore) {
		if ((s->a = semget(IPC_PRIVATE, 1, 0600)) == -1)
			err(1, "semget");
		return;
	}
	if (s->once == do_recv) {
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, p) == -1)
			err(1, "socketpair");
		setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
		s->a = p[0];
		return;
	}
	if (pipe2(p, O_CLOEXEC) == -1 ||
	    (s->b = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    epoll_ctl(s->b, EPOLL_CTL_ADD, p[0], &ev) == -1)
		err(1, "pipe, epoll");
	s->a = p[0];
	if (s->once == do_read || s->once == do_epollread)
		pthread_create(&s->peer, NULL, feeder, (void *)(intptr_t)p[1]);
}

static void
on_term(int sig)
{
	(void)sig;
	over = 1;
}

static int
tell(struct scenario *s)
{
	if (s->ops != 0)
		dprintf(state->report, "%s: %ld, %ld anomalies %s\n", s->name,
		    s->ops, s->bad, s->why);
	return s->bad != 0;
}

int
main(int argc, char *argv[])
{
	struct sigaction term = { .sa_handler = on_term };
	struct sigaction alrm = { .sa_handler = on_alarm };
	struct scenario *alone = NULL;
	pthread_t t;
	sigset_t set;
	size_t i;
	int fd, failed = 0;

	if (argc != 3 || (fd = open(argv[1], O_RDWR | O_CLOEXEC)) == -1 ||
	    (state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0)) == MAP_FAILED)
		err(2, "usage: check STATE SCENARIO");
	close(fd);
	if (ttyname_r(0, terminal, sizeof(terminal)) != 0)
		err(1, "terminal");
	sigaction(SIGTERM, &term, NULL);
	sigaction(SIGALRM, &alrm, NULL);
	state->pid = getpid();
	state->group = getpgid(0);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGRTMIN + 3);
	/*
	 * A SIGCHLD that comes while the thread that forks has all signals
	 * blocked, as musl's fork has, is not ignored at once: the kernel
	 * wakes another thread for it, whose epoll_wait then fails with
	 * EINTR, adopted or not.
	 */
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < N; i++) {
		if (strcmp(argv[2], scenarios[i].name) == 0)
			alone = &scenarios[i];
		if (strcmp(argv[2], "all") == 0 && i < NALL) {
			prepare(&scenarios[i]);
			pthread_create(&t, NULL, run, &scenarios[i]);
		}
	}
	if (alone != NULL)
		prepare(alone);
	else if (strcmp(argv[2], "all") != 0)
		errx(2, "no such scenario: %s", argv[2]);
	sigdelset(&set, SIGRTMIN + 3);
	sigdelset(&set, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGHUP, SIG_DFL);
	/* What the first time maps and opens, comes before the count. */
	if (alone != NULL)
		alone->once(alone);
	(void)count_lines("/proc/self/maps");
	descriptors = count_descriptors();
	mappings = alone == NULL ? 0 : count_lines("/proc/self/maps");
	state->round = 1;
	while (!over) {
		if (alone != NULL)
			alone->once(alone);
		else
			usleep(500);
		look();
	}
	if (alone != NULL)
		failed |= tell(alone);
	else
		for (i = 0; i < NALL; i++)
			failed |= tell(&scenarios[i]);
	failed |= tell(&adoption);
	for (i = 0; i < N; i++) {
		if (scenarios[i].once == do_semaphore && scenarios[i].a != 0)
			semctl(scenarios[i].a, 0, IPC_RMID);
	}
	_exit(failed);
}
