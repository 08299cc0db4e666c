/* SPDX-License-Identifier: ISC */
/*
 * Finding a system call instruction in a process, for it to be sent to: in
 * its vdso, else wherever it may execute.
 */
#include "config.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ptrace-impl.h"

/*
 * Look in the size bytes at start, or as many as can be read; 0: not found.
 * Bytes inside another instruction will do, where that can be jumped to.
 */
static uint64_t
find_insn_in(struct tracee *t, uint64_t start, uint64_t size)
{
	unsigned char buf[4096], *p;
	uint64_t at;
	ssize_t n;

	for (at = start; at < start + size; at += sizeof(buf) - 16) {
		if ((n = pread(t->mem, buf, sizeof(buf), (off_t)at)) <= 0)
			break;
		for (p = buf; (p = memmem(p, (size_t)(buf + n - p),
				   arch_insn[t->abi], ARCH_INSN_LEN)) != NULL;
		     p++) {
			if ((p - buf) % ARCH_INSN_ALIGN == 0)
				return at + (uint64_t)(p - buf);
		}
	}
	return 0;
}

int
tracee_open(struct tracee *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", tracee_thread(t));
	return t->mem = open(path, O_RDWR | O_CLOEXEC);
}

/* The address of the vdso, from the auxiliary vector; 0: none. */
static uint64_t
vdso(struct tracee *t)
{
	uint64_t wide[128];
	uint32_t narrow[256];
	char path[64];
	ssize_t n, i;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/auxv", tracee_thread(t));
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	n = read(fd, wide, sizeof(wide));
	close(fd);
	if (n <= 0)
		return 0;
	memcpy(narrow, wide, sizeof(narrow));
	if (t->abi == 0) {
		for (i = 0; i + 1 < n / (ssize_t)sizeof(wide[0]); i += 2) {
			if (wide[i] == AT_SYSINFO_EHDR)
				return wide[i + 1];
		}
	} else {
		for (i = 0; i + 1 < n / (ssize_t)sizeof(narrow[0]); i += 2) {
			if (narrow[i] == AT_SYSINFO_EHDR)
				return narrow[i + 1];
		}
	}
	return 0;
}

bool
insn_at(struct tracee *t, uint64_t addr)
{
	unsigned char insn[ARCH_INSN_LEN];

	return addr != 0 && tracee_peek(t, addr, insn, sizeof(insn)) == 0 &&
	    memcmp(insn, arch_insn[t->abi], sizeof(insn)) == 0;
}

static uint64_t
insn_in_vdso(struct tracee *t)
{
	uint64_t start = vdso(t);

	return start == 0 ? 0 : find_insn_in(t, start, 16384);
}

uint64_t
insn_guess(struct tracee *t)
{
	uint64_t found = 0;

	if (tracee_open(t) == -1)
		return 0;
	for (t->abi = 0; t->abi < ARCH_ABIS; t->abi++) {
		if ((found = insn_in_vdso(t)) != 0)
			break;
	}
	t->abi = 0;
	/* Its memory may be another by the time of the stop (execve). */
	close(t->mem);
	t->mem = -1;
	return found;
}

uint64_t
insn_find(struct tracee *t)
{
	unsigned long start, end;
	uint64_t found = 0;
	char line[512], path[64], perm[5];
	FILE *fp;

	if (insn_at(t, t->insn))
		return t->insn;
	if ((found = insn_in_vdso(t)) != 0)
		return found;
	snprintf(path, sizeof(path), "/proc/%d/maps", tracee_thread(t));
	if ((fp = fopen(path, "re")) == NULL)
		return 0;
	/* The vsyscall page can be executed, but not as one pleases. */
	while (found == 0 && fgets(line, sizeof(line), fp) != NULL) {
		if (sscanf(line, "%lx-%lx %4s", &start, &end, perm) == 3 &&
		    perm[2] == 'x' && strstr(line, "[vsyscall]") == NULL &&
		    (t->abi == 0 || end <= UINT32_MAX))
			found = find_insn_in(t, start, end - start);
	}
	fclose(fp);
	return found;
}
