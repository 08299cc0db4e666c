/* SPDX-License-Identifier: ISC */
/*
 * lacks CALL ... -- command [argument ...]
 *
 * Runs a command on what looks like an older kernel: the named system calls
 * fail with ENOSYS, in it and in all that it starts, by a seccomp(2) filter.
 * CALL may also be pidfd_info, an ioctl(2) that fails with ENOTTY.
 *
 * Exit status: the command's; 77 if there is no seccomp here, 99 for misuse.
 */

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <err.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define PIDFS_MAGIC_LETTER	0xFF	/* of the ioctl's number */
#define MAXCALLS		16

static const struct {
	const char	*name;
	unsigned int	 nr;
} calls[] = {
#ifdef SYS_close_range
	{ "close_range", SYS_close_range },
#endif
#ifdef SYS_pidfd_open
	{ "pidfd_open", SYS_pidfd_open },
	{ "pidfd_send_signal", SYS_pidfd_send_signal },
#endif
	{ "inotify_init1", SYS_inotify_init1 },
#ifdef SYS_faccessat2
	{ "faccessat2", SYS_faccessat2 },
#endif
#ifdef SYS_execveat
	{ "execveat", SYS_execveat },
#endif
	{ "renameat2", SYS_renameat2 },
	{ "getrandom", SYS_getrandom },
	{ "statx", SYS_statx },
};

static unsigned int
number(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(name, calls[i].name) == 0)
			return calls[i].nr;
	errx(99, "%s: not a call that this program knows", name);
}

int
main(int argc, char *argv[])
{
	const unsigned int nr = offsetof(struct seccomp_data, nr);
	const unsigned int request = offsetof(struct seccomp_data, args[1]);
	struct sock_filter f[4 * MAXCALLS + 8];
	struct sock_fprog prog = { .filter = f };
	int i, n = 0;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (i > MAXCALLS)
			errx(99, "too many calls");
		f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    nr);
		if (strcmp(argv[i], "pidfd_info") != 0) {
			f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP |
			    BPF_JEQ | BPF_K, number(argv[i]), 0, 1);
			f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
			    SECCOMP_RET_ERRNO | ENOSYS);
			continue;
		}
		f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ |
		    BPF_K, SYS_ioctl, 0, 4);
		f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    request);
		f[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND |
		    BPF_K, 0xFF00);
		f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ |
		    BPF_K, PIDFS_MAGIC_LETTER << 8, 0, 1);
		f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		    SECCOMP_RET_ERRNO | ENOTTY);
	}
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ALLOW);
	prog.len = (unsigned short)n;
	if (argv[i] == NULL || argv[i + 1] == NULL)
		errx(99, "usage: lacks CALL ... -- command [argument ...]");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == -1)
		err(77, "seccomp");
	execvp(argv[i + 1], argv + i + 1);
	err(99, "%s", argv[i + 1]);
}
