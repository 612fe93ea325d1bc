// SPDX-License-Identifier: GPL-2.0
/*
 * From boot modules to a parsed kernel.
 *
 * Each fault ends in boot_fail() with one line that says which module, what is
 * wrong with it and what to do. The memory of the modules and of the unpacked
 * kernel is kept out of the heap until the domain has its copies.
 */
#include "boot/boot.h"
#include "boot/memory.h"
#include "machine/directmap.h"

#define KERNEL	"module 1 (the service domain's kernel)"

static struct ranges temporary;	/* released with modules_release() */

static void add_temporary(paddr_t start, paddr_t end)
{
	ranges_add(&temporary, ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE));
}

void modules_take(const struct boot_info *info)
{
	u32 i;

	if (!info->nr_modules)
		boot_fail(KERNEL
			  " is missing: use -initrd \"vmlinuz ARGUMENTS,initrd.gz\" "
			  "with QEMU, two module lines with GRUB");
	for (i = 0; i < info->nr_modules; i++) {
		const struct boot_module *m = &info->module[i];

		if (m->start == m->end)
			continue;
		if (!range_is_ram(m->start, m->end))
			boot_fail("module %u does not lie in RAM: use another boot loader", i + 1);
		boot_take(m->start, m->end);
		add_temporary(m->start, m->end);
	}
}

static void *take_room(u64 size)
{
	paddr_t pa = boot_alloc(size, ~0UL);

	if (!pa)
		boot_fail(KERNEL " is larger than memory (%lu MiB unpacked): add RAM", size >> 20);
	add_temporary(pa, pa + size);
	return paddr_to_virt(pa);
}

void modules_load_kernel(const struct boot_info *info, struct kernel *k)
{
	const struct boot_module *m = &info->module[0];
	struct kernel_file file;
	const char *fault;
	void *room;

	fault = kernel_open(paddr_to_virt(m->start), m->end - m->start, &file);
	if (!fault) {
		room = file.room ? take_room(file.room) : NULL;
		shim_begin();
		fault = kernel_load(&file, room, k);
		if (!shim_end())
			fault = "too little memory to unpack it: add RAM";
	}
	if (fault)
		boot_fail(KERNEL ": %s", fault);
}

u64 modules_frames(void)
{
	return ranges_bytes(&temporary) >> PAGE_SHIFT;
}

void modules_release(void)
{
	ranges_to_heap(&temporary);
}
