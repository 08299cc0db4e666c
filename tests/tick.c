/* SPDX-License-Identifier: ISC */
/*
 * tick PIDFILE
 *
 * A command that works on: writes its pid to PIDFILE, then a line to
 * standard output every 20 ms, for two minutes at most.  Ends with status 1
 * at the first line that cannot be written, as most programs do.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	const struct timespec pause = { 0, 20000000L };
	FILE *f;
	int i;

	if (argc != 2 || (f = fopen(argv[1], "w")) == NULL)
		return 2;
	fprintf(f, "%d\n", (int)getpid());
	if (fclose(f) != 0)
		return 2;
	for (i = 1; i <= 6000; i++) {
		if (printf("tick %d\n", i) < 0 || fflush(stdout) != 0)
			return 1;
		nanosleep(&pause, NULL);
	}
	return 0;
}
