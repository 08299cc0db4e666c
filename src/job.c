/* SPDX-License-Identifier: ISC */
/*
 * The state of jobs.
 *
 * What always holds: a job is called running only if a process with the
 * recorded identity is there, or, for another host's, its lock is held; and
 * it is called lost only if its record, read after its processes were found
 * gone, still has no end.
 */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job.h"
#include "signals.h"
#include "statedir.h"

void
job_free(struct job *j)
{
	int saved = errno;

	if (j == NULL)
		return;
	record_free(j->record);
	if (j->dirfd != -1)
		(void)close(j->dirfd);
	if (j->pidfd != -1)
		(void)close(j->pidfd);
	if (j->keeper_pidfd != -1)
		(void)close(j->keeper_pidfd);
	free(j);
	errno = saved;
}

struct job *
job_new(void)
{
	struct job *j;

	if ((j = calloc(1, sizeof(*j))) == NULL)
		return NULL;
	j->dirfd = j->pidfd = j->keeper_pidfd = -1;
	return j;
}

static bool
file_locked(const char *path)
{
	bool locked;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return false;
	locked = statedir_job_locked(fd);
	(void)close(fd);
	return locked;
}

static bool
name_locked(const struct job *j)
{
	return !j->lock_is_ours && statedir_job_locked(j->dirfd);
}

/*
 * On a network file system, an flock(2) on a directory is the host's own,
 * but one on a file is everybody's: so the pidfile is looked at as well.
 */
static bool
locked_somewhere(const struct job *j)
{
	return name_locked(j) ||
	    (j->record->pidfile != NULL && file_locked(j->record->pidfile));
}

static void
set_elsewhere(struct job *j, enum job_loss loss)
{
	if (locked_somewhere(j)) {
		j->state = JOB_RUNNING;
		j->other_host = true;
		return;
	}
	j->state = JOB_LOST;
	j->loss = loss;
	j->other_host = loss == LOSS_HOST;
}

static void
set_ended(struct job *j)
{
	const struct record *r = j->record;

	if (!r->status_known)
		j->state = JOB_ENDED;
	else
		j->state = WIFSIGNALED(r->status) ? JOB_KILLED : JOB_EXITED;
}

static bool
is_of_boot(const struct record *r)
{
	char boot_id[BOOT_ID_LEN + 1];

	return process_boot_id(boot_id) == 0 &&
	    strcmp(boot_id, r->boot_id) == 0;
}

static bool
is_of_namespace(const struct record *r)
{
	uint64_t ours;

	return r->pid_namespace == 0 ||
	    (ours = process_pid_namespace(0)) == 0 || ours == r->pid_namespace;
}

bool
job_is_from_here(const struct record *r)
{
	return is_of_boot(r) && is_of_namespace(r);
}

/* The state by a record that was just read. */
static void
set_state(struct job *j)
{
	const struct record *r = j->record;
	char host[HOST_NAME_MAX + 1];
	bool same_boot, same_host, here;

	j->loss = LOSS_NONE;
	j->other_namespace = false;
	same_boot = is_of_boot(r);
	same_host = r->host == NULL || gethostname(host, sizeof(host)) == -1 ||
	    strcmp(host, r->host) == 0;
	here = same_boot && is_of_namespace(r);
	j->other_host = !same_boot && !same_host;
	j->keeper_alive =
	    here && r->keeper.pid != 0 && process_alive(&r->keeper);
	if (r->has_ended)
		set_ended(j);
	else if (j->keeper_alive || (here && process_alive(&r->command)))
		j->state = JOB_RUNNING;
	else if (!same_boot)
		set_elsewhere(j, same_host ? LOSS_REBOOT : LOSS_HOST);
	else if (!same_host)
		/* A machine renamed, or a container's neighbour. */
		set_elsewhere(j, LOSS_KEEPER);
	else if (!here && name_locked(j)) {
		/* Its pidfile may be locked by another by now. */
		j->state = JOB_RUNNING;
		j->other_host = j->other_namespace = true;
	} else {
		j->state = JOB_LOST;
		j->loss = LOSS_KEEPER;
	}
}

static void
drop_pidfd(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

/*
 * This run is over, because its name was started anew or forgotten since it
 * was looked at; its record is gone, but the kernel may still know.
 */
static void
set_superseded(struct job *j)
{
	struct record *r = j->record;

	j->keeper_alive = false;
	if (!r->has_ended) {
		r->has_ended = true;
		r->elapsed = -1;
		r->status_known = j->pidfd != -1 &&
		    process_exit_status(j->pidfd, 0, &r->status) == 0;
	}
	set_ended(j);
}

static bool
same_run(const struct record *a, const struct record *b)
{
	if (a->keeper.pid != 0 || b->keeper.pid != 0)
		return process_same(&a->keeper, &b->keeper);
	return process_same(&a->command, &b->command);
}

/* 0, 1 if it was superseded, or -1 with errno. */
static int
read_record(struct job *j)
{
	struct record *r;

	if ((r = record_read(j->dirfd)) == NULL) {
		if (errno == ENOENT && j->record != NULL) {
			set_superseded(j);
			return 1;
		}
		if (errno == EINVAL || errno == EFBIG || errno == ELOOP)
			errno = EBADMSG;
		return -1;
	}
	if (j->record != NULL && !same_run(j->record, r)) {
		record_free(r);
		set_superseded(j);
		return 1;
	}
	if (!process_same(&r->command, &j->process))
		drop_pidfd(&j->pidfd);
	record_free(j->record);
	j->record = r;
	j->process = r->command;
	return 0;
}

static int
refresh_bare(struct job *j)
{
	j->state = process_alive(&j->process) ? JOB_RUNNING : JOB_ENDED;
	return 0;
}

int
job_refresh(struct job *j)
{
	int looks, r;

	if (j->dirfd == -1)
		return refresh_bare(j);
	/* Twice, for it may have ended well between the two. */
	for (looks = 0; looks < 2; looks++) {
		if ((r = read_record(j)) != 0)
			return r == 1 ? 0 : -1;
		set_state(j);
		if (j->state != JOB_LOST)
			break;
	}
	return 0;
}

void
job_state_text(const struct job *j, char *buf, size_t size)
{
	char name[16];

	switch (j->state) {
	case JOB_RUNNING:
		(void)snprintf(buf, size, "running");
		break;
	case JOB_EXITED:
		(void)snprintf(buf, size, "exited %d",
		    WEXITSTATUS(j->record->status));
		break;
	case JOB_KILLED:
		(void)snprintf(buf, size, "killed %s",
		    signals_name(WTERMSIG(j->record->status), name,
			sizeof(name)));
		break;
	case JOB_ENDED:
		(void)snprintf(buf, size, "ended");
		break;
	case JOB_LOST:
		(void)snprintf(buf, size, "lost");
		break;
	}
}

int
job_exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

int64_t
job_elapsed(const struct job *j)
{
	if (j->record != NULL && j->record->has_ended)
		return j->record->elapsed;
	if (j->state != JOB_RUNNING || j->other_host)
		return -1;
	if (process_alive(&j->process))
		return process_elapsed(j->process.start_time);
	/* Between two runs, or of a tree only descendants are left. */
	if (j->record == NULL || !j->keeper_alive)
		return -1;
	return process_elapsed(j->record->keeper.start_time);
}

static struct job *
open_job(int statefd, const char *name, bool locked)
{
	struct job *j;

	if ((j = job_new()) == NULL)
		return NULL;
	j->lock_is_ours = locked;
	j->dirfd = statedir_job_open(statefd, name, false, NULL);
	if (j->dirfd == -1 || job_refresh(j) == -1) {
		job_free(j);
		return NULL;
	}
	/* If its keeper is dead, only this may tell how it ends. */
	if (j->state == JOB_RUNNING && !j->keeper_alive && !j->other_host)
		j->pidfd = process_pidfd(&j->process);
	return j;
}

struct job *
job_open(int statefd, const char *name)
{
	return open_job(statefd, name, false);
}

struct job *
job_open_locked(int statefd, const char *name)
{
	return open_job(statefd, name, true);
}
