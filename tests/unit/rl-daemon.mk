# SPDX-License-Identifier: GPL-2.0
RL := ../../domain-manager
UNIT_TESTS += rl-ring
rl-ring_SRCS := $(RL)/ring.c $(RL)/log.c
rl-ring_CFLAGS := -D_GNU_SOURCE -I$(RL)
UNIT_TESTS += rl-core
rl-core_SRCS := $(RL)/core-walk.c $(RL)/core-write.c
rl-core_CFLAGS := -D_GNU_SOURCE -I$(RL)
