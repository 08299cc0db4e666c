/* SPDX-License-Identifier: ISC */
/*
 * Which descriptors of a member are a terminal that it may lose, and what
 * becomes of them: readers get /dev/null, writers the log.
 */
#include "config.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adopt.h"

#define PTS	      136	    /* major of pseudo-terminals */
#define PTMX	      makedev(5, 2) /* a master, which is no terminal */
#define COMPARE_FILES 0		    /* kcmp(2): KCMP_FILE */

/*
 * True for a terminal of people: the one to be survived, any pseudo-terminal,
 * a console. A serial line that is not its own controlling terminal may be
 * what the program works on.
 */
static bool
is_terminal(const struct adoption *a, const struct member *m, dev_t dev)
{
	unsigned n = major(dev);

	if (dev == a->tty || dev == m->tty)
		return dev != 0;
	return n == PTS || (n == 5 && dev != PTMX) ||
	    (n == 4 && minor(dev) < 64);
}

static pid_t
thread_of(const struct member *m)
{
	return tracee_threads(m->tracee) == 0 ? m->thread :
						tracee_thread(m->tracee);
}

static FILE *
open_fdinfo(const struct member *m, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", thread_of(m), fd);
	return fopen(path, "re");
}

/* The flags of open(2), or -1. Not by stdio: the member is waiting. */
static long
open_flags(const struct member *m, int fd)
{
	char buf[512], path[64];
	const char *p;
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", thread_of(m), fd);
	if ((info = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	n = read(info, buf, sizeof(buf) - 1);
	close(info);
	buf[n > 0 ? n : 0] = '\0';
	if ((p = strstr(buf, "flags:")) == NULL)
		return -1;
	return strtol(p + 6, NULL, 8);
}

/* True if the pseudo-terminal's other side is in the process itself. */
static bool
is_own(const struct member *m, dev_t dev, const int *master, size_t n)
{
	char line[128];
	unsigned index;
	bool own = false;
	size_t i;
	FILE *fp;

	for (i = 0; i < n && !own; i++) {
		if ((fp = open_fdinfo(m, master[i])) == NULL)
			continue;
		while (!own && fgets(line, sizeof(line), fp) != NULL)
			own = sscanf(line, "tty-index: %u", &index) == 1 &&
			    dev == makedev(PTS, index);
		fclose(fp);
	}
	return own;
}

bool
adopt_is_copy(const struct member *m, int fd, int other)
{
	pid_t tid = thread_of(m);

	return syscall(SYS_kcmp, tid, tid, COMPARE_FILES, fd, other) == 0;
}

/*
 * What a descriptor becomes. One that can read and write is a copy of
 * standard output or error, or of standard input, or somebody's /dev/tty.
 */
static enum target
target_of(const struct member *m, int fd, int access)
{
	if (fd == STDIN_FILENO || access == O_RDONLY)
		return TO_NULL;
	if (access == O_WRONLY || fd == STDOUT_FILENO || fd == STDERR_FILENO)
		return TO_LOG;
	return adopt_is_copy(m, fd, STDOUT_FILENO) ||
		adopt_is_copy(m, fd, STDERR_FILENO) ?
	    TO_LOG :
	    TO_NULL;
}

static int
add_descriptor(struct member *m, int fd, long flags)
{
	struct descriptor *more, *d;

	if ((more = reallocarray(m->move.fd, m->move.nfd + 1, sizeof(*more))) ==
	    NULL)
		return -1;
	m->move.fd = more;
	d = &more[m->move.nfd++];
	d->fd = fd;
	d->cloexec = (flags & O_CLOEXEC) != 0;
	d->to = target_of(m, fd, (int)flags & O_ACCMODE);
	d->copy = -1;
	d->copied = d->moved = false;
	return 0;
}

/* The entries of one epoll set that are for descriptors that move. */
static int
add_watches(struct member *m, int epfd)
{
	unsigned long long data;
	struct watch *more;
	struct descriptor *d;
	unsigned events;
	char line[256];
	size_t i;
	FILE *fp;
	int fd, rc = 0;

	if ((fp = open_fdinfo(m, epfd)) == NULL)
		return 0;
	while (rc == 0 && fgets(line, sizeof(line), fp) != NULL) {
		if (sscanf(line, "tfd: %d events: %x data: %llx", &fd, &events,
			&data) != 3)
			continue;
		for (i = 0; i < m->move.nfd && m->move.fd[i].fd != fd; i++)
			continue;
		if (i == m->move.nfd)
			continue;
		if ((more = reallocarray(m->move.watch, m->move.nwatch + 1,
			 sizeof(*more))) == NULL) {
			rc = -1;
			break;
		}
		m->move.watch = more;
		d = &m->move.fd[i];
		/* A file cannot be polled: the log never is in a set. */
		if (d->to == TO_NULL)
			d->to = TO_PIPE;
		more[m->move.nwatch++] = (struct watch){
			.epfd = epfd,
			.fd = fd,
			.events = events,
			.data = data,
			.replace = d->to == TO_PIPE,
		};
	}
	fclose(fp);
	return rc;
}

struct numbers {
	int *v;
	size_t n;
};

static int
push(struct numbers *l, int v)
{
	int *more;

	if ((more = reallocarray(l->v, l->n + 1, sizeof(*more))) == NULL)
		return -1;
	l->v = more;
	l->v[l->n++] = v;
	return 0;
}

static bool
is_epoll(int dir, const char *name)
{
	char link[32];
	ssize_t n = readlinkat(dir, name, link, sizeof(link));

	return n == 22 && memcmp(link, "anon_inode:[eventpoll]", 22) == 0;
}

/* Sort all descriptors into masters, epoll sets, and candidates. */
static int
survey(DIR *dir, const struct adoption *a, const struct member *m,
    struct numbers *master, struct numbers *epoll, struct numbers *tty)
{
	struct dirent *e;
	struct stat st;
	int fd, rc = 0;

	while (rc == 0 && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' ||
		    fstatat(dirfd(dir), e->d_name, &st, 0) == -1)
			continue;
		fd = atoi(e->d_name);
		if (!S_ISCHR(st.st_mode)) {
			/* Anonymous inodes have no type. */
			if ((st.st_mode & S_IFMT) == 0 &&
			    is_epoll(dirfd(dir), e->d_name))
				rc = push(epoll, fd);
		} else if (st.st_rdev == PTMX)
			rc = push(master, fd);
		else if (is_terminal(a, m, st.st_rdev))
			rc = push(tty, fd);
	}
	return rc;
}

static dev_t
device(DIR *dir, int fd)
{
	struct stat st;
	char name[16];

	snprintf(name, sizeof(name), "%d", fd);
	return fstatat(dirfd(dir), name, &st, 0) == -1 ? 0 : st.st_rdev;
}

static int
find_fds(const struct adoption *a, struct member *m)
{
	struct numbers master = { 0 }, epoll = { 0 }, tty = { 0 };
	char path[32];
	long flags;
	size_t i;
	DIR *dir;
	int rc;

	m->move.nfd = m->move.nwatch = 0;
	snprintf(path, sizeof(path), "/proc/%d/fd", thread_of(m));
	if ((dir = opendir(path)) == NULL)
		return -1;
	rc = survey(dir, a, m, &master, &epoll, &tty);
	for (i = 0; rc == 0 && i < tty.n; i++) {
		if (master.n > 0 &&
		    is_own(m, device(dir, tty.v[i]), master.v, master.n))
			continue;
		flags = open_flags(m, tty.v[i]);
		if (flags != -1 && (flags & O_PATH) == 0)
			rc = add_descriptor(m, tty.v[i], flags);
	}
	for (i = 0; rc == 0 && i < epoll.n && m->move.nfd > 0; i++)
		rc = add_watches(m, epoll.v[i]);
	closedir(dir);
	free(master.v);
	free(epoll.v);
	free(tty.v);
	return rc;
}

void
adopt_presee(const struct adoption *a, struct member *m)
{
	seen_free(m->move.seen);
	m->move.seen = seen_new(m->thread);
	if (m->move.seen != NULL && find_fds(a, m) == -1) {
		seen_free(m->move.seen);
		m->move.seen = NULL;
	}
}

int
adopt_find_fds(const struct adoption *a, struct member *m)
{
	if (m->move.seen != NULL && seen_still(m->move.seen))
		return 0;
	return find_fds(a, m);
}
