# SPDX-License-Identifier: GPL-2.0
UNIT_TESTS += boot-elf boot-multiboot boot-options boot-bzimage
boot-elf_SRCS := $(HYP)/boot/elf.c $(HYP)/boot/elf-notes.c $(HYP)/boot/bzimage.c
boot-multiboot_SRCS := $(HYP)/boot/multiboot.c
boot-options_SRCS := $(HYP)/boot/options.c
boot-bzimage_SRCS := $(HYP)/boot/bzimage.c
