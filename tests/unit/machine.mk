# SPDX-License-Identifier: GPL-2.0
UNIT_TESTS += machine-acpi machine-clock machine-serial
machine-acpi_SRCS := $(HYP)/machine/acpi.c
machine-clock_SRCS := $(HYP)/machine/clock.c $(HYP)/machine/cmos.c
machine-clock_CFLAGS := -Imachine-stubs
machine-serial_SRCS := $(HYP)/machine/serial.c $(HYP)/console/printk.c \
	$(HYP)/base/string.c
machine-serial_CFLAGS := -Imachine-stubs -fno-builtin
