/* SPDX-License-Identifier: ISC */
/* Processes by identity: what is alive, and whose a pid is. */
#include "config.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "tap.h"

static void
check_self(void)
{
	struct identity me, other;
	struct process_stat st;
	char boot[BOOT_ID_LEN + 1];
	struct timespec started, now;
	int fd;

	/* A name that tries to look like the fields after it. */
	prctl(PR_SET_NAME, ") Z 1 (x) ");
	ok(process_stat(getpid(), &st) == 0 && st.state == 'R' &&
	    st.ppid == getppid() && st.pgrp == getpgrp() &&
	    st.session == getsid(0) && st.threads == 1,
	    "a name with parentheses");
	ok(process_identify(getpid(), &me) == 0 && process_alive(&me),
	    "this process is alive");
	fd = process_pidfd(&me);
	ok(fd != -1 && process_pidfd_signal(fd, 0) == 0, "its pidfd");
	close(fd);
	other = me;
	other.start_time--;
	ok(!process_alive(&other), "with another start time it is not");
	ok(process_pidfd(&other) == -1 && errno == ESRCH, "nor has a pidfd");
	ok(process_group_signal(&other, 0) == -1 && errno == ESRCH,
	    "nor is signalled");
	other = (struct identity){ 0 };
	ok(!process_alive(&other) && process_pidfd(&other) == -1, "pid 0");
	ok(process_stat(-1, &st) == -1 && errno == ESRCH, "pid -1");
	ok(process_boot_id(boot) == 0 && strlen(boot) == BOOT_ID_LEN,
	    "the boot id");
	clock_gettime(CLOCK_REALTIME, &now);
	ok(process_started(me.start_time, &started) == 0 &&
	    now.tv_sec - started.tv_sec >= 0 &&
	    now.tv_sec - started.tv_sec < 60, "started just now");
	ok(process_elapsed(me.start_time) < 60 * INT64_C(1000000000),
	    "and runs since then");
}

static void
await(int pidfd)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };

	(void)poll(&pfd, 1, 20000);
}

static void
check_zombie(void)
{
	struct identity id;
	int fd, status = -1;
	pid_t pid;

	if ((pid = fork()) == 0) {
		pause();
		_exit(0);
	}
	ok(process_identify(pid, &id) == 0 && process_alive(&id), "a child");
	ok(process_zombie_status(&id, &status) == -1 && errno == ESRCH,
	    "is no zombie");
	fd = process_pidfd(&id);
	ok(process_group_signal(&id, SIGTERM) == -1 && errno == ESRCH,
	    "leads no group");
	ok(process_pidfd_signal(fd, SIGUSR1) == 0, "is killed");
	await(fd);
	ok(!process_alive(&id), "a zombie is not alive");
	ok(process_pidfd(&id) == -1 && errno == ESRCH, "it has no pidfd");
	ok(process_zombie_status(&id, &status) == 0 && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGUSR1, "but its status");
	id.start_time++;
	ok(process_zombie_status(&id, &status) == -1, "not another's");
	errno = 0;
	ok(process_exit_status(fd, 0, &status) == -1 &&
	    (errno == ETIMEDOUT || errno == ENOTSUP),
	    "the kernel tells only once it is reaped");
	waitpid(pid, NULL, 0);
	if (process_exit_status(fd, 0, &status) == 0)
		ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1,
		    "as it does now");
	else
		ok(errno == ENOTSUP, "or does not: before Linux 6.15");
	close(fd);
}

static void
check_group(void)
{
	struct identity id;
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		setpgid(0, 0);
		pause();
		_exit(0);
	}
	setpgid(pid, pid);
	ok(process_identify(pid, &id) == 0 &&
	    process_group_signal(&id, SIGTERM) == 0, "a group's leader");
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGTERM, "is signalled");
	ok(process_group_signal(&id, SIGTERM) == -1 && errno == ESRCH,
	    "once it is gone, nobody is");
}

static void
check_nobody(void)
{
	struct identity id = { .pid = 0 };
	int status;

	ok(process_zombie_status(&id, &status) == -1 && errno == ESRCH,
	    "0 is no zombie");
	ok(!process_alive(&id), "0 is not alive");
}

int
main(void)
{
	alarm(60);
	check_nobody();
	check_self();
	check_zombie();
	check_group();
	return tap_done();
}
