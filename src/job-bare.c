/* SPDX-License-Identifier: ISC */
/* A bare process, which is no job, described as if it were one. */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job.h"
#include "user.h"

#define ARGUMENTS_MAX (1 << 20) /* of what is shown */

/* The arguments, each ended by a NUL; *len bytes, to be freed. */
static char *
read_arguments(pid_t pid, size_t *len)
{
	char path[32], *buf, *more;
	size_t room = 4096;
	ssize_t n;
	int fd;

	*len = 0;
	(void)snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return NULL;
	buf = malloc(room + 1);
	while (buf != NULL && (n = read(fd, buf + *len, room - *len)) > 0) {
		*len += (size_t)n;
		if (*len < room)
			continue;
		if (room >= ARGUMENTS_MAX)
			break;
		if ((more = realloc(buf, (room *= 2) + 1)) == NULL)
			break;
		buf = more;
	}
	(void)close(fd);
	if (buf != NULL)
		buf[*len] = '\0';
	return buf;
}

static int
set_command(struct record *r, pid_t pid)
{
	size_t len, i;
	char *text, *p;
	int argc = 0;

	text = read_arguments(pid, &len);
	for (i = 0; i < len; i++)
		argc += text[i] == '\0' || i + 1 == len;
	r->command_argv = calloc((size_t)argc + 1, sizeof(char *));
	if (r->command_argv == NULL) {
		free(text);
		return -1;
	}
	for (p = text; r->command_argc < argc; p += strlen(p) + 1) {
		if ((r->command_argv[r->command_argc] = strdup(p)) == NULL)
			break;
		r->command_argc++;
	}
	free(text);
	return 0;
}

static char *
link_target(pid_t pid, const char *what)
{
	char path[32], target[PATH_MAX];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, what);
	n = readlink(path, target, sizeof(target) - 1);
	return n > 0 ? strndup(target, (size_t)n) : NULL;
}

struct record *
job_bare_record(const struct job *j)
{
	char path[32], host[HOST_NAME_MAX + 1];
	struct record *r;
	struct stat st;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->command = j->process;
	(void)process_boot_id(r->boot_id);
	(void)process_started(j->process.start_time, &r->started);
	(void)snprintf(path, sizeof(path), "/proc/%ld", (long)j->process.pid);
	if (stat(path, &st) == 0)
		r->user = user_name(st.st_uid);
	if (gethostname(host, sizeof(host)) == 0)
		r->host = strdup(host);
	r->directory = link_target(j->process.pid, "cwd");
	if (set_command(r, j->process.pid) == -1) {
		record_free(r);
		return NULL;
	}
	return r;
}
