/* SPDX-License-Identifier: ISC */
/*
 * Finding the command before anything is forked, as execvp(3) would find it,
 * and with it what it needs to start: the interpreter of a script, the loader
 * of a dynamic program. Never prints.
 */
#ifndef COMMAND_H
#define COMMAND_H

struct command {
	char	 *path;		/* for execve(2), relative to dirfd */
	char	**argv;		/* as given */
	char	**sh_argv;	/* for a script without "#!"; owned; NULL for
				   what is a program by its header */
	char	  missing[256];	/* what the command needs and cannot have: an
				   interpreter or loader; "" if nothing */
};

/*
 * Find argv[0] in path (a PATH; NULL: the system's default), with relative
 * names taken from the directory dirfd (AT_FDCWD: the current one), by the
 * effective ids. 0, or -1 with errno: ENOENT not found; EACCES and others:
 * found, but cannot be executed; c->missing then may name the reason.
 */
int	command_find(struct command *c, int dirfd, const char *path,
	    char **argv, int argc);

#endif
