/* SPDX-License-Identifier: ISC */
/*
 * The name and the pidfile of a start, locked: of any number of simultaneous
 * starts one goes on from here, and the others say who it is (F2).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exitcode.h"
#include "job.h"
#include "launch.h"
#include "process.h"
#include "say.h"
#include "statedir.h"
#include "when.h"

#define PATIENCE_MS 1000 /* F2 */
#define LOOK_MS	    10
#define LOOKS	    (PATIENCE_MS / LOOK_MS)
#define BELIEVE	    2 /* tries before a refusal is believed */

static int
failed(const char *what)
{
	say_errno(errno, "%s", *what == '\0' ? "''" : what);
	return EXIT_FAILED;
}

int
launch_refuse(const char *what, pid_t pid)
{
	struct process_stat st;
	struct timespec ts;
	struct tm tm;
	char since[64];

	if (pid == 0 || process_check_proc() == -1 ||
	    process_stat(pid, &st) == -1 ||
	    process_started(st.start_time, &ts) == -1 ||
	    localtime_r(&ts.tv_sec, &tm) == NULL ||
	    strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		say("%s: already running: it is locked by another process",
		    what);
	else
		say("%s: already running (pid %d, since %s)", what, (int)pid,
		    since);
	return EXIT_NOTHING_DONE;
}

/*
 * The pid of a job that runs by its record, keeper or not (J4); else 0. With
 * keeper, the keeper's will do: of a --tree whose command has ended, or in the
 * delay of a --restart.
 */
static pid_t
recorded_pid(int dirfd, bool keeper)
{
	struct record *r;
	pid_t pid = 0;

	if ((r = record_read(dirfd)) == NULL)
		return 0;
	if (!r->has_ended && job_is_from_here(r)) {
		if (process_alive(&r->command))
			pid = r->command.pid;
		else if (keeper && process_alive(&r->keeper))
			pid = r->keeper.pid;
	}
	record_free(r);
	return pid;
}

/*
 * As launch_refuse(), of the name; a job of another host is said to be (J8).
 * Of a job of before this machine's start, the lock is another start's here.
 */
static int
refuse_name(const struct launch *l, pid_t pid)
{
	const char *name = l->o->name;
	char since[WHEN_SIZE], host[HOST_NAME_MAX + 1] = "";
	struct job *j = job_open(l->statefd, name);
	int rc = EXIT_NOTHING_DONE;

	(void)gethostname(host, sizeof(host) - 1);
	if (j != NULL && j->other_namespace)
		say("%s: already running (pid %d, since %s) in another PID "
		    "namespace",
		    name, (int)j->process.pid,
		    when_full(&j->record->started, since));
	else if (j != NULL && j->other_host && j->state == JOB_RUNNING &&
	    j->record->host != NULL && strcmp(j->record->host, host) != 0)
		say("%s: already running (pid %d, since %s) on %s: log in "
		    "there to see or stop it",
		    name, (int)j->process.pid,
		    when_full(&j->record->started, since), j->record->host);
	else
		rc = launch_refuse(name, pid);
	job_free(j);
	return rc;
}

/*
 * Open and lock the job's directory. A refusal is believed only after a few
 * tries, for a verb that asks holds the lock for an instant; the loser then
 * waits a bounded time for a pid to name.
 */
static int
claim_name(struct launch *l)
{
	const struct timespec pause = { 0, LOOK_MS * 1000000L };
	const char *name = l->o->name;
	pid_t pid = 0;
	int i;

	for (i = 0; i <= LOOKS; i++) {
		if (l->jobdir == -1)
			l->jobdir = statedir_job_open(l->statefd, name, true,
			    &l->jobdir_created);
		if (l->jobdir == -1)
			return failed(name);
		if (statedir_job_lock(l->jobdir) == 0) {
			pid = recorded_pid(l->jobdir, false);
			return pid == 0 ? 0 : launch_refuse(name, pid);
		}
		/* Another's: not ours to remove. Or removed: once more. */
		l->jobdir_created = false;
		if (i >= BELIEVE &&
		    (pid = recorded_pid(l->jobdir, i == LOOKS)) != 0)
			break;
		close(l->jobdir);
		l->jobdir = -1;
		nanosleep(&pause, NULL);
	}
	return refuse_name(l, pid);
}

static int
prepare_job(struct launch *l)
{
	char *path;

	l->statefd = l->jobdir = -1;
	if (l->o->name == NULL)
		return 0;
	if ((l->statefd = statedir_open(true)) == -1) {
		if ((path = statedir_path()) == NULL) {
			say("%s: no state directory: set HOME or "
			    "DETACH_STATE_DIR",
			    l->o->name);
			return EXIT_FAILED;
		}
		if (errno == EPERM)
			say("%s: must be a directory of yours that only you "
			    "can write to",
			    path);
		else
			say_errno(errno, "%s", path);
		free(path);
		return EXIT_FAILED;
	}
	return claim_name(l);
}

/*
 * The pid of a job that runs by its record, which names this pidfile: its
 * keeper was killed, and the lock went with it (J4); else 0. Jobs are looked
 * through only where the file is left over and names a running process. One
 * of another host or boot proves nothing: the lock on its name may be ours.
 */
static pid_t
keeperless_pid(const char *path)
{
	pid_t pid = pidfile_left(path);
	struct job *j = pid == 0 ? NULL : job_of_pidfile(path);

	if (j == NULL || j->state != JOB_RUNNING || j->other_host ||
	    j->process.pid != pid)
		pid = 0;
	job_free(j);
	return pid;
}

static int
prepare_pidfile(struct launch *l)
{
	const char *path = l->o->pidfile;
	const char *what;
	pid_t other;
	int rc;

	l->pidfile.fd = l->pidfile.dirfd = -1;
	if (path == NULL && l->jobdir == -1)
		return 0;
	if (path != NULL && (other = keeperless_pid(path)) != 0)
		return launch_refuse(path, other);
	if (path != NULL)
		rc = pidfile_claim(&l->pidfile, AT_FDCWD, path, l->jobdir == -1,
		    &other);
	else
		rc = pidfile_claim(&l->pidfile, l->jobdir, JOB_PID, false,
		    &other);
	if (rc == 0)
		return 0;
	what = path == NULL ? l->o->name : *path == '\0' ? "''" : path;
	switch (errno) {
	case EWOULDBLOCK:
		return path == NULL ? refuse_name(l, other) :
				      launch_refuse(path, other);
	case ELOOP:
		say("%s: is a symbolic link; a pidfile must not be one", what);
		break;
	case ENOTSUP:
		say("%s: is no regular file; a pidfile must be one", what);
		break;
	case EMLINK:
		say("%s: is a file with another name, too; a pidfile of root's "
		    "must have but one",
		    what);
		break;
	case EPERM:
		say("%s: somebody else owns the file or its directory, or can "
		    "replace it; use a directory such as /run",
		    what);
		break;
	default:
		say_errno(errno, "%s", what);
	}
	return EXIT_FAILED;
}

int
launch_claim(struct launch *l)
{
	int rc = prepare_job(l);

	return rc != 0 ? rc : prepare_pidfile(l);
}
