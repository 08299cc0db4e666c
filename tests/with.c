/* SPDX-License-Identifier: ISC */
/*
 * with [-bdir] [-c FD] [-f N] command [argument ...]
 *
 * Runs a command as a careless caller would:
 *
 *	-b	with every signal blocked
 *	-d	with every signal's default disposition, none blocked
 *	-i	with every signal ignored that can be
 *	-c FD	with that descriptor closed; repeatable
 *	-f N	with N more descriptors open, on /dev/zero
 *	-r	below a child subreaper that reaps nobody but the command: what
 *		the command orphans and has ended stays a zombie, as under
 *		the PID 1 of some containers.  Until standard input ends, so
 *		that somebody can count.
 *
 * Exit status: the command's; without -r the command is exec'd.
 */

#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KERNEL_NSIG	64
#define BELOW		99	/* first descriptor that -f takes, less one */

/* glibc hides two signals of its own from the callers of its functions. */
static void
blockall(void)
{
	unsigned char all[KERNEL_NSIG / 8];

	memset(all, 0xff, sizeof(all));
	if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, all, NULL,
	    sizeof(all)) == -1)
		err(125, "rt_sigprocmask");
}

static void
disposition(void (*handler)(int))
{
	int sig;

	for (sig = 1; sig <= KERNEL_NSIG; sig++)
		signal(sig, handler);
}

static void
fill(int n)
{
	int fd, i;

	if ((fd = open("/dev/zero", O_RDONLY)) == -1)
		err(125, "/dev/zero");
	for (i = 0; i < n; i++)
		if (fcntl(fd, F_DUPFD, BELOW + 1 + i) == -1)
			err(125, "descriptor %d", BELOW + 1 + i);
	close(fd);
}

static int
subreaper(char *argv[])
{
	char buf[512];
	int status;
	pid_t pid;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1 || (pid = fork()) == -1)
		err(125, "subreaper");
	if (pid == 0) {
		execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	if (waitpid(pid, &status, 0) == -1)
		err(125, "waitpid");
	while (read(0, buf, sizeof(buf)) > 0)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

int
main(int argc, char *argv[])
{
	sigset_t none;
	int ch, reaper = 0;

	while ((ch = getopt(argc, argv, "+bc:df:ir")) != -1) {
		switch (ch) {
		case 'b':
			blockall();
			break;
		case 'c':
			close(atoi(optarg));
			break;
		case 'd':
			disposition(SIG_DFL);
			sigemptyset(&none);
			sigprocmask(SIG_SETMASK, &none, NULL);
			break;
		case 'f':
			fill(atoi(optarg));
			break;
		case 'i':
			disposition(SIG_IGN);
			break;
		case 'r':
			reaper = 1;
			break;
		default:
			return 125;
		}
	}
	argv += optind;
	if (argv[0] == NULL)
		errx(125, "nothing to run");
	if (reaper)
		return subreaper(argv);
	execvp(argv[0], argv);
	err(127, "%s", argv[0]);
}
