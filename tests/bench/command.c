/* SPDX-License-Identifier: ISC */
/*
 * command.c -- the command that the bench has launched.
 *
 *	command			ends at once
 *	command FILE		says in FILE when it began to run, and ends
 *	command FILE MS		sleeps MS milliseconds, says in FILE when it
 *				ended
 *	command - MS		sleeps MS milliseconds
 *	command + KIB		writes KIB KiB of 64-byte lines
 *
 * The time is CLOCK_MONOTONIC in nanoseconds, a long in the machine's order,
 * so that the driver has it by mapping the file.
 */
#include "raw.h"

static void
stamp(const char *path, long when)
{
	long fd;

	fd = raw(__NR_openat, AT_FDCWD, (long)path, O_WRONLY, 0, 0);
	if (fd >= 0)
		raw(__NR_write, fd, (long)&when, sizeof(when), 0, 0);
}

static void
write_lines(long kib)
{
	char block[4096];
	int i;

	for (i = 0; i < (int)sizeof(block); i++)
		((volatile char *)block)[i] = i % 64 == 63 ? '\n' : 'x';
	for (; kib > 0; kib -= 4)
		raw(__NR_write, 1, (long)block, sizeof(block), 0, 0);
}

int
raw_main(int argc, char **argv, char **envp)
{
	struct raw_time t;
	long began = argc > 1 ? raw_now() : 0;
	long ms;

	(void)envp;
	if (argc == 2)
		stamp(argv[1], began);
	if (argc < 3)
		return 0;
	if (argv[1][0] == '+') {
		write_lines(raw_number(argv[2]));
		return 0;
	}
	ms = raw_number(argv[2]);
	t.s = ms / 1000;
	t.ns = ms % 1000 * 1000000;
	raw(__NR_nanosleep, (long)&t, 0, 0, 0, 0);
	if (argv[1][0] != '-')
		stamp(argv[1], raw_now());
	return 0;
}
