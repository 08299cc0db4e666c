/* SPDX-License-Identifier: ISC */
/*
 * Holding a whole job still: each member's threads by ptrace(2), all members
 * together, and none of their children left out.
 */
#include "config.h"

#include <sys/syscall.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "adopt.h"
#include "job.h"
#include "say.h"

#define SHORT_SLICE 100000 /* ns */

#define STOP_LIMIT 3000 /* ms for a process to stand still */
#define STOP_TRY   100	/* ... while others of the job are held */
#define ROUNDS	   20	/* of looking for new children */

/* ---- Our own place among the processes -------------------------------- */

/* The kernel's struct sched_attr, as it was at first. */
struct attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime; /* ns */
	uint64_t deadline;
	uint64_t period;
};

/* By the call itself: musl's functions refuse. */
static int
schedule_as(int policy, int priority)
{
	const struct sched_param p = { .sched_priority = priority };

	return (int)syscall(SYS_sched_setscheduler, 0, policy, &p);
}

/* A short slice lets us run soon (Linux 6.12, anybody); 0: as usual. */
static int
slice(uint64_t ns)
{
	struct attr attr = { 0 };

	if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) == -1)
		return -1;
	attr.size = sizeof(attr);
	attr.runtime = ns;
	return (int)syscall(SYS_sched_setattr, 0, &attr, 0);
}

void
adopt_hurry(struct adoption *a)
{
	if (syscall(SYS_sched_getscheduler, 0) != SCHED_OTHER)
		return;
	a->hurried = schedule_as(SCHED_FIFO | SCHED_RESET_ON_FORK, 1) == 0 ||
	    slice(SHORT_SLICE) == 0;
}

void
adopt_calm(struct adoption *a)
{
	if (a->hurried) {
		(void)schedule_as(SCHED_OTHER, 0);
		(void)slice(0);
	}
	a->hurried = false;
}

/* ---- Holding ----------------------------------------------------------- */

void
adopt_signal(const struct member *m, int signo)
{
	if (m->pidfd != -1)
		(void)process_pidfd_signal(m->pidfd, signo);
	else if (process_alive(&m->id))
		(void)kill(m->id.pid, signo);
}

static void
release(struct member *m)
{
	if (m->tracee == NULL)
		return;
	if (tracee_release(m->tracee) == -1)
		m->gone = true;
	m->tracee = NULL;
}

void
adopt_release(struct adoption *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		release(&a->member[i]);
	for (i = 0; i < a->n; i++) {
		seen_free(a->member[i].move.seen);
		a->member[i].move.seen = NULL;
	}
}

static struct tracee *
tracee_of(struct member *m)
{
	if (m->tracee == NULL)
		m->tracee = tracee_new(m->id.pid, adopt_suspends_seccomp(m));
	return m->tracee;
}

static bool
to_do(const struct member *m)
{
	return !m->done && !m->gone;
}

/*
 * Stop one member while others are held: 1; 0 if they had to be let go first,
 * since it may be waiting for one of them (as in vfork(2)), so that all must
 * be stopped anew; -1 with errno.
 */
static int
stop_member(struct adoption *a, struct member *m, bool others, int64_t end)
{
	struct pollfd ended = { .fd = m->pidfd, .events = POLLIN };
	struct tracee *t;
	size_t i;

	if ((t = tracee_of(m)) == NULL)
		return -1;
	if (tracee_stop(t, others ? STOP_TRY : STOP_LIMIT) == 0) {
		/* The pid was its own: it still is. */
		if (m->pidfd == -1 ? process_alive(&m->id) :
				     poll(&ended, 1, 0) == 0)
			return 1;
		errno = ESRCH;
		return -1;
	}
	if (errno != ETIMEDOUT || !others || job_clock() > end)
		return -1;
	for (i = 0; i < a->n; i++) {
		if (&a->member[i] != m)
			release(&a->member[i]);
	}
	return tracee_stop(t, STOP_LIMIT) == -1 ? -1 : 0;
}

/*
 * Hold all members that are to be adopted. Returns 0, or -1 after a message;
 * then none is held.
 */
static int
stop_all(struct adoption *a)
{
	int64_t end = job_deadline(STOP_LIMIT * INT64_C(1000000));
	struct member *m;
	bool others = false;
	size_t i;
	int n;

	for (i = 0; i < a->n; i++) {
		m = &a->member[i];
		if (!to_do(m))
			continue;
		n = stop_member(a, m, others, end);
		if (n == -1) {
			n = errno;
			if (i > 0 && adopt_has_ended(m)) {
				release(m);
				m->gone = true;
				continue;
			}
			adopt_release(a);
			adopt_explain(m, n);
			return -1;
		} else if (n == 0) {
			i = (size_t)-1; /* from the first on */
			others = false;
		} else
			others = true;
	}
	return 0;
}

void
adopt_survey(struct adoption *a)
{
	struct member *m;
	size_t i;

	for (i = a->n; i-- > 0;) {
		m = &a->member[i];
		if (!to_do(m) || tracee_of(m) == NULL)
			continue;
		adopt_presee(a, m);
		tracee_look(m->tracee);
	}
}

int
adopt_hold(struct adoption *a)
{
	int round, n;

	for (round = 0;; round++) {
		if (stop_all(a) == -1)
			return -1;
		if (round == ROUNDS || !adopt_has_new_child(a))
			return 0;
		/* The look at all processes takes too long to be held for. */
		adopt_release(a);
		if ((n = adopt_collect(a)) == -1) {
			say_errno(errno, "/proc");
			return -1;
		}
		for (; n > 0; n--) {
			if (adopt_refuse_member(&a->member[a->n - (size_t)n]))
				return -1;
		}
		adopt_survey(a);
	}
}
