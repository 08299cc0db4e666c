/* SPDX-License-Identifier: ISC */
/*
 * Where the helper programs are. Never prints.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

/*
 * The path of the helper program name: beside the running program (as built,
 * or moved together), else in LIBEXECDIR. To be freed; NULL with errno
 * (ENOENT).
 */
char	*program_path(const char *name);

#endif
