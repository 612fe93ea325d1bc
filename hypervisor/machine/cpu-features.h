/* SPDX-License-Identifier: GPL-2.0 */
/* What the CPU can do, found once at boot; and the FPU image of a vCPU. */
#ifndef RINGLET_MACHINE_CPU_FEATURES_H
#define RINGLET_MACHINE_CPU_FEATURES_H

#include "base/types.h"

struct cpu_features {
	bool amd;			/* SYSCALL from compatibility mode exists */
	bool gbpages, fsgsbase, umip, smep, xsave, xsaveopt, rdtscp;
	bool tsc_invariant, tsc_deadline;
	bool meltdown;			/* programs can read all that is mapped */
	bool md_clear;			/* VERW overwrites the CPU's buffers */
	bool ibpb, l1d_flush;		/* cpu_change_domain() */
	u64 xcr0;			/* features we let guests use */
	u32 xsave_size;			/* bytes for xcr0, or 512 */
	u32 phys_bits;
	u64 cr4_guest_allowed;		/* CR4 bits a guest may set for itself */
};
extern struct cpu_features cpu_features;

/* BSP first, on any stack. */
void cpu_features_init(void);
/*
 * CR0, CR4 (base value, no guest bits), EFER, PAT, XCR0 on this pCPU, whose
 * struct pcpu is mapped.
 */
void cpu_pcpu_init(void);

/* Drop what the CPU learned from one domain and could tell the next. */
void cpu_change_domain(void);

/*
 * FPU image: size xsave_size, 64-byte aligned, not more than a page
 * (cpu_features_init() refuses other CPUs).
 */
void fpu_init(void *image);	/* the reset state */
/* The 512 bytes of FXSAVE; what XSAVE left out as being initial is filled in. */
void fpu_read(void *to, const void *image);
/* CR0.TS must be clear. */
void fpu_save(void *image);
void fpu_restore(const void *image);

/* Power: does not return. */
void machine_poweroff(void) __noreturn;
void machine_reboot(void) __noreturn;
void machine_halt(void) __noreturn;	/* this pCPU, for good */
extern bool opt_noreboot;	/* after a panic or crash: halt, to be looked at */

#endif
