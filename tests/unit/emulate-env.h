/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the emulator stands on, for host tests: one vCPU, some guest memory, ports
 * and MSRs that record what was done to them.
 */
#ifndef TESTS_UNIT_EMULATE_ENV_H
#define TESTS_UNIT_EMULATE_ENV_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dispatch/dispatch.h"
#include "dispatch/emulate.h"
#include "machine/cpu.h"
#include "machine/cpu-features.h"
#include "machine/directmap.h"
#include "machine/pcpu.h"

#define port_read(d, port, bytes)		port_access(d, port, bytes, false, 0)
#define port_write(d, port, bytes, value)	port_access(d, port, bytes, true, value)

/* Guest memory: MEM_PAGES pages at MEM_BASE, each with rights of its own. */
#define MEM_BASE	0x400000UL
#define MEM_PAGES	8
#define CODE		MEM_BASE
#define DATA		(MEM_BASE + PAGE_SIZE)
enum { MEM_PRESENT = 1, MEM_WRITE = 2, MEM_USER = 4 };
extern u8 mem[MEM_PAGES * 4096];
extern u8 mem_rights[MEM_PAGES];

extern struct domain dom;
extern struct vcpu vcpu;
extern struct regs *regs;

/* The last fault injected; vector 0: none. */
struct injected {
	u32 vector;
	u64 error, va;
	unsigned int count;
};
extern struct injected injected;

/* Port accesses that reached the machine, in order. */
struct port_access {
	u16 port;
	u8 bytes;
	bool write;
	u32 value;
};
#define MAX_ACCESSES 4096
extern struct port_access accesses[MAX_ACCESSES];
extern unsigned int nr_accesses;
extern u32 port_answer;		/* what reads of the machine give, + 1 each */

extern u64 test_msrs[4];	/* FS, GS, KERNEL_GS, TSC_AUX */
extern u64 machine_cr0;
extern unsigned int test_wrmsrs, test_debug_loads;
extern int load_base_result;
extern mfn_t load_base_mfn;

int env_reset(void **state);
/* Put code at CODE and the vCPU on it. */
void env_code(const void *code, size_t n);
void env_user(u16 cs);
void env_kernel(void);

#define RUN(...) ({ \
	static const u8 code_[] = { __VA_ARGS__ }; \
	env_code(code_, sizeof(code_)); \
	emulate_privileged(&vcpu); \
})
/* Emulated as a whole: rip after it, nothing injected. */
#define ASSERT_DONE(...) do { \
	assert_true(RUN(__VA_ARGS__)); \
	assert_int_equal(regs->rip, CODE + sizeof((const u8[]){ __VA_ARGS__ })); \
	assert_int_equal(injected.vector, 0); \
} while (0)
/* Refused: #GP, and nothing changed. */
#define ASSERT_REFUSED(...) do { \
	struct regs before_; \
	static const u8 refused_[] = { __VA_ARGS__ }; \
	env_code(refused_, sizeof(refused_)); \
	before_ = *regs; \
	assert_false(emulate_privileged(&vcpu)); \
	assert_memory_equal(regs, &before_, sizeof(before_)); \
	assert_int_equal(injected.vector, 0); \
} while (0)

#endif
