/* SPDX-License-Identifier: ISC */
/*
 * peers.h -- the table of what is compared, and how one of it is started.
 *
 * The table is a file: a line a peer, words separated by tabs, the first one
 * the label and the others NAME=VALUE for its environment and then the
 * argument vector.  In a word, {n} is a number that no other start of this run
 * has and {stamp} the stamp file's path.  A word that is a semicolon ends one
 * command and begins a second, for the drivers that know of two.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <sys/types.h>

#define PEERS_MAX	64
#define PEERS_WORDS	32

struct peer {
	char	*label;
	char	*words[PEERS_WORDS];	/* NULL at the end */
	char	**second;		/* in words, or NULL */
};

/*
 * Reads the table at path into peers[PEERS_MAX]; the number of peers.  What
 * it allocates is kept until the program ends.  Exits with a message if it
 * cannot.
 */
int peers_read(const char *path, struct peer *peers);

/*
 * Starts a peer's words with {n} as n and {stamp} as stamp, and output on the
 * descriptor out (1: where it goes here); the launcher's pid.  Exits with a
 * message if it cannot.  The time just before it was started goes to *began,
 * in ns of CLOCK_MONOTONIC.
 */
pid_t peers_start(char *const *words, long n, const char *stamp, int out,
    long *began);

/* CLOCK_MONOTONIC in nanoseconds. */
long peers_now(void);

/* Keeps this process, and all that it starts, on one CPU. */
void peers_pin(int cpu);

#endif
