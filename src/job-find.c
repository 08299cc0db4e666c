/* SPDX-License-Identifier: ISC */
/*
 * What an operand means. A pid or a pidfile's text is made an identity at
 * once, so that what follows cannot happen to another process.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job.h"
#include "parse.h"
#include "pidfile.h"
#include "statedir.h"

bool
job_operand_is_path(const char *operand)
{
	return strchr(operand, '/') != NULL;
}

bool
job_operand_is_pid(const char *operand)
{
	return *operand != '\0' &&
	    operand[strspn(operand, "0123456789")] == '\0';
}

/* A zombie is found, too, as one that has ended; a thread is no process. */
static struct job *
find_bare(const struct identity *id)
{
	struct job *j;

	if ((j = job_new()) == NULL)
		return NULL;
	j->process = *id;
	j->pidfd = process_pidfd(&j->process);
	if (j->pidfd == -1 && errno == ESRCH && process_alive(&j->process)) {
		job_free(j);
		errno = ESRCH;
		return NULL;
	}
	j->state = JOB_RUNNING;
	(void)job_refresh(j);
	return j;
}

/* The file's absolute path without links in its directory; it may be gone. */
static char *
absolute(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	char *dir, *real, *full = NULL;

	if (slash == NULL)
		dir = strdup(".");
	else
		dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (dir == NULL)
		return NULL;
	if ((real = realpath(dir, NULL)) != NULL) {
		if (asprintf(&full, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
			base) == -1)
			full = NULL;
	}
	free(real);
	free(dir);
	return full;
}

/* recorded may be another way to write path, which absolute() has made. */
static bool
is_path(const char *recorded, const char *path)
{
	const char *base;
	char *full;
	bool same;

	if (recorded == NULL || (base = strrchr(recorded, '/')) == NULL ||
	    strcmp(base, strrchr(path, '/')) != 0)
		return false;
	if ((full = absolute(recorded)) == NULL)
		return false;
	same = strcmp(full, path) == 0;
	free(full);
	return same;
}

/* What scan() looks for: a pid, or a pidfile. */
struct wanted {
	pid_t pid;
	const char *path;
};

static bool
is_wanted(const struct job *j, const struct wanted *w)
{
	if (w->path != NULL)
		return is_path(j->record->pidfile, w->path);
	return !j->other_host && j->loss != LOSS_REBOOT &&
	    j->process.pid == w->pid;
}

/* A job that runs goes before those that have ended, the latest of them. */
static bool
is_better(const struct job *a, const struct job *b)
{
	const struct timespec *s, *t;

	if (b == NULL)
		return true;
	if ((a->state == JOB_RUNNING) != (b->state == JOB_RUNNING))
		return a->state == JOB_RUNNING;
	s = &a->record->started;
	t = &b->record->started;
	return s->tv_sec != t->tv_sec ? s->tv_sec > t->tv_sec :
					s->tv_nsec > t->tv_nsec;
}

/* It is we who cannot look, whatever there may be. */
static bool
lacking(int errnum)
{
	return errnum == ENOMEM || errnum == EMFILE || errnum == ENFILE;
}

/*
 * The best job of those that match; NULL with errno ENOENT, or with what is
 * lacking: the one that could not be looked at may be it.
 */
static struct job *
scan(const struct wanted *w)
{
	struct job *best = NULL, *j;
	int statefd, lack = 0;
	char **names;
	size_t i;

	if ((statefd = statedir_open(false)) == -1)
		return NULL;
	if ((names = statedir_jobs(statefd)) == NULL && lacking(errno))
		lack = errno;
	for (i = 0; names != NULL && names[i] != NULL; i++) {
		errno = 0;
		j = job_open(statefd, names[i]);
		free(names[i]);
		if (j != NULL && is_wanted(j, w) && is_better(j, best)) {
			job_free(best);
			best = j;
			continue;
		}
		if (lacking(errno))
			lack = errno;
		job_free(j);
	}
	free(names);
	(void)close(statefd);
	if (lack != 0) {
		job_free(best);
		best = NULL;
	}
	errno = lack != 0 ? lack : ENOENT;
	return best;
}

static struct job *
find_pid(const char *operand)
{
	struct wanted w = { 0 };
	struct identity id;
	struct job *j, *bare;

	if (parse_pid(operand, &w.pid) == -1) {
		errno = ESRCH;
		return NULL;
	}
	j = scan(&w);
	if (j == NULL && lacking(errno))
		return NULL;
	if (j != NULL && j->state == JOB_RUNNING && process_alive(&j->process))
		return j;
	if (process_identify(w.pid, &id) == 0 &&
	    ((bare = find_bare(&id)) != NULL || errno != ESRCH)) {
		job_free(j);
		return bare;
	}
	if (j == NULL)
		errno = ESRCH;
	return j;
}

struct job *
job_of_pidfile(const char *path)
{
	struct wanted w = { 0 };
	struct job *j;
	char *full;

	if ((full = absolute(path)) == NULL)
		return NULL;
	w.path = full;
	j = scan(&w);
	free(full);
	return j;
}

static struct job *
find_path(const char *operand)
{
	struct wanted w = { 0 };
	struct identity id;
	struct job *j;

	j = job_of_pidfile(operand);
	if (j != NULL && job_is_there(j))
		return j;
	if (j == NULL && lacking(errno))
		return NULL;
	/* No job's by now, but perhaps another command's. */
	if (pidfile_process(operand, &id) == -1)
		return j;
	job_free(j);
	/* Which may have been adopted since, and be a job's. */
	w.pid = id.pid;
	j = scan(&w);
	if (j == NULL && lacking(errno))
		return NULL;
	if (j != NULL && job_is_there(j) && process_same(&j->process, &id))
		return j;
	job_free(j);
	return find_bare(&id);
}

struct job *
job_find(const char *operand)
{
	struct job *j;
	int statefd;

	if (job_operand_is_path(operand))
		return find_path(operand);
	if (job_operand_is_pid(operand))
		return find_pid(operand);
	if (!statedir_name_valid(operand)) {
		errno = EINVAL;
		return NULL;
	}
	if ((statefd = statedir_open(false)) == -1)
		return NULL;
	j = job_open(statefd, operand);
	(void)close(statefd);
	return j;
}
