/* SPDX-License-Identifier: ISC */
/* What the two halves of parsing share: options.c, option-value.c. */
#ifndef OPTIONS_IMPL_H
#define OPTIONS_IMPL_H

#include <stddef.h>

#include "options.h"

#define HINT	"see 'detach --help'"

/* Options without a letter; OPT_VERB and more are the verbs. */
enum {
	OPT_ON_EXIT = 256,
	OPT_RESTART,
	OPT_RESTART_DELAY,
	OPT_RESTART_LIMIT,
	OPT_TREE,
	OPT_SCOPE,
	OPT_JSON,
	OPT_TIMEOUT,
	OPT_GRACE,
	OPT_FOLLOW,
	OPT_LINES,
	OPT_VERB, /* plus the verb */
};

/* The option's name as it is written in messages, into buf. */
const char *option_name(int c, char *buf, size_t size);

/*
 * Put one option, or the verb, into *o. 0, or -1 after a message. arg is kept,
 * not copied.
 */
int	option_set(struct options *o, int c, char *arg);
int	option_set_verb(struct options *o, enum verb verb, const char *arg);

#endif
