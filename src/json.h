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
 * launch without a name, j has a record whose name is NULL. Errors are left
 * on the stream.
 */
void	json_job(FILE *fp, const struct job *j);

#endif
