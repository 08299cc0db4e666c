/* SPDX-License-Identifier: ISC */
/*
 * Descriptors that nobody has asked for: marked, or closed, whatever their
 * number, at a cost that does not grow with the limit (close_range(2), else
 * /proc/self/fd). Never prints.
 */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <stddef.h>

/* Mark everything from 3 on close-on-exec. 0, or -1 with errno. */
int	descriptors_mark(void);

/* Close everything from 3 on but the n descriptors of keep, in any order;
   keep is sorted by this. 0, or -1 with errno. */
int	descriptors_close(int *keep, size_t n);

/* Let fd be inherited across exec. Async-signal-safe. 0 or -1. */
int	descriptor_inherit(int fd);

#endif
