/* SPDX-License-Identifier: ISC */
/*
 * The pidfile. On libbsd's flopenat(3bsd), which opens and locks without a
 * race against a holder that removes the file; not on pidfile_open(3bsd),
 * which follows links, reads only text without a newline, and leaves the
 * close-on-exec flag to chance: here the descriptor always has it, and
 * whoever wants the lock to follow the command clears it.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "parse.h"
#include "pidfile.h"
#include "process.h"

#define PATIENCE_MS 1000 /* F2: how long a loser looks for a pid */
#define LOOK_MS	    10
#define BELIEVE	    2 /* tries before a refusal is believed */

#define NS_PER_S  INT64_C(1000000000)
#define COARSE_NS INT64_C(20000000) /* a tick of each of two clocks */

/* The pid in an open pidfile: digits, perhaps white space after them. */
static pid_t
read_pid(int fd)
{
	char text[32];
	ssize_t n;
	pid_t pid;

	n = pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	text[strcspn(text, " \t\r\n")] = '\0';
	return parse_pid(text, &pid) == 0 ? pid : 0;
}

static bool
runs(pid_t pid)
{
	struct process_stat st;

	return pid != 0 && process_stat(pid, &st) == 0 && st.state != 'Z' &&
	    st.state != 'X';
}

/* True if the process has the file open. */
static bool
has_open(pid_t pid, const struct stat *file)
{
	char path[32];
	struct dirent *e;
	struct stat st;
	bool found = false;
	DIR *d;

	(void)snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	if ((d = opendir(path)) == NULL)
		return false;
	while (!found && (e = readdir(d)) != NULL)
		found = fstatat(dirfd(d), e->d_name, &st, 0) == 0 &&
		    st.st_dev == file->st_dev && st.st_ino == file->st_ino;
	closedir(d);
	return found;
}

/*
 * True if the text can mean this process: it has the file, or was there when
 * the text was written. One that has neither was given the pid of a command
 * that has ended, while what that left behind holds the lock (F4, J3). A
 * clock that was set meanwhile spoils the second, but not the first.
 */
static bool
is_meant(const struct identity *id, const struct stat *file)
{
	struct timespec started;
	int64_t early;

	if (has_open(id->pid, file))
		return true;
	if (process_started(id->start_time, &started) == -1)
		return false;
	early = (int64_t)(file->st_mtim.tv_sec - started.tv_sec) * NS_PER_S +
	    file->st_mtim.tv_nsec - started.tv_nsec;
	return early >= -COARSE_NS;
}

/* The running process that a locked file's text means, or 0. */
static pid_t
named_pid(int dirfd, const char *name)
{
	struct identity id;
	struct stat st;
	pid_t pid = 0;
	int fd;

	fd = openat(dirfd, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return 0;
	if (fstat(fd, &st) == 0)
		pid = read_pid(fd);
	close(fd);
	return runs(pid) && process_identify(pid, &id) == 0 &&
		is_meant(&id, &st) ?
	    pid :
	    0;
}

/*
 * Open and lock. A refusal is believed only after a few tries, since one who
 * asks whether a file is live holds a shared lock for an instant; and a
 * holder may be between locking and writing: wait a bounded time for the pid
 * of a running process.
 */
static int
open_locked(int dirfd, const char *name, int access, pid_t *other)
{
	const struct timespec pause = { 0, LOOK_MS * 1000000L };
	int fd, i;

	for (i = 0;; i++) {
		fd = flopenat(dirfd, name,
		    access | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
			O_CLOEXEC,
		    0644);
		if (fd != -1 || errno != EWOULDBLOCK)
			return fd;
		if (i >= BELIEVE && (*other = named_pid(dirfd, name)) != 0)
			break;
		if (i >= PATIENCE_MS / LOOK_MS)
			break;
		nanosleep(&pause, NULL);
	}
	errno = EWOULDBLOCK;
	return -1;
}

/* Open path's directory; *name is what is left. */
static int
open_directory(int at, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char room[256]; /* or the first allocation of many a launch */
	char *dir = room;
	size_t len;
	int fd;

	if (*path == '\0' || (slash != NULL && slash[1] == '\0')) {
		errno = *path == '\0' ? ENOENT : EISDIR;
		return -1;
	}
	*name = slash == NULL ? path : slash + 1;
	if (slash == NULL)
		return openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	len = (size_t)(slash - path + 1);
	if (len >= sizeof(room) && (dir = malloc(len + 1)) == NULL)
		return -1;
	memcpy(dir, path, len);
	dir[len] = '\0';
	fd = geteuid() == 0 ?
	    pidfile_open_way(at, dir) :
	    openat(at, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir != room)
		free(dir);
	return fd;
}

char *
pidfile_path(const char *path)
{
	char *cwd, *abs = NULL;

	if (*path == '/')
		return strdup(path);
	if ((cwd = getcwd(NULL, 0)) == NULL)
		return NULL;
	if ((abs = malloc(strlen(cwd) + strlen(path) + 2)) != NULL) {
		strcpy(abs, cwd);
		strcat(abs, "/");
		strcat(abs, path);
	}
	free(cwd);
	return abs;
}

/* What may be opened, locked and written at all. */
static int
check_file(const struct stat *st, bool trusted)
{
	if (S_ISLNK(st->st_mode))
		errno = ELOOP;
	else if (!S_ISREG(st->st_mode))
		errno = ENOTSUP;
	else if (trusted || geteuid() != 0)
		return 0;
	else if (st->st_uid != 0)
		errno = EPERM;
	else if (st->st_nlink > 1)
		errno = EMLINK;
	else
		return 0;
	return -1;
}

/*
 * A file that we have made, but could not lock: remove it, but only with the
 * lock, for by now it may be another's.
 */
static void
take_back(const struct pidfile *p)
{
	int fd, saved = errno;

	fd = flopenat(p->dirfd, p->name,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd != -1) {
		pidfile_drop(fd, p->dirfd, p->name);
		close(fd);
	}
	errno = saved;
}

/* The descriptor to write to: of the locked file, which nobody replaces now. */
static int
open_writable(struct pidfile *p, int access)
{
	struct stat st, same;

	if (access == O_RDWR) {
		p->write = p->fd;
		return 0;
	}
	p->write = openat(p->dirfd, p->name,
	    O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (p->write == -1 || fstat(p->fd, &st) == -1 ||
	    fstat(p->write, &same) == -1)
		return -1;
	if (st.st_dev == same.st_dev && st.st_ino == same.st_ino)
		return 0;
	errno = ESTALE;
	return -1;
}

int
pidfile_claim(struct pidfile *p, int at, const char *path, bool inherited,
    pid_t *other)
{
	struct stat st;
	bool trusted = at != AT_FDCWD; /* a job's own directory */
	int access = inherited && geteuid() == 0 ? O_RDONLY : O_RDWR;
	int saved;

	*other = 0;
	p->fd = p->write = -1;
	p->created = false;
	if ((p->dirfd = open_directory(at, path, &p->name)) == -1)
		return -1;
	if (fstatat(p->dirfd, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (check_file(&st, trusted) == -1)
			goto fail;
	} else if (errno != ENOENT)
		goto fail;
	else
		p->created = true;
	if ((p->fd = open_locked(p->dirfd, p->name, access, other)) == -1) {
		if (p->created && errno != EWOULDBLOCK)
			take_back(p);
		goto fail;
	}
	/*
	 * The real checks: of what has been opened. Stale text goes at once,
	 * lest a loser take it for the holder's.
	 */
	if (fstat(p->fd, &st) == 0 && check_file(&st, trusted) == 0 &&
	    ((st.st_mode & 0600) == 0600 || !p->created ||
		fchmod(p->fd, (st.st_mode & 0777) | 0600) == 0) &&
	    (trusted || geteuid() != 0 || pidfile_check_way(p->dirfd) == 0) &&
	    open_writable(p, access) == 0 &&
	    (st.st_size == 0 || ftruncate(p->write, 0) == 0))
		return 0;
	saved = errno;
	if (p->created)
		pidfile_drop(p->fd, p->dirfd, p->name);
	errno = saved;
fail:
	saved = errno;
	if (p->write != -1 && p->write != p->fd)
		close(p->write);
	if (p->fd != -1)
		close(p->fd);
	close(p->dirfd);
	p->fd = p->write = p->dirfd = -1;
	errno = saved;
	return -1;
}

/*
 * What root would not lock, it does not believe either: who can write to the
 * file can lock it, and name any process.
 */
static int
check_told(const struct stat *st, const char *path)
{
	const char *name;
	int dirfd, rc, saved;

	if (geteuid() != 0)
		return 0;
	if (st->st_uid != 0 || st->st_nlink > 1 ||
	    (st->st_mode & S_IWOTH) != 0 ||
	    ((st->st_mode & S_IWGRP) != 0 && st->st_gid != 0)) {
		errno = EPERM;
		return -1;
	}
	if ((dirfd = open_directory(AT_FDCWD, path, &name)) == -1)
		return -1;
	rc = pidfile_check_way(dirfd);
	saved = errno;
	close(dirfd);
	errno = saved;
	return rc;
}

int
pidfile_process(const char *path, struct identity *id)
{
	struct stat st;
	pid_t pid = 0;
	int fd, saved, none = ESRCH;

	fd = open(path,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		none = ENOTSUP;
	} else if (flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK) {
		if (check_told(&st, path) == -1) {
			saved = errno;
			close(fd);
			errno = saved;
			return -1;
		}
		pid = read_pid(fd);
		none = EBUSY;
	}
	close(fd);
	if (pid != 0 && process_identify(pid, id) == 0 && is_meant(id, &st))
		return 0;
	errno = none;
	return -1;
}

pid_t
pidfile_left(const char *path)
{
	pid_t pid;
	int fd;

	fd = open(path,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return 0;
	pid = read_pid(fd);
	if (!runs(pid) || flock(fd, LOCK_SH | LOCK_NB) == -1)
		pid = 0;
	close(fd);
	return pid;
}
