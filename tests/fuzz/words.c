/* SPDX-License-Identifier: ISC */
/*
 * Fuzz target: the words of options and files: durations, modes, numbers,
 * pids, signals, names of jobs, the text of a pidfile, and what is shown.
 */
#include "config.h"

#include <sys/file.h>

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parse.h"
#include "pidfile.h"
#include "process.h"
#include "show.h"
#include "signals.h"
#include "statedir.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A live pidfile with that text. */
static void
check_pidfile(const char *text, size_t size)
{
	struct identity id;
	int fd;

	fd = open("words.pid", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    write(fd, text, size) == (ssize_t)size &&
	    pidfile_process("words.pid", &id) == 0 && id.pid <= 0)
		abort();
	close(fd);
}

static void
check_signal(const char *text)
{
	char name[32];
	int signo = signals_number(text);

	if (signo < -1 || signo > 64)
		abort();
	if (signo > 0 && (signals_name(signo, name, sizeof(name)) == NULL ||
	    signals_number(name) != signo))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *shown;
	int64_t ns;
	mode_t mode;
	pid_t pid;
	long n;

	if ((text = strndup((const char *)data, size)) == NULL)
		return 0;
	if (parse_duration(text, &ns) == 0 && ns < 0)
		abort();
	if (parse_umask(text, &mode) == 0 && mode > 0777)
		abort();
	if (parse_number(text, -5, 70000, &n) == 0 && (n < -5 || n > 70000))
		abort();
	if (parse_pid(text, &pid) == 0 && pid <= 0)
		abort();
	check_signal(text);
	if (statedir_name_valid(text) && (strchr(text, '/') != NULL ||
	    text[0] == '.' || text[0] == '\0' || strlen(text) > 64))
		abort();
	shown = show_text((const char *)data, size);
	if (shown != NULL && show_fit(shown, 7) > strlen(shown))
		abort();
	free(shown);
	free(text);
	check_pidfile((const char *)data, size > 64 ? 64 : size);
	return 0;
}
