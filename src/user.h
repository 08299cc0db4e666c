/* SPDX-License-Identifier: ISC */
/*
 * The user that -u names: found, lent for a moment (to open files with that
 * user's rights), and become for good. Never prints.
 */
#ifndef USER_H
#define USER_H

#include <sys/types.h>

#include <stdbool.h>

struct user {
	uid_t	 uid;
	gid_t	 gid;
	gid_t	*groups;	/* owned */
	int	 ngroups;
	gid_t	*own;		/* the caller's own, for user_return(); owned */
	int	 nown;
	char	*name;		/* owned, and so are these */
	char	*home;
	char	*shell;
};

/*
 * Look up USER[:GROUP] (names, or numbers that the databases know). 0, or -1
 * with errno: EPERM the caller is not root; EINVAL an empty name; ENOENT no
 * such user; ESRCH no such group; or what the databases' lookup gave.
 */
int	user_find(const char *spec, struct user *u);

/* The name of uid, or its digits if it has none. To be freed; NULL: ENOMEM. */
char	*user_name(uid_t uid);

/*
 * Take u's effective ids and groups for a while, and go back to the caller's.
 * 0, or -1 with errno; after a failed user_return() nothing but an exit is
 * safe.
 */
int	user_lend(const struct user *u);
int	user_return(const struct user *u);

/*
 * Become u for good: groups, then group, then user, and make sure that there
 * is no way back (EPERM if there is). Async-signal-safe. 0, or -1 with errno.
 */
int	user_become(const struct user *u);

#endif
