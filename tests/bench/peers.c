/* SPDX-License-Identifier: ISC */
/*
 * peers.c -- the table of what is compared: see peers.h.
 */
#define _GNU_SOURCE
#include "peers.h"

#include <err.h>
#include <errno.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern char **environ;

/* Ends words at a semicolon; what comes after it, or NULL. */
static char **
second(char **words)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, ";") == 0) {
			*words = NULL;
			return words + 1;
		}
	return NULL;
}

int
peers_read(const char *path, struct peer *peers)
{
	FILE *fp;
	char *line = NULL, *rest, *word;
	size_t size = 0;
	int i, n = 0;

	if ((fp = fopen(path, "r")) == NULL)
		err(1, "%s", path);
	while (n < PEERS_MAX && getline(&line, &size, fp) != -1) {
		line[strcspn(line, "\n")] = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		if ((rest = strdup(line)) == NULL)
			err(1, NULL);
		peers[n].label = strsep(&rest, "\t");
		for (i = 0; i < PEERS_WORDS - 1 &&
		    (word = strsep(&rest, "\t")) != NULL; i++)
			peers[n].words[i] = word;
		peers[n].words[i] = NULL;
		peers[n].second = second(peers[n].words);
		if (i == 0)
			errx(1, "%s: %s: no command", path, peers[n].label);
		n++;
	}
	free(line);
	fclose(fp);
	return n;
}

/* word with each {n} and {stamp} replaced, written to *at, which moves on. */
static char *
expand(const char *word, long n, const char *stamp, char **at, char *end)
{
	char number[24], *start = *at;
	const char *value;

	snprintf(number, sizeof(number), "%ld", n);
	while (*word != '\0' && *at + 1 < end) {
		if (strncmp(word, "{n}", 3) == 0) {
			value = number;
			word += 3;
		} else if (strncmp(word, "{stamp}", 7) == 0) {
			value = stamp;
			word += 7;
		} else {
			*(*at)++ = *word++;
			continue;
		}
		if (strlen(value) >= (size_t)(end - *at))
			errx(1, "argument too long");
		memcpy(*at, value, strlen(value));
		*at += strlen(value);
	}
	*(*at)++ = '\0';
	return start;
}

pid_t
peers_start(char *const *words, long n, const char *stamp, int out,
    long *began)
{
	posix_spawn_file_actions_t actions;
	char buf[8192], *at = buf, *argv[PEERS_WORDS], **env = NULL, **first;
	pid_t pid;
	size_t nenv = 0, set = 0;
	int i;

	for (i = 0; words[i] != NULL; i++)
		argv[i] = expand(words[i], n, stamp, &at, buf + sizeof(buf));
	argv[i] = NULL;
	for (first = argv; *first != NULL && strchr(*first, '=') != NULL;
	    first++)
		set++;
	while (environ[nenv] != NULL)
		nenv++;
	if ((env = calloc(set + nenv + 1, sizeof(*env))) == NULL)
		err(1, NULL);
	memcpy(env, argv, set * sizeof(*env));
	memcpy(env + set, environ, nenv * sizeof(*env));
	posix_spawn_file_actions_init(&actions);
	if (out != 1)
		posix_spawn_file_actions_adddup2(&actions, out, 1);
	*began = peers_now();
	errno = posix_spawn(&pid, *first, &actions, NULL, first, env);
	if (errno != 0)
		err(1, "%s", *first);
	posix_spawn_file_actions_destroy(&actions);
	free(env);
	return pid;
}

long
peers_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

void
peers_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) == -1)
		err(1, "cpu %d", cpu);
}
