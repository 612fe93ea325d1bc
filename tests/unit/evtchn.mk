# SPDX-License-Identifier: GPL-2.0
evtchn_SRCS := evtchn-env.c $(addprefix $(HYP)/evtchn/,ports.c ops.c \
	two-level.c fifo.c poll.c vtimer.c time.c)

UNIT_TESTS += evtchn-ports evtchn-domains
evtchn-ports_SRCS := $(evtchn_SRCS)
evtchn-ports_CFLAGS := -Ievtchn-stubs
evtchn-domains_SRCS := $(evtchn_SRCS)
evtchn-domains_CFLAGS := -Ievtchn-stubs
