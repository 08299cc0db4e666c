/* SPDX-License-Identifier: ISC */
/* The table of --list. */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>

#include "job.h"

/* Print n jobs on standard output, in that order. 0, or -1 with errno. */
int	table_put(struct job *const *jobs, size_t n);

#endif
