/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Link map of the test guest: linked at VIRT_BASE + LOAD_PADDR, loaded at LOAD_PADDR of the
 * pseudo-physical space. The cases are an array between __cases and __cases_end in the order
 * safe, attack, crash.
 */
#include "layout.h"

OUTPUT_FORMAT("elf64-x86-64")
ENTRY(guest_start)

PHDRS
{
	image PT_LOAD FLAGS(7);
	note PT_NOTE FLAGS(4);
}

SECTIONS
{
	. = VIRT_BASE + LOAD_PADDR;
	.text : AT(ADDR(.text) - VIRT_BASE) { *(.text.head) *(.text .text.*) } :image
	.notes ALIGN(8) : AT(ADDR(.notes) - VIRT_BASE) { KEEP(*(.note.xen)) } :image :note
	.rodata ALIGN(16) : AT(ADDR(.rodata) - VIRT_BASE) {
		*(.rodata .rodata.*)
		. = ALIGN(16);
		*(.user)
		. = ALIGN(8);
		__cases = .;
		KEEP(*(SORT_BY_NAME(.cases.*)))
		__cases_end = .;
	} :image
	.data ALIGN(4096) : AT(ADDR(.data) - VIRT_BASE) { *(.data .data.*) } :image
	.bss ALIGN(4096) : AT(ADDR(.bss) - VIRT_BASE) { *(.bss .bss.* COMMON) } :image
	. = ALIGN(4096);
	__end = .;
	/DISCARD/ : { *(.comment) *(.note.gnu.*) *(.eh_frame) }
}
