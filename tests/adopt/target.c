/* SPDX-License-Identifier: ISC */
/*
 * target KIND PIDFILE [N]
 *
 * Commands that are not easy to adopt.  Each writes its pid to PIDFILE when
 * it is ready, works for two minutes at most, and says "tick" every 20 ms
 * unless it has something better to say:
 *
 *	threads	 threads that are blocked in a futex, in poll, in nanosleep, in
 *		 a read of the terminal, in an endless epoll_wait
 *	leader	 the same, the first thread having exited
 *	write	 writes the numbers from 0 to N - 1, nine digits a line, in
 *		 blocks of 64 KiB; what is written short is gone on with
 *	epoll	 an epoll loop on its terminal, that says "eof" when that ends,
 *		 and how often it was woken
 *	fds	 has the terminal on descriptors 5 to 8: read only with
 *		 close-on-exec, a copy of 1, write only, and as /dev/tty
 *	nofd	 has no free descriptor
 *	hup	 has a handler for SIGHUP, that exits with status 9
 *	filter	 runs under a seccomp filter of its own
 *	hidden	 is not dumpable
 *	vfork	 waits in vfork(2) until PIDFILE.end exists
 *	fork	 makes a child every 10 ms that lives for 50 ms
 *	status	 exits with status N once PIDFILE.end exists
 */

#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICKS	6000

static const char *pidfile;

static void
nap(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) == -1 && errno == EINTR)
		;
}

static void
ready(void)
{
	FILE *f = fopen(pidfile, "we");

	if (f == NULL || fprintf(f, "%d\n", (int)getpid()) < 0 ||
	    fclose(f) != 0)
		err(2, "%s", pidfile);
}

/* Wait until PIDFILE.end exists, two minutes at most. */
static void
told_to_end(void)
{
	char path[4096];
	int i;

	snprintf(path, sizeof(path), "%s.end", pidfile);
	for (i = 0; i < TICKS && access(path, F_OK) == -1; i++)
		nap(20);
}

static void *
tick(void *arg)
{
	int i;

	for (i = 0; i < TICKS; i++) {
		if (write(1, "tick\n", 5) != 5)
			_exit(1);
		nap(20);
	}
	_exit(0);
	return arg;
}

static void *
in_futex(void *arg)
{
	static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t c = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&m);
	for (;;)
		pthread_cond_wait(&c, &m);
	return arg;
}

static void *
in_poll(void *arg)
{
	int r = poll(NULL, 0, -1);

	dprintf(1, "poll returned %d, errno %d\n", r, errno);
	return arg;
}

static void *
in_nanosleep(void *arg)
{
	struct timespec ts = { 1000, 0 };
	int r = nanosleep(&ts, NULL);

	dprintf(1, "nanosleep returned %d, errno %d\n", r, errno);
	return arg;
}

static void *
in_epoll(void *arg)
{
	struct epoll_event ev;
	int r = epoll_wait(epoll_create1(EPOLL_CLOEXEC), &ev, 1, -1);

	dprintf(1, "epoll_wait returned %d, errno %d\n", r, errno);
	return arg;
}

static void *
in_read(void *arg)
{
	char c;
	ssize_t n = read(0, &c, 1);

	dprintf(1, "read returned %zd, errno %d\n", n, n == -1 ? errno : 0);
	return arg;
}

static void
threads(int leader_exits)
{
	static void *(*const run[])(void *) = {
		in_futex, in_poll, in_nanosleep, in_epoll, in_read, tick,
	};
	pthread_t t;
	size_t i;

	for (i = 0; i < sizeof(run) / sizeof(run[0]); i++)
		if (pthread_create(&t, NULL, run[i], NULL) != 0)
			errx(2, "pthread_create");
	nap(100);
	ready();
	if (leader_exits)
		pthread_exit(NULL);
	pthread_join(t, NULL);
}

static void
write_numbers(long n)
{
	static char buf[65540];
	long i = 0;
	size_t len, off;
	ssize_t w;

	ready();
	while (i < n) {
		for (len = 0; len + 10 <= 65536 && i < n; i++)
			len += (size_t)sprintf(buf + len, "%09ld\n", i);
		for (off = 0; off < len; off += (size_t)w)
			if ((w = write(1, buf + off, len - off)) == -1)
				err(1, "write");
	}
}

static void
poll_terminal(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC), i, n, woken = 0;
	char buf[64];
	struct timespec t;
	time_t end;

	if (epoll_ctl(ep, EPOLL_CTL_ADD, 0, &ev) == -1)
		err(2, "epoll_ctl");
	ready();
	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec + 120;
	for (i = 0; t.tv_sec < end; i++) {
		n = epoll_wait(ep, &ev, 1, 20);
		if (n == -1)
			dprintf(1, "epoll_wait: errno %d\n", errno);
		woken += n > 0;
		if (n == 1 && read(0, buf, sizeof(buf)) <= 0)
			dprintf(1, "eof %d\n",
			    epoll_ctl(ep, EPOLL_CTL_DEL, 0, NULL));
		dprintf(1, "tick, woken %d\n", woken);
		clock_gettime(CLOCK_MONOTONIC, &t);
	}
}

static void
descriptors(void)
{
	char name[64];
	int fd;

	if (ttyname_r(0, name, sizeof(name)) != 0 ||
	    (fd = open(name, O_RDONLY | O_NOCTTY)) == -1 ||
	    dup3(fd, 5, O_CLOEXEC) == -1 || dup2(1, 6) == -1)
		err(2, "terminal");
	if ((fd = open(name, O_WRONLY | O_NOCTTY)) == -1 ||
	    dup2(fd, 7) == -1 || (fd = open("/dev/tty", O_RDWR)) == -1 ||
	    dup2(fd, 8) == -1)
		err(2, "terminal");
	ready();
	tick(NULL);
}

static void
on_hup(int sig)
{
	(void)sig;
	_exit(9);
}

static void
filtered(void)
{
	struct sock_filter allow[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 1, allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == -1)
		err(2, "seccomp");
	ready();
	tick(NULL);
}

static void
fork_often(void)
{
	int i;

	ready();
	for (i = 0; i < TICKS * 2; i++) {
		if (fork() == 0) {
			nap(50);
			_exit(0);
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (write(1, "tick\n", 5) != 5)
			_exit(1);
		nap(10);
	}
}

int
main(int argc, char *argv[])
{
	const char *kind = argc > 2 ? argv[1] : "";
	long n = argc > 3 ? atol(argv[3]) : 0;
	int fd = 0;

	pidfile = argv[2];
	if (strcmp(kind, "threads") == 0 || strcmp(kind, "leader") == 0)
		threads(kind[0] == 'l');
	else if (strcmp(kind, "write") == 0)
		write_numbers(n);
	else if (strcmp(kind, "epoll") == 0)
		poll_terminal();
	else if (strcmp(kind, "fds") == 0)
		descriptors();
	else if (strcmp(kind, "filter") == 0)
		filtered();
	else if (strcmp(kind, "fork") == 0)
		fork_often();
	else if (strcmp(kind, "hup") == 0) {
		signal(SIGHUP, on_hup);
		ready();
		tick(NULL);
	} else if (strcmp(kind, "hidden") == 0) {
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		ready();
		tick(NULL);
	} else if (strcmp(kind, "nofd") == 0) {
		ready();
		while (fd != -1)
			fd = dup(1);
		tick(NULL);
	} else if (strcmp(kind, "status") == 0) {
		ready();
		told_to_end();
		return (int)n;
	} else if (strcmp(kind, "vfork") == 0) {
		ready();
		if (vfork() == 0) {
			told_to_end();
			_exit(0);
		}
		tick(NULL);
	} else
		errx(2, "usage: target kind pidfile [n]");
	return 0;
}
