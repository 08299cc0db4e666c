/* SPDX-License-Identifier: ISC */
/*
 * For .ci/run's coverage stage: what has been run is counted in memory that
 * all of a program's processes share, in the file COVERAGE_FILE-HASH. libgcov
 * would write some sixty files at each exit, and nothing at _exit(2), at the
 * end of a clone(2)d process or in one that may not write them; this opens
 * one descriptor for a moment at the start, and makes no system call later,
 * so that the tests see the same program.
 *
 * Linked with gcc's --coverage and a -Wl,--wrap= for each of the functions
 * below. To gcc, fork(2) and exec(3) must be calls that may not return, not
 * builtins, or it makes wrong sums: -fno-builtin-fork and so on. A program that is started with COVERAGE_DUMP in its environment only adds
 * what was counted to its .gcda files.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define UNITS	   256
#define ARGUMENTS  16
#define COUNTERS   (__GNUC__ >= 14 ? 9 : 8) /* GCOV_COUNTERS */

/* What gcc's coverage.cc writes and libgcov.h describes. */
struct ctr_info {
	unsigned num;
	int64_t *values;
};

struct fn_info {
	const void *key;
	unsigned ident, lineno_checksum, cfg_checksum;
	struct ctr_info ctrs[]; /* of the first kind there is: arcs */
};

struct gcov_info {
	unsigned version;
	struct gcov_info *next;
	unsigned stamp;
#if __GNUC__ >= 13
	unsigned checksum;
#endif
	const char *filename;
	void (*merge[COUNTERS])(int64_t *, unsigned);
	unsigned n_functions;
	const struct fn_info *const *functions;
};

void __real___gcov_init(struct gcov_info *);
void __real___gcov_exit(void);
_Noreturn void __real__exit(int);
void __wrap___gcov_init(struct gcov_info *);
void __wrap___gcov_exit(void);
int __real_execve(const char *, char *const [], char *const []);
int __wrap_execve(const char *, char *const [], char *const []);
int __wrap_execl(const char *, char *, ...);
_Noreturn void __wrap__exit(int);

static struct gcov_info *unit[UNITS];
static int nunits;
static int64_t *shared;
static int dump;

/* Each counter of this process with its place in the shared memory. */
static size_t
each(void (*what)(int64_t *, int64_t *))
{
	const struct fn_info *f;
	size_t at = 0;
	unsigned i, k;
	int u;

	for (u = 0; u < nunits; u++)
		for (i = 0; i < unit[u]->n_functions; i++) {
			f = unit[u]->functions[i];
			/* Discarded for another unit's copy. */
			if (f == NULL || f->key != unit[u])
				continue;
			for (k = 0; k < f->ctrs[0].num; k++, at++)
				if (what != NULL)
					what(&f->ctrs[0].values[k],
					    &shared[at]);
		}
	return at;
}

static void
add(int64_t *mine, int64_t *all)
{
	if (*mine != 0)
		__atomic_fetch_add(all, *mine, __ATOMIC_RELAXED);
	*mine = 0;
}

static void
take(int64_t *mine, int64_t *all)
{
	*mine = *all;
}

/* Of a program's build: its units' stamps. */
static unsigned
hash(void)
{
	unsigned h = 2166136261U;
	int u;

	for (u = 0; u < nunits; u++)
		h = (h ^ unit[u]->stamp ^ unit[u]->n_functions) * 16777619U;
	return h;
}

static void
attach(void)
{
	char path[4096];
	struct stat st;
	size_t size;
	void *p;
	int fd;

	dump = getenv("COVERAGE_DUMP") != NULL;
	size = each(NULL) * sizeof(int64_t);
	(void)snprintf(path, sizeof(path), "%s-%08x", COVERAGE_FILE, hash());
	if ((fd = open(path, O_RDWR | O_CLOEXEC)) == -1 && !dump &&
	    (fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) != -1)
		(void)fchmod(fd, 0666);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && ((size_t)st.st_size == size ||
	    ftruncate(fd, (off_t)size) == 0)) {
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
		shared = p == MAP_FAILED ? NULL : p;
	}
	(void)close(fd);
}

static void
count(void)
{
	if (shared != NULL && !dump)
		(void)each(add);
}

/* After the units' own, which come first: libgcov's priority is 100. */
__attribute__((constructor(65535))) static void
begin(void)
{
	int u;

	attach();
	if (!dump)
		return;
	for (u = 0; u < nunits; u++)
		__real___gcov_init(unit[u]);
	if (shared != NULL)
		(void)each(take);
	__real___gcov_exit();
	__real__exit(shared == NULL);
}

void
__wrap___gcov_init(struct gcov_info *info)
{
	if (nunits < UNITS)
		unit[nunits++] = info;
}

void
__wrap___gcov_exit(void)
{
	count();
}

int
__wrap_execve(const char *path, char *const argv[], char *const env[])
{
	count();
	return __real_execve(path, argv, env);
}

int
__wrap_execl(const char *path, char *arg, ...)
{
	char *argv[ARGUMENTS] = { arg };
	va_list ap;
	int i;

	va_start(ap, arg);
	for (i = 1; i < ARGUMENTS - 1 && argv[i - 1] != NULL; i++)
		argv[i] = va_arg(ap, char *);
	va_end(ap);
	return __wrap_execve(path, argv, environ);
}

_Noreturn void
__wrap__exit(int status)
{
	count();
	__real__exit(status);
}
