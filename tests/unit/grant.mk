# SPDX-License-Identifier: GPL-2.0
UNIT_TESTS += grant-entry
grant-entry_SRCS := $(HYP)/grant/entry.c
