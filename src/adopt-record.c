/* SPDX-License-Identifier: ISC */
/*
 * The record of an adopted command, from what /proc tells of it.
 */
#include "config.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adopt.h"
#include "keeper.h"
#include "statedir.h"

bool
adopt_writes_to_terminal(const struct adoption *a)
{
	struct stat st;
	char path[48];
	size_t i;
	int fd;

	for (i = 0; i < a->n; i++) {
		for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
			snprintf(path, sizeof(path), "/proc/%d/fd/%d",
			    a->member[i].thread, fd);
			if (stat(path, &st) == 0 && S_ISCHR(st.st_mode) &&
			    st.st_rdev != makedev(1, 3))
				return true;
		}
	}
	return false;
}

/* The path that a link in the process's directory of /proc has, or NULL. */
static char *
process_link(pid_t pid, const char *name)
{
	char link[48], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/%s", pid, name);
	if ((n = readlink(link, path, sizeof(path) - 1)) <= 0)
		return NULL;
	path[n] = '\0';
	return path[0] == '/' ? strdup(path) : NULL;
}

/* Its arguments as it was started with; its name if it has none. */
static int
read_arguments(const struct member *m, struct record *r)
{
	char path[32], *arg = NULL, **argv = NULL, **more;
	size_t size = 0;
	int argc = 0;
	FILE *fp;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", m->thread);
	if ((fp = fopen(path, "re")) != NULL) {
		while (getdelim(&arg, &size, '\0', fp) != -1) {
			if ((more = reallocarray(argv, (size_t)argc + 2,
				 sizeof(*more))) == NULL)
				break;
			argv = more;
			argv[argc++] = arg;
			argv[argc] = NULL;
			arg = NULL;
			size = 0;
		}
		free(arg);
		fclose(fp);
	}
	if (argc == 0 && (argv = calloc(2, sizeof(*argv))) != NULL &&
	    (argv[0] = strdup(m->name)) != NULL)
		argc = 1;
	r->command_argv = argv;
	r->command_argc = argc;
	return argc > 0 ? 0 : -1;
}

/* Where its output can be read: the log, or the file that it has already. */
static char *
output_path(const struct adoption *a)
{
	struct stat st;
	char path[48];

	if (adopt_writes_to_terminal(a))
		return a->nlogs > 0 ? strdup(a->log[0]) : NULL;
	snprintf(path, sizeof(path), "/proc/%d/fd/1", a->member[0].thread);
	if (stat(path, &st) == -1 || !S_ISREG(st.st_mode))
		return NULL;
	return process_link(a->member[0].thread, "fd/1");
}

int
adopt_fill_record(struct adoption *a)
{
	const struct member *m = &a->member[0];
	struct record *r = &a->l.record;
	char host[HOST_NAME_MAX + 1];

	if (gethostname(host, sizeof(host)) == -1 ||
	    process_boot_id(r->boot_id) == -1 ||
	    process_started(m->id.start_time, &r->started) == -1 ||
	    read_arguments(m, r) == -1)
		return -1;
	host[sizeof(host) - 1] = '\0';
	r->name = (char *)(uintptr_t)a->o->name;
	r->command = m->id;
	r->pid_namespace = process_pid_namespace(0);
	r->adopted = true;
	r->host = strdup(host);
	r->user = user_name(m->uid);
	r->directory = process_link(m->thread, "cwd");
	r->log = output_path(a);
	if (a->o->pidfile != NULL)
		r->pidfile = pidfile_path(a->o->pidfile);
	else if (a->o->name != NULL)
		r->pidfile = statedir_job_path(a->o->name, JOB_PID);
	return r->host == NULL || r->user == NULL ||
		(a->l.pidfile.fd != -1 && r->pidfile == NULL) ?
	    -1 :
	    0;
}

void
adopt_record_scope(struct adoption *a, const char *scope)
{
	const struct keeper_line line = { "scope", scope };

	a->l.record.scope = strdup(scope);
	if (a->l.jobdir != -1)
		(void)keeper_edit(a->l.jobdir, &line, 1, false);
}
