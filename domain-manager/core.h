/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An ELF core of a domain, for gdb (with the kernel's vmlinux) and crash.
 *
 *	offset 0	ELF header, program headers, notes: crash reads no file whose
 *			headers are anywhere else
 *	CORE_MEMORY	memory by pseudo-physical address; what is not there, or
 *			zero, is a hole of the file, as is room for more headers
 *
 * PT_LOAD: all of memory as Linux maps it directly, again as its kernel image, then
 * what else its page tables map in the kernel's half (stacks, modules). p_paddr is
 * the pseudo-physical address in all of them. NT_PRSTATUS: a vCPU each; VMCOREINFO:
 * the kernel's own note, if it has one.
 *
 * Everything in it comes from a hostile guest: what bounds loops and sizes is in
 * this file, not in the guest.
 */
#ifndef RINGLET_RL_CORE_H
#define RINGLET_RL_CORE_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

#define CORE_MAX_SEGMENTS	60000	/* e_phnum has 16 bits */
#define CORE_MAX_TABLES		200000	/* read in all */
#define CORE_MAX_NOTES		65536
#define CORE_NOTES(segments) \
	(sizeof(Elf64_Ehdr) + (segments) * sizeof(Elf64_Phdr))
/* From a page on, in the file too: the walk reads its tables from there. */
#define CORE_MEMORY \
	((CORE_NOTES(CORE_MAX_SEGMENTS) + CORE_MAX_NOTES + 4095UL) & ~4095UL)

struct core {
	int fd;
	uint64_t nr_pfns;		/* size of the image in pages */
	uint64_t *mfn_of;		/* by pfn; CORE_NO_MFN: not there */
	struct core_frame {
		uint64_t mfn, pfn;
	} *frames;			/* ascending by mfn */
	uint64_t nr_frames, room;

	Elf64_Phdr *segments;		/* CORE_MAX_SEGMENTS; the first for notes */
	unsigned int nr_segments;
	bool more_segments;		/* there would have been more */

	char notes[CORE_MAX_NOTES];
	uint32_t notes_size;
	bool has_vmcoreinfo;
};

#define CORE_NO_MFN	(~0UL)

/* core-walk.c: what the page tables below @base_mfn map in the kernel's half. */
void core_walk(struct core *core, uint64_t base_mfn);

/* core-write.c */
void core_segment(struct core *core, uint64_t vaddr, uint64_t pfn, uint64_t pages);
void core_note(struct core *core, const char *name, uint32_t type,
	       const void *data, uint32_t size);
/* NT_PRSTATUS: a thread for gdb. */
#define CORE_NR_REGS		27
void core_registers(struct core *core, int thread,
		    const unsigned long long regs[CORE_NR_REGS]);
/* A page of memory; looks for VMCOREINFO on its way. */
int core_page(struct core *core, uint64_t pfn, const void *data);
int core_finish(struct core *core);

#endif
