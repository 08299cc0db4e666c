/* SPDX-License-Identifier: ISC */
/*
 * The first process of the machine that tests/adopt/emulate boots: mounts
 * what is needed, lets tests/adopt/stress have tests/adopt/check adopted as
 * often as the kernel's command line says (adoptions=N) in each scenario that
 * it names (scenarios=A,B,...), prints the reports, and switches off. The
 * scenario "write" is its own: tests/adopt/target is adopted in the middle of
 * a write to its terminal, and no byte may be lost or doubled. The last line
 * is "emulate: ok" or says how many scenarios have failed.
 */

#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* ---- write ------------------------------------------------------------- */

#define NUMBERS	20000L
#define LINE	10		/* "%09ld\n" */

static char text[(NUMBERS + 1) * LINE];

static pid_t
start(char *argv[], int terminal)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (terminal != -1) {
			setsid();
			ioctl(terminal, TIOCSCTTY, 0);
			dup2(terminal, 0);
			dup2(terminal, 1);
			dup2(terminal, 2);
		}
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static int
ended(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* Bytes go through as they are. */
static void
make_raw(int terminal)
{
	struct termios t;

	if (tcgetattr(terminal, &t) == 0) {
		cfmakeraw(&t);
		tcsetattr(terminal, TCSANOW, &t);
	}
}

/* What is there to be read from fd, to the end of the text. */
static size_t
collect(int fd, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	while (len < sizeof(text) && poll(&p, 1, 500) == 1 &&
	    (n = read(fd, text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	return len;
}

static int
check_write(void)
{
	char count[16], pid[16], line[16];
	char *target[] = { "/target", "write", "/tmp/pid", count, NULL };
	char *detach[] = { "/detach", "--adopt", "-q", "-o", "/tmp/out", pid,
	    NULL };
	int master, slave, fd, status;
	size_t len, screen;
	pid_t p;
	long i;

	unlink("/tmp/out");
	snprintf(count, sizeof(count), "%ld", NUMBERS);
	if ((master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) == -1 ||
	    unlockpt(master) == -1 ||
	    (slave = open(ptsname(master), O_RDWR | O_NOCTTY)) == -1)
		return -1;
	make_raw(slave);
	unlink("/tmp/pid");
	p = start(target, slave);
	for (i = 0; i < 300 && access("/tmp/pid", F_OK) == -1; i++)
		usleep(100000);
	usleep(500000);		/* nobody reads: it blocks */
	snprintf(pid, sizeof(pid), "%d", p);
	if ((status = ended(start(detach, -1))) != 0)
		printf("write: detach ended with 0x%x\n", status);
	if (status != 0)
		kill(p, SIGKILL);
	if ((status = ended(p)) != 0)
		printf("write: the command ended with 0x%x\n", status);
	screen = len = collect(master, 0);
	if ((fd = open("/tmp/out", O_RDONLY)) != -1) {
		len = collect(fd, len);
		close(fd);
	}
	close(master);
	close(slave);
	for (i = 0; i < NUMBERS; i++) {
		snprintf(line, sizeof(line), "%09ld\n", i);
		if (memcmp(text + i * LINE, line, LINE) != 0)
			break;
	}
	printf("write: %zu bytes on the terminal, %zu in the log, "
	    "right to number %ld\n", screen, len - screen, i);
	return status != 0 || i != NUMBERS || len != NUMBERS * LINE || screen == 0;
}

static int
check_writes(const char *n)
{
	int i, failed = 0;

	for (i = 0; i < atoi(n); i++)
		failed += check_write() != 0;
	return failed;
}

/* ---- the scenarios of check -------------------------------------------- */

/*
 * The report: one adoption in ten may leave an anomaly in a wait, for the
 * emulator is slow enough to stop a thread as it just enters a call, and its
 * clock is not exact; none of those that show in what is left may be there.
 */
static int
judge(const char *path, long n)
{
	char line[256], name[32];
	long ops, anomalies, most;
	int failed = 1;
	FILE *fp;

	if ((fp = fopen(path, "r")) == NULL)
		return 1;
	while (fgets(line, sizeof(line), fp) != NULL) {
		fputs(line, stdout);
		if (sscanf(line, "%31[a-z]: %ld, %ld", name, &ops,
		    &anomalies) != 3)
			continue;
		most = (n + 9) / 10;
		if (strcmp(name, "adoption") == 0) {
			failed--;	/* it has come so far */
			most = 0;
		}
		failed += anomalies > most;
	}
	fclose(fp);
	return failed;
}

static int
run(const char *n, const char *scenario)
{
	char *stress[] = { "/stress", "/detach", "/tmp", (char *)n, "/check",
	    (char *)scenario, NULL };

	printf("scenario %s, %s adoptions\n", scenario, n);
	if (strcmp(scenario, "write") == 0)
		return check_writes(n);
	(void)ended(start(stress, -1));
	return judge("/tmp/report", atol(n));
}

int
main(void)
{
	static char line[4096];
	char *n, *scenarios, *s;
	int fd, failed = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	mkdir("/proc", 0755);
	mkdir("/tmp", 0755);
	if (mount("proc", "/proc", "proc", 0, NULL) == -1 ||
	    mount("dev", "/dev", "devtmpfs", 0, NULL) == -1 ||
	    mkdir("/dev/pts", 0755) == -1 ||
	    mount("devpts", "/dev/pts", "devpts", 0, NULL) == -1 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == -1)
		perror("mount");
	if ((fd = open("/proc/cmdline", O_RDONLY)) == -1 ||
	    read(fd, line, sizeof(line) - 1) <= 0 ||
	    (n = strstr(line, "adoptions=")) == NULL ||
	    (scenarios = strstr(line, "scenarios=")) == NULL) {
		puts("emulate: no command line");
		failed = 1;
	} else {
		n = strtok(n + strlen("adoptions="), " \n");
		scenarios = strtok(scenarios + strlen("scenarios="), " \n");
		for (s = strtok(scenarios, ","); s != NULL;
		    s = strtok(NULL, ","))
			failed += run(n, s) != 0;
	}
	if (failed == 0)
		puts("emulate: ok");
	else
		printf("emulate: %d failed\n", failed);
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
