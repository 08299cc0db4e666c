/* SPDX-License-Identifier: ISC */
/*
 * supervisor.c -- FreeBSD's way to keep a command.
 *
 * FreeBSD's daemon(8) with -r or -P stays as the command's parent: it
 * daemonizes, holds a pidfile, forks, execs the command in the child, and
 * waits in the image that it was started as, with its C library and libutil.
 * This does the same on Linux, with libbsd in libutil's place, so that the
 * memory of a keeper can be compared with that way of keeping.
 */
#include <sys/types.h>
#include <sys/wait.h>

#include <bsd/libutil.h>
#include <err.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct pidfh *pfh;
	pid_t other, pid;
	int status;

	if (argc < 3)
		errx(125, "usage: supervisor pidfile command [argument ...]");
	if ((pfh = pidfile_open(argv[1], 0600, &other)) == NULL)
		err(1, "%s", argv[1]);
	if (daemon(0, 0) == -1)
		err(1, "daemon");
	switch ((pid = fork())) {
	case -1:
		err(1, "fork");
	case 0:
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	pidfile_write(pfh);
	while (waitpid(pid, &status, 0) == -1)
		continue;
	pidfile_remove(pfh);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
