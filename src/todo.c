/* SPDX-License-Identifier: ISC */
/* Verbs that are still being written. */
#include "config.h"
#include "verbs.h"
#define TODO(f) __attribute__((weak)) int f(const struct options *o) { (void)o; return 125; }
TODO(verb_log)
TODO(verb_adopt)
__attribute__((weak)) int verb_watch(const struct options *o, const char *n) { (void)o; (void)n; return 125; }
