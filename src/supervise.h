/* SPDX-License-Identifier: ISC */
/*
 * How a launch's child becomes a keeper: by going on as the small program
 * detach-keeper where waiting is all there is to do, else in this image, with
 * the hooks for restarting and --on-exit.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <sys/types.h>

struct launch;

/*
 * Before the fork: choose, and prepare what the choice needs. Without
 * detach-keeper, every keeper stays in this image.
 */
void	supervise_prepare(struct launch *l);

/*
 * In the child: keep the job whose command is pid. If l->keeper_path is set,
 * only async-signal-safe calls are made before exec.
 */
_Noreturn void supervise(struct launch *l, pid_t pid);

#endif
