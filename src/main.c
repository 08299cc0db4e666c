/* SPDX-License-Identifier: ISC */
/*
 * detach: run a command so that it outlives its terminal, its connection and
 * its login session.
 *
 * Options become one struct; then a launch or a verb does the work. Nothing
 * else happens here.
 */
#include "config.h"

#include <sys/auxv.h>

#include <errno.h>
#include <stddef.h>

#include "exitcode.h"
#include "launch.h"
#include "options.h"
#include "process.h"
#include "say.h"
#include "verbs.h"

static int
printed(int rc)
{
	if (rc == -1) {
		say_errno(errno, "standard output");
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

int
main(int argc, char **argv)
{
	struct options o;
	int rc;

	/* Set-uid, it would open files with rights that its caller lacks. */
	if (getauxval(AT_SECURE) != 0) {
		say("must not be installed set-user-ID or set-group-ID, "
		    "or with capabilities");
		return EXIT_FAILED;
	}
	if ((rc = options_parse(&o, argc, argv)) != 0)
		return rc;

	if (o.verb == VERB_LAUNCH)
		return launch(&o, argc, argv);
	say_guard();
	if (o.verb != VERB_HELP && o.verb != VERB_VERSION &&
	    process_check_proc() == -1) {
		say_proc(errno);
		return EXIT_FAILED;
	}
	switch (o.verb) {
	case VERB_LAUNCH:
		break;
	case VERB_LIST:
		return verb_list(&o);
	case VERB_STATUS:
		return verb_status(&o);
	case VERB_WAIT:
		return verb_wait(&o);
	case VERB_LOG:
		return verb_log(&o);
	case VERB_STOP:
		return verb_stop(&o);
	case VERB_SIGNAL:
		return verb_signal(&o);
	case VERB_FORGET:
		return verb_forget(&o);
	case VERB_ADOPT:
		return verb_adopt(&o);
	case VERB_HELP:
		return printed(options_help());
	case VERB_VERSION:
		return printed(options_version());
	}
	return EXIT_FAILED;
}
