# SPDX-License-Identifier: GPL-2.0
UNIT_TESTS += boot-multiboot boot-options
boot-multiboot_SRCS := $(HYP)/boot/multiboot.c
boot-options_SRCS := $(HYP)/boot/options.c
