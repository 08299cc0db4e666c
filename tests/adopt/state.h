/* SPDX-License-Identifier: ISC */
/*
 * What tests/adopt/stress and tests/adopt/check tell each other, in a file
 * that both have mapped.
 */
#ifndef STATE_H
#define STATE_H

#include <sys/types.h>

struct state {
	volatile pid_t	pid;	/* of check */
	volatile pid_t	group;	/* its process group */
	volatile int	report;	/* the descriptor that it reports to */
	volatile long	round;	/* N: ready for the Nth adoption */
	volatile double	gap;	/* seconds; stress sets it to 0 */
};

#endif
