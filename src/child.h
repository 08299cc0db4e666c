/* SPDX-License-Identifier: ISC */
/*
 * Everything between fork and exec. Only async-signal-safe calls: no stdio,
 * no malloc; errors go to the launcher as {step, errno} in l->outcome.
 */
#ifndef CHILD_H
#define CHILD_H

/* The middle process, for spawn(): arg is a struct launch. */
int	child_middle(void *arg);

/*
 * The command's process, for spawn(): arg is a struct launch. With
 * l->again it is a restart: nobody's go is waited for, nothing published.
 */
int	child_command(void *arg);

#endif
