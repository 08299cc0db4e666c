/* SPDX-License-Identifier: ISC */
/*
 * Fuzz target: the words of options and files: durations, modes, numbers,
 * pids, signals, names of jobs, the text of a pidfile, and what is shown.
 */
#include "config.h"

#include <sys/mman.h>

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parse.h"
#include "pidfile.h"
#include "show.h"
#include "signals.h"
#include "statedir.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_pidfile(const char *text, size_t size)
{
	char path[64];
	bool live;
	pid_t pid;
	int fd;

	if ((fd = memfd_create("pid", MFD_CLOEXEC)) == -1)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, text, size) == (ssize_t)size &&
	    pidfile_look(path, &pid, &live) == 0 && pid <= 0)
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
