/* SPDX-License-Identifier: ISC */
/*
 * A job as one JSON object (RFC 8259) on one line, UTF-8; bytes that are not
 * UTF-8 become U+FFFD.
 */
#ifndef JSON_H
#define JSON_H

#include <stdio.h>

#include "job.h"

/*
 * Write j and a newline to fp; a bare process is described from /proc. For a
 * launch without a name, j has a record whose name is NULL. 0, or -1 with
 * errno if /proc's could not be kept; other errors are left on the stream.
 */
int	json_job(FILE *fp, const struct job *j);

#endif
