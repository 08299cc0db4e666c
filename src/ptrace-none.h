/* SPDX-License-Identifier: ISC */
/*
 * A processor without a table: tracee_supported() says so, and nothing here
 * is ever called. To add one: registers, numbers, the instruction, and what
 * the kernel has done to an interrupted call when its thread stops.
 */
#ifndef PTRACE_NONE_H
#define PTRACE_NONE_H

#define ARCH_SUPPORTED	0
#define ARCH_REWINDS	1
#define ARCH_STEPS	0
#define ARCH_ABIS	1
#define ARCH_INSN_LEN	1
#define ARCH_INSN_ALIGN	1
#define ARCH_VECTOR	0

typedef struct {
	char	none;
} arch_regs;

static const unsigned char arch_insn[ARCH_ABIS][ARCH_INSN_LEN] = { { 0 } };
static const short arch_number[ARCH_ABIS][REMOTE_COUNT] = { { 0 } };
static const short arch_eintr[ARCH_ABIS][1] = { { -1 } };
static const short arch_nohand[] = { -1 };

static inline int
arch_get_regs(pid_t tid, arch_regs *r)
{
	(void)tid;
	r->none = 0;
	errno = ENOSYS;
	return -1;
}

static inline int
arch_set_regs(pid_t tid, const arch_regs *r)
{
	(void)tid;
	(void)r;
	errno = ENOSYS;
	return -1;
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
	(void)r;
	return 0;
}

static inline void
arch_set_pc(arch_regs *r, uint64_t pc)
{
	(void)r;
	(void)pc;
}

static inline int64_t
arch_result(const arch_regs *r)
{
	(void)r;
	return -ENOSYS;
}

static inline void
arch_set_result(arch_regs *r, int64_t result)
{
	(void)r;
	(void)result;
}

static inline long
arch_call(const arch_regs *r)
{
	(void)r;
	return -1;
}

static inline uint64_t
arch_argument(const arch_regs *r, int i)
{
	(void)r;
	(void)i;
	return 0;
}

static inline void
arch_set_argument(arch_regs *r, uint64_t arg)
{
	(void)r;
	(void)arg;
}

static inline void
arch_prepare(arch_regs *r, int abi, long number, const uint64_t arg[6])
{
	(void)r;
	(void)abi;
	(void)number;
	(void)arg;
}

static inline long
arch_entered(pid_t tid)
{
	(void)tid;
	return -1;
}

static inline int
arch_replace(pid_t tid, long number)
{
	(void)tid;
	(void)number;
	return -1;
}

#endif
