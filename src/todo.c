/* SPDX-License-Identifier: ISC */
/* Verbs that are still being written. */
#include "config.h"
#include "verbs.h"
#define TODO(f) __attribute__((weak)) int f(const struct options *o) { (void)o; return 125; }

TODO(verb_adopt)
