/* SPDX-License-Identifier: ISC */
/*
 * faults [-aklv] [-n MAX] [-o ROLE:CALL:ERROR] [-r N] -d DETACH DIRECTORY
 *     [scene ...]
 *
 * What becomes of detach's promises when something fails. Each scene is a
 * launch or a verb. It is played once to learn which system calls the
 * program and each process that it makes do; then again for each of them,
 * with that one call failing, or the process killed as it enters it; and
 * after each, what is promised is looked at from outside: the exit status
 * against what really ran, processes, files, records, locks, and time.
 *
 *	-a	each error that a call can have, and short reads and writes;
 *		else one error for each call, another from call to call
 *	-k	kill (SIGKILL) rather than fail
 *	-n	at most so many runs of a scene, evenly spread
 *	-o	only this one, to look at a finding: ERROR is a number of
 *		errno, 0 for a short transfer, -1 for a kill
 *	-r	kill at so many random moments of each scene, wherever the
 *		process is then
 *	-l	list the scenes
 *	-v	say what is done
 *
 * Without scenes: all of them. DIRECTORY is emptied again and again. Exit
 * status: 0 if nothing was found, 1 if something was, 77 if this processor
 * or user cannot be served, 99 if the harness itself failed.
 *
 * faults mark FILE: the command. It adds its pid to FILE, says "said", and
 * waits for an end.
 */
#define _GNU_SOURCE
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"

#define LIFETIME	120	/* seconds, of a command */

char *detach, *self, *work;

static struct {
	bool		 all, kill, verbose;
	int		 max, moments;
	struct plan	 only;
	bool		 has_only;
} opt;

static struct {
	int runs, fired, found;
} total;

static struct {
	const struct scene	*scene;
	const struct run	*run;
	bool			 baseline, wrong;
} now;

static void
describe(const struct plan *p)
{
	const char *name = "?";
	int i;

	for (i = 0; i < now.run->ncalls; i++)
		if (now.run->call[i].role == p->role &&
		    now.run->call[i].index == p->call)
			name = errors_call_name(now.run->call[i].nr);
	printf("%s -o %d:%d:%d (process %d, call %d, %s%s%s)",
	    now.scene->name, p->role, p->call, p->deed == DEED_KILL ? -1 :
	    p->deed == DEED_SHORT ? 0 : p->error, p->role, p->call, name,
	    p->deed == DEED_KILL ? ", killed" : p->deed == DEED_SHORT ?
	    ", short" : ": ", p->deed == DEED_ERROR ?
	    strerror(p->error) : "");
}

void
wrong(const char *fmt, ...)
{
	va_list ap;

	now.wrong = true;
	total.found++;
	if (now.baseline)
		printf("%s, undisturbed", now.scene->name);
	else
		describe(&now.run->plan);
	printf(": ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (now.run->outlen > 0)
		printf("\tit said: %.300s\n", now.run->out);
	fflush(stdout);
}

char *
at(const char *name)
{
	static char path[8][4096];
	static int i;

	i = (i + 1) % 8;
	snprintf(path[i], sizeof(path[i]), "%s/%s", work, name);
	return path[i];
}

static char *
marks_file(void)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s.marks", work);
	return path;
}

int
marks(pid_t *last)
{
	char line[32];
	int n = 0;
	FILE *f;

	if ((f = fopen(marks_file(), "re")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		n++;
		if (last != NULL)
			*last = atoi(line);
	}
	fclose(f);
	return n;
}

void
put(const char *name, const char *text)
{
	FILE *f;

	if ((f = fopen(at(name), "we")) == NULL || fputs(text, f) == EOF ||
	    fclose(f) != 0)
		err(99, "%s", name);
}

/* The command. */
static int
mark(const char *path)
{
	char line[32];
	int fd, n;

	/* Whoever reads it may have been killed: it runs nevertheless. */
	signal(SIGPIPE, SIG_IGN);
	puts("said");
	fflush(stdout);
	n = snprintf(line, sizeof(line), "%d\n", (int)getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd == -1 || write(fd, line, (size_t)n) != n)
		return 99;
	alarm(LIFETIME);
	for (;;)
		pause();
}

/* A scene's words: MARK is the command, @NAME a file in the place. */
static void
expand(const struct scene *s, char *argv[])
{
	static char number[16];
	int n = 0, i;
	pid_t pid;

	argv[n++] = detach;
	for (i = 0; s->argv[i] != NULL; i++)
		if (strcmp(s->argv[i], "MARK") == 0) {
			argv[n++] = self;
			argv[n++] = (char *)"mark";
			argv[n++] = marks_file();
		} else if (strcmp(s->argv[i], "PID") == 0) {
			if (marks(&pid) > 0)
				snprintf(number, sizeof(number), "%d",
				    (int)pid);
			argv[n++] = number;
		} else if (s->argv[i][0] == '@')
			argv[n++] = at(s->argv[i] + 1);
		else
			argv[n++] = (char *)s->argv[i];
	argv[n] = NULL;
}

/* One run of a scene. */
static void
play(const struct scene *s, struct run *r, const struct plan *plan)
{
	static char sh[4096];
	const char *commands[] = { self, sh, NULL };
	struct tree *before;
	char *argv[32];
	int fd;

	if (realpath("/bin/sh", sh) == NULL)
		err(99, "/bin/sh");
	now.scene = s;
	now.run = r;
	now.wrong = false;
	memset(r, 0, sizeof(*r));
	tree_remove(work);
	unlink(marks_file());
	/* Any user's command writes there. */
	if ((fd = open(marks_file(), O_WRONLY | O_CREAT | O_CLOEXEC,
	    0666)) == -1 || fchmod(fd, 0666) == -1 || close(fd) == -1)
		err(99, "%s", marks_file());
	if (mkdir(at("home"), 0700) == -1)
		err(99, "%s", at("home"));
	if (s->set != NULL)
		s->set(s);
	before = tree_take(work);
	expand(s, argv);
	run_start(r, argv, plan, commands);
	s->check(s, r, before);
	if (run_clean(r, 0) > 0 && !now.wrong)
		wrong("a process was left");
	tree_free(before);
	total.runs++;
	total.fired += r->fired;
}

static struct plan
plan_of(const struct call *c, enum deed deed, int error)
{
	return (struct plan){ .role = c->role, .call = c->index,
	    .deed = deed, .error = error };
}

/* The plans for a scene's calls; their number. */
static int
make_plans(const struct run *base, struct plan *plan, int room)
{
	const struct call *c;
	const int *e;
	int i, j, ne, n = 0, turn = 0;

	for (i = 0; i < base->ncalls; i++) {
		c = &base->call[i];
		if (c->harmless)
			continue;
		if (opt.kill) {
			if (n < room)
				plan[n++] = plan_of(c, DEED_KILL, 0);
			continue;
		}
		e = errors_of(c);
		for (ne = 0; e[ne] != 0; ne++)
			continue;
		if (ne == 0)
			continue;
		turn++;
		for (j = 0; j < (opt.all ? ne : 1) && n < room; j++)
			plan[n++] = plan_of(c, DEED_ERROR,
			    e[opt.all ? j : turn % ne]);
		if (opt.all && errors_short(c->nr) && n < room)
			plan[n++] = plan_of(c, DEED_SHORT, 0);
	}
	return n;
}

/* Kills of any of its processes, from its first call to its last. */
static int
make_moments(const struct run *base, struct plan *plan, int room)
{
	const struct role *role;
	int n, i;

	for (n = 0; n < opt.moments && n < room; n++) {
		i = (int)(random() % base->nroles);
		role = &base->role[i];
		plan[n] = (struct plan){ .role = i, .deed = DEED_MOMENT,
		    .moment = random() % (role->last - role->first + 1) };
	}
	return n;
}

static void
scene(const struct scene *s)
{
	static struct plan plan[4 * MAXCALLS];
	static struct run base, r;
	int n, i, step, runs = 0, found = total.found;
	long begun = clock_ms();

	if (s->root && geteuid() != 0)
		return;
	if (opt.has_only) {
		play(s, &r, &opt.only);
		describe(&opt.only);
		printf("%s, status %#x, it said: %s\n", r.fired ? "" :
		    " did not happen", r.status, r.out);
		return;
	}
	now.baseline = true;
	play(s, &base, &(struct plan){ .deed = DEED_NONE });
	now.baseline = false;
	n = opt.moments > 0 ? make_moments(&base, plan, 4 * MAXCALLS) :
	    make_plans(&base, plan, 4 * MAXCALLS);
	step = opt.max > 0 && n > opt.max ? (n + opt.max - 1) / opt.max : 1;
	for (i = 0; i < n; i += step, runs++) {
		play(s, &r, &plan[i]);
		if (opt.verbose && !now.wrong) {
			describe(&r.plan);
			printf("%s\n", r.fired ? "" : " did not happen");
		}
	}
	printf("%s: %d calls by %d processes, %d runs, %d found, %ld ms\n",
	    s->name, base.ncalls, base.nroles, runs, total.found - found,
	    clock_ms() - begun);
	fflush(stdout);
}

static void
environment(void)
{
	sigset_t set;

	/* Waited for by sigtimedwait(2). */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	umask(022);
	setenv("DETACH_STATE_DIR", at("state"), 1);
	setenv("HOME", at("home"), 1);
	setenv("PATH", "/usr/bin:/bin", 1);
	unsetenv("XDG_RUNTIME_DIR");
	if (chdir(work) == -1)
		err(99, "%s", work);
}

static void
each_scene(const char *name, bool list)
{
	const struct scene *const all[] = { launches, verbs };
	const struct scene *s;
	bool any = false;
	size_t i;

	for (i = 0; i < 2; i++)
		for (s = all[i]; s->name != NULL; s++) {
			if (name != NULL && strcmp(name, s->name) != 0)
				continue;
			any = true;
			if (list)
				printf("%s\n", s->name);
			else
				scene(s);
		}
	if (!any)
		errx(99, "no such scene: %s", name);
}

static void
only(const char *text)
{
	struct plan *p = &opt.only;

	if (sscanf(text, "%d:%d:%d", &p->role, &p->call, &p->error) != 3)
		errx(99, "-o ROLE:CALL:ERROR");
	p->deed = p->error == -1 ? DEED_KILL : p->error == 0 ? DEED_SHORT :
	    DEED_ERROR;
	opt.has_only = true;
}

int
main(int argc, char *argv[])
{
	static char exe[4096];
	bool list = false;
	int ch;

	if (argc == 3 && strcmp(argv[1], "mark") == 0)
		return mark(argv[2]);
#ifndef __x86_64__
	return 77;
#endif
	while ((ch = getopt(argc, argv, "ad:kln:o:r:v")) != -1)
		switch (ch) {
		case 'a': opt.all = true; break;
		case 'd': detach = realpath(optarg, NULL); break;
		case 'k': opt.kill = true; break;
		case 'l': list = true; break;
		case 'n': opt.max = atoi(optarg); break;
		case 'o': only(optarg); break;
		case 'r': opt.kill = true; opt.moments = atoi(optarg); break;
		case 'v': opt.verbose = true; break;
		default: return 99;
		}
	argv += optind;
	if (list) {
		each_scene(NULL, true);
		return 0;
	}
	if (detach == NULL || argv[0] == NULL ||
	    (work = realpath(argv[0], NULL)) == NULL ||
	    readlink("/proc/self/exe", exe, sizeof(exe) - 1) == -1)
		errx(99, "usage: faults [-aklv] [-r N] -d DETACH DIRECTORY [scene]");
	self = exe;
	srandom((unsigned)clock_us());
	environment();
	run_alone();
	if (*++argv == NULL)
		each_scene(NULL, false);
	for (; *argv != NULL; argv++)
		each_scene(*argv, false);
	tree_remove(work);
	unlink(marks_file());
	printf("%d runs, %d %s, %d found\n", total.runs, total.fired,
	    opt.kill ? "kills" : "faults", total.found);
	return total.found > 0;
}
