/* SPDX-License-Identifier: ISC */
/* --list: which jobs, and in which order. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exitcode.h"
#include "json.h"
#include "operand.h"
#include "say.h"
#include "statedir.h"
#include "table.h"
#include "verbs.h"

struct jobs {
	struct job **list;
	size_t n;
	bool failed; /* one could not be read */
};

static void
add_job(struct jobs *js, struct job *j)
{
	struct job **more;

	if (j == NULL) {
		js->failed = true;
		return;
	}
	more = reallocarray(js->list, js->n + 1, sizeof(*more));
	if (more == NULL) {
		say_errno(errno, "--list");
		job_free(j);
		js->failed = true;
		return;
	}
	js->list = more;
	js->list[js->n++] = j;
}

/* 0, or -1 having said why. */
static int
all_jobs(struct jobs *js)
{
	struct job *j;
	char **names;
	char *path;
	int statefd;
	size_t i;

	if ((statefd = statedir_open(false)) == -1) {
		if (errno != ENOENT)
			operand_say("the state directory", errno);
		else if ((path = statedir_path()) == NULL)
			operand_say("--list", ENOENT);
		else {
			free(path);
			return 0;
		}
		return -1;
	}
	if ((names = statedir_jobs(statefd)) == NULL) {
		say_errno(errno, "the state directory");
		(void)close(statefd);
		return -1;
	}
	for (i = 0; names[i] != NULL; i++) {
		j = job_open(statefd, names[i]);
		if (j != NULL)
			add_job(js, j);
		/* A first start that is not yet, or was forgotten just now. */
		else if (errno != ENOENT) {
			operand_say(names[i], errno);
			add_job(js, NULL);
		}
		free(names[i]);
	}
	free(names);
	(void)close(statefd);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct job *j = *(struct job *const *)a;
	const struct job *k = *(struct job *const *)b;
	const struct timespec *s, *t;

	if ((j->state == JOB_RUNNING) != (k->state == JOB_RUNNING))
		return j->state == JOB_RUNNING ? -1 : 1;
	if (j->record == NULL || k->record == NULL)
		return (j->record == NULL) - (k->record == NULL);
	s = &j->record->started;
	t = &k->record->started;
	if (s->tv_sec != t->tv_sec)
		return s->tv_sec > t->tv_sec ? -1 : 1;
	if (s->tv_nsec != t->tv_nsec)
		return s->tv_nsec > t->tv_nsec ? -1 : 1;
	return strcmp(j->record->name, k->record->name);
}

static int
put_jobs(const struct jobs *js, bool json)
{
	size_t i;
	int rc = 0;

	if (json) {
		for (i = 0; rc == 0 && i < js->n; i++)
			rc = json_job(stdout, js->list[i]);
	} else if (js->n > 0)
		rc = table_put(js->list, js->n);
	if (rc == -1) {
		say_errno(errno, "--list");
		return -1;
	}
	if (say_flush() == -1) {
		say_errno(errno, "standard output");
		return -1;
	}
	return 0;
}

int
verb_list(const struct options *o)
{
	struct jobs js = { 0 };
	int code = EXIT_DONE, i;
	size_t n;

	if ((code = operands_check(o->argv, o->argc)) != 0)
		return code;
	operand_many();
	if (o->argc == 0 && all_jobs(&js) == -1)
		return EXIT_FAILED;
	for (i = 0; i < o->argc; i++)
		add_job(&js, operand_find(o->argv[i]));
	if (js.n > 0)
		qsort(js.list, js.n, sizeof(*js.list), compare);
	if (js.n == 0 && o->argc == 0 && !o->json)
		say_note(o->quiet,
		    "no jobs; 'detach -n NAME COMMAND' starts "
		    "one");
	if (js.failed)
		code = EXIT_NOTHING_DONE;
	if (put_jobs(&js, o->json) == -1)
		code = EXIT_FAILED;
	for (n = 0; n < js.n; n++)
		job_free(js.list[n]);
	free(js.list);
	return code;
}
