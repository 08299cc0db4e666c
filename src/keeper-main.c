/* SPDX-License-Identifier: ISC */
/*
 * detach-keeper: the keeper as a program of its own, so that little memory
 * waits for a long job. Not for users: the launcher's child becomes it
 * (supervise.c), with the descriptors open, all signals blocked, its title in
 * argv[0], and in the environment
 *
 *	KEEPER=DIRFD PIDFILE PIDFILE_DIRFD READY TREE COMMAND_PID
 *	PIDFILE=NAME
 *
 * For an adopted command (adopt-into.c), which is no child of it, READY is 0,
 * and COMMAND_PID is followed by a pidfd and the boot clock's nanoseconds when
 * it began.
 */
#include "config.h"

#include <sys/prctl.h>

#include <stdlib.h>
#include <unistd.h>

#include "exitcode.h"
#include "keeper.h"

static int64_t
number64(const char **p)
{
	int64_t n = 0;

	while (**p == ' ')
		(*p)++;
	while (**p >= '0' && **p <= '9')
		n = n * 10 + (*(*p)++ - '0');
	return n;
}

static int
number(const char **p)
{
	return (int)number64(p);
}

int
main(int argc, char *argv[])
{
	struct keeper k = { .pidfd = -1 };
	const char *numbers = getenv("KEEPER");

	k.pidfile_name = getenv("PIDFILE");
	if (numbers == NULL || k.pidfile_name == NULL) {
		static const char help[] =
		    "detach-keeper is a part of detach(1), which runs it\n";

		(void)!write(STDERR_FILENO, help, sizeof(help) - 1);
		return EXIT_FAILED;
	}
	/* What ps(1) shows without -f is the program's name else. */
	if (argc > 0)
		(void)prctl(PR_SET_NAME, argv[0]);
	k.dirfd = number(&numbers);
	k.pidfile = number(&numbers);
	k.pidfile_dirfd = number(&numbers);
	k.ready = number(&numbers);
	k.tree = number(&numbers) != 0;
	k.command = number(&numbers);
	if (k.ready == 0) {
		k.ready = -1;
		k.pidfd = number(&numbers);
		k.since = number64(&numbers);
	}
	keeper_run(&k);
}
