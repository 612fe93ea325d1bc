/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The registers of an interrupted context, in the order the entry code pushes
 * them. The last five words are the frame that the CPU itself pushes and that
 * IRETQ pops.
 */
#ifndef RINGLET_MACHINE_REGS_H
#define RINGLET_MACHINE_REGS_H

#include "base/types.h"

#include <ringlet/ringlet.h>

struct regs {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 vector;	/* hardware vector or ENTRY_* */
	u64 error;	/* hardware error code, or 0 */
	u64 rip, cs, rflags, rsp, ss;
};

/**
 * struct gate_trap - one guest handler, as the gate reads it
 * @address: linear address, canonical; 0 if the guest registered none
 * @flags: bits 0-1 the DPL for INT n, bit 2 mask events on entry (the flags
 *	   of struct trap_info, xen/arch-x86/xen.h)
 */
struct gate_trap {
	u64 address;
	u64 flags;
};

/* In kernel_mode: ring 3 has not run since mm/deferred.c looked. A hint. */
#define KERNEL_MODE_BURST	2

#define GATE_TRAPS	33	/* vectors 0-31, and [32]: INT 0x80 */
#define GATE_CALLBACKS	8

/**
 * struct gate_ro - what the gate knows of a vCPU; read-only in guest space
 *
 * Written by the host through the direct map while the vCPU is not running.
 * Ring 1 can read it, so nothing here is secret; @counters is shown to it.
 */
struct gate_ro {
	u64 host_cr3;		/* of the pCPU this vCPU runs on now */
	u64 guest_cr3;		/* this vCPU's own L4 */
	u64 vcpu_info;		/* gate address of its struct vcpu_info */
	struct gate_callback {
		u64 entry;	/* 0: none */
		u64 mask;	/* 1: mask events on that entry */
	} callback[GATE_CALLBACKS];	/* by CALLBACKTYPE_* */
	u64 fs_base, gs_base;	/* canonical; loaded when segments are reloaded */
	u64 kernel_gs_base;	/* GS base of the mode that is not running */
	u64 open_table;		/* machine address of the open L1 (mm/deferred.c) */
	u64 open_slot;		/* 1 + the L4 slot that is hidden for it; 0: none */
	struct gate_trap trap[GATE_TRAPS];
	struct ringlet_vcpu_counters counters;
};

/**
 * struct gate_rw - the vCPU's writable page in guest space
 *
 * Ring 1 of this vCPU can write all of it: every value is untrusted, and is
 * checked where it is used. Stacks follow (GATE_RW_*_TOP, machine/layout.h);
 * @regs is the top of the entry stack.
 */
struct gate_rw {
	u64 scratch[4];
	u64 kernel_sp;		/* guest kernel stack; stores are an ABI (vcpu_page) */
	u64 kernel_mode;	/* 0: ring 3 runs, else ring 1 (KERNEL_MODE_BURST) */
	u64 entries;		/* entries answered in the gate */
	u16 ds, es, fs, gs;	/* selectors to reload on the next exit */
	u32 give_way, unused;	/* the first is an ABI (vcpu_page) */
	u8 stacks[4096 - 9 * 8 - sizeof(struct regs)];
	struct regs regs;
};

#endif
