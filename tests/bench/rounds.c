/* SPDX-License-Identifier: ISC */
/*
 * rounds.c -- what a launch costs, by interleaved rounds.
 *
 *	rounds -t TABLE -s STAMP -R REFERENCE [-w] [-r ROUNDS] [-c CPU]
 *	    [-o CSV]
 *
 * In a round each peer of the table is started once, in a new order, and a
 * figure of it is divided by the reference's of the same round: whatever the
 * machine was doing then, it did to both.  Medians of those ratios, and the
 * quartiles as their spread, are what can be compared between runs.
 *
 * All runs on one CPU.  This process is the subreaper of all that it starts,
 * so wait4(2) tells the CPU time of each process that a launcher leaves, as
 * well as of the launcher, and "no child" is the end of one start.
 *
 * With -w the table's commands launch nothing and are only timed, however
 * they exit.
 *
 * Standard output: a line a peer, fields separated by tabs: label, then for
 * total CPU, time until the command ran and time until the caller went on:
 * median in us, median ratio, its quartiles.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peers.h"

#define WARM_UP		3	/* rounds that are not counted */
#define TOO_LONG	30	/* seconds that one start may take */

enum figure { CPU, RUNNING, CALLER, FIGURES };

static const char *const figure_names[FIGURES] = {
	"cpu_us", "running_us", "caller_us",
};

struct bench {
	struct peer	 peers[PEERS_MAX];
	int		 npeers;
	int		 reference;
	int		 rounds;
	int		 only_time;
	const char	*stamp_path;
	volatile long	*stamp;
	double		*values;	/* [round][peer][figure] */
};

static double *
value(struct bench *b, int round, int peer, int figure)
{
	return &b->values[((size_t)round * b->npeers + peer) * FIGURES +
	    figure];
}

static long
cpu_of(const struct rusage *ru)
{
	return (ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) * 1000000L +
	    ru->ru_utime.tv_usec + ru->ru_stime.tv_usec;
}

static void
on_alarm(int sig)
{
	(void)sig;	/* only to end wait4() */
}

/*
 * Starts one peer, waits until nothing of it is left, and gives its figures.
 * -1, with a message, if it did not do what it is for.
 */
static int
measure(struct bench *b, int peer, long n, double *out)
{
	const struct peer *p = &b->peers[peer];
	struct rusage ru;
	long began, cpu, went_on;
	pid_t launcher, pid;
	int status, left;

	*b->stamp = 0;
	alarm(TOO_LONG);
	launcher = peers_start(p->words, n, b->stamp_path, 1, &began);
	pid = wait4(launcher, &status, 0, &ru);
	went_on = peers_now();
	if (pid != launcher)
		errx(1, "%s: still there after %d s", p->label, TOO_LONG);
	cpu = cpu_of(&ru);
	while ((pid = wait4(-1, &left, __WALL, &ru)) > 0)
		cpu += cpu_of(&ru);
	if (errno != ECHILD)
		errx(1, "%s: still there after %d s", p->label, TOO_LONG);
	alarm(0);
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 &&
	    !b->only_time)) {
		warnx("%s: wait status %#x", p->label, (unsigned)status);
		return -1;
	}
	if (*b->stamp == 0 && !b->only_time) {
		warnx("%s: the command did not run", p->label);
		return -1;
	}
	out[CPU] = cpu;
	out[RUNNING] = b->only_time ? out[CPU] :
	    (*b->stamp - began) / 1000.0;
	out[CALLER] = (went_on - began) / 1000.0;
	return 0;
}

static void
shuffle(int *order, int n)
{
	int i, j, t;

	for (i = n - 1; i > 0; i--) {
		j = (int)(random() % (i + 1));
		t = order[i];
		order[i] = order[j];
		order[j] = t;
	}
}

/* Leaves out, each with a message, the peers that do not work here. */
static void
drop_broken(struct bench *b, long *n)
{
	double ignored[FIGURES];
	int i, kept = 0;

	for (i = 0; i < b->npeers; i++) {
		if (measure(b, i, (*n)++, ignored) == 0)
			b->peers[kept++] = b->peers[i];
		else
			warnx("%s: left out", b->peers[i].label);
	}
	b->npeers = kept;
}

static void
run(struct bench *b, long n)
{
	double ignored[FIGURES];
	int order[PEERS_MAX], i, round;

	for (i = 0; i < b->npeers; i++)
		order[i] = i;
	for (round = -WARM_UP; round < b->rounds; round++) {
		shuffle(order, b->npeers);
		for (i = 0; i < b->npeers; i++)
			if (measure(b, order[i], n++, round < 0 ? ignored :
			    value(b, round, order[i], 0)) == -1)
				exit(1);
	}
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts v[n] and gives the value that the fraction q of it is below. */
static double
quantile(double *v, int n, double q)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[(int)(q * (n - 1) + 0.5)];
}

static void
report(struct bench *b)
{
	double *v;
	int f, i, r;

	if ((v = calloc(b->rounds, sizeof(*v))) == NULL)
		err(1, NULL);
	for (i = 0; i < b->npeers; i++) {
		printf("%s", b->peers[i].label);
		for (f = 0; f < FIGURES; f++) {
			for (r = 0; r < b->rounds; r++)
				v[r] = *value(b, r, i, f);
			printf("\t%.0f", quantile(v, b->rounds, 0.5));
			for (r = 0; r < b->rounds; r++)
				v[r] = *value(b, r, i, f) /
				    *value(b, r, b->reference, f);
			printf("\t%.3f", quantile(v, b->rounds, 0.5));
			printf("\t%.3f", quantile(v, b->rounds, 0.25));
			printf("\t%.3f", quantile(v, b->rounds, 0.75));
		}
		putchar('\n');
	}
	free(v);
}

static void
write_csv(struct bench *b, const char *path)
{
	FILE *fp;
	int f, i, r;

	if ((fp = fopen(path, "w")) == NULL)
		err(1, "%s", path);
	fprintf(fp, "round,launcher");
	for (f = 0; f < FIGURES; f++)
		fprintf(fp, ",%s", figure_names[f]);
	putc('\n', fp);
	for (r = 0; r < b->rounds; r++)
		for (i = 0; i < b->npeers; i++) {
			fprintf(fp, "%d,%s", r, b->peers[i].label);
			for (f = 0; f < FIGURES; f++)
				fprintf(fp, ",%.1f", *value(b, r, i, f));
			putc('\n', fp);
		}
	if (fclose(fp) == EOF)
		err(1, "%s", path);
}

/* Finds the reference and makes room for the figures. */
static void
make_room(struct bench *b, const char *reference)
{
	for (b->reference = 0; b->reference < b->npeers; b->reference++)
		if (strcmp(b->peers[b->reference].label, reference) == 0)
			break;
	if (b->reference == b->npeers)
		errx(1, "%s: not in the table", reference);
	b->values = calloc((size_t)b->rounds * b->npeers * FIGURES,
	    sizeof(*b->values));
	if (b->values == NULL)
		err(1, NULL);
}

static void
set_up(struct bench *b)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	void *map;
	int fd;

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
	srandom((unsigned)peers_now());
}

int
main(int argc, char *argv[])
{
	static struct bench b = { .rounds = 100 };
	const char *csv = NULL, *reference = NULL, *table = NULL;
	int ch, cpu = 0;
	long n;

	while ((ch = getopt(argc, argv, "R:c:o:r:s:t:w")) != -1) {
		switch (ch) {
		case 'R': reference = optarg; break;
		case 'c': cpu = atoi(optarg); break;
		case 'o': csv = optarg; break;
		case 'r': b.rounds = atoi(optarg); break;
		case 's': b.stamp_path = optarg; break;
		case 't': table = optarg; break;
		case 'w': b.only_time = 1; break;
		default: return 1;
		}
	}
	if (reference == NULL || b.stamp_path == NULL || table == NULL ||
	    b.rounds < 1)
		errx(1, "usage: rounds -t table -s stamp -R reference "
		    "[-w] [-r rounds] [-c cpu] [-o csv]");
	b.npeers = peers_read(table, b.peers);
	set_up(&b);
	peers_pin(cpu);
	/* From the clock, so that no two runs in one directory share a name. */
	n = peers_now() / 1000;
	drop_broken(&b, &n);
	make_room(&b, reference);
	run(&b, n);
	report(&b);
	if (csv != NULL)
		write_csv(&b, csv);
	return 0;
}
