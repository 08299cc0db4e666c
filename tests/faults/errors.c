/* SPDX-License-Identifier: ISC */
/*
 * Which errors a system call can plausibly return: those that a machine
 * short of something gives, that a failing disk gives, that a signal gives,
 * and that an older kernel or a filter of system calls gives. Calls that
 * cannot fail on such a machine are not in the table.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

#include "faults.h"

struct entry {
	int		 nr;
	const char	*name;
	int		 errors[6];
};

#define E(name, ...)	{ SYS_##name, #name, { __VA_ARGS__, 0 } }

static const struct entry table[] = {
	E(openat, EMFILE, EIO, ENOSPC, EINTR, ENOMEM),
#ifdef __x86_64__ /* others lack this or that, and run none of it */
	E(open, EMFILE, EIO, ENOSPC, EINTR, ENOMEM),
	E(access, EIO, ENOMEM),
	E(readlink, EIO, ENOMEM),
	E(dup2, EINTR, EBUSY),
	E(poll, EINTR, ENOMEM),
	E(mkdir, ENOSPC, EIO),
	E(rename, ENOSPC, EIO),
	E(unlink, EIO),
	E(fork, EAGAIN, ENOMEM),
	E(vfork, EAGAIN, ENOMEM),
	E(chown, EIO),
	E(read, EINTR, EIO),
	E(pread64, EINTR, EIO),
	E(readlinkat, EIO, ENOMEM),
	E(write, ENOSPC, EINTR, EIO, EDQUOT),
	E(pwrite64, ENOSPC, EINTR, EIO),
	E(writev, ENOSPC, EINTR, EIO),
	E(close, EINTR, EIO),
	E(mmap, ENOMEM),
	E(mremap, ENOMEM),
	E(mprotect, ENOMEM),
	E(clone, EAGAIN, ENOMEM),
	E(execve, ENOMEM, EACCES, E2BIG, ETXTBSY, EIO),
	E(wait4, EINTR),
	E(waitid, EINTR),
	E(ppoll, EINTR, ENOMEM),
	E(flock, EINTR, ENOLCK),
	E(fsync, EIO, ENOSPC, EINTR),
	E(ftruncate, EIO, EINTR),
	E(renameat, ENOSPC, EIO),
	E(renameat2, ENOSPC, EIO, ENOSYS),
	E(linkat, EPERM, EIO, ENOSPC, EMLINK),
	E(unlinkat, EIO, EROFS),
	E(mkdirat, ENOSPC, EIO),
	E(fchmodat, EIO, EROFS),
	E(fchmod, EIO, EROFS),
	E(fchdir, EIO, EACCES),
	E(chdir, EIO, EACCES),
	E(getcwd, ENOENT, ENOMEM),
	E(fstat, EIO, ENOMEM),
	E(newfstatat, EIO, ENOMEM),
	E(faccessat, EIO),
#ifdef SYS_faccessat2
	E(faccessat2, EIO, ENOSYS),
#endif
	E(lseek, EIO),
	E(fcntl, EMFILE),
	E(dup, EMFILE),
	E(dup3, EMFILE, EINTR),
	E(pipe2, EMFILE, ENFILE),
	E(socketpair, EMFILE, ENOBUFS),
	E(socket, EMFILE, ENOBUFS),
	E(connect, ECONNREFUSED, EINTR),
	E(sendto, EINTR, ENOBUFS),
	E(recvfrom, EINTR, ENOMEM),
	E(signalfd4, EMFILE, ENOMEM),
	E(inotify_init1, ENOSYS, EMFILE),
	E(inotify_add_watch, ENOSPC, ENOMEM),
	E(nanosleep, EINTR),
	E(clock_nanosleep, EINTR),
	E(getdents64, EIO, ENOMEM),
	E(ioctl, EIO, ENOTTY),
	E(prctl, EINVAL),
	E(setsid, EPERM),
	E(setpgid, EPERM, EACCES),
	E(setresuid, EAGAIN, EPERM),
	E(setresgid, EPERM),
	E(setuid, EAGAIN, EPERM),
	E(setgid, EPERM),
	E(setgroups, EPERM, ENOMEM),
	E(prlimit64, EPERM),
	E(uname, ENOSYS),
	E(getrandom, ENOSYS, EAGAIN),
	E(kill, EPERM),
#ifdef SYS_close_range
	E(close_range, ENOSYS, EPERM),
#endif
#ifdef SYS_pidfd_open
	E(pidfd_open, ENOSYS, EMFILE),
	E(pidfd_send_signal, ENOSYS, EPERM),
#endif
#endif
};

static const struct entry *
find(int nr)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].nr == nr)
			return &table[i];
	return NULL;
}

const int *
errors_of(const struct call *c)
{
	static const int none[] = { 0 }, interrupted[] = { EINTR, 0 };
	const struct entry *e = find(c->nr);

	/* Not for lack of anything: flags of descriptors. */
	if (c->nr == SYS_fcntl && c->arg != F_DUPFD_CLOEXEC &&
	    c->arg != F_DUPFD)
		return none;
	/* No disk, and who would wait for room? */
	if (c->channel && (c->nr == SYS_read || c->nr == SYS_write))
		return interrupted;
	return e == NULL ? none : e->errors;
}

const char *
errors_call_name(int nr)
{
	const struct entry *e = find(nr);

	return e == NULL ? "?" : e->name;
}

bool
errors_short(int nr)
{
	return nr == SYS_read || nr == SYS_write || nr == SYS_pwrite64 ||
	    nr == SYS_pread64;
}

bool
errors_close(int nr)
{
	return nr == SYS_close;
}
