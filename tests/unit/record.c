/* SPDX-License-Identifier: ISC */
/* Records: text and back over random bytes; damaged text is no record. */
#include "config.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record.h"
#include "tap.h"

#define BOOT_ID	"01234567-89ab-cdef-0123-456789abcdef"

static uint32_t seed = 20240229;

static unsigned int
any(unsigned int below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* Any bytes but NUL; now and then, those that mean something to vis(3). */
static char *
random_string(void)
{
	static const char odd[] = " \t\n\\\\^$M-\033\177\200\377\"'=";
	size_t i, len = any(40);
	char *s;

	if ((s = malloc(len + 1)) == NULL)
		abort();
	for (i = 0; i < len; i++)
		s[i] = any(2) ? (char)(1 + any(255)) :
		    odd[any(sizeof(odd) - 1)];
	s[len] = '\0';
	return s;
}

static struct record *
random_record(void)
{
	struct record *r;
	int i;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		abort();
	r->name = random_string();
	r->command.pid = 1 + (pid_t)any(4000000);
	r->command.start_time = (uint64_t)any(1 << 24) << 20;
	if (any(2)) {
		r->keeper.pid = 1 + (pid_t)any(4000000);
		r->keeper.start_time = any(1 << 24);
	}
	strlcpy(r->boot_id, BOOT_ID, sizeof(r->boot_id));
	r->pid_namespace = any(2) ? 4026531836U : 0;
	r->started.tv_sec = any(1 << 24) * 100;
	r->started.tv_nsec = any(1000000000);
	r->restarts = (int)any(100);
	r->adopted = any(2);
	r->tree = any(2);
	r->managed = any(2);
	r->host = random_string();
	r->user = random_string();
	r->directory = random_string();
	r->command_argc = 1 + (int)any(6);
	r->command_argv = calloc((size_t)r->command_argc + 1, sizeof(char *));
	for (i = 0; i < r->command_argc; i++)
		r->command_argv[i] = random_string();
	if (any(2)) {
		r->log = random_string();
		r->log_inode = any(1 << 30);
	}
	r->pidfile = random_string();
	if (any(2))
		r->scope = random_string();
	if (any(2))
		return r;
	r->has_ended = true;
	r->ended.tv_sec = r->started.tv_sec + any(1000);
	r->ended.tv_nsec = any(1000000000);
	r->elapsed = (int64_t)any(1 << 24) * 1000003;
	if ((r->status_known = any(4) != 0))
		r->status = any(2) ? (int)any(256) << 8 :
		    (int)(1 + any(64)) | (any(2) ? 0x80 : 0);
	return r;
}

static bool
same_string(const char *a, const char *b)
{
	return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
same_identity(const struct identity *a, const struct identity *b)
{
	return a->pid == b->pid && a->start_time == b->start_time;
}

static bool
same(const struct record *a, const struct record *b)
{
	int i;

	if (a->command_argc != b->command_argc)
		return false;
	for (i = 0; i < a->command_argc; i++) {
		if (!same_string(a->command_argv[i], b->command_argv[i]))
			return false;
	}
	return same_string(a->name, b->name) &&
	    same_identity(&a->command, &b->command) &&
	    same_identity(&a->keeper, &b->keeper) &&
	    same_string(a->boot_id, b->boot_id) &&
	    a->pid_namespace == b->pid_namespace &&
	    same_time(&a->started, &b->started) &&
	    a->restarts == b->restarts && a->adopted == b->adopted &&
	    a->tree == b->tree && a->managed == b->managed &&
	    same_string(a->host, b->host) && same_string(a->user, b->user) &&
	    same_string(a->directory, b->directory) &&
	    same_string(a->log, b->log) && a->log_inode == b->log_inode &&
	    same_string(a->pidfile, b->pidfile) &&
	    same_string(a->scope, b->scope) && a->has_ended == b->has_ended &&
	    same_time(&a->ended, &b->ended) && a->elapsed == b->elapsed &&
	    a->status_known == b->status_known && a->status == b->status;
}

/* Printable ASCII and newlines only: what can be shown with cat. */
static bool
is_text(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s != '\n' && (*s < 0x20 || *s > 0x7e))
			return false;
	}
	return true;
}

static void
check_round_trips(void)
{
	struct record *r, *back;
	int i, different = 0, binary = 0, long_text = 0, cut = 0;
	char *text;
	size_t len, n;

	for (i = 0; i < 3000; i++) {
		r = random_record();
		if ((text = record_format(r, &len)) == NULL)
			abort();
		if (strlen(text) != len)
			long_text++;
		if (!is_text(text))
			binary++;
		if ((back = record_parse(text, len)) == NULL || !same(r, back))
			different++;
		record_free(back);
		/* Cut within a line, it must not pass; nor may it crash. */
		n = any((unsigned int)len);
		back = record_parse(text, n);
		if (back != NULL && (n == 0 || text[n - 1] != '\n'))
			cut++;
		record_free(back);
		/* Any byte changed: no crash, and nothing else to promise. */
		text[any((unsigned int)len)] = (char)any(256);
		record_free(record_parse(text, len));
		free(text);
		record_free(r);
	}
	ok(different == 0, "3000 random records come back as they were (%d)",
	    different);
	ok(binary == 0, "their text is printable ASCII (%d)", binary);
	ok(long_text == 0, "their length is right (%d)", long_text);
	ok(cut == 0, "cut within a line, none is a record (%d)", cut);
}

#define HEAD	"version 1\nname a\npid 7\nstart_time 9\n" \
		"boot_id " BOOT_ID "\nstarted 1.000000002\n"

static struct record *
parse(const char *text)
{
	return record_parse(text, strlen(text));
}

static bool
refused_as(int errnum, const char *text)
{
	struct record *r;

	errno = 0;
	if ((r = parse(text)) == NULL)
		return errno == errnum;
	record_free(r);
	return false;
}

static bool
refused(const char *text)
{
	return refused_as(EINVAL, text);
}

static void
check_texts(void)
{
	struct record *r;

	r = parse(HEAD "command a\\040b  c\nfrom_the_future x y\n");
	ok(r != NULL && r->command_argc == 3 &&
	    strcmp(r->command_argv[0], "a b") == 0 &&
	    strcmp(r->command_argv[1], "") == 0 &&
	    strcmp(r->command_argv[2], "c") == 0,
	    "an encoded blank, an empty argument, an unknown key");
	ok(r != NULL && r->keeper.pid == 0 && r->log == NULL &&
	    !r->has_ended && r->started.tv_nsec == 2, "what is not there");
	record_free(r);
	r = parse(HEAD "command a\nended 5.000000000\nelapsed 4.500000000\n"
	    "core 1\nsignal SEGV\n");
	ok(r != NULL && r->status_known && WIFSIGNALED(r->status) &&
	    WTERMSIG(r->status) == 11 && WCOREDUMP(r->status) &&
	    r->elapsed == 4500000000LL, "killed, with a core");
	record_free(r);
	r = parse(HEAD "command a\nended 5.000000000\n"
	    "elapsed 4.000000000\n");
	ok(r != NULL && r->has_ended && !r->status_known,
	    "ended, status unknown");
	record_free(r);
	ok(refused(""), "no text");
	ok(refused("\n"), "an empty line");
	ok(refused(HEAD), "no command");
	ok(refused(HEAD "command a"), "no newline at the end");
	ok(refused(HEAD "command a\npid 0\n"), "pid 0");
	ok(refused(HEAD "command a\npid -1\n"), "pid -1");
	ok(refused(HEAD "command a\nstarted 1\n"), "a time without ns");
	ok(refused(HEAD "command a\nsignal NONE\n"), "an unknown signal");
	ok(refused(HEAD "command a\nexit_status 256\n"), "exit status 256");
	ok(refused(HEAD "command a\nended 1.000000000\nexit_status 1\n"
	    "signal TERM\n"), "both exited and killed");
	ok(refused(HEAD "command a\nversion x\n"), "no version");
	ok(refused_as(EPROTONOSUPPORT, HEAD "command a\nversion 2\n") &&
	    refused_as(EPROTONOSUPPORT, "version 9\nall is different\n"),
	    "a later version");
	r = record_parse(HEAD "command a\0b\n", sizeof(HEAD "command a\0b\n") -
	    1);
	ok(r == NULL, "a NUL");
	record_free(r);
}

static void
check_files(void)
{
	char dir[] = "/tmp/detach-unit.XXXXXX";
	struct record *r, *back;
	struct stat st;
	char *text;
	size_t len;
	int fd;

	if (mkdtemp(dir) == NULL || (fd = open(dir, O_RDONLY)) == -1)
		abort();
	r = random_record();
	text = record_format(r, &len);
	umask(0777);
	ok(record_write(fd, "record.new", text, len, true) == 0 &&
	    record_write(fd, "record", text, len, false) == 0, "written");
	umask(022);
	ok(fstatat(fd, "record", &st, 0) == 0 && (st.st_mode & 07777) == 0600,
	    "0600 whatever the umask");
	back = record_read(fd);
	ok(back != NULL && same(r, back), "read");
	record_free(back);
	unlinkat(fd, "record", 0);
	ok(record_read(fd) == NULL && errno == ENOENT, "none: ENOENT");
	if (symlinkat("record.new", fd, "record") == -1)
		abort();
	ok(record_read(fd) == NULL && errno == ELOOP, "a link: ELOOP");
	unlinkat(fd, "record", 0);
	if (mkfifoat(fd, "record", 0600) == -1)
		abort();
	ok(record_read(fd) == NULL && errno == EPERM, "a FIFO: EPERM");
	unlinkat(fd, "record", 0);
	record_write(fd, "record", "nonsense\n", 9, false);
	ok(record_read(fd) == NULL && errno == EINVAL, "nonsense: EINVAL");
	record_write(fd, "record", text, len - 3, false);
	ok(record_read(fd) == NULL && errno == EINVAL, "cut short: EINVAL");
	if (geteuid() == 0) {
		if (fchownat(fd, "record", 1, 1, 0) == -1)
			abort();
		ok(record_read(fd) == NULL && errno == EPERM,
		    "somebody else's: EPERM");
	}
	unlinkat(fd, "record", 0);
	unlinkat(fd, "record.new", 0);
	free(text);
	record_free(r);
	close(fd);
	rmdir(dir);
}

int
main(void)
{
	check_round_trips();
	check_texts();
	check_files();
	return tap_done();
}
