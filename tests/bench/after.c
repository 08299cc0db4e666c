/* SPDX-License-Identifier: ISC */
/*
 * after.c -- how a watcher does: late, slow, or at what cost.
 *
 *	after -t TABLE -s STAMP [-r ROUNDS] [-c CPU] [-o CSV]
 *
 * Each peer of the table is a launch and, after a semicolon, a watcher of
 * what was launched.  When the launcher has returned, the watcher is started
 * with its output in a pipe that is read here until its end.  A peer without
 * a watcher is watched by wait4(2), the least that there is.
 *
 * Standard output: a line a peer, fields separated by tabs: label, then the
 * medians of: how long after the command's stamp the watcher had ended (us),
 * how long it ran (us), its CPU time (us) and the bytes that it wrote; and
 * the quartiles of the first.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "peers.h"

#define TOO_LONG	60	/* seconds that one peer may take */
#define REAP_MS		20

enum figure { LATE, WALL, CPU, BYTES, FIGURES };

struct bench {
	struct peer	 peers[PEERS_MAX];
	int		 npeers;
	int		 rounds;
	const char	*stamp_path;
	volatile long	*stamp;
	double		*values;	/* [peer][figure][round] */
};

static double *
values(struct bench *b, int peer, int figure)
{
	return &b->values[((size_t)peer * FIGURES + figure) * b->rounds];
}

static void
on_alarm(int sig)
{
	(void)sig;	/* only to end a wait */
}

/*
 * Reaps what has ended but the watcher: one that only asks whether a pid is
 * still there would wait for a zombie for ever.
 */
static void
reap_others(pid_t watcher)
{
	siginfo_t si;

	for (;;) {
		si.si_pid = 0;
		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) == -1 ||
		    si.si_pid == 0 || si.si_pid == watcher)
			return;
		waitpid(si.si_pid, NULL, 0);
	}
}

/* Reads fd to its end; how much there was. */
static long
drain(const struct peer *p, int fd, pid_t watcher)
{
	static char buf[65536];
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	long total = 0;
	ssize_t n = 1;

	while (n > 0) {
		reap_others(watcher);
		switch (poll(&pfd, 1, REAP_MS)) {
		case -1:
			errx(1, "%s: still there after %d s", p->label,
			    TOO_LONG);
		case 0:
			break;
		default:
			if ((n = read(fd, buf, sizeof(buf))) == -1)
				err(1, "read");
			total += n;
		}
	}
	return total;
}

static void
wait_for(const struct peer *p, pid_t pid, struct rusage *ru)
{
	int status;

	if (wait4(pid, &status, 0, ru) != pid)
		errx(1, "%s: still there after %d s", p->label, TOO_LONG);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		errx(1, "%s: wait status %#x", p->label, (unsigned)status);
}

static void
measure(struct bench *b, int peer, int round, long n)
{
	const struct peer *p = &b->peers[peer];
	struct rusage ru;
	long began, bytes, ended;
	pid_t watcher;
	int fds[2];

	*b->stamp = 0;
	alarm(TOO_LONG);
	if (p->second != NULL)
		wait_for(p, peers_start(p->words, n, b->stamp_path, 1,
		    &began), &ru);
	if (pipe2(fds, O_CLOEXEC) == -1)
		err(1, "pipe");
	watcher = peers_start(p->second != NULL ? p->second : p->words, n,
	    b->stamp_path, fds[1], &began);
	close(fds[1]);
	bytes = drain(p, fds[0], watcher);
	close(fds[0]);
	wait_for(p, watcher, &ru);
	ended = peers_now();
	while (wait4(-1, NULL, __WALL, NULL) > 0)
		continue;
	if (errno != ECHILD)
		errx(1, "%s: still there after %d s", p->label, TOO_LONG);
	alarm(0);
	values(b, peer, LATE)[round] =
	    *b->stamp == 0 ? 0 : (ended - *b->stamp) / 1000.0;
	values(b, peer, WALL)[round] = (ended - began) / 1000.0;
	values(b, peer, CPU)[round] = (ru.ru_utime.tv_sec +
	    ru.ru_stime.tv_sec) * 1e6 + ru.ru_utime.tv_usec +
	    ru.ru_stime.tv_usec;
	values(b, peer, BYTES)[round] = bytes;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
report(struct bench *b, const char *csv)
{
	FILE *fp = NULL;
	double *v;
	int f, i, r;

	if (csv != NULL) {
		if ((fp = fopen(csv, "w")) == NULL)
			err(1, "%s", csv);
		fprintf(fp, "round,watcher,late_us,wall_us,cpu_us,bytes\n");
	}
	for (i = 0; i < b->npeers; i++) {
		for (r = 0; fp != NULL && r < b->rounds; r++)
			fprintf(fp, "%d,%s,%.1f,%.1f,%.0f,%.0f\n", r,
			    b->peers[i].label, values(b, i, LATE)[r],
			    values(b, i, WALL)[r], values(b, i, CPU)[r],
			    values(b, i, BYTES)[r]);
		printf("%s", b->peers[i].label);
		for (f = 0; f < FIGURES; f++) {
			v = values(b, i, f);
			qsort(v, b->rounds, sizeof(*v), by_value);
			printf("\t%.0f", v[b->rounds / 2]);
		}
		v = values(b, i, LATE);
		printf("\t%.0f\t%.0f\n", v[b->rounds / 4],
		    v[b->rounds * 3 / 4]);
	}
	if (fp != NULL && fclose(fp) == EOF)
		err(1, "%s", csv);
}

static void
set_up(struct bench *b)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	void *map;
	int fd;

	b->values = calloc((size_t)b->rounds * b->npeers * FIGURES,
	    sizeof(*b->values));
	if (b->values == NULL)
		err(1, NULL);
	fd = open(b->stamp_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1 || ftruncate(fd, sizeof(long)) == -1)
		err(1, "%s", b->stamp_path);
	map = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	if (map == MAP_FAILED)
		err(1, "%s", b->stamp_path);
	close(fd);
	b->stamp = map;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1)
		err(1, "subreaper");
	sigaction(SIGALRM, &sa, NULL);
}

int
main(int argc, char *argv[])
{
	static struct bench b = { .rounds = 10 };
	const char *csv = NULL, *table = NULL;
	long n = peers_now() / 1000;
	int ch, cpu = -1, i, round;

	while ((ch = getopt(argc, argv, "c:o:r:s:t:")) != -1) {
		switch (ch) {
		case 'c': cpu = atoi(optarg); break;
		case 'o': csv = optarg; break;
		case 'r': b.rounds = atoi(optarg); break;
		case 's': b.stamp_path = optarg; break;
		case 't': table = optarg; break;
		default: return 1;
		}
	}
	if (b.stamp_path == NULL || table == NULL || b.rounds < 1)
		errx(1, "usage: after -t table -s stamp [-r rounds] "
		    "[-c cpu] [-o csv]");
	b.npeers = peers_read(table, b.peers);
	set_up(&b);
	if (cpu != -1)
		peers_pin(cpu);
	for (round = 0; round < b.rounds; round++)
		for (i = 0; i < b.npeers; i++)
			measure(&b, i, round, n++);
	report(&b, csv);
	return 0;
}
