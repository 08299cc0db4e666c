/* SPDX-License-Identifier: ISC */
/*
 * The launcher's preparation: everything that can fail, in an order in which
 * what changes nothing comes first, and what changes something can be taken
 * back.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "descriptors.h"
#include "env.h"
#include "exitcode.h"
#include "job.h"
#include "launch.h"
#include "process.h"
#include "say.h"
#include "signals.h"
#include "spawn.h"
#include "statedir.h"
#include "supervise.h"

static int
failed(const char *what)
{
	say_errno(errno, "%s", *what == '\0' ? "''" : what);
	return EXIT_FAILED;
}

static int
prepare_descriptors(struct launch *l)
{
	const struct options *o = l->o;
	size_t i;

	for (i = 0; i < o->nkeep; i++)
		if (fcntl(o->keep[i], F_GETFD) == -1) {
			say_errno(errno, "--keep-fd %d", o->keep[i]);
			return EXIT_FAILED;
		}
	if (streams_survey(&l->streams) == -1)
		return failed("/dev/null");
	if ((o->print_pid || o->json || o->foreground) &&
	    l->streams.kind[STDOUT_FILENO] == STREAM_CLOSED) {
		errno = EBADF;
		return failed("standard output");
	}
	if (descriptors_mark() == -1)
		return failed("open descriptors");
	return 0;
}

/* Processes are recorded by what /proc shows of them. */
static int
prepare_proc(struct launch *l)
{
	if ((l->o->name == NULL && !l->o->json) || process_check_proc() == 0)
		return 0;
	say_proc(errno);
	return EXIT_FAILED;
}

static int
prepare_user(struct launch *l)
{
	const char *user = l->o->user;

	if (user == NULL || user_find(user, &l->user) == 0)
		return 0;
	switch (errno) {
	case EPERM:
		say("--user %s: only root can run a command as another user",
		    user);
		break;
	case EINVAL:
		say("--user '%s': takes USER or USER:GROUP", user);
		break;
	case ENOENT:
		say("--user %s: no such user", user);
		break;
	case ESRCH:
		say("--user %s: no such group", user);
		break;
	default:
		say_errno(errno, "--user %s", user);
	}
	return EXIT_FAILED;
}

/* streams.h's lend: open files with the user's rights. */
static int
lend(void *arg, bool back)
{
	struct launch *l = arg;

	return back ? user_return(&l->user) : user_lend(&l->user);
}

static int
prepare_directory(struct launch *l)
{
	const char *dir = l->o->chdir;
	int rc = 0, saved;

	l->chdir = AT_FDCWD;
	if (dir == NULL)
		return 0;
	if (l->o->user != NULL && user_lend(&l->user) == -1)
		return failed("--user");
	l->chdir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->chdir == -1 || faccessat(l->chdir, ".", X_OK, AT_EACCESS) == -1)
		rc = -1;
	saved = errno;
	if (l->o->user != NULL && user_return(&l->user) == -1)
		return failed("--user");
	errno = saved;
	return rc == -1 ? failed(dir) : 0;
}

/* The exit status for a command that execve(2) refuses with errnum. */
static int
exec_status(int errnum)
{
	switch (errnum) {
	case ENOENT:
		return EXIT_NOT_FOUND;
	case E2BIG:
	case EAGAIN:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return EXIT_FAILED;
	default:
		return EXIT_CANNOT_EXEC;
	}
}

int
launch_exec_failed(const struct launch *l, int errnum)
{
	const struct command *c = &l->command;
	const char *name = l->o->argv[0];

	if (c->missing[0] != '\0')
		say("%s: needs %s, which cannot be executed: %s", name,
		    c->missing, strerror(errnum == ELIBBAD ? ENOENT : errnum));
	else if (errnum == ENOENT && strchr(name, '/') == NULL)
		say("%s: not found in PATH", *name == '\0' ? "''" : name);
	else
		say_errno(errnum, "%s", name);
	return exec_status(errnum);
}

static int
prepare_command(struct launch *l)
{
	int rc, saved;

	l->env = env_build(environ, l->o, l->o->user == NULL ? NULL : &l->user);
	if (l->env == NULL)
		return failed("environment");
	if (l->o->user != NULL && user_lend(&l->user) == -1)
		return failed("--user");
	rc = command_find(&l->command, l->chdir, env_get(l->env, "PATH"),
	    l->o->argv, l->o->argc);
	saved = errno;
	if (l->o->user != NULL && user_return(&l->user) == -1)
		return failed("--user");
	return rc == 0 ? 0 : launch_exec_failed(l, saved);
}

static int
prepare_streams(struct launch *l)
{
	const struct stream_request r = {
		.input = l->o->input,
		.output = l->o->output,
		.error = l->o->error,
		.truncate = l->o->truncate,
		.logdir = l->jobdir,
		.log_name = JOB_LOG_NEW,
		.home = env_get(l->env, "HOME"),
		.lend = l->o->user != NULL ? lend : NULL,
		.arg = l,
	};

	if (l->jobdir != -1 && !l->jobdir_created)
		(void)statedir_job_recover(l->jobdir);
	if (streams_open(&l->streams, &r) == -1) {
		switch (errno) {
		case ENXIO:
			say("%s: is a FIFO that nobody reads, a socket, or a "
			    "device that is not there",
			    l->streams.culprit);
			break;
		case ENOTSUP:
			say("%s: is another user's symbolic link, which root "
			    "does not follow; name the file itself",
			    l->streams.culprit);
			break;
		default:
			return failed(l->streams.culprit);
		}
		return EXIT_FAILED;
	}
	l->has_log = l->jobdir != -1 && l->streams.log != NULL;
	return 0;
}

/* The file that an inherited descriptor is, or NULL. */
static char *
descriptor_path(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return NULL;
	path[n] = '\0';
	return path[0] == '/' ? strdup(path) : NULL;
}

int
launch_output(const struct launch *l)
{
	if (l->has_log)
		return l->streams.log_fd;
	return l->streams.fd[1] == STREAM_KEPT ? STDOUT_FILENO :
						 l->streams.fd[1];
}

/* Where the job's output can be read later; NULL: nowhere. */
static char *
log_path(struct launch *l)
{
	struct stat st;
	int fd = launch_output(l);

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    (st.st_nlink == 0 && !l->has_log))
		return NULL;
	l->record.log_inode = st.st_ino;
	if (l->has_log)
		return statedir_job_path(l->o->name, JOB_LOG);
	if (!l->o->truncate)
		l->log_from = st.st_size;
	return descriptor_path(fd);
}

/* All of the record that is known before there is a process; --json prints
   one for a command that is not kept, too. */
static int
prepare_record(struct launch *l)
{
	struct record *r = &l->record;
	char host[HOST_NAME_MAX + 1];
	struct stat st;

	if (l->jobdir == -1 && !l->o->json)
		return 0;
	if (process_boot_id(r->boot_id) == -1)
		return failed("/proc/sys/kernel/random/boot_id");
	if (gethostname(host, sizeof(host)) == -1)
		return failed("host name");
	host[sizeof(host) - 1] = '\0';
	r->pid_namespace = process_pid_namespace(0);
	r->name = (char *)l->o->name;
	r->tree = l->o->tree;
	r->managed = l->o->tree || l->o->restart != RESTART_NO;
	r->host = strdup(host);
	r->user =
	    l->o->user != NULL ? strdup(l->user.name) : user_name(geteuid());
	if (l->chdir == AT_FDCWD)
		r->directory = getcwd(NULL, 0);
	else if (fstat(l->chdir, &st) == 0 && st.st_nlink > 0)
		r->directory = descriptor_path(l->chdir);
	r->command_argv = l->o->argv;
	r->command_argc = l->o->argc;
	r->log = log_path(l);
	if (l->o->pidfile != NULL)
		r->pidfile = pidfile_path(l->o->pidfile);
	else if (l->jobdir != -1)
		r->pidfile = statedir_job_path(l->o->name, JOB_PID);
	if (r->host == NULL || r->user == NULL ||
	    (l->pidfile.fd != -1 && r->pidfile == NULL))
		return failed("record");
	return 0;
}

/* What the processes talk through. */
static int
prepare_channels(struct launch *l)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return failed("socketpair");
	l->hand = pair[0];
	l->go = pair[1];
	if (l->streams.nfilters > 0) {
		if (access("/bin/sh", X_OK) == -1)
			return failed("/bin/sh");
		if (pipe2(l->gate, O_CLOEXEC) == -1)
			return failed("pipe");
	}
	if (l->jobdir == -1)
		return 0;
	if (pipe2(l->ready, O_CLOEXEC) == -1)
		return failed("pipe");
	if ((l->null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		return failed("/dev/null");
	supervise_prepare(l);
	return 0;
}

int
launch_prepare(struct launch *l)
{
	size_t i;
	int rc;

	l->statefd = l->jobdir = -1;
	l->pidfile.fd = l->pidfile.dirfd = -1;
	l->hand = l->go = -1;
	l->ready[0] = l->ready[1] = -1;
	l->gate[0] = l->gate[1] = -1;
	for (i = 0; i < 2; i++)
		l->filter[i] = (struct launch_filter){ l, i };

	/* 1. What changes nothing: found wrong, nothing has happened. */
	if ((rc = prepare_descriptors(l)) != 0 || (rc = prepare_proc(l)) != 0 ||
	    (rc = prepare_user(l)) != 0 || (rc = prepare_directory(l)) != 0 ||
	    (rc = prepare_command(l)) != 0)
		return rc;
	/* 2. Name and pidfile, locked: from here on we are the only start. */
	if ((rc = launch_claim(l)) != 0)
		return rc;
	/* 3. Input, output, and the log. */
	if ((rc = prepare_streams(l)) != 0)
		return rc;
	/* 4. What is recorded, and what the processes talk through. */
	if ((rc = prepare_record(l)) != 0)
		return rc;
	return prepare_channels(l);
}

void
launch_undo(struct launch *l)
{
	if (l->outcome->published)
		(void)statedir_job_unpublish(l->jobdir, l->has_log);
	if (l->pidfile.fd != -1) {
		if (l->pidfile.created || l->jobdir != -1)
			(void)pidfile_drop(l->pidfile.fd, l->pidfile.dirfd,
			    l->pidfile.name);
		else
			(void)!ftruncate(l->pidfile.write, 0);
	}
	streams_undo(&l->streams);
	if (l->jobdir == -1 || l->statefd == -1)
		return;
	(void)unlinkat(l->jobdir, JOB_RECORD_NEW, 0);
	if (l->has_log || l->streams.log != NULL)
		(void)unlinkat(l->jobdir, JOB_LOG_NEW, 0);
	if (l->jobdir_created)
		(void)statedir_job_remove(l->statefd, l->o->name, l->jobdir);
}
