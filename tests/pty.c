/* SPDX-License-Identifier: ISC */
/*
 * pty [-h] shell [argument ...]
 *
 * A terminal, driven by the script on standard input: opens a pty, runs the
 * shell in it as the leader of a new session whose controlling terminal it
 * is, and does what the script says, a step a line:
 *
 *	type TEXT	type the text and Return
 *	key C		type Ctrl-C, for any letter C
 *	expect TEXT	wait until the shell has written the text, after
 *			what the last expect has found
 *	file PATH	wait until the file is there and not empty
 *	await PATH	the same, for as long as a test may take
 *	state PATH S	wait until the process whose pid the file holds is in
 *			one of the states S, letters as in proc(5)
 *	gone PATH	wait until the process whose pid the file holds has
 *			ended, a zombie or not there
 *	close		the terminal goes away: close the master
 *	kill		SIGKILL to the shell
 *	wait		wait until the shell has ended
 *
 * Everything that the shell writes is copied to standard output.  At the end
 * of the script the terminal is closed and the shell is gone.  The terminal
 * does not echo.  -h: the shell is started with SIGHUP ignored, else all of
 * its signals are as by default.
 *
 * Exit status: 0 if every step has succeeded, 1 if one has not within 20
 * seconds; the message names it.
 */

#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE	20	/* seconds a step may take */
#define TEST_DEADLINE	400	/* ... a whole test */
#define TICK		10	/* milliseconds between two looks */

struct terminal {
	int	 master;	/* -1 once closed */
	pid_t	 shell;		/* 0 once reaped */
	char	*seen;		/* what it has written, not yet expected */
	size_t	 len;
};

static int
openterminal(char *slave, size_t size)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	int master;

	if ((master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) == -1 ||
	    grantpt(master) == -1 || unlockpt(master) == -1 ||
	    ptsname_r(master, slave, size) != 0)
		err(1, "pty");
	ioctl(master, TIOCSWINSZ, &ws);
	return master;
}

/* In the child: only the terminal is left of what there was. */
static void
runshell(const char *slave, int ignorehup, char *argv[])
{
	struct termios t;
	sigset_t none;
	int fd, sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	if (ignorehup)
		signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (setsid() == -1 || (fd = open(slave, O_RDWR)) == -1 ||
	    ioctl(fd, TIOCSCTTY, 0) == -1)
		err(127, "controlling terminal");
	if (tcgetattr(fd, &t) == 0) {
		t.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
		t.c_oflag &= ~(tcflag_t)OPOST;
		tcsetattr(fd, TCSANOW, &t);
	}
	if (dup2(fd, 0) == -1 || dup2(fd, 1) == -1 || dup2(fd, 2) == -1)
		err(127, "dup2");
	for (fd = 3; fd < 1024; fd++)
		close(fd);
	execvp(argv[0], argv);
	err(127, "%s", argv[0]);
}

/* Take in what the shell writes, once, for so many ms at most. 0: nothing. */
static int
listen_for(struct terminal *t, int ms)
{
	struct pollfd p = { .fd = t->master, .events = POLLIN };
	const struct timespec pause = { 0, ms * 1000000L };
	char buf[4096];
	ssize_t n;

	if (t->master == -1 || poll(&p, 1, ms) < 1 ||
	    (n = read(t->master, buf, sizeof(buf))) < 1) {
		/* EIO: nobody has the slave open, which may change. */
		if (t->master == -1 || p.revents != 0)
			nanosleep(&pause, NULL);
		return 0;
	}
	fwrite(buf, 1, (size_t)n, stdout);
	fflush(stdout);
	if ((t->seen = realloc(t->seen, t->len + (size_t)n + 1)) == NULL)
		err(1, NULL);
	memcpy(t->seen + t->len, buf, (size_t)n);
	t->len += (size_t)n;
	t->seen[t->len] = '\0';
	return 1;
}

/* What it has written by now, if that has an end: the kernel hands it on. */
static void
drain(struct terminal *t)
{
	int i;

	for (i = 0; i < 100 && listen_for(t, TICK); i++)
		continue;
}

static void
type(struct terminal *t, const char *s, size_t n)
{
	if (t->master == -1)
		errx(1, "typing into a closed terminal");
	if (write(t->master, s, n) != (ssize_t)n)
		err(1, "typing");
}

static int
expected(struct terminal *t, const char *text)
{
	size_t used;
	char *p;

	if (t->seen == NULL ||
	    (p = memmem(t->seen, t->len, text, strlen(text))) == NULL)
		return 0;
	used = (size_t)(p - t->seen) + strlen(text);
	t->len -= used;
	memmove(t->seen, t->seen + used, t->len + 1);
	return 1;
}

static int
filled(const char *path)
{
	struct stat sb;

	return stat(path, &sb) == 0 && sb.st_size > 0;
}

/* The state of the process whose pid is in the file: 0 if there is none. */
static char
stateof(const char *pidfile)
{
	char path[64], line[1024], *p;
	int pid = 0, n;
	FILE *f;

	if ((f = fopen(pidfile, "re")) == NULL)
		return 0;
	n = fscanf(f, "%d", &pid);
	fclose(f);
	if (n != 1)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	p = fgets(line, sizeof(line), f);
	fclose(f);
	if (p == NULL || (p = strrchr(line, ')')) == NULL || p[1] != ' ')
		return 0;
	return p[2];
}

/* arg: PATH LETTERS */
static int
instate(const char *arg)
{
	char path[4096], letters[16], c;

	if (sscanf(arg, "%4095s %15s", path, letters) != 2)
		errx(1, "state PATH LETTERS: %s", arg);
	return (c = stateof(path)) != 0 && strchr(letters, c) != NULL;
}

static int
isgone(const char *pidfile)
{
	char c;

	return (c = stateof(pidfile)) == 0 || c == 'Z' || c == 'X';
}

static int
ended(struct terminal *t)
{
	if (t->shell != 0 && waitpid(t->shell, NULL, WNOHANG) == t->shell)
		t->shell = 0;
	return t->shell == 0;
}

static void
closeterminal(struct terminal *t)
{
	if (t->master != -1)
		close(t->master);
	t->master = -1;
}

/* Returns 1 when the step is done, 0 if it is to be tried again. */
static int
step(struct terminal *t, const char *verb, const char *arg)
{
	char c;

	if (strcmp(verb, "type") == 0) {
		type(t, arg, strlen(arg));
		type(t, "\n", 1);
	} else if (strcmp(verb, "key") == 0) {
		c = arg[0] & 0x1f;
		type(t, &c, 1);
	} else if (strcmp(verb, "expect") == 0)
		return expected(t, arg);
	else if (strcmp(verb, "file") == 0 || strcmp(verb, "await") == 0)
		return filled(arg);
	else if (strcmp(verb, "state") == 0)
		return instate(arg);
	else if (strcmp(verb, "gone") == 0)
		return isgone(arg);
	else if (strcmp(verb, "close") == 0)
		closeterminal(t);
	else if (strcmp(verb, "kill") == 0)
		kill(t->shell, SIGKILL);
	else if (strcmp(verb, "wait") == 0)
		return ended(t);
	else
		errx(1, "unknown step: %s", verb);
	return 1;
}

static int
play(struct terminal *t)
{
	char line[8192], *arg;
	time_t end;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		arg = line + strcspn(line, " ");
		if (*arg != '\0')
			*arg++ = '\0';
		end = time(NULL) + (strcmp(line, "await") == 0 ?
		    TEST_DEADLINE : DEADLINE);
		while (!step(t, line, arg)) {
			if (time(NULL) > end) {
				warnx("in vain: %s %s", line, arg);
				return 1;
			}
			listen_for(t, TICK);
		}
	}
	return 0;
}

int
main(int argc, char *argv[])
{
	struct terminal t = { .master = -1 };
	char slave[64];
	int ch, i, ignorehup = 0, status;

	while ((ch = getopt(argc, argv, "+h")) != -1) {
		if (ch != 'h')
			return 2;
		ignorehup = 1;
	}
	argv += optind;
	if (argv[0] == NULL)
		errx(2, "usage: pty [-h] shell [argument ...]");
	signal(SIGPIPE, SIG_IGN);
	t.master = openterminal(slave, sizeof(slave));
	if ((t.shell = fork()) == -1)
		err(1, "fork");
	if (t.shell == 0)
		runshell(slave, ignorehup, argv);
	status = play(&t);
	drain(&t);
	closeterminal(&t);
	for (i = 0; !ended(&t) && i < 2000 / TICK; i++)
		listen_for(&t, TICK);
	if (!ended(&t)) {
		kill(t.shell, SIGKILL);
		waitpid(t.shell, NULL, 0);
	}
	free(t.seen);
	return status;
}
