/* SPDX-License-Identifier: ISC */
/*
 * raw.h -- programs without a C library.
 *
 * What the bench starts, and the floor that it compares with, must cost as
 * little as a program can: no dynamic linker, no start-up code, no libc.  A
 * file that includes this one defines raw_main() and is linked with
 * -nostdlib -static.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <stddef.h>

/* Calls system call n; the result, or a negative errno. */
static inline long
raw(long n, long a, long b, long c, long d, long e)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c),
	    "r"(r10), "r"(r8) : "rcx", "r11", "memory");
	return r;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2),
	    "r"(x3), "r"(x4) : "memory");
	return x0;
#elif defined(__riscv) && __riscv_xlen == 64
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2),
	    "r"(a3), "r"(a4) : "memory");
	return a0;
#else
#error "the bench knows x86-64, arm64 and riscv64"
#endif
}

__attribute__((noreturn)) static inline void
raw_exit(int status)
{
	for (;;)
		raw(__NR_exit_group, status, 0, 0, 0, 0);
}

struct raw_time {
	long	s;
	long	ns;
};

/* CLOCK_MONOTONIC in nanoseconds. */
static inline long
raw_now(void)
{
	struct raw_time t;

	raw(__NR_clock_gettime, 1, (long)&t, 0, 0, 0);
	return t.s * 1000000000L + t.ns;
}

static inline long
raw_number(const char *s)
{
	long v;

	for (v = 0; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (*s - '0');
	return v;
}

int raw_main(int argc, char **argv, char **envp);
void raw_start(long *sp);

/* What _start below hands the initial stack to. */
__attribute__((noreturn, used)) void
raw_start(long *sp)
{
	int argc = (int)sp[0];
	char **argv = (char **)(sp + 1);

	raw_exit(raw_main(argc, argv, argv + argc + 1));
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start: xor %ebp,%ebp\n mov %rsp,%rdi\n"
    " and $-16,%rsp\n call raw_start\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: mov x0,sp\n b raw_start\n");
#else
__asm__(".globl _start\n_start: mv a0,sp\n andi sp,sp,-16\n"
    " tail raw_start\n");
#endif

#endif
