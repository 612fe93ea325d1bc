/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Door of the boot room: multiboot entry, ordered initialisation, the service
 * domain's start of day. Nothing stands above it; its own files share this.
 *
 * All of boot/ is linked into the part of the image that is freed when boot
 * ends (ringlet.lds); only boot_finish() stays.
 */
#ifndef RINGLET_BOOT_BOOT_H
#define RINGLET_BOOT_BOOT_H

#include "base/types.h"
#include "machine/regs.h"

/* First C, called by head.S with the loader's registers. */
void boot_main(u32 magic, u32 info) __noreturn;

/* An exception before the boot pCPU has its IDT. */
void early_trap(const struct regs *regs) __noreturn;
void early_idt_load(void);

/* Continue at @next on CR3 @cr3 and the host stack it maps (head.S). */
void boot_on_host_stack(u64 cr3, void (*next)(void)) __noreturn;

/* One line that names the fault and the remedy; then reboot, or halt if noreboot. */
void boot_fail(const char *fmt, ...) __printf(1, 2) __noreturn;

#endif
