/* SPDX-License-Identifier: ISC */
/* Opening what output is appended to. */
#ifndef APPEND_H
#define APPEND_H

#include <sys/types.h>

#include "streams.h"

/*
 * Open for appending, or create with mode. Creation is by O_EXCL, which
 * never goes through a link; the links that are followed are looked at
 * before: root follows only its own, else ENOTSUP. A FIFO without a reader
 * does not hold the caller: ENXIO. 0, or -1 with errno; f->fd may be open
 * then, too.
 */
int	append_open(const char *name, mode_t mode, struct stream_file *f);

#endif
