/* SPDX-License-Identifier: ISC */
/*
 * The only voices. A message is one write(2), so that messages of several
 * processes on one terminal or log do not mix.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "say.h"
#include "show.h"

static void __attribute__((format(printf, 3, 0)))
vsay(const char *prefix, int errnum, const char *fmt, va_list ap)
{
	static const char nomem[] = "detach: out of memory\n";
	char *text = NULL, *shown = NULL, *line = NULL;
	const char *why = errnum == 0 ? "" : strerror(errnum);
	int saved = errno, len;
	ssize_t n;

	if ((len = vasprintf(&text, fmt, ap)) == -1) {
		text = NULL;
	} else if ((shown = show_text(text, (size_t)len)) != NULL &&
	    (len = asprintf(&line, "detach: %s%s%s%s\n", prefix, shown,
		 errnum == 0 ? "" : ": ", why)) == -1)
		line = NULL;
	if (line != NULL)
		n = write(STDERR_FILENO, line, (size_t)len);
	else
		n = write(STDERR_FILENO, nomem, sizeof(nomem) - 1);
	(void)n; /* nobody is left to be told */
	free(line);
	free(shown);
	free(text);
	errno = saved;
}

void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay("", 0, fmt, ap);
	va_end(ap);
}

void
say_errno(int errnum, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay("", errnum, fmt, ap);
	va_end(ap);
}

void
say_warning(bool quiet, const char *fmt, ...)
{
	va_list ap;

	if (quiet)
		return;
	va_start(ap, fmt);
	vsay("warning: ", 0, fmt, ap);
	va_end(ap);
}

void
say_note(bool quiet, const char *fmt, ...)
{
	va_list ap;

	if (quiet || !isatty(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	vsay("", 0, fmt, ap);
	va_end(ap);
}

void
say_proc(int errnum)
{
	if (errnum == EXDEV)
		say("/proc: shows another PID namespace; mount this one's: "
		    "mount -t proc proc /proc");
	else
		say_errno(errnum, "/proc/self");
}

void
say_guard(void)
{
	int fd;

	/* The lowest free number each time; for reading, lest writes succeed. */
	/* NOLINTNEXTLINE(android-cloexec-open): 0 to 2 outlive exec */
	while ((fd = open("/dev/null", O_RDONLY)) != -1 && fd <= STDERR_FILENO)
		continue;
	if (fd != -1)
		(void)close(fd);
}

int
say_flush(void)
{
	bool pending = __fpending(stdout) != 0;
	bool failed = ferror(stdout) != 0;
	int before = errno;

	errno = 0;
	if (fclose(stdout) == EOF && (pending || failed || errno != EBADF))
		return -1;
	/*
	 * Closed from the start, and nothing was written: no failure. musl
	 * forgets what could not be written, but errno may still say why.
	 */
	if (failed && errno == 0)
		errno = before == ENOSPC || before == EDQUOT ||
			before == EFBIG || before == EBADF || before == EPIPE ?
		    before :
		    EIO;
	return failed ? -1 : 0;
}
