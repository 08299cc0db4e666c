/* SPDX-License-Identifier: ISC */
/*
 * The state directory, one directory a job: finds, creates and checks it,
 * and is the only builder of its paths. Never prints.
 */
#ifndef STATEDIR_H
#define STATEDIR_H

#include <stdbool.h>

/* The names in a job's directory. */
#define JOB_PID		"pid"
#define JOB_RECORD	"record"
#define JOB_LOG		"log"
#define JOB_LOG_1	"log.1"		/* the previous run's */
#define JOB_RECORD_NEW	"record.new"	/* written, not yet in its place */
#define JOB_RECORD_OLD	"record.old"	/* the previous one, until exec */
#define JOB_LOG_NEW	"log.new"
#define JOB_LOG_OLD	"log.old"

/* True if name may name a job: [A-Za-z0-9][A-Za-z0-9._+@:-]{0,63}, not
   digits alone. */
bool	statedir_name_valid(const char *name);

/*
 * The directory's path: $DETACH_STATE_DIR, else $XDG_STATE_HOME/detach, else
 * $HOME/.local/state/detach (empty and, for XDG, relative values are
 * skipped, as the XDG Base Directory Specification says). A relative
 * DETACH_STATE_DIR is taken from the current directory and made absolute. To
 * be freed; NULL with errno (ENOENT: no HOME either).
 */
char	*statedir_path(void);

/*
 * Open it: a directory descriptor, close-on-exec. With create, it and its
 * parents are made, 0700 each. It must be the caller's own, and writable by
 * nobody else: EPERM. -1 with errno (ENOENT where create is false).
 */
int	statedir_open(bool create);

/*
 * Open (or, with create, make: *created says so) the directory of job name
 * in statefd, with the same checks. A descriptor, or -1 with errno.
 */
int	statedir_job_open(int statefd, const char *name, bool create,
	    bool *created);

/* The path of a file in a job's directory, e.g. its log. To be freed. */
char	*statedir_job_path(const char *name, const char *file);

/*
 * Lock the job's name: an flock(2) on its directory's descriptor, held as
 * long as a copy of that descriptor is open. 0, or -1: EWOULDBLOCK (also for
 * the moment that statedir_job_locked() takes), ENOENT if the directory was
 * removed since it was opened: open it again.
 */
int	statedir_job_lock(int dirfd);

/* True if somebody holds it. Takes and drops a shared lock. */
bool	statedir_job_locked(int dirfd);

/*
 * Put in order what an interrupted start has left; with the name locked,
 * before record.new and log.new are made. No log is lost. 0, or -1.
 */
int	statedir_job_recover(int dirfd);

/*
 * A start replaces the record and moves the log to log.1, but a start that
 * fails leaves both as they were. So: record.new and log.new are written
 * first. publish puts them in place, the old ones stay as record.old and
 * log.old; unpublish takes that back; settle, after exec, moves log.old to
 * log.1 and removes record.old. All three are async-signal-safe, and may be
 * repeated: what is not there is skipped. has_log: there is a log.new. 0, or
 * -1 with errno (publish: nothing has changed).
 *
 * publish_first is for a directory that this start has made: there is nothing
 * to be kept or settled, and if the start fails, the directory goes.
 */
int	statedir_job_publish(int dirfd, bool has_log);
int	statedir_job_publish_first(int dirfd, bool has_log);
int	statedir_job_unpublish(int dirfd, bool has_log);
int	statedir_job_settle(int dirfd);

/*
 * Names of all jobs, sorted; NULL-terminated array of allocated strings, to
 * be freed one by one; NULL with errno.
 */
char	**statedir_jobs(int statefd);

/*
 * Remove a job's files and its directory (--forget; a start that failed and
 * had made the directory). Only the names above are ever removed, and those
 * that begin with "record." 0, or -1 with errno (ENOTEMPTY). dirfd is the
 * directory, open already: a start may fail for want of descriptors.
 */
int	statedir_job_remove(int statefd, const char *name, int dirfd);

#endif
