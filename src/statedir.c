/* SPDX-License-Identifier: ISC */
/*
 * The state directory, and the directories of jobs in it. What is opened is
 * the caller's own and writable by nobody else.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "statedir.h"

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define NAME_DIGITS  "0123456789"
#define NAME_MAX_LEN 64

bool
statedir_name_valid(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= NAME_MAX_LEN &&
	    strchr(NAME_LETTERS NAME_DIGITS, name[0]) != NULL &&
	    strspn(name, NAME_LETTERS NAME_DIGITS "._+@:-") == len &&
	    strspn(name, NAME_DIGITS) != len;
}

static char *
join(const char *a, const char *b, const char *c)
{
	char *path;

	return asprintf(&path, "%s%s%s", a, b, c) == -1 ? NULL : path;
}

char *
statedir_path(void)
{
	const char *dir;
	char *cwd, *path;

	if ((dir = getenv("DETACH_STATE_DIR")) != NULL && *dir != '\0') {
		if (*dir == '/')
			return strdup(dir);
		if ((cwd = getcwd(NULL, 0)) == NULL)
			return NULL;
		path = join(cwd, "/", dir);
		free(cwd);
		return path;
	}
	if ((dir = getenv("XDG_STATE_HOME")) != NULL && *dir == '/')
		return join(dir, "/detach", "");
	if ((dir = getenv("HOME")) != NULL && *dir == '/')
		return join(dir, "/.local/state/detach", "");
	errno = ENOENT;
	return NULL;
}

char *
statedir_job_path(const char *name, const char *file)
{
	char *dir, *path;

	if ((dir = statedir_path()) == NULL)
		return NULL;
	if (asprintf(&path, "%s/%s/%s", dir, name, file) == -1)
		path = NULL;
	free(dir);
	return path;
}

/* mkdir(2), 0700 whatever the umask. */
static int
make_dir(int dirfd, const char *path)
{
	int saved;

	if (mkdirat(dirfd, path, 0700) == -1)
		return -1;
	if (fchmodat(dirfd, path, 0700, 0) == 0)
		return 0;
	saved = errno;
	(void)unlinkat(dirfd, path, AT_REMOVEDIR);
	errno = saved;
	return -1;
}

/* mkdir -p; path is changed and restored. What is there already stays. */
static int
make_dirs(char *path)
{
	char *p;

	for (p = path + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		/* Some file systems look at the rights before the name. */
		if (make_dir(AT_FDCWD, path) == -1 && errno != EEXIST &&
		    access(path, F_OK) == -1) {
			*p = '/';
			return -1;
		}
		*p = '/';
	}
	return make_dir(AT_FDCWD, path) == -1 && errno != EEXIST ? -1 : 0;
}

/* The caller's own, and writable by nobody else; else closed, EPERM. */
static int
checked(int fd)
{
	struct stat st;
	int saved;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0) {
		if (st.st_uid == geteuid() && (st.st_mode & 022) == 0)
			return fd;
		errno = EPERM;
	}
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

int
statedir_open(bool create)
{
	char *path;
	int fd, saved;

	if ((path = statedir_path()) == NULL)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT && create && make_dirs(path) == 0)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	saved = errno;
	free(path);
	errno = saved;
	return checked(fd);
}

int
statedir_job_open(int statefd, const char *name, bool create, bool *created)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	bool made = false;
	int fd, saved;

	if (created != NULL)
		*created = false;
	if (!statedir_name_valid(name)) {
		errno = EINVAL;
		return -1;
	}
	fd = openat(statefd, name, flags);
	if (fd == -1 && errno == ENOENT && create) {
		made = make_dir(statefd, name) == 0;
		if (!made && errno != EEXIST)
			return -1;
		fd = openat(statefd, name, flags);
	}
	if ((fd = checked(fd)) == -1 && made) {
		saved = errno;
		(void)unlinkat(statefd, name, AT_REMOVEDIR);
		errno = saved;
	}
	if (created != NULL)
		*created = made && fd != -1;
	return fd;
}

int
statedir_job_lock(int dirfd)
{
	struct stat st;

	if (flock(dirfd, LOCK_EX | LOCK_NB) == -1)
		return -1;
	if (fstat(dirfd, &st) == -1)
		return -1;
	if (st.st_nlink == 0) {
		errno = ENOENT;
		return -1;
	}
	return 0;
}

bool
statedir_job_locked(int dirfd)
{
	if (flock(dirfd, LOCK_SH | LOCK_NB) == -1)
		return errno == EWOULDBLOCK;
	(void)flock(dirfd, LOCK_UN);
	return false;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
free_names(char **names, size_t n)
{
	while (n > 0)
		free(names[--n]);
	free(names);
}

/* A stream of its own over the directory, from the start. */
static DIR *
open_dir(int dirfd)
{
	DIR *d;
	int fd;

	if ((fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return NULL;
	if ((d = fdopendir(fd)) == NULL)
		(void)close(fd);
	return d;
}

char **
statedir_jobs(int statefd)
{
	char **names, **more;
	struct dirent *e;
	size_t n = 0, room = 16;
	int saved;
	DIR *d;

	if ((d = open_dir(statefd)) == NULL)
		return NULL;
	names = calloc(room, sizeof(*names));
	while (names != NULL && (errno = 0, e = readdir(d)) != NULL) {
		if (!statedir_name_valid(e->d_name) ||
		    (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
			continue;
		if (n + 1 == room) {
			more = reallocarray(names, room *= 2, sizeof(*names));
			if (more == NULL)
				break;
			names = more;
		}
		if ((names[n] = strdup(e->d_name)) == NULL)
			break;
		n++;
	}
	saved = errno;
	(void)closedir(d);
	if (names == NULL || saved != 0) {
		free_names(names, n);
		errno = saved != 0 ? saved : ENOMEM;
		return NULL;
	}
	names[n] = NULL;
	qsort(names, n, sizeof(*names), compare_names);
	return names;
}

int
statedir_job_remove(int statefd, const char *name, int dirfd)
{
	/* The record last: until then, the job can still be found. */
	static const char *const files[] = { JOB_LOG_NEW, JOB_LOG_OLD,
		JOB_LOG_1, JOB_LOG, JOB_PID, JOB_RECORD_NEW, JOB_RECORD_OLD,
		JOB_RECORD };
	struct dirent *e;
	size_t i;
	DIR *d;

	if ((d = open_dir(dirfd)) != NULL) {
		while ((e = readdir(d)) != NULL) {
			if (strncmp(e->d_name, "record.", 7) == 0)
				(void)unlinkat(dirfd, e->d_name, 0);
		}
		(void)closedir(d);
	}
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (unlinkat(dirfd, files[i], 0) == -1 && errno != ENOENT)
			return -1;
	}
	return unlinkat(statefd, name, AT_REMOVEDIR);
}
