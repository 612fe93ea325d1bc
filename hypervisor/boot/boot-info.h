/* SPDX-License-Identifier: GPL-2.0 */
/* What the boot loader handed over, in one form for both protocols. */
#ifndef RINGLET_BOOT_BOOT_INFO_H
#define RINGLET_BOOT_BOOT_INFO_H

#include "state/alloc.h"

#define BOOT_MAGIC_MB1	0x2badb002
#define BOOT_MAGIC_MB2	0x36d76289

#define MAX_MODULES	8
#define CMDLINE_SIZE	2048

struct boot_module {
	paddr_t start, end;
	char string[CMDLINE_SIZE];
};

#define E820_RAM	1
#define E820_RESERVED	2
#define E820_ACPI	3
#define E820_NVS	4

/* As both protocols lay it out, but for padding before the colours. */
struct boot_framebuffer {
	u64 addr;
	u32 pitch, width, height;
	u8 bpp;
	u8 type;		/* 1 RGB, 2 text */
	u8 color[6];		/* position and size of red, green, blue */
} __packed;

struct boot_info {
	char cmdline[CMDLINE_SIZE];
	char loader[64];
	struct boot_module module[MAX_MODULES];
	struct e820_entry e820[MAX_E820];
	u32 nr_modules, nr_e820;
	bool efi;		/* firmware is UEFI */
	bool truncated;		/* something did not fit above */
	struct boot_framebuffer fb;	/* all 0: unknown */
};

/**
 * boot_info_parse() - read the boot loader's information
 * @magic: eax at entry, @pa: ebx at entry
 *
 * Every address and length in it is checked against what boot_phys() reaches
 * and against the structure's own size.
 * Return: NULL, or what is wrong.
 */
const char *boot_info_parse(u32 magic, paddr_t pa, struct boot_info *info);

/**
 * boot_arguments() - skip the image's own name at the start of a command line
 *
 * Loaders disagree: GRUB 2 leaves the file name out (and configurations put
 * "placeholder" in its place), all others put it first.
 */
const char *boot_arguments(const struct boot_info *info, const char *line);

/* The bytes pa .. pa + size - 1, or NULL if they are not mapped at this stage. */
const void *boot_phys(paddr_t pa, u64 size);

#endif
