# SPDX-License-Identifier: GPL-2.0
# rl, with a hypervisor, a store and a daemon that rl-fake.c plays.
RL := ../../domain-manager
RL_TESTS := rl-text rl-syntax rl-config rl-command rl-create
UNIT_TESTS += $(RL_TESTS)
RL_PLAIN := $(RL)/text.c $(RL)/report.c
RL_ALL := $(filter-out $(addprefix $(RL)/,main.c hyp.c store.c daemon-client.c \
	daemon.c guest.c guest-console.c guest-end.c),$(wildcard $(RL)/*.c)) rl-fake.c
define rl_test
$(1)_CFLAGS := -D_GNU_SOURCE -I$(RL) -I../../domain-builder -Wno-missing-field-initializers \
	-Wno-format-truncation
$(1)_LIBS := -ljansson -llzma -lzstd -lz
$(1)_SRCS := $(wildcard $(RL)/*.h)
endef
$(foreach t,$(RL_TESTS),$(eval $(call rl_test,$(t))))
rl-text_SRCS += $(RL)/text.c
rl-syntax_SRCS += $(RL)/syntax.c $(RL_PLAIN)
rl-config_SRCS += $(RL)/syntax.c $(RL)/config.c $(RL_PLAIN) rl-fake.c
rl-command_SRCS += $(RL_ALL) $(wildcard ../../domain-builder/*.c)
rl-create_SRCS += $(RL_ALL) $(wildcard ../../domain-builder/*.c)
