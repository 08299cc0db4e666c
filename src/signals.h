/* SPDX-License-Identifier: ISC */
/*
 * Signals: names and numbers, and the only place that changes dispositions
 * and masks. Never prints.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * "TERM", "SIGTERM", "term", "15", "RTMIN+3" to a number; 0 is valid (kill(2)'s
 * test) only as "0". -1 with errno EINVAL.
 */
int	signals_number(const char *name);

/*
 * "TERM" for 15, "RTMIN+3"; always writes something into buf (size >= 16) and
 * returns buf. Async-signal-safe.
 */
char	*signals_name(int signo, char *buf, size_t size);

/* Block everything that can be; *old (may be NULL) gets the mask before. */
void	signals_block(sigset_t *old);
void	signals_restore(const sigset_t *old);

/* SIGCHLD at its default: ignored, children could not be waited for. */
void	signals_reap(void);

/*
 * True if a signal is pending that will end this process once the mask is
 * mask again: SIGINT, SIGTERM, SIGHUP or SIGQUIT, neither ignored nor in it.
 */
bool	signals_pending(const sigset_t *mask);

/* What a keeper lives with: all blocked, SIGHUP ignored, the rest default. */
void	signals_for_keeper(void);

/*
 * What a command starts with (L5): SIGHUP ignored, every other signal at its
 * default disposition, nothing blocked. Async-signal-safe. The second without
 * unblocking and with SIGHUP at its default.
 */
void	signals_for_command(void);
void	signals_default(void);

/*
 * Nothing blocked; all that is left to do for a command's process that was
 * started by one with signals_for_keeper(). Async-signal-safe.
 */
void	signals_unblock(void);

/*
 * Block signo and return a descriptor (close-on-exec, non-blocking) that is
 * readable when it has come, as by signalfd(2); -1 with errno. It comes even
 * if it is ignored, as SIGINT is in what a script runs with "&".
 */
int	signals_fd(int signo);

#endif
