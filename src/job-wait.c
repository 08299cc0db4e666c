/* SPDX-License-Identifier: ISC */
/*
 * Sleeping until jobs have ended, and learning how.
 *
 * What is waited for is the end of the keeper's process, for only then are
 * its locks free; if it was killed, the end of the command's.
 */
#include "config.h"

#include <sys/resource.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "job.h"

#define NS_PER_S      1000000000LL
#define NS_PER_MS     1000000LL
#define SPARE	      4			/* descriptors */
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

bool
job_is_there(const struct job *j)
{
	return j->state == JOB_RUNNING || j->keeper_alive;
}

static bool
is_awaited(const struct job *j)
{
	return j != NULL && j->errnum == 0 && job_is_there(j);
}

/* Not one of the last descriptors, which looking at what has ended takes. */
static int
open_pidfd(const struct identity *id)
{
	int fd = process_pidfd(id);
	struct rlimit rl;

	if (fd == -1 || getrlimit(RLIMIT_NOFILE, &rl) == -1 ||
	    (rlim_t)fd + SPARE < rl.rlim_cur)
		return fd;
	(void)close(fd);
	errno = EMFILE;
	return -1;
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
		j->pidfd = open_pidfd(&j->process);
	if (j->keeper_alive) {
		id = &j->record->keeper;
		fd = &j->keeper_pidfd;
	}
	if (*fd == -1 && (*fd = open_pidfd(id)) == -1)
		*again = errno == ESRCH && !process_alive(id);
	return *fd;
}

/*
 * What there is to sleep on: *npfds, from the second on, for poll(2) takes no
 * more than there may be descriptors. How long at most, in ns.
 */
static int64_t
set_up(struct job *const *jobs, size_t n, struct pollfd *pfds, nfds_t *npfds,
    bool *over)
{
	int64_t longest = INT64_MAX;
	struct job *j;
	int again, fd;
	size_t i;

	*over = true;
	for (i = 0, *npfds = 1; i < n; i++) {
		j = jobs[i];
		if (!is_awaited(j))
			continue;
		*over = false;
		j->slot = 0;
		if ((fd = wake_fd(j, &again)) != -1) {
			j->slot = *npfds;
			pfds[(*npfds)++] =
			    (struct pollfd){ .fd = fd, .events = POLLIN };
		} else if (again)
			longest = 0;
		else if (longest > LOOK_AGAIN)
			longest = LOOK_AGAIN;
	}
	return longest;
}

/* For poll(2), rounded up. */
static int
milliseconds(int64_t ns)
{
	if (ns == INT64_MAX)
		return -1;
	return ns / NS_PER_MS >= INT_MAX ?
	    INT_MAX :
	    (int)((ns + NS_PER_MS - 1) / NS_PER_MS);
}

/* pfds has room for one more than there are jobs; its first is set. */
static int
wait_with(struct job *const *jobs, size_t n, struct pollfd *pfds, int64_t end)
{
	bool over, expired = false;
	int64_t longest, left;
	nfds_t npfds;
	size_t i;

	for (;;) {
		longest = set_up(jobs, n, pfds, &npfds, &over);
		if (over)
			return 0;
		if (expired) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (end != 0) {
			/* What has ended by then is still looked at. */
			left = end - job_clock();
			expired = left <= 0;
			longest = expired ? 0 : left < longest ? left : longest;
		}
		if (poll(pfds, npfds, milliseconds(longest)) == -1) {
			if (errno != EINTR)
				return -1;
			continue;
		}
		if (pfds[0].revents != 0)
			return 1;
		for (i = 0; i < n; i++) {
			if (is_awaited(jobs[i]) &&
			    (jobs[i]->slot == 0 ||
				pfds[jobs[i]->slot].revents != 0) &&
			    job_refresh(jobs[i]) == -1)
				jobs[i]->errnum = errno;
		}
	}
}

int
job_wait_all(struct job *const *jobs, size_t n, int64_t end)
{
	struct pollfd *pfds;
	int rc, saved;

	if ((pfds = calloc(n + 1, sizeof(*pfds))) == NULL)
		return -1;
	pfds[0] = (struct pollfd){ .fd = -1 };
	rc = wait_with(jobs, n, pfds, end);
	saved = errno;
	free(pfds);
	errno = saved;
	return rc;
}

int
job_wait(struct job *j, int64_t end, int fd)
{
	struct pollfd pfds[2];
	int rc;

	j->errnum = 0;
	pfds[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
	rc = wait_with(&j, 1, pfds, end);
	if (j->errnum != 0) {
		errno = j->errnum;
		return -1;
	}
	return rc;
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
