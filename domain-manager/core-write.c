// SPDX-License-Identifier: GPL-2.0
/* The file of a core dump, piece by piece: core.h has its layout. */
#include "core.h"

#include <errno.h>
#include <string.h>
#include <sys/procfs.h>
#include <unistd.h>

#define ALIGN4(n)	(((n) + 3) & ~3U)

void core_segment(struct core *core, uint64_t vaddr, uint64_t pfn, uint64_t pages)
{
	if (core->nr_segments >= CORE_MAX_SEGMENTS) {
		core->more_segments = true;
		return;
	}
	core->segments[core->nr_segments++] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = CORE_MEMORY + pfn * 4096,
		.p_vaddr = vaddr,
		.p_paddr = pfn * 4096,
		.p_filesz = pages * 4096,
		.p_memsz = pages * 4096,
	};
}

void core_note(struct core *core, const char *name, uint32_t type,
	       const void *data, uint32_t size)
{
	Elf64_Nhdr header = { strlen(name) + 1, size, type };
	uint32_t at = core->notes_size;

	if (at + sizeof(header) + ALIGN4(header.n_namesz) + ALIGN4(size) >
	    CORE_MAX_NOTES)
		return;
	memcpy(core->notes + at, &header, sizeof(header));
	at += sizeof(header);
	memcpy(core->notes + at, name, header.n_namesz);
	at += ALIGN4(header.n_namesz);
	memcpy(core->notes + at, data, size);
	core->notes_size = at + ALIGN4(size);
}

void core_registers(struct core *core, int thread,
		    const unsigned long long regs[CORE_NR_REGS])
{
	struct elf_prstatus status = { .pr_pid = thread };

	_Static_assert(sizeof(status.pr_reg) == CORE_NR_REGS * sizeof(*regs), "");
	memcpy(&status.pr_reg, regs, sizeof(status.pr_reg));
	core_note(core, "CORE", NT_PRSTATUS, &status, sizeof(status));
}

/* Linux has its note at the start of a page (kernel/vmcore_info.c). */
static void look_for_vmcoreinfo(struct core *core, const void *page)
{
	static const char name[] = "VMCOREINFO";
	const Elf64_Nhdr *header = page;
	uint32_t start = sizeof(*header) + ALIGN4(sizeof(name));

	if (core->has_vmcoreinfo || header->n_namesz != sizeof(name) ||
	    header->n_type || !header->n_descsz ||
	    header->n_descsz > 4096 - start ||
	    memcmp(header + 1, name, sizeof(name)))
		return;
	core->has_vmcoreinfo = true;
	core_note(core, name, 0, (const char *)page + start, header->n_descsz);
}

static int write_at(int fd, const void *data, uint64_t size, uint64_t offset)
{
	ssize_t n;

	for (; size; size -= n, offset += n, data = (const char *)data + n) {
		n = pwrite(fd, data, size, offset);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return n ? -errno : -EIO;
	}
	return 0;
}

int core_page(struct core *core, uint64_t pfn, const void *data)
{
	const uint64_t *words = data;
	int i;

	for (i = 0; i < 512 && !words[i]; i++)
		;
	if (i == 512)
		return 0;
	look_for_vmcoreinfo(core, data);
	return write_at(core->fd, data, 4096, CORE_MEMORY + pfn * 4096);
}

int core_finish(struct core *core)
{
	uint64_t notes = CORE_NOTES(core->nr_segments);
	Elf64_Ehdr elf = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(elf),
		.e_ehsize = sizeof(elf),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = core->nr_segments,
	};
	int rc;

	core->segments[0] = (Elf64_Phdr){
		.p_type = PT_NOTE,
		.p_offset = notes,
		.p_filesz = core->notes_size,
	};
	rc = write_at(core->fd, core->notes, core->notes_size, notes);
	if (!rc)
		rc = write_at(core->fd, core->segments,
			      core->nr_segments * sizeof(Elf64_Phdr), sizeof(elf));
	/* Last: a file without it is no core. */
	return rc ? rc : write_at(core->fd, &elf, sizeof(elf), 0);
}
