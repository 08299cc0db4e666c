/* SPDX-License-Identifier: ISC */
/* Small values from text; a job's names; text made safe to show. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "show.h"
#include "statedir.h"
#include "tap.h"

#define S	1000000000LL

static void
duration(const char *text, int64_t want)
{
	int64_t ns = -2;

	errno = 0;
	if (parse_duration(text, &ns) == -1)
		ns = errno == EINVAL ? -1 : -3;
	ok(ns == want, "duration '%s': %lld", text, (long long)ns);
}

static void
check_durations(void)
{
	duration("0", 0);
	duration("1", S);
	duration("10s", 10 * S);
	duration("1.5m", 90 * S);
	duration("2h", 7200 * S);
	duration("1d", 86400 * S);
	duration(".5", S / 2);
	duration("5.", 5 * S);
	duration("0.0000000001", 1);	/* not 0, which is no limit */
	duration("0.00000000000000000000", 0);
	duration("1.00000000000000000000000001", S + 1);
	duration("0.000000000", 0);
	duration("0.000000001d", 86400);
	duration("0.1", S / 10);
	duration("99999999999999999999", INT64_MAX);
	duration("300000d", INT64_MAX);
	duration("", -1);
	duration(".", -1);
	duration("s", -1);
	duration("1x", -1);
	duration("1ss", -1);
	duration("1 s", -1);
	duration(" 1", -1);
	duration("-1", -1);
	duration("+1", -1);
	duration("1e3", -1);
	duration("0x10", -1);
	duration("inf", -1);
	duration("nan", -1);
	duration("1.2.3", -1);
}

static long
number(const char *text)
{
	long n;

	return parse_number(text, 0, 1000, &n) == -1 ? -errno : n;
}

static long
a_pid(const char *text)
{
	pid_t pid;

	return parse_pid(text, &pid) == -1 ? -errno : pid;
}

static long
a_umask(const char *text)
{
	mode_t m;

	return parse_umask(text, &m) == -1 ? -errno : (long)m;
}

static void
check_numbers(void)
{
	ok(number("0") == 0 && number("1000") == 1000, "numbers");
	ok(number("1001") == -ERANGE, "too large");
	ok(number("99999999999999999999999") == -ERANGE, "much too large");
	ok(number("") == -EINVAL && number("-1") == -EINVAL &&
	    number("+1") == -EINVAL && number(" 1") == -EINVAL &&
	    number("1k") == -EINVAL && number("0x1") == -EINVAL, "no numbers");
	ok(a_pid("1") == 1 && a_pid("2147483647") == INT_MAX, "pids");
	ok(a_pid("0") < 0 && a_pid("2147483648") < 0 && a_pid("-1") < 0 &&
	    a_pid("4294967297") < 0, "no pids");
	ok(a_umask("022") == 022 && a_umask("0") == 0 &&
	    a_umask("0777") == 0777, "umasks");
	ok(a_umask("8") == -EINVAL && a_umask("") == -EINVAL &&
	    a_umask("1000") == -ERANGE && a_umask("u=rw") == -EINVAL &&
	    a_umask("7777777777777777777777777777") == -ERANGE, "no umasks");
}

static void
check_names(void)
{
	static const char *const good[] = { "a", "Z", "0a", "build",
	    "a.b_c+d@e:f-g", "1.", "9-",
	    "a123456789012345678901234567890123456789012345678901234567890123",
	    NULL };
	static const char *const bad[] = { "", ".", "..", "../etc", "a/b",
	    "/", "-a", "_a", ".a", "a b", "a\nb", "1", "4242", "a\\",
	    "caf\303\251", "a\033", "a*",
	    "a1234567890123456789012345678901234567890123456789012345678901234",
	    NULL };
	int i;

	for (i = 0; good[i] != NULL; i++)
		ok(statedir_name_valid(good[i]), "name '%s'", good[i]);
	for (i = 0; bad[i] != NULL; i++)
		ok(!statedir_name_valid(bad[i]), "no name (%d)", i);
}

static void
shows(const char *text, const char *want)
{
	char *s = show_text(text, strlen(text));

	ok(s != NULL && strcmp(s, want) == 0, "shown as %s", s);
	free(s);
}

static void
check_show(void)
{
	char sh[] = "sh", c[] = "-c", script[] = "echo 'a'\033[2J", none[] = "";
	char *argv[] = { sh, c, script, none, NULL };
	char *s;

	setenv("LC_ALL", "en_US.UTF-8", 1);
	shows("plain a\\b", "plain a\\b");
	shows("a\nb\tc", "a\\nb\\tc");
	shows("\033]0;x\a", "\\033]0;x\\a");
	shows("\177", "\\177");
	shows("caf\303\251", "caf\303\251");
	shows("\302\233" "2J", "\\302\\2332J");	/* CSI as a C1 control */
	shows("\342\200\256x", "\\342\\200\\256x");	/* right to left */
	shows("\377\300\200", "\\377\\300\\200");
	setenv("LC_ALL", "C", 1);
	shows("caf\303\251", "caf\\303\\251");
	s = show_command(argv, 4);
	ok(s != NULL && strcmp(s,
	    "sh -c 'echo '\\''a'\\''\\033[2J' ''") == 0, "command %s", s);
	free(s);
	ok(show_width("caf\303\251") == 4, "a width");
	ok(show_width("\346\227\245\346\234\254") == 4, "a wide width");
	ok(show_fit("\346\227\245\346\234\254", 3) == 3, "no half characters");
	ok(show_fit("abc", 0) == 0 && show_fit("abc", 9) == 3, "fits");
}

int
main(void)
{
	check_durations();
	check_numbers();
	check_names();
	check_show();
	return tap_done();
}
