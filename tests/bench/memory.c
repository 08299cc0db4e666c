/* SPDX-License-Identifier: ISC */
/*
 * memory.c -- what a kept command takes over the bare one.
 *
 *	memory -t TABLE -x COMMAND [-n COUNT]
 *
 * Starts COUNT of each peer of the table, waits until COUNT processes run
 * COMMAND, and adds up what all of this process's descendants have for
 * themselves: private pages and page tables.  The table's first peer is the
 * bare command; the others' figures are over that one's, divided by COUNT.
 *
 * Many at once, because then the pages that all keepers share count as
 * shared, and because the second figure, by how much the machine's available
 * memory fell, needs it.  That one includes the kernel's own: stacks, task
 * structures, descriptors, inodes.
 *
 * Standard output: a line a peer, fields separated by tabs: label, private
 * KiB, page table KiB, their sum, KiB of available memory, processes.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/wait.h>

#include <dirent.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peers.h"

#define TOO_LONG	120	/* seconds that COUNT starts may take */

struct process {
	pid_t	pid;
	pid_t	parent;
	int	ours;
};

struct usage {
	double	private;	/* KiB */
	double	tables;		/* KiB */
	double	available;	/* KiB less than before */
	int	processes;
};

static void
pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* The sum of the values of the lines in path that begin with key. */
static double
kib_in(const char *path, const char *key)
{
	FILE *fp;
	char line[256];
	double total = 0;

	if ((fp = fopen(path, "r")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), fp) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			total += atof(line + strcspn(line, ":") + 1);
	fclose(fp);
	return total;
}

static pid_t
parent_of(pid_t pid)
{
	FILE *fp;
	char path[64], line[512], *s;
	int parent = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((fp = fopen(path, "r")) == NULL)
		return -1;
	if (fgets(line, sizeof(line), fp) != NULL &&
	    (s = strrchr(line, ')')) != NULL &&
	    sscanf(s + 1, " %*c %d", &parent) != 1)
		parent = -1;
	fclose(fp);
	return parent;
}

/* All descendants of this process, in p[max]; their number. */
static int
descendants(struct process *p, int max)
{
	struct dirent *d;
	DIR *dir;
	int again, i, j, n = 0, ours = 0;

	if ((dir = opendir("/proc")) == NULL)
		err(1, "/proc");
	while (n < max && (d = readdir(dir)) != NULL)
		if ((p[n].pid = atoi(d->d_name)) > 0 &&
		    (p[n].parent = parent_of(p[n].pid)) != -1) {
			p[n].ours = p[n].parent == getpid();
			n++;
		}
	closedir(dir);
	do {
		again = 0;
		for (i = 0; i < n; i++)
			for (j = 0; !p[i].ours && j < n; j++)
				if (p[j].ours && p[j].pid == p[i].parent)
					again = p[i].ours = 1;
	} while (again);
	for (i = 0; i < n; i++)
		if (p[i].ours)
			p[ours++] = p[i];
	return ours;
}

static int
runs(pid_t pid, const char *command)
{
	char path[64], exe[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if ((n = readlink(path, exe, sizeof(exe) - 1)) == -1)
		return 0;
	exe[n] = '\0';
	return strcmp(exe, command) == 0;
}

static void
reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
}

static void
add_up(const struct process *p, int n, struct usage *u)
{
	char path[64];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup",
		    (int)p[i].pid);
		u->private += kib_in(path, "Private_");
		snprintf(path, sizeof(path), "/proc/%d/status",
		    (int)p[i].pid);
		u->tables += kib_in(path, "VmPTE");
	}
	u->processes = n;
}

static void
measure(const struct peer *peer, const char *command, int count,
    struct usage *u)
{
	struct process *p;
	double before;
	long began, deadline;
	int i, max = count * 8 + 4096, n, running;

	if ((p = calloc(max, sizeof(*p))) == NULL)
		err(1, NULL);
	memset(u, 0, sizeof(*u));
	before = kib_in("/proc/meminfo", "MemAvailable");
	for (i = 0; i < count; i++) {
		peers_start(peer->words, i, "", 1, &began);
		pause_ms(2);
		reap();
	}
	deadline = peers_now() + TOO_LONG * 1000000000L;
	do {
		pause_ms(300);
		reap();
		n = descendants(p, max);
		for (i = running = 0; i < n; i++)
			running += runs(p[i].pid, command);
	} while (running < count && peers_now() < deadline);
	pause_ms(300);
	reap();
	n = descendants(p, max);
	u->available = before - kib_in("/proc/meminfo", "MemAvailable");
	add_up(p, n, u);
	if (running < count)
		warnx("%s: only %d of %d run", peer->label, running, count);
	/*
	 * Ours by parentage, and not reaped before this: no pid is reused.
	 * Keepers first, lest they tell how their command ended.
	 */
	while ((n = descendants(p, max)) > 0) {
		for (i = 0; i < n; i++)
			if (!runs(p[i].pid, command))
				kill(p[i].pid, SIGKILL);
		for (i = 0; i < n; i++)
			kill(p[i].pid, SIGKILL);
		pause_ms(100);
		reap();
	}
	free(p);
	pause_ms(500);
}

int
main(int argc, char *argv[])
{
	static struct peer peers[PEERS_MAX];
	const char *command = NULL, *table = NULL;
	struct usage bare, u;
	int ch, count = 1000, i, npeers;

	while ((ch = getopt(argc, argv, "n:t:x:")) != -1) {
		switch (ch) {
		case 'n': count = atoi(optarg); break;
		case 't': table = optarg; break;
		case 'x': command = optarg; break;
		default: return 1;
		}
	}
	if (command == NULL || table == NULL || count < 1)
		errx(1, "usage: memory -t table -x command [-n count]");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1)
		err(1, "subreaper");
	npeers = peers_read(table, peers);
	measure(&peers[0], command, count, &bare);
	for (i = 1; i < npeers; i++) {
		measure(&peers[i], command, count, &u);
		u.private -= bare.private;
		u.tables -= bare.tables;
		u.available -= bare.available;
		printf("%s\t%.0f\t%.0f\t%.0f\t%.0f\t%d\n", peers[i].label,
		    u.private / count, u.tables / count,
		    (u.private + u.tables) / count, u.available / count,
		    u.processes);
		fflush(stdout);
	}
	return 0;
}
