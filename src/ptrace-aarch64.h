/* SPDX-License-Identifier: ISC */
/*
 * aarch64. Before the stop the kernel has wound an interrupted call back: the
 * program counter is at the instruction again, and the error that asked for
 * the restart is known to nobody but the kernel.
 */
#ifndef PTRACE_AARCH64_H
#define PTRACE_AARCH64_H

#include <sys/uio.h>

#include <elf.h>
#include <string.h>

#include "ptrace-generic.h"

#define ARCH_SUPPORTED	1
#define ARCH_REWINDS	1
#define ARCH_STEPS	0
#define ARCH_INSN_LEN	4
#define ARCH_INSN_ALIGN	4

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL	0x404
#endif
#ifndef NT_ARM_SVE
#define NT_ARM_SVE		0x405
#endif
#define ARCH_VECTOR	NT_ARM_SVE	/* a call discards SVE registers */

typedef struct user_pt_regs arch_regs;

static const unsigned char arch_insn[ARCH_ABIS][ARCH_INSN_LEN] = {
	{ 0x01, 0x00, 0x00, 0xd4 },	/* svc #0 */
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
	r->pstate &= ~UINT64_C(0xc00);	/* BTYPE: as after no branch */
}

static inline int64_t
arch_result(const arch_regs *r)
{
	return (int64_t)r->regs[0];
}

static inline void
arch_set_result(arch_regs *r, int64_t result)
{
	r->regs[0] = (uint64_t)result;
}

/* Of the call that it has just come back from, if it has; not the first. */
static inline long
arch_call(const arch_regs *r)
{
	return (long)r->regs[8];
}

static inline uint64_t
arch_argument(const arch_regs *r, int i)
{
	return r->regs[i];
}

static inline void
arch_set_argument(arch_regs *r, uint64_t arg)
{
	r->regs[0] = arg;
}

static inline void
arch_prepare(arch_regs *r, int abi, long number, const uint64_t arg[6])
{
	(void)abi;
	r->regs[8] = (uint64_t)number;
	memcpy(r->regs, arg, 6 * sizeof(arg[0]));
}

/* At the entry of a call: which one it is, and another in its place. */
static inline long
arch_entered(pid_t tid)
{
	int number = -1;
	struct iovec v = { &number, sizeof(number) };

	if (trace(PTRACE_GETREGSET, tid, NT_ARM_SYSTEM_CALL,
	    (uintptr_t)&v) == -1)
		return -1;
	return number;
}

static inline int
arch_replace(pid_t tid, long number)
{
	int n = (int)number;
	struct iovec v = { &n, sizeof(n) };

	return (int)trace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL,
	    (uintptr_t)&v);
}

#endif
