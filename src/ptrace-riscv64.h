/* SPDX-License-Identifier: ISC */
/*
 * riscv64. As on aarch64, the kernel has wound an interrupted call back before
 * the stop; and a call discards the vector registers.
 */
#ifndef PTRACE_RISCV64_H
#define PTRACE_RISCV64_H

#include <sys/uio.h>

#include <elf.h>
#include <string.h>

#include "ptrace-generic.h"

#define ARCH_SUPPORTED	1
#define ARCH_REWINDS	1
#define ARCH_STEPS	0
#define ARCH_INSN_LEN	4
#define ARCH_INSN_ALIGN	2
#define ARCH_VECTOR	0x901	/* NT_RISCV_VECTOR (Linux 6.5) */

typedef struct user_regs_struct arch_regs;

static const unsigned char arch_insn[ARCH_ABIS][ARCH_INSN_LEN] = {
	{ 0x73, 0x00, 0x00, 0x00 },	/* ecall */
};

static inline int
arch_get_regs(pid_t tid, arch_regs *r)
{
	struct iovec v = { r, sizeof(*r) };

	if (trace(PTRACE_GETREGSET, tid, NT_PRSTATUS, (uintptr_t)&v) == -1)
		return -1;
	if (v.iov_len != sizeof(*r)) {
		errno = ENOTSUP;	/* a 32-bit process */
		return -1;
	}
	return 0;
}

static inline int
arch_set_regs(pid_t tid, const arch_regs *r)
{
	struct iovec v = { (void *)(uintptr_t)r, sizeof(*r) };

	return (int)trace(PTRACE_SETREGSET, tid, NT_PRSTATUS, (uintptr_t)&v);
}

static inline int
arch_abi(const arch_regs *r)
{
	(void)r;
	return 0;
}

static inline uint64_t
arch_pc(const arch_regs *r)
{
	return r->pc;
}

static inline void
arch_set_pc(arch_regs *r, uint64_t pc)
{
	r->pc = pc;
}

static inline int64_t
arch_result(const arch_regs *r)
{
	return (int64_t)r->a0;
}

static inline void
arch_set_result(arch_regs *r, int64_t result)
{
	r->a0 = (unsigned long)result;
}

/* Of the call that it has just come back from, if it has; not the first. */
static inline long
arch_call(const arch_regs *r)
{
	return (long)r->a7;
}

static inline uint64_t
arch_argument(const arch_regs *r, int i)
{
	const uint64_t a[] = { r->a0, r->a1, r->a2, r->a3, r->a4, r->a5 };

	return a[i];
}

static inline void
arch_set_argument(arch_regs *r, uint64_t arg)
{
	r->a0 = (unsigned long)arg;
}

static inline void
arch_prepare(arch_regs *r, int abi, long number, const uint64_t arg[6])
{
	(void)abi;
	r->a7 = (unsigned long)number;
	r->a0 = arg[0];
	r->a1 = arg[1];
	r->a2 = arg[2];
	r->a3 = arg[3];
	r->a4 = arg[4];
	r->a5 = arg[5];
}

/* At the entry of a call: which one it is, and another in its place. */
static inline long
arch_entered(pid_t tid)
{
	arch_regs r;

	return arch_get_regs(tid, &r) == -1 ? -1 : (long)r.a7;
}

static inline int
arch_replace(pid_t tid, long number)
{
	arch_regs r;

	if (arch_get_regs(tid, &r) == -1)
		return -1;
	r.a7 = (unsigned long)number;
	return arch_set_regs(tid, &r);
}

#endif
