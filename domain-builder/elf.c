// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's ELF file: headers, loadable segments, where its notes are.
 *
 * Every offset and length is checked against the file before use and nothing
 * is read through a pointer of the file's making. Segments load by p_paddr
 * (Linux's per-CPU segment has p_vaddr 0).
 */
#include "internal.h"

struct elf64_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf64_segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

#define EI_CLASS	4
#define ELFCLASS32	1
#define ELFCLASS64	2
#define EI_DATA		5
#define ELFDATA2LSB	1
#define ET_EXEC		2
#define ET_DYN		3
#define EM_X86_64	62
#define PT_LOAD		1
#define PT_NOTE		4
/* Larger than any kernel, small enough that sums cannot overflow. */
#define MAX_PADDR	(1UL << 40)

static bool in_file(u64 offset, u64 length, u64 size)
{
	return offset <= size && length <= size - offset;
}

static const char *check_header(const u8 *data, u64 size,
				struct elf64_header *h)
{
	if (size < 20 || !is_elf(data, size))
		return "what it unpacks to is not an ELF file: use vmlinuz or "
		       "vmlinux";
	if (data[EI_CLASS] == ELFCLASS32)
		return "it is a 32-bit kernel: use a 64-bit (amd64) one";
	if (size < sizeof(*h))
		return "it is truncated: copy it again";
	memcpy(h, data, sizeof(*h));
	if (h->ident[EI_CLASS] != ELFCLASS64 ||
	    h->ident[EI_DATA] != ELFDATA2LSB || h->machine != EM_X86_64)
		return "it is not built for x86-64: use an amd64 kernel";
	if (h->type != ET_EXEC && h->type != ET_DYN)
		return "it is an ELF file but not an executable: use vmlinuz or "
		       "vmlinux";
	if (h->phentsize != sizeof(struct elf64_segment) || !h->phnum)
		return "its program headers are malformed: copy it again";
	if (!in_file(h->phoff, (u64)h->phnum * h->phentsize, size))
		return "it is truncated (its program headers are missing): copy "
		       "it again";
	return NULL;
}

static const char *add_segment(const u8 *data, u64 size,
			       const struct elf64_segment *p,
			       struct kernel *k)
{
	struct kernel_segment *s;

	if (!p->memsz)
		return NULL;
	if (p->filesz > p->memsz || p->paddr > MAX_PADDR ||
	    p->memsz > MAX_PADDR)
		return "a segment's sizes are malformed: copy it again";
	if (!in_file(p->offset, p->filesz, size))
		return "it is truncated (a segment ends beyond the file's end): "
		       "copy it again";
	if (k->nr_segments == MAX_SEGMENTS)
		return "it has more than 16 loadable segments: use vmlinuz";
	s = &k->segment[k->nr_segments++];
	s->paddr = p->paddr;
	s->memsz = p->memsz;
	s->filesz = p->filesz;
	s->data = data + p->offset;
	k->paddr_start = smaller(k->paddr_start, p->paddr);
	if (k->paddr_end < p->paddr + p->memsz)
		k->paddr_end = p->paddr + p->memsz;
	return NULL;
}

static const char *read_segments(const u8 *data, u64 size,
				 const struct elf64_header *h,
				 struct kernel *k)
{
	struct elf64_segment p;
	const char *fault;
	u32 i;

	for (i = 0; i < h->phnum; i++) {
		memcpy(&p, data + h->phoff + i * sizeof(p), sizeof(p));
		fault = NULL;
		if (p.type == PT_LOAD)
			fault = add_segment(data, size, &p, k);
		else if (p.type == PT_NOTE &&
			 in_file(p.offset, p.filesz, size))
			fault = notes_parse(data + p.offset, p.filesz, k);
		if (fault)
			return fault;
	}
	return k->nr_segments ? NULL : "it has nothing to load: use vmlinuz";
}

const char *elf_parse(const u8 *data, u64 size, struct kernel *k)
{
	struct elf64_header h;
	const char *fault;

	memset(k, 0, sizeof(*k));
	k->paddr_start = ~0UL;
	fault = check_header(data, size, &h);
	if (!fault)
		fault = read_segments(data, size, &h, k);
	if (fault)
		return fault;
	if (!k->has_entry)
		k->entry = h.entry;
	return notes_check(k);
}
