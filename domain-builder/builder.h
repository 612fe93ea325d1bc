/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Door of the domain builder: from a kernel file to a domain that can start.
 *
 *	kernel_open	is it a bzImage or an ELF file; how much room to unpack
 *	kernel_load	unpack, check the ELF file, read its Xen notes
 *	layout_make	which pfn holds what
 *			... the client now gives the domain its memory ...
 *	builder_load	copy kernel and initial RAM disk, hypercall page
 *	builder_frame	for each pfn of the domain: its machine frame
 *	builder_finish	page tables, start_info, the first vCPU's context
 *
 * No memory of its own, no I/O, no state between calls. Files are hostile: all
 * checks are in the first three calls, the others cannot fail. A fault is a
 * sentence that starts with "it" or names its object, and says what to do.
 */
#ifndef RINGLET_BUILDER_H
#define RINGLET_BUILDER_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu_guest_context;

struct decoder;

/* A kernel file and the ELF file in it. */
struct kernel_file {
	const uint8_t *payload;		/* in the file */
	uint64_t payload_size;
	uint64_t room;			/* bytes to unpack to; 0: not compressed */
	const struct decoder *decoder;	/* NULL: not compressed */
};

/**
 * kernel_open() - recognise a kernel file
 * @data, @size: the file; it stays in use until builder_load()
 *
 * Return: NULL, or what is wrong.
 */
const char *kernel_open(const void *data, uint64_t size,
			struct kernel_file *file);

#define MAX_SEGMENTS	16

struct kernel_segment {
	uint64_t paddr;			/* as the file says */
	uint64_t memsz, filesz;
	const uint8_t *data;
};

/* What the ELF file and its notes (xen/elfnote.h) ask for. */
struct kernel {
	struct kernel_segment segment[MAX_SEGMENTS];
	uint32_t nr_segments;
	uint64_t paddr_start, paddr_end;

	uint64_t entry, virt_base, paddr_offset;
	uint64_t hypercall_page, init_p2m;
	bool has_entry, has_hypercall_page, has_init_p2m;
	bool mod_start_pfn;
	bool has_notes;
	char xen_version[16];
	char guest_os[16];
};

/**
 * kernel_load() - unpack and parse
 * @room: file->room bytes, in use until builder_load(); unused if that is 0
 *
 * The decoders of xz and lzma call malloc().
 * Return: NULL, or what is wrong.
 */
const char *kernel_load(const struct kernel_file *file, void *room,
			struct kernel *kernel);

/* Known to keep its own pages from its programs without a second base. */
bool kernel_is_fit(const struct kernel *kernel);

/*
 * Where everything lies, in pfns. All of it is below prefix_end, so a client
 * needs to map no other page of the domain.
 */
struct layout {
	uint64_t nr_pages;		/* all memory; may shrink until builder_finish() */
	uint64_t initrd, nr_initrd;
	uint64_t list, nr_list;		/* the frame list (p2m) */
	uint64_t start_info;
	uint64_t store, console;	/* shared pages of a guest; 0: none */
	uint64_t devices, nr_devices;	/* a guest's device area (ringlet/virtio.h) */
	uint64_t tables, nr_tables;	/* the first one is the base */
	uint64_t stack;
	uint64_t region_end;		/* what is mapped at VIRT_BASE */
	uint64_t list_tables, nr_list_tables;
	uint64_t prefix_end;
};

/**
 * layout_make() - place kernel, initial RAM disk and what a start of day needs
 * @guest: with pages for console and store; else the service domain
 * @devices: pages of a guest's device area, 4 at most; 0: none
 *
 * Return: NULL, or why it does not fit. If more memory would help, prefix_end says
 * how many pages there must be at least; else that is 0.
 */
const char *layout_make(struct layout *layout, const struct kernel *kernel,
			uint64_t nr_pages, uint64_t initrd_size, bool guest,
			uint32_t devices);

struct builder {
	const struct kernel *kernel;
	struct layout layout;
	/* The page @pfn below layout.prefix_end, writable, of any content. */
	void *(*page)(void *ctx, uint64_t pfn);
	/*
	 * Copy from a file to the domain, @at counted from its pfn 0. NULL: the
	 * files are in memory.
	 */
	void (*copy)(void *ctx, uint64_t at, const void *from, uint64_t size);
	void *ctx;
	const void *initrd;
	uint64_t initrd_size;		/* 0: none */
	const char *cmdline;		/* NULL: none; cut at 1,023 characters */
	uint64_t shared_info;		/* machine address */
	/* Of a guest, bound to the service domain. */
	uint32_t store_port, console_port, control_port;
};

/* Clear the prefix, copy kernel and RAM disk: their files may go afterwards. */
void builder_load(const struct builder *b);

/* Enter @mfn for @pfn into the frame list; each below nr_pages, after load. */
void builder_frame(const struct builder *b, uint64_t pfn, uint64_t mfn);

/**
 * builder_finish() - write page tables, start_info and device area
 * @context: what the first vCPU starts with; its base (ctrlreg[3]) is to be
 *	pinned, for guests unpin it when they have their own
 *
 * Until here nothing of the domain may be a page table.
 */
void builder_finish(const struct builder *b,
		    struct vcpu_guest_context *context);

#endif
