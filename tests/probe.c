/* SPDX-License-Identifier: ISC */
/*
 * probe FILE [stay=SECONDS] [argument ...]
 *
 * A command to be run under detach: writes to FILE what it sees of itself,
 * a `key value` a line, the last line being `end`.  Nothing else is opened
 * before the descriptors have been listed, and the parent is watched from
 * before main.  Stays for the given time, then ends with status 0.
 */

#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WATCH_NS	20000000L	/* how long the parent is watched */
#define MAXFDS		4096

static pid_t first_ppid;
static int ppid_changes;

static long
since(const struct timespec *t0)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (t.tv_sec - t0->tv_sec) * 1000000000L + t.tv_nsec -
	    t0->tv_nsec;
}

/* Runs before every other constructor, libc's own included. */
static void
watch_parent(void)
{
	struct timespec t0;
	pid_t last, now;

	first_ppid = last = getppid();
	clock_gettime(CLOCK_MONOTONIC, &t0);
	while (since(&t0) < WATCH_NS) {
		now = getppid();
		if (now != last)
			ppid_changes++;
		last = now;
	}
}

__attribute__((section(".preinit_array"), used))
static void (*const before_main)(void) = watch_parent;

/* A value is one line: a newline in it is written as \n. */
static void
text(FILE *f, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\n')
			fputs("\\n", f);
		else
			putc(*s, f);
	}
	putc('\n', f);
}

struct fd {
	int	n, flags, fdflags;
	off_t	pos;
	char	target[4096];
};

static struct fd fds[MAXFDS];
static size_t nfds;

static void
list_fds(void)
{
	char path[64];
	struct dirent *e;
	struct fd *p;
	ssize_t len;
	DIR *d;

	if ((d = opendir("/proc/self/fd")) == NULL)
		return;
	while ((e = readdir(d)) != NULL && nfds < MAXFDS) {
		if (e->d_name[0] == '.' || atoi(e->d_name) == dirfd(d))
			continue;
		p = &fds[nfds++];
		p->n = atoi(e->d_name);
		p->flags = fcntl(p->n, F_GETFL);
		p->fdflags = fcntl(p->n, F_GETFD);
		p->pos = lseek(p->n, 0, SEEK_CUR);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", p->n);
		len = readlink(path, p->target, sizeof(p->target) - 1);
		p->target[len == -1 ? 0 : len] = '\0';
	}
	closedir(d);
}

static void
put_fds(FILE *f)
{
	struct stat sb;
	size_t i;
	int acc;

	for (i = 0; i < nfds; i++) {
		if (fstat(fds[i].n, &sb) == -1)
			memset(&sb, 0, sizeof(sb));
		acc = fds[i].flags & O_ACCMODE;
		fprintf(f, "fd %d %s%s%s pos=%lld inode=%llu ", fds[i].n,
		    acc == O_RDONLY ? "r" : acc == O_WRONLY ? "w" : "rw",
		    fds[i].flags & O_APPEND ? ",append" : "",
		    fds[i].flags & O_NONBLOCK ? ",nonblock" : "",
		    (long long)fds[i].pos, (unsigned long long)sb.st_ino);
		text(f, fds[i].target);
	}
}

static void
put_status(FILE *f)
{
	static const char *const keys[] = { "SigBlk:", "ShdPnd:", "SigPnd:",
	    "SigIgn:", "SigCgt:", "NoNewPrivs:", "CapEff:" };
	char line[512], *p;
	size_t i;
	FILE *s;

	if ((s = fopen("/proc/self/status", "r")) == NULL)
		return;
	while (fgets(line, sizeof(line), s) != NULL) {
		for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			if (strncmp(line, keys[i], strlen(keys[i])) != 0)
				continue;
			p = line + strlen(keys[i]);
			p += strspn(p, "\t ");
			fprintf(f, "%.*s %s", (int)strlen(keys[i]) - 1,
			    keys[i], p);
		}
	}
	fclose(s);
}

/* Whether a terminal can be opened by name, or be acquired. */
static void
put_tty(FILE *f)
{
	int fd, master, slave;
	char *name;

	if ((fd = open("/dev/tty", O_RDWR | O_CLOEXEC)) == -1)
		fprintf(f, "tty none\n");
	else {
		fprintf(f, "tty open %d\n", (int)tcgetpgrp(fd));
		close(fd);
	}
	if ((master = posix_openpt(O_RDWR | O_NOCTTY)) == -1 ||
	    grantpt(master) == -1 || unlockpt(master) == -1 ||
	    (name = ptsname(master)) == NULL ||
	    (slave = open(name, O_RDWR)) == -1) {
		fprintf(f, "acquire untried\n");
		if (master != -1)
			close(master);
		return;
	}
	if ((fd = open("/dev/tty", O_RDWR | O_CLOEXEC)) == -1)
		fprintf(f, "acquire no\n");
	else {
		fprintf(f, "acquire yes\n");
		close(fd);
	}
	close(slave);
	close(master);
}

static void
put_ids(FILE *f)
{
	gid_t groups[1024];
	uid_t r, e, s;
	gid_t rg, eg, sg;
	int i, n;

	if (getresuid(&r, &e, &s) == 0)
		fprintf(f, "uid %u %u %u\n", r, e, s);
	if (getresgid(&rg, &eg, &sg) == 0)
		fprintf(f, "gid %u %u %u\n", rg, eg, sg);
	fputs("groups", f);
	n = getgroups(1024, groups);
	for (i = 0; i < n; i++)
		fprintf(f, " %u", groups[i]);
	putc('\n', f);
}

static void
put_limits(FILE *f)
{
	struct rlimit rl;
	mode_t mask;
	int i;

	for (i = 0; i < RLIM_NLIMITS; i++)
		if (getrlimit(i, &rl) == 0)
			fprintf(f, "rlimit %d %llu %llu\n", i,
			    (unsigned long long)rl.rlim_cur,
			    (unsigned long long)rl.rlim_max);
	fprintf(f, "nice %d\n", getpriority(PRIO_PROCESS, 0));
	mask = umask(0);
	umask(mask);
	fprintf(f, "umask %04o\n", (unsigned)mask);
}

int
main(int argc, char *argv[], char *envp[])
{
	char cwd[4096];
	FILE *f;
	int i;

	if (argc < 2) {
		fputs("usage: probe FILE [stay=SECONDS] [argument ...]\n",
		    stderr);
		return 2;
	}
	alarm(300);		/* whatever the test forgets */
	list_fds();
	if ((f = fopen(argv[1], "we")) == NULL) {
		perror(argv[1]);
		return 1;
	}
	fprintf(f, "pid %d\nfirst_ppid %d\nppid %d\nppid_changes %d\n",
	    (int)getpid(), (int)first_ppid, (int)getppid(), ppid_changes);
	fprintf(f, "sid %d\npgrp %d\n", (int)getsid(0), (int)getpgrp());
	put_status(f);
	put_fds(f);
	put_tty(f);
	put_ids(f);
	put_limits(f);
	fputs("cwd ", f);
	text(f, getcwd(cwd, sizeof(cwd)) == NULL ? "" : cwd);
	for (i = 0; i < argc; i++) {
		fprintf(f, "arg %d ", i);
		text(f, argv[i]);
	}
	for (; *envp != NULL; envp++) {
		fputs("env ", f);
		text(f, *envp);
	}
	fputs("end\n", f);
	if (fclose(f) != 0)
		return 1;
	if (argc > 2 && strncmp(argv[2], "stay=", 5) == 0)
		sleep((unsigned)atoi(argv[2] + 5));
	return 0;
}
