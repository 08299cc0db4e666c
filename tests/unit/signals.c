/* SPDX-License-Identifier: ISC */
/* Names and numbers of signals, and what a command starts with. */
#include "config.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signals.h"
#include "tap.h"

static void
named(const char *name, int want)
{
	int n = signals_number(name);

	ok(n == want, "'%s' is %d", name, n);
}

static void
check_names(void)
{
	char name[16], tiny[4];
	int s, wrong = 0;

	named("TERM", 15);
	named("SIGTERM", 15);
	named("term", 15);
	named("sigTerm", 15);
	named("15", 15);
	named("0", 0);
	named("64", 64);
	named("IOT", 6);
	named("POLL", SIGIO);
	named("RTMIN", 34);
	named("RTMIN+3", 37);
	named("SIGRTMAX-1", 63);
	named("rtmax", 64);
	named("", -1);
	named("SIG", -1);
	named("SIG15", -1);
	named("65", -1);
	named("-1", -1);
	named("+9", -1);
	named("9x", -1);
	named("099", -1);
	named("RTMIN+31", -1);
	named("RTMIN-1", -1);
	named("RTMAX+1", -1);
	named("RTMIN+", -1);
	named("EXIT", -1);
	for (s = 1; s <= 64; s++) {
		signals_name(s, name, sizeof(name));
		if (signals_number(name) != s)
			wrong++;
	}
	ok(wrong == 0, "64 names come back as they were");
	ok(strcmp(signals_name(9, name, sizeof(name)), "KILL") == 0, "KILL");
	strcpy(name, "as it was");
	ok(strcmp(signals_name(9, name, 0), "as it was") == 0, "no room");
	ok(strcmp(signals_name(36, name, sizeof(name)), "RTMIN+2") == 0,
	    "RTMIN+2");
	ok(strlen(signals_name(26, tiny, sizeof(tiny))) == 3, "cut to size");
	ok(signals_name(-5, name, sizeof(name))[0] != '\0' &&
	    signals_name(1000, name, sizeof(name))[0] != '\0', "no signals");
}

static unsigned long long
mask_of(const char *key)
{
	char line[256];
	unsigned long long v = ~0ULL;
	FILE *f;

	if ((f = fopen("/proc/self/status", "r")) == NULL)
		abort();
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, key, strlen(key)) == 0)
			v = strtoull(line + strlen(key) + 1, NULL, 16);
	}
	fclose(f);
	return v;
}

/* As a careless caller leaves them: everything blocked, and ignored. */
static void
spoil(void)
{
	unsigned long long all = ~0ULL;
	unsigned long ignore[16] = { (unsigned long)SIG_IGN };
	int s;

	for (s = 1; s <= 64; s++)
		syscall(SYS_rt_sigaction, s, ignore, NULL, 8);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
}

static void
check_reset(void)
{
	unsigned long long spoilt;
	sigset_t old;

	spoil();
	spoilt = mask_of("SigIgn");
	ok((spoilt & (3ULL << 31)) == 3ULL << 31 && mask_of("SigBlk") >> 31 & 1,
	    "the C library's own signals are ignored and blocked, too");
	signals_for_command();
	ok(mask_of("SigIgn") == 1, "only SIGHUP is ignored");
	ok(mask_of("SigBlk") == 0, "nothing is blocked");
	ok(mask_of("SigCgt") == 0, "nothing is caught");
	spoil();
	signals_default();
	ok(mask_of("SigIgn") == 0, "nothing is ignored");
	ok(mask_of("SigBlk") != 0, "the mask is left alone");
	signals_for_command();
	signals_block(&old);
	ok(mask_of("SigBlk") == (~0ULL & ~(1ULL << 8) & ~(1ULL << 18)),
	    "all is blocked");
	signals_restore(&old);
	ok(mask_of("SigBlk") == 0, "and given back");
}

int
main(void)
{
	check_names();
	check_reset();
	return tap_done();
}
