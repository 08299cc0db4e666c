/* SPDX-License-Identifier: ISC */
/* Verbs that are still being written. */
#include "config.h"
#include "job.h"
#include "json.h"
#include "verbs.h"
#define TODO(f) __attribute__((weak)) int f(const struct options *o) { (void)o; return 125; }
TODO(verb_list) TODO(verb_status) TODO(verb_wait) TODO(verb_log)
TODO(verb_stop) TODO(verb_signal) TODO(verb_forget) TODO(verb_adopt)
__attribute__((weak)) int verb_watch(const struct options *o, const char *n) { (void)o; (void)n; return 125; }
__attribute__((weak)) void json_job(FILE *fp, const struct job *j) { (void)j; fputs("{}\n", fp); }
