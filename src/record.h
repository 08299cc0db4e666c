/* SPDX-License-Identifier: ISC */
/*
 * A job's record: what is known of it, as text, a "key value" a line, values
 * encoded by vis(3). Formatting and parsing are pure functions; reading and
 * replacing work in a job's directory. Never prints.
 *
 * The first record, written before the command runs, holds all but how it
 * ended, and a "reserve" line that is as long as the lines that the keeper
 * adds at the end may get: on a full disk the final record then fits into
 * the space of the first. The keeper only ever edits lines, so that it needs
 * neither vis(3) nor malloc(3); see keeper.h.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "process.h"

#define RECORD_RESERVE	192	/* bytes that a final record may add */
/*
 * A larger file is no record: EFBIG. Linux takes 6 MB of arguments, and
 * encoded each byte can become four.
 */
#define RECORD_MAX	(32 << 20)

struct record {
	char		 *name;
	struct identity	  command;	/* "pid", "start_time" */
	struct identity	  keeper;	/* "keeper", "keeper_start_time"; pid 0:
					   unknown */
	char		  boot_id[BOOT_ID_LEN + 1];
	uint64_t	  pid_namespace; /* that the pids are of: its inode
					   number (namespaces(7)); 0: unknown */
	struct timespec	  started;	/* CLOCK_REALTIME; of the latest run */
	int		  restarts;
	bool		  adopted;
	bool		  tree;		/* --tree */
	bool		  managed;	/* a signal for the keeper ends it:
					   --restart or --tree */
	char		 *host;
	char		 *user;		/* whom it runs as */
	char		 *directory;	/* NULL: deleted, or not known */
	char		**command_argv;	/* "command": arguments, each encoded with
					   VIS_WHITE, joined by one space */
	int		  command_argc;
	char		 *log;		/* path; NULL: none */
	uint64_t	  log_inode;	/* its inode number, for it may be
					   renamed; 0: not known */
	char		 *pidfile;	/* path */
	char		 *scope;	/* NULL: none */

	bool		  has_ended;	/* an "ended" line is there */
	struct timespec	  ended;	/* CLOCK_REALTIME */
	int64_t		  elapsed;	/* ns, by a monotonic clock */
	bool		  status_known;
	int		  status;	/* as waitpid(2) gives it; in the text
					   "exit_status N", or "signal NAME" and
					   "core 0|1" */
};

/*
 * The text of r, NUL-terminated, with the reserve line if r has not ended;
 * *len (may be NULL) without the NUL. To be freed; NULL with errno.
 */
char	*record_format(const struct record *r, size_t *len);

/*
 * The record in len bytes of text; unknown keys are skipped. Its strings are
 * allocated: record_free(). NULL with errno: EINVAL (no record),
 * EPROTONOSUPPORT (that of a later version), ENOMEM.
 */
struct record *record_parse(const char *text, size_t len);
void	record_free(struct record *r);

/*
 * Read "record" in the job's directory dirfd. It must be a regular file of
 * the caller's own (EPERM), no link (ELOOP). NULL with errno (ENOENT).
 */
struct record *record_read(int dirfd);

/*
 * Write len bytes of text to a new file `name` in dirfd (0600, O_EXCL after
 * removing an old one), and with sync to the disk. 0, or -1 with errno and
 * the file removed.
 */
int	record_write(int dirfd, const char *name, const char *text, size_t len,
	    bool sync);

#endif
