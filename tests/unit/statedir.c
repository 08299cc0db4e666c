/* SPDX-License-Identifier: ISC */
/*
 * Where the state directory is, and what a start, a failed start and an
 * interrupted one leave of a job's record and logs.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "statedir.h"
#include "tap.h"

static int dir;		/* the job's directory */

static void
put(const char *file, const char *text)
{
	int fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || write(fd, text, strlen(text)) == -1)
		abort();
	close(fd);
}

static bool
holds(const char *file, const char *text)
{
	char buf[64];
	ssize_t n;
	int fd;

	if ((fd = openat(dir, file, O_RDONLY)) == -1)
		return text == NULL;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n < 0 ? 0 : n] = '\0';
	return text != NULL && n >= 0 && strcmp(buf, text) == 0;
}

/* A directory that nothing replaces and unlink(2) does not remove. */
static void
obstruct(const char *file)
{
	char in[32];

	snprintf(in, sizeof(in), "%s/x", file);
	if (mkdirat(dir, file, 0700) == -1)
		abort();
	put(in, "");
}

static void
clear(void)
{
	static const char *const files[] = { "record", "record.new",
	    "record.old", "log", "log.new", "log.old", "log.1" };
	char in[32];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(in, sizeof(in), "%s/x", files[i]);
		unlinkat(dir, in, 0);
		unlinkat(dir, files[i], AT_REMOVEDIR);
		unlinkat(dir, files[i], 0);
	}
}

/* No more than these; NULL: not there. */
static bool
state(const char *record, const char *log, const char *log_1)
{
	return holds("record", record) && holds("log", log) &&
	    holds("log.1", log_1) && holds("record.new", NULL) &&
	    holds("record.old", NULL) && holds("log.new", NULL) &&
	    holds("log.old", NULL);
}

static void
previous_run(void)
{
	clear();
	put("record", "r1");
	put("log", "l1");
	put("log.1", "l0");
}

static void
new_files(void)
{
	put("record.new", "r2");
	put("log.new", "");
}

static void
check_first(void)
{
	clear();
	new_files();
	ok(statedir_job_publish(dir, true) == 0 && holds("record", "r2") &&
	    holds("log", ""), "first start: published");
	ok(statedir_job_settle(dir) == 0 && state("r2", "", NULL), "settled");
	ok(statedir_job_settle(dir) == 0 && state("r2", "", NULL), "twice");
	clear();
	new_files();
	ok(statedir_job_publish(dir, true) == 0 &&
	    statedir_job_unpublish(dir, true) == 0 && state(NULL, NULL, NULL),
	    "first start: taken back, nothing is left");
	ok(statedir_job_unpublish(dir, true) == 0 && state(NULL, NULL, NULL),
	    "twice");
	new_files();
	ok(statedir_job_unpublish(dir, true) == 0 && state(NULL, NULL, NULL),
	    "not published yet: nothing is left");
	new_files();
	ok(statedir_job_publish_first(dir, true) == 0 && state("r2", "", NULL),
	    "in a new directory: nothing to be settled");
	clear();
	put("record.new", "r2");
	ok(statedir_job_publish_first(dir, true) == -1 && errno == ENOENT &&
	    holds("record", NULL), "a publish that fails changes nothing");
}

static void
check_next(void)
{
	previous_run();
	new_files();
	ok(statedir_job_publish(dir, true) == 0 && holds("record", "r2") &&
	    holds("log", "") && holds("log.1", "l0"), "next start: published");
	ok(statedir_job_settle(dir) == 0 && state("r2", "", "l1"), "settled");
	previous_run();
	new_files();
	ok(statedir_job_publish(dir, true) == 0 &&
	    statedir_job_unpublish(dir, true) == 0 && state("r1", "l1", "l0"),
	    "next start: taken back, all is as it was");
	ok(statedir_job_unpublish(dir, true) == 0 && state("r1", "l1", "l0"),
	    "twice");
	new_files();
	ok(statedir_job_unpublish(dir, true) == 0 && state("r1", "l1", "l0"),
	    "not published yet: all is as it was");
	put("record.new", "r2");
	ok(statedir_job_publish(dir, false) == 0 &&
	    statedir_job_settle(dir) == 0 && state("r2", NULL, "l1"),
	    "output elsewhere: the log is moved all the same");
	previous_run();
	put("record.new", "r2");
	ok(statedir_job_publish(dir, false) == 0 &&
	    statedir_job_unpublish(dir, false) == 0 && state("r1", "l1", "l0"),
	    "and taken back");
	previous_run();
	ok(statedir_job_publish(dir, false) == -1 && errno == ENOENT &&
	    state("r1", "l1", "l0"), "a publish that fails changes nothing");
	previous_run();
	put("record.new", "r2");
	ok(statedir_job_publish(dir, true) == -1 && errno == ENOENT &&
	    state("r1", "l1", "l0"), "nor without the new log");
}

static void
check_interrupted(void)
{
	previous_run();
	new_files();
	ok(statedir_job_recover(dir) == 0 && state("r1", "l1", "l0"),
	    "interrupted before publish");
	previous_run();
	new_files();
	ok(statedir_job_publish(dir, true) == 0 &&
	    statedir_job_recover(dir) == 0 && holds("log", "l1") &&
	    holds("log.1", "l0"), "interrupted before exec: no log is lost");
	previous_run();
	new_files();
	ok(statedir_job_publish(dir, true) == 0, "published");
	put("log", "l2");
	ok(statedir_job_recover(dir) == 0 && state("r2", "l2", "l1"),
	    "interrupted after exec: as if settled");
	previous_run();
	if (renameat(dir, "log", dir, "log.old") == -1)
		abort();
	ok(statedir_job_recover(dir) == 0 && state("r1", "l1", "l0"),
	    "interrupted within publish");
	previous_run();
	put("log.new", "l2");
	ok(statedir_job_recover(dir) == 0 && state("r1", "l2", "l1"),
	    "a new log with something in it is kept");
	previous_run();
	new_files();
	put("record.old", "stale");
	ok(statedir_job_publish(dir, true) == 0 &&
	    statedir_job_unpublish(dir, true) == 0 && state("r1", "l1", "l0"),
	    "a stale record.old never comes back");
}

static bool
path_is(const char *want)
{
	char *p = statedir_path();
	bool same = want == NULL ? p == NULL && errno == ENOENT :
	    p != NULL && strcmp(p, want) == 0;

	free(p);
	return same;
}

static void
check_path(void)
{
	char cwd[4096], want[4200];

	setenv("HOME", "/h", 1);
	setenv("XDG_STATE_HOME", "/x", 1);
	setenv("DETACH_STATE_DIR", "/d", 1);
	ok(path_is("/d"), "DETACH_STATE_DIR");
	setenv("DETACH_STATE_DIR", "rel", 1);
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		abort();
	snprintf(want, sizeof(want), "%s/rel", cwd);
	ok(path_is(want), "made absolute");
	setenv("DETACH_STATE_DIR", "", 1);
	ok(path_is("/x/detach"), "XDG_STATE_HOME");
	setenv("XDG_STATE_HOME", "rel", 1);
	ok(path_is("/h/.local/state/detach"), "a relative one is skipped");
	unsetenv("XDG_STATE_HOME");
	ok(path_is("/h/.local/state/detach"), "HOME");
	unsetenv("HOME");
	ok(path_is(NULL), "none");
}

static void
check_directories(const char *top)
{
	char path[256];
	struct stat st;
	char **names;
	bool created;
	int fd, job;

	snprintf(path, sizeof(path), "%s/a/b", top);
	setenv("DETACH_STATE_DIR", path, 1);
	ok(statedir_open(false) == -1 && errno == ENOENT, "not made");
	umask(0777);
	fd = statedir_open(true);
	umask(022);
	ok(fd != -1 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0700,
	    "made with its parents, 0700");
	ok(statedir_job_open(fd, "../b", true, &created) == -1 &&
	    errno == EINVAL, "no name");
	ok(statedir_job_open(fd, "x", false, &created) == -1 &&
	    errno == ENOENT, "no job");
	job = statedir_job_open(fd, "x", true, &created);
	ok(job != -1 && created, "a job's directory");
	close(statedir_job_open(fd, "x", true, &created));
	ok(!created, "made once");
	names = statedir_jobs(fd);
	ok(names != NULL && strcmp(names[0], "x") == 0 && names[1] == NULL,
	    "listed");
	free(names[0]);
	free(names);
	close(openat(job, "record.tmp", O_CREAT | O_WRONLY, 0600));
	close(openat(job, "mine", O_CREAT | O_WRONLY, 0600));
	ok(statedir_job_remove(fd, "x", job) == -1 && errno == ENOTEMPTY,
	    "another's file is not removed");
	unlinkat(job, "mine", 0);
	ok(statedir_job_remove(fd, "x", job) == 0, "removed");
	ok(statedir_job_lock(job) == -1 && errno == ENOENT,
	    "a removed directory cannot be locked");
	close(job);
	fchmod(fd, 0770);
	ok(statedir_open(true) == -1 && errno == EPERM, "writable by others");
	close(fd);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/a", top);
	rmdir(path);
	close(openat(AT_FDCWD, path, O_CREAT | O_WRONLY, 0600));
	setenv("DETACH_STATE_DIR", path, 1);
	ok(statedir_open(true) == -1 && errno == ENOTDIR, "a file");
	unlink(path);
}

/* What cannot be done is reported, and the record stays. */
static void
check_obstructed(void)
{
	previous_run();
	put("log.old", "l2");
	unlinkat(dir, "log.1", 0);
	obstruct("log.1");
	ok(statedir_job_recover(dir) == -1 && holds("log.old", "l2") &&
	    holds("record", "r1"), "no way for an old log");
	clear();
	put("log", "l1");
	put("log.new", "l2");
	obstruct("log.1");
	ok(statedir_job_recover(dir) == -1 && holds("log", "l1") &&
	    holds("log.new", "l2"), "no way for the log of a new run");
	previous_run();
	put("record.new", "r2");
	obstruct("record.old");
	ok(statedir_job_publish(dir, false) == -1 && holds("record", "r1"),
	    "the old record cannot be kept: it stays");
	put("log.new", "l2");
	ok(statedir_job_unpublish(dir, true) == -1 && holds("record", "r1") &&
	    holds("log", "l1"), "no way back: it stays");
	clear();
	put("record", "r2");
	put("log", "l2");
	put("record.old", "");
	obstruct("record.new");
	obstruct("log.new");
	obstruct("log.old");
	ok(statedir_job_unpublish(dir, true) == -1 && holds("record", NULL),
	    "the first run's record is taken back, at least");
	clear();
}

int
main(void)
{
	char top[] = "/tmp/detach-unit.XXXXXX";

	if (mkdtemp(top) == NULL || (dir = open(top, O_RDONLY)) == -1)
		abort();
	check_path();
	check_first();
	check_next();
	check_interrupted();
	check_obstructed();
	clear();
	check_directories(top);
	close(dir);
	rmdir(top);
	return tap_done();
}
