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

#include "boot/boot-info.h"
#include "domain-builder/builder.h"

/* First C, called by head.S with the loader's registers. */
void boot_main(u32 magic, u32 info) __noreturn;

/* For exceptions before the boot pCPU has its IDT. */
void early_idt_load(void);

/* Continue at @next on CR3 @cr3 and the host stack it maps (head.S). */
void boot_on_host_stack(u64 cr3, void (*next)(void)) __noreturn;

/* One line that names the fault and the remedy; then reboot, or halt if noreboot. */
void boot_fail(const char *fmt, ...) __printf(1, 2) __noreturn;

/* The boot modules: the service domain's kernel and its initial RAM disk (modules.c). */

/* Check that they are there, in RAM; take their memory. */
void modules_take(const struct boot_info *info);

/* Unpack and parse module 1, or boot_fail(). Before the heap has the RAM. */
void modules_load_kernel(const struct boot_info *info, struct kernel *k);

/* What the heap gets back when both are copied into the domain. */
u64 modules_frames(void);
void modules_release(void);

/* Read the ACPI tables from a root pointer outside the BIOS areas: where it is, or 0. */
paddr_t rsdp_find(const struct boot_info *info);

/* What the static decompression libraries expect of a C library (libc-shim.c). */

/*
 * Between the two, malloc() works, on memory taken with boot_alloc(), and the
 * stack protector finds its canary. shim_end() gives all of the memory back.
 */
void shim_begin(void);
/* False if memory ran out in between. */
bool shim_end(void);

#endif
