/* SPDX-License-Identifier: ISC */
/*
 * A job's record and logs from one run to the next.
 *
 * What always holds: a record, once there, is never missing, not even for a
 * moment; and no log is ever lost, however a start was interrupted. While a
 * start is between publish and settle, there is a record.old (an empty one
 * if there was no record before), which is what unpublish goes by. Only a
 * start that has made the directory does without: taken back, it removes all.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "statedir.h"

/* -1: not there. */
static off_t
size_of(int dirfd, const char *file)
{
	struct stat st;

	if (fstatat(dirfd, file, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return st.st_size;
}

/* Like rename(2) and unlink(2), but 0 also if there is nothing to do it to. */
static int
move(int dirfd, const char *from, const char *to)
{
	return renameat(dirfd, from, dirfd, to) == -1 && errno != ENOENT ? -1 :
									   0;
}

static int
discard(int dirfd, const char *file)
{
	return unlinkat(dirfd, file, 0) == -1 && errno != ENOENT ? -1 : 0;
}

int
statedir_job_recover(int dirfd)
{
	/* A start that was taken back, or was not, and its run's log. */
	if (size_of(dirfd, JOB_LOG_OLD) != -1 &&
	    move(dirfd, JOB_LOG_OLD,
		size_of(dirfd, JOB_LOG) > 0 ? JOB_LOG_1 : JOB_LOG) == -1)
		return -1;
	if (size_of(dirfd, JOB_LOG_NEW) > 0) {
		if (size_of(dirfd, JOB_LOG) > 0 &&
		    move(dirfd, JOB_LOG, JOB_LOG_1) == -1)
			return -1;
		if (move(dirfd, JOB_LOG_NEW, JOB_LOG) == -1)
			return -1;
	}
	if (discard(dirfd, JOB_LOG_NEW) == -1 ||
	    discard(dirfd, JOB_RECORD_NEW) == -1)
		return -1;
	return discard(dirfd, JOB_RECORD_OLD);
}

/* Make record.old: another name of the record, or empty if there is none. */
static int
keep_record(int dirfd)
{
	int fd;

	if (linkat(dirfd, JOB_RECORD, dirfd, JOB_RECORD_OLD, 0) == 0)
		return 0;
	if (errno == EEXIST) {
		if (discard(dirfd, JOB_RECORD_OLD) == -1)
			return -1;
		if (linkat(dirfd, JOB_RECORD, dirfd, JOB_RECORD_OLD, 0) == 0)
			return 0;
	}
	/* No links on this file system: then there is a moment without. */
	if (errno != ENOENT &&
	    renameat(dirfd, JOB_RECORD, dirfd, JOB_RECORD_OLD) == 0)
		return 0;
	if (errno != ENOENT)
		return -1;
	fd = openat(dirfd, JOB_RECORD_OLD,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return -1;
	return close(fd);
}

int
statedir_job_publish(int dirfd, bool has_log)
{
	int saved;

	if (keep_record(dirfd) == -1)
		return -1;
	if (move(dirfd, JOB_LOG, JOB_LOG_OLD) == 0 &&
	    (!has_log || renameat(dirfd, JOB_LOG_NEW, dirfd, JOB_LOG) == 0) &&
	    renameat(dirfd, JOB_RECORD_NEW, dirfd, JOB_RECORD) == 0)
		return 0;
	saved = errno;
	(void)statedir_job_unpublish(dirfd, has_log);
	errno = saved;
	return -1;
}

int
statedir_job_publish_first(int dirfd, bool has_log)
{
	if (has_log && renameat(dirfd, JOB_LOG_NEW, dirfd, JOB_LOG) == -1)
		return -1;
	return renameat(dirfd, JOB_RECORD_NEW, dirfd, JOB_RECORD);
}

int
statedir_job_unpublish(int dirfd, bool has_log)
{
	off_t size = size_of(dirfd, JOB_RECORD_OLD);
	int r = 0;

	if (size != -1) {
		/* First the new log out of the way, which says by its name
		   that it is the new one if this is done twice. */
		if (has_log && size_of(dirfd, JOB_LOG_NEW) == -1 &&
		    move(dirfd, JOB_LOG, JOB_LOG_NEW) == -1)
			r = -1;
		if (move(dirfd, JOB_LOG_OLD, JOB_LOG) == -1)
			r = -1;
		if ((size == 0 ? discard(dirfd, JOB_RECORD) :
				 move(dirfd, JOB_RECORD_OLD, JOB_RECORD)) == -1)
			r = -1;
		/* Two names of one file are not renamed but left. */
		if (discard(dirfd, JOB_RECORD_OLD) == -1)
			r = -1;
	}
	if (discard(dirfd, JOB_RECORD_NEW) == -1)
		r = -1;
	if (has_log && discard(dirfd, JOB_LOG_NEW) == -1)
		r = -1;
	return r;
}

int
statedir_job_settle(int dirfd)
{
	int r = move(dirfd, JOB_LOG_OLD, JOB_LOG_1);

	return discard(dirfd, JOB_RECORD_OLD) == -1 ? -1 : r;
}
