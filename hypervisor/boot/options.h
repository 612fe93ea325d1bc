/* SPDX-License-Identifier: GPL-2.0 */
/* The hypervisor's command line: options spelled as Xen spells them. */
#ifndef RINGLET_BOOT_OPTIONS_H
#define RINGLET_BOOT_OPTIONS_H

#include "base/types.h"

/* An amount of memory: bytes, or all but so many. */
struct mem_size {
	u64 bytes;
	bool all_but;
	bool given;
};

struct boot_options {
	struct mem_size dom0_mem, dom0_mem_min, dom0_mem_max;
	u32 dom0_max_vcpus, maxcpus;		/* 0: not given */
};
extern struct boot_options boot_options;

/**
 * options_parse() - take the options of a command line, log what is wrong
 * @early: only what decides how and whether the first lines are shown, without
 *	   any message: there is nowhere to complain to yet
 *
 * Levels, the serial line and noreboot go to the rooms that own them. An
 * unknown or malformed option is one line in the log and is otherwise without
 * effect.
 */
void options_parse(const char *line, bool early);

#endif
