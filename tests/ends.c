/* SPDX-License-Identifier: ISC */
/*
 * ends [N=KIND ...] command [argument ...]
 *
 * Runs the command with descriptor N, for 0 to 9, being one of
 *
 *	closed		not open at all
 *	tty[:FILE]	a terminal; what is written to it goes to FILE
 *	pipe[:FILE]	one end of a pipe, as a reader for 0, else as a writer
 *	socket[:FILE]	one end of a stream socket pair
 *
 * with a descriptor each, even of the same kind; and all others as they are.
 * The other ends stay open, and silent, until the command has ended.
 *
 * Exit status: the command's, 128 and the number for a signal; 99 for an
 * error of its own, or a command that has not ended within 60 seconds.
 */

#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/wait.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define OWN_ERROR	99
#define DEADLINE	60	/* seconds */
#define ABOVE		20	/* both ends are kept above all N */
#define MAXENDS		10

struct end {
	int	number;		/* N */
	int	theirs;		/* -1: closed */
	int	ours;		/* -1: none */
	int	sink;		/* -1: what arrives is dropped */
};

static int
above(int fd)
{
	int up;

	if (fd == -1 || (up = fcntl(fd, F_DUPFD_CLOEXEC, ABOVE)) == -1)
		err(OWN_ERROR, "descriptor");
	close(fd);
	return up;
}

static void
maketty(struct end *e)
{
	struct termios t;
	char name[64];

	e->ours = above(posix_openpt(O_RDWR | O_NOCTTY));
	if (grantpt(e->ours) == -1 || unlockpt(e->ours) == -1 ||
	    ptsname_r(e->ours, name, sizeof(name)) != 0)
		err(OWN_ERROR, "pty");
	e->theirs = above(open(name, O_RDWR | O_NOCTTY));
	if (tcgetattr(e->theirs, &t) == -1)
		err(OWN_ERROR, "tcgetattr");
	/* What arrives is what was written, byte for byte. */
	cfmakeraw(&t);
	if (tcsetattr(e->theirs, TCSANOW, &t) == -1)
		err(OWN_ERROR, "tcsetattr");
}

static void
makepair(struct end *e, bool issocket)
{
	int fd[2];

	if ((issocket ? socketpair(AF_UNIX, SOCK_STREAM, 0, fd) :
	    pipe(fd)) == -1)
		err(OWN_ERROR, "pair");
	e->theirs = above(fd[e->number == 0 ? 0 : 1]);
	e->ours = above(fd[e->number == 0 ? 1 : 0]);
}

static void
make(struct end *e, const char *spec)
{
	const char *kind = spec + 2, *file = strchr(spec, ':');
	size_t len = file != NULL ? (size_t)(file - kind) : strlen(kind);

	e->number = spec[0] - '0';
	e->theirs = e->ours = e->sink = -1;
	if (len == 3 && strncmp(kind, "tty", len) == 0)
		maketty(e);
	else if (len == 4 && strncmp(kind, "pipe", len) == 0)
		makepair(e, false);
	else if (len == 6 && strncmp(kind, "socket", len) == 0)
		makepair(e, true);
	else if (strcmp(kind, "closed") != 0)
		errx(OWN_ERROR, "%s: no such kind", spec);
	if (file != NULL)
		e->sink = above(open(file + 1,
		    O_WRONLY | O_CREAT | O_TRUNC, 0666));
}

static void
run(const struct end *ends, int n, char **argv)
{
	int i;

	for (i = 0; i < n; i++) {
		if (ends[i].theirs == -1)
			close(ends[i].number);
		else if (dup2(ends[i].theirs, ends[i].number) == -1)
			_exit(OWN_ERROR);
	}
	execvp(argv[0], argv);
	_exit(OWN_ERROR);
}

/* Move what has arrived; whether anything had. */
static bool
drain(struct end *ends, int n, int ms)
{
	struct pollfd p[MAXENDS];
	char buf[4096];
	bool any = false;
	ssize_t got;
	int i;

	for (i = 0; i < n; i++) {
		p[i].fd = ends[i].number == 0 ? -1 : ends[i].ours;
		p[i].events = POLLIN;
	}
	if (poll(p, n, ms) <= 0)
		return false;
	for (i = 0; i < n; i++) {
		if (p[i].fd == -1 || p[i].revents == 0)
			continue;
		if ((got = read(p[i].fd, buf, sizeof(buf))) <= 0) {
			close(ends[i].ours);
			ends[i].ours = -1;
			continue;
		}
		any = true;
		if (ends[i].sink != -1 &&
		    write(ends[i].sink, buf, got) != got)
			err(OWN_ERROR, "write");
	}
	return any;
}

int
main(int argc, char *argv[])
{
	struct end ends[MAXENDS];
	time_t deadline;
	pid_t pid;
	int i, n, wstatus;

	for (n = 0; n + 1 < argc && n < MAXENDS; n++) {
		if (!isdigit((unsigned char)argv[n + 1][0]) ||
		    argv[n + 1][1] != '=')
			break;
		make(&ends[n], argv[n + 1]);
	}
	if (argv[n + 1] == NULL)
		errx(OWN_ERROR, "usage: ends [N=KIND ...] command ...");
	if ((pid = fork()) == -1)
		err(OWN_ERROR, "fork");
	if (pid == 0)
		run(ends, n, argv + n + 1);
	for (i = 0; i < n; i++)
		if (ends[i].theirs != -1)
			close(ends[i].theirs);
	deadline = time(NULL) + DEADLINE;
	while (waitpid(pid, &wstatus, WNOHANG) == 0) {
		if (time(NULL) > deadline) {
			kill(pid, SIGKILL);
			errx(OWN_ERROR, "%s has not ended", argv[n + 1]);
		}
		drain(ends, n, 5);
	}
	while (drain(ends, n, 0))
		;
	return WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) :
	    WEXITSTATUS(wstatus);
}
