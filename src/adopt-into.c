/* SPDX-License-Identifier: ISC */
/*
 * What a command is adopted into: a log, a pidfile, and with -n a job with a
 * record and a keeper. All of it is made before the command is touched, the
 * keeper too, which waits for our go; if the adoption fails, all is undone.
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adopt.h"
#include "descriptors.h"
#include "exitcode.h"
#include "job.h"
#include "json.h"
#include "keeper.h"
#include "program.h"
#include "say.h"
#include "statedir.h"
#include "streams.h"
#include "user.h"

/* ---- The log ----------------------------------------------------------- */

static int
add_log(struct adoption *a, const char *dir, const char *file)
{
	size_t len = strlen(dir);
	int n;

	n = snprintf(a->log[a->nlogs], sizeof(a->log[0]), "%s%s%s", dir,
	    len == 0 || dir[len - 1] == '/' ? "" : "/", file);
	if (n >= (int)sizeof(a->log[0])) {
		say_errno(ENAMETOOLONG, "%s", file);
		return -1;
	}
	a->nlogs++;
	return 0;
}

/* A job's own: made by us, opened by the members. */
static int
make_job_log(struct adoption *a)
{
	char *path;
	int fd, rc;

	if (adopt_writes_to_terminal(a)) {
		(void)unlinkat(a->l.jobdir, JOB_LOG_NEW, 0);
		fd = openat(a->l.jobdir, JOB_LOG_NEW,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd == -1 || fchmod(fd, 0600) == -1) {
			say_errno(errno, "%s: log", a->o->name);
			return -1;
		}
		close(fd);
		a->l.has_log = true;
	}
	if ((path = statedir_job_path(a->o->name, JOB_LOG)) == NULL) {
		say_errno(errno, "%s: log", a->o->name);
		return -1;
	}
	rc = add_log(a, "", path);
	free(path);
	return rc;
}

/* The members open it, wherever they are: its path must be absolute. */
static int
choose_log(struct adoption *a)
{
	const char *file = a->o->output, *home = getenv("HOME");
	char cwd[PATH_MAX] = "";
	mode_t mask;
	bool known;

	known = getcwd(cwd, sizeof(cwd)) != NULL && cwd[0] == '/';
	a->log_mode = 0600;
	a->log_exact = true;
	if (file != NULL) {
		mask = umask(0);
		(void)umask(mask);
		a->log_mode = 0666 & ~mask;
		a->log_exact = false;
		if (*file == '/')
			return add_log(a, "", file);
		if (*file == '|' || *file == '\0' || strcmp(file, "-") == 0) {
			say("-o %s: --adopt takes a file's name", file);
			return -1;
		}
		if (!known) {
			say_errno(ENOENT, "current directory");
			return -1;
		}
		return add_log(a, cwd, file);
	}
	if (a->o->name != NULL)
		return make_job_log(a);
	if (known && add_log(a, cwd, LOG_FILE) == -1)
		return -1;
	if (home != NULL && *home == '/')
		return add_log(a, home, LOG_FILE);
	return 0;
}

/* ---- The keeper -------------------------------------------------------- */

/* Go on as detach-keeper; only if that is not there, in this image. */
static _Noreturn void
keep(const struct adoption *a, const char *program)
{
	const struct member *m = &a->member[0];
	struct keeper k = {
		.dirfd = a->l.jobdir,
		.pidfile = a->l.pidfile.fd,
		.pidfile_dirfd = a->l.pidfile.dirfd,
		.pidfile_name = a->l.pidfile.name,
		.ready = -1,
		.pidfd = m->pidfd,
		.command = m->id.pid,
	};
	int fds[] = { k.dirfd, k.pidfile, k.pidfile_dirfd, k.pidfd };
	char title[80], numbers[128], name[NAME_MAX + sizeof("PIDFILE=")];
	char *argv[] = { title, NULL };
	char *env[] = { numbers, name, NULL };
	size_t i;

	k.since = (int64_t)(m->id.start_time * UINT64_C(1000000000) /
	    (uint64_t)sysconf(_SC_CLK_TCK));
	(void)descriptors_close(fds, sizeof(fds) / sizeof(fds[0]));
	snprintf(title, sizeof(title), "detach: %s", a->o->name);
	if (program != NULL) {
		snprintf(numbers, sizeof(numbers),
		    "KEEPER=%d %d %d 0 0 %d %d %lld", k.dirfd, k.pidfile,
		    k.pidfile_dirfd, (int)k.command, k.pidfd,
		    (long long)k.since);
		snprintf(name, sizeof(name), "PIDFILE=%s", k.pidfile_name);
		for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
			(void)descriptor_inherit(fds[i]);
		(void)execve(program, argv, env);
	}
	(void)prctl(PR_SET_NAME, title, 0, 0, 0);
	keeper_run(&k);
}

/* In a new session, with nothing of ours held; until our go, or our end. */
static _Noreturn void
wait_for_go(const struct adoption *a, const char *program, const int pipe[2])
{
	int null, i;
	ssize_t n;
	char c;

	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		_exit(EXIT_FAILED);
	for (i = 0; i < 3; i++)
		(void)dup2(null, i);
	(void)!chdir("/");
	(void)close(pipe[1]);
	do
		n = read(pipe[0], &c, 1);
	while (n == -1 && errno == EINTR);
	if (n != 1)
		_exit(0);
	keep(a, program);
}

/*
 * Its pid, told by the process in between, which has ended: it is init's
 * child. The pipe on which that is told ends when the keeper begins, or ends.
 */
static pid_t
start_keeper(struct adoption *a)
{
	char *program = program_path("detach-keeper");
	int pipe[2], told[2], status = -1;
	pid_t pid, between;

	if (pipe2(pipe, O_CLOEXEC) == -1 || pipe2(told, O_CLOEXEC) == -1 ||
	    (between = fork()) == -1) {
		free(program);
		return -1;
	}
	if (between == 0) {
		(void)setsid();
		if ((pid = fork()) == 0)
			wait_for_go(a, program, pipe);
		/* Untold, it must not be waited for: the keeper has this end. */
		_exit(pid == -1 ||
		    write(told[1], &pid, sizeof(pid)) != (ssize_t)sizeof(pid));
	}
	free(program);
	/* pipe[0] stays open: a go to a keeper that was killed is no SIGPIPE. */
	(void)close(told[1]);
	/* First its status: killed, it would leave the pipe to the keeper. */
	while (waitpid(between, &status, 0) == -1 && errno == EINTR)
		continue;
	if (status != 0 ||
	    read(told[0], &pid, sizeof(pid)) != (ssize_t)sizeof(pid)) {
		pid = -1;
		errno = ECHILD;
	}
	a->go = pipe[1];
	a->gone = told[0];
	a->outcome.keeper = pid;
	return pid;
}

/* The job is there, but for the adoption itself. */
static int
publish(struct adoption *a)
{
	struct record *r = &a->l.record;
	char *text;
	size_t len;
	int rc;

	if (start_keeper(a) == -1 ||
	    process_identify(a->outcome.keeper, &r->keeper) == -1 ||
	    (text = record_format(r, &len)) == NULL)
		return -1;
	rc = record_write(a->l.jobdir, JOB_RECORD_NEW, text, len, false);
	free(text);
	if (rc == -1 || statedir_job_publish(a->l.jobdir, a->l.has_log) == -1)
		return -1;
	a->outcome.published = true;
	return 0;
}

/* ---- Not twice ---------------------------------------------------------- */

/* True, and said, if it is the command, or keeper, of another job that runs. */
static bool
is_job_already(const struct adoption *a)
{
	const struct member *m = &a->member[0];
	int statefd = statedir_open(false);
	char **names = statefd == -1 ? NULL : statedir_jobs(statefd);
	bool found = false;
	struct job *j;
	size_t i;

	for (i = 0; names != NULL && names[i] != NULL; i++) {
		j = found ||
			(a->o->name != NULL &&
			    strcmp(names[i], a->o->name) == 0) ?
		    NULL :
		    job_open(statefd, names[i]);
		if (j != NULL && !j->other_host && j->state == JOB_RUNNING &&
		    (process_same(&j->process, &m->id) ||
			process_same(&j->record->keeper, &m->id))) {
			say("%d (%s): already running as the job %s", m->id.pid,
			    m->name, names[i]);
			found = true;
		}
		job_free(j);
		free(names[i]);
	}
	free(names);
	if (statefd != -1)
		(void)close(statefd);
	return found;
}

/* ---- In order ---------------------------------------------------------- */

int
adopt_claim(struct adoption *a)
{
	const char *what = a->o->name;
	int status;

	a->l.o = a->o;
	a->l.outcome = &a->outcome;
	a->l.statefd = a->l.jobdir = -1;
	a->l.pidfile.fd = a->l.pidfile.dirfd = -1;
	if ((status = launch_claim(&a->l)) != 0)
		goto fail;
	status = EXIT_FAILED;
	if (what != NULL && a->member[0].pidfd == -1) {
		say("-n %s: a job cannot be made of a running command before "
		    "Linux 5.3",
		    what);
		goto fail;
	}
	if (is_job_already(a)) {
		status = EXIT_NOTHING_DONE;
		goto fail;
	}
	if (a->l.jobdir != -1)
		(void)statedir_job_recover(a->l.jobdir);
	if (choose_log(a) == -1)
		goto fail;
	if ((what != NULL || a->o->json) && adopt_fill_record(a) == -1) {
		say_errno(errno, "%d: /proc", a->member[0].id.pid);
		goto fail;
	}
	if (what != NULL && publish(a) == -1) {
		say_errno(errno, "%s", what);
		goto fail;
	}
	/* Again: of two at the same time, each with a name of its own, one
	   at least sees the other's record. */
	if (what != NULL && is_job_already(a)) {
		status = EXIT_NOTHING_DONE;
		goto fail;
	}
	if (a->l.pidfile.fd != -1 &&
	    pidfile_put(a->l.pidfile.write, a->member[0].id.pid) == -1) {
		say_errno(errno, "%s", what != NULL ? what : a->o->pidfile);
		goto fail;
	}
	if (what == NULL)
		a->lock = a->l.pidfile.fd;
	return 0;
fail:
	adopt_unclaim(a);
	return status;
}

void
adopt_unclaim(struct adoption *a)
{
	char c;

	if (a->go != -1) {
		/* The keeper ends, and with it its share of the locks. */
		(void)close(a->go);
		while (read(a->gone, &c, 1) > 0)
			continue;
		(void)close(a->gone);
	}
	a->go = -1;
	launch_undo(&a->l);
}

int
adopt_settle(struct adoption *a)
{
	struct job j = { .dirfd = -1,
		.pidfd = -1,
		.keeper_pidfd = -1,
		.state = JOB_RUNNING,
		.keeper_alive = true };

	if (a->go != -1) {
		(void)statedir_job_settle(a->l.jobdir);
		(void)!write(a->go, "g", 1);
	}
	if (!a->o->json)
		return EXIT_DONE;
	j.record = &a->l.record;
	j.process = a->l.record.command;
	(void)json_job(stdout, &j);
	if (say_flush() == 0)
		return EXIT_DONE;
	say_errno(errno, "standard output");
	return EXIT_FAILED;
}
