/* SPDX-License-Identifier: ISC */
/*
 * without pidfd|inotify|close_range[,...] command [argument ...]
 *
 * Runs a command as on a kernel that lacks these system calls (seccomp(2):
 * ENOSYS). Exit status: the command's; 99 if that cannot be arranged.
 */

#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <err.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define MAXFILTER	32

static struct sock_filter filter[MAXFILTER];
static unsigned short nfilter;

static void
add(unsigned short code, unsigned int k, unsigned char jt, unsigned char jf)
{
	filter[nfilter++] = (struct sock_filter){ code, jt, jf, k };
}

static void
lack(unsigned int call)
{
	add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
	add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
}

int
main(int argc, char **argv)
{
	struct sock_fprog program;

	if (argc < 3)
		errx(99, "usage: without pidfd|inotify|close_range[,...] command ...");
	add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	if (strstr(argv[1], "pidfd") != NULL) {
		lack(434);		/* pidfd_open */
		lack(424);		/* pidfd_send_signal */
	}
	if (strstr(argv[1], "inotify") != NULL)
		lack(SYS_inotify_init1);
	if (strstr(argv[1], "close_range") != NULL)
		lack(436);
	add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	program.len = nfilter;
	program.filter = filter;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
		err(99, "seccomp");
	execvp(argv[2], argv + 2);
	err(99, "%s", argv[2]);
}
