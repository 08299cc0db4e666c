/* SPDX-License-Identifier: ISC */
/*
 * Finding the command. execvp(3) searches by trying to execute, which leaves
 * the failures to a child; here they are found while nothing has been
 * started, so that no process is ever forked for a command that cannot run.
 */
#include "config.h"

#include <sys/stat.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

#define DEFAULT_PATH "/bin:/usr/bin" /* execvp(3), confstr(_CS_PATH) */

#if defined(__x86_64__)
#define NATIVE_MACHINE EM_X86_64
#elif defined(__i386__)
#define NATIVE_MACHINE EM_386
#elif defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#elif defined(__riscv)
#define NATIVE_MACHINE EM_RISCV
#else
#define NATIVE_MACHINE EM_NONE
#endif

/* 0, or -1 with errno, as execve(2) would answer for this file. */
static int
executable(int dirfd, const char *path)
{
	struct stat st;

	if (faccessat(dirfd, path, X_OK, AT_EACCESS) == -1)
		return -1;
	if (fstatat(dirfd, path, &st, 0) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EACCES;
		return -1;
	}
	return 0;
}

/* A needed file is missing: remember which. */
static int
need(struct command *c, int dirfd, const char *file)
{
	if (executable(dirfd, file) == 0)
		return 0;
	strlcpy(c->missing, file, sizeof(c->missing));
	return -1;
}

/* "#!interpreter argument", as execve(2) reads it. */
static int
check_script(struct command *c, int dirfd, const char *head, size_t len)
{
	char line[256];
	char *start;

	if (len > sizeof(line) - 1)
		len = sizeof(line) - 1;
	memcpy(line, head, len);
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	start = line + 2;
	start += strspn(start, " \t");
	start[strcspn(start, " \t")] = '\0';
	if (*start == '\0')
		return 0; /* ENOEXEC: /bin/sh takes it */
	return need(c, dirfd, start);
}

/* A program of this machine's kind may name a loader: elf(5), PT_INTERP. */
static int
check_elf(struct command *c, int dirfd, int fd, const char *head, size_t len,
    bool *program)
{
	ElfW(Ehdr) eh;
	ElfW(Phdr) ph;
	char interp[256]; /* a longer one is execve(2)'s to judge */
	size_t i;

	if (len < sizeof(eh))
		return 0;
	memcpy(&eh, head, sizeof(eh));
	if (eh.e_ident[EI_CLASS] !=
		(sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
	    eh.e_machine != NATIVE_MACHINE || eh.e_phentsize != sizeof(ph))
		return 0;
	*program = true;
	for (i = 0; i < eh.e_phnum && i < 64; i++) {
		if (eh.e_phoff + (i + 1) * sizeof(ph) > len)
			return 0;
		memcpy(&ph, head + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type != PT_INTERP)
			continue;
		if (ph.p_filesz < 2 || ph.p_filesz > sizeof(interp) ||
		    pread(fd, interp, ph.p_filesz, (off_t)ph.p_offset) !=
			(ssize_t)ph.p_filesz ||
		    interp[ph.p_filesz - 1] != '\0')
			return 0;
		return need(c, dirfd, interp);
	}
	return 0;
}

/* What an executable file needs in turn. Unreadable is not an error. */
static int
check_needs(struct command *c, int dirfd, bool *program)
{
	char head[1024];
	ssize_t n;
	int fd, rc = 0;

	*program = false;
	fd = openat(dirfd, c->path,
	    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return 0;
	n = read(fd, head, sizeof(head));
	if (n > 2 && head[0] == '#' && head[1] == '!')
		rc = check_script(c, dirfd, head, (size_t)n);
	else if (n > SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		rc = check_elf(c, dirfd, fd, head, (size_t)n, program);
	close(fd);
	/* For whom it is missing: the command itself has been found. */
	if (rc == -1 && errno == ENOENT)
		errno = ELIBBAD;
	return rc;
}

/*
 * execvp(3)'s search: what is not there is passed over, and so is what lacks
 * an interpreter (execve(2) says ENOENT for both) or may not be executed, but
 * these are remembered; anything else ends the search.
 */
static int
search(struct command *c, int dirfd, const char *path, const char *name,
    bool *program)
{
	const char *dir, *end;
	int refused = ENOENT;

	if (path == NULL)
		path = DEFAULT_PATH;
	c->path = malloc(strlen(path) + strlen(name) + 2);
	if (c->path == NULL)
		return -1;
	for (dir = path;; dir = end + 1) {
		end = strchr(dir, ':');
		if (end == NULL)
			end = dir + strlen(dir);
		sprintf(c->path, "%.*s%s%s", (int)(end - dir), dir,
		    end == dir ? "" : "/", name);
		if (executable(dirfd, c->path) == 0 &&
		    check_needs(c, dirfd, program) == 0) {
			c->missing[0] = '\0';
			return 0;
		}
		if (errno == EACCES || errno == ELIBBAD)
			refused = errno;
		else if (errno != ENOENT && errno != ENOTDIR &&
		    errno != ESTALE && errno != ENODEV && errno != ETIMEDOUT)
			return -1;
		if (*end == '\0')
			break;
	}
	errno = refused;
	return -1;
}

int
command_find(struct command *c, int dirfd, const char *path, char **argv,
    int argc)
{
	bool program;

	c->argv = argv;
	c->missing[0] = '\0';
	c->path = NULL;
	c->sh_argv = NULL;
	if (argv[0][0] == '\0') {
		errno = ENOENT;
		return -1;
	}
	if (strchr(argv[0], '/') != NULL) {
		c->path = argv[0];
		if (executable(dirfd, c->path) == -1 ||
		    check_needs(c, dirfd, &program) == -1)
			return -1;
	} else if (search(c, dirfd, path, argv[0], &program) == -1)
		return -1;
	if (program)
		return 0;
	c->sh_argv = reallocarray(NULL, (size_t)argc + 2, sizeof(char *));
	if (c->sh_argv == NULL)
		return -1;
	c->sh_argv[0] = argv[0];
	c->sh_argv[1] = c->path;
	memcpy(c->sh_argv + 2, argv + 1, (size_t)argc * sizeof(char *));
	return 0;
}
