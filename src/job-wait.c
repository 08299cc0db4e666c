/* SPDX-License-Identifier: ISC */
/*
 * Sleeping until a job has ended, and learning how.
 *
 * What is waited for is the end of the keeper's process, for only then are
 * its locks free; if it was killed, the end of the command's.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "job.h"

#define NS_PER_S      1000000000LL
#define NS_PER_MS     1000000LL
#define LOOK_AGAIN    (200 * NS_PER_MS) /* where nothing wakes us */
#define REAP_PATIENCE (2 * NS_PER_S)	/* for a parent to reap */

int64_t
job_clock(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t
job_deadline(int64_t ns)
{
	int64_t now = job_clock();

	return ns > INT64_MAX - now ? INT64_MAX : now + ns;
}

/* True while something of the job is there that must end first. */
static bool
is_there(const struct job *j)
{
	return j->state == JOB_RUNNING || j->keeper_alive;
}

/*
 * The pidfd to sleep on, or -1 if there is none to be had (0 in *again), or
 * if the process has just ended (1).
 */
static int
wake_fd(struct job *j, int *again)
{
	const struct identity *id = &j->process;
	int *fd = &j->pidfd;

	*again = 0;
	if (j->other_host)
		return -1;
	/* Opened now, the command's tells even after the keeper was killed. */
	if (j->pidfd == -1)
		j->pidfd = process_pidfd(&j->process);
	if (j->keeper_alive) {
		id = &j->record->keeper;
		fd = &j->keeper_pidfd;
	}
	if (*fd == -1 && (*fd = process_pidfd(id)) == -1)
		*again = errno == ESRCH;
	return *fd;
}

int
job_wait(struct job *j, int64_t end, int fd)
{
	struct pollfd pfds[2];
	int64_t left;
	int again, n;

	for (;;) {
		if (!is_there(j))
			return 0;
		pfds[0].fd = wake_fd(j, &again);
		pfds[0].events = POLLIN;
		pfds[1].fd = fd;
		pfds[1].events = POLLIN;
		left = INT64_MAX;
		if (end != 0 && (left = end - job_clock()) < 0)
			left = 0;
		if (pfds[0].fd == -1 && left > LOOK_AGAIN)
			left = LOOK_AGAIN;
		if (again)
			left = 0;
		n = poll(pfds, 2,
		    left / NS_PER_MS >= INT_MAX ?
			(left == INT64_MAX ? -1 : INT_MAX) :
			(int)((left + NS_PER_MS - 1) / NS_PER_MS));
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0 && pfds[1].revents != 0)
			return 1;
		if (n == 0 || pfds[0].revents != 0) {
			if (job_refresh(j) == -1)
				return -1;
		}
		if (is_there(j) && end != 0 && job_clock() >= end) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
}

int
job_status(struct job *j, int *status)
{
	if (j->record != NULL && j->record->has_ended) {
		*status = j->record->status;
		return j->record->status_known ? 0 : -1;
	}
	if (j->loss == LOSS_REBOOT || j->loss == LOSS_HOST)
		return -1;
	if (process_zombie_status(&j->process, status) == 0)
		return 0;
	if (j->pidfd == -1)
		return -1;
	if (process_exit_status(j->pidfd, REAP_PATIENCE, status) == 0)
		return 0;
	return process_zombie_status(&j->process, status);
}
