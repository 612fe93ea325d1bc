# SPDX-License-Identifier: GPL-2.0
UNIT_TESTS += evtchn-ports
evtchn-ports_SRCS := $(addprefix $(HYP)/evtchn/,ports.c ops.c two-level.c \
	fifo.c poll.c vtimer.c time.c)
evtchn-ports_CFLAGS := -Ievtchn-stubs
