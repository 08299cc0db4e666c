/* SPDX-License-Identifier: ISC */
/*
 * To be preloaded: the $POOR-th allocation of memory fails, and the file
 * $POOR_MARK is there then. What the program executes is not preloaded into.
 * Memory comes from a heap of its own, and nothing is ever freed: programs
 * that are looked at so are short.
 */
#include "config.h"

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAP	((size_t)256 << 20)	/* of address space */
#define ALIGN	16

static char *heap, *mark;
static size_t used;
static long left = -1;	/* allocations until the one that fails */

__attribute__((constructor)) static void
begin(void)
{
	const char *n = getenv("POOR");

	mark = getenv("POOR_MARK");
	(void)unsetenv("LD_PRELOAD");
	(void)unsetenv("POOR");
	(void)unsetenv("POOR_MARK");
	left = n == NULL ? -1 : strtol(n, NULL, 10);
}

static void
leave_mark(void)
{
	int fd;

	if (mark != NULL &&
	    (fd = open(mark, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) != -1)
		(void)close(fd);
}

void *
malloc(size_t size)
{
	char *p;

	if (heap == NULL) {
		heap = mmap(NULL, HEAP, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (heap == MAP_FAILED)
			_exit(99);
	}
	if (left > 0 && --left == 0) {
		leave_mark();
		errno = ENOMEM;
		return NULL;
	}
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (size > HEAP - used - ALIGN) {
		errno = ENOMEM;
		return NULL;
	}
	p = heap + used + ALIGN;
	memcpy(p - sizeof(size), &size, sizeof(size));
	used += size + ALIGN;
	return p;
}

void
free(void *p)
{
	(void)p;
}

void *
calloc(size_t n, size_t size)
{
	if (size != 0 && n > HEAP / size) {
		errno = ENOMEM;
		return NULL;
	}
	return malloc(n * size); /* never used before: zero */
}

void *
realloc(void *old, size_t size)
{
	size_t had = 0;
	void *p;

	if (old != NULL)
		memcpy(&had, (char *)old - sizeof(had), sizeof(had));
	if ((p = malloc(size)) != NULL && old != NULL)
		memcpy(p, old, had < size ? had : size);
	return p;
}
