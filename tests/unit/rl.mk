# SPDX-License-Identifier: GPL-2.0
# rl, with a hypervisor, a store and a daemon that rl-fake.c plays.
RL := ../../domain-manager
RL_TESTS := rl-text rl-syntax rl-config rl-command rl-create rl-device-config rl-devices rl-server
UNIT_TESTS += $(RL_TESTS)
RL_PLAIN := $(RL)/text.c $(RL)/report.c
RL_ALL := $(filter-out $(addprefix $(RL)/,main.c hyp.c store.c daemon-client.c \
	daemon.c guest.c guest-console.c guest-end.c loop.c netdev.c process.c back.c server.c), \
	$(wildcard $(RL)/*.c)) rl-fake.c rl-fake-devices.c
RL_CONFIG := $(addprefix $(RL)/,syntax.c config.c device.c disk-config.c device-config.c)
define rl_test
$(1)_CFLAGS := -D_GNU_SOURCE -I$(RL) -I../../domain-builder -I../../backend-drivers -Wno-missing-field-initializers \
	-Wno-format-truncation
$(1)_LIBS := -ljansson -llzma -lzstd -lz
$(1)_SRCS := $(wildcard $(RL)/*.h)
endef
$(foreach t,$(RL_TESTS),$(eval $(call rl_test,$(t))))
rl-text_SRCS += $(RL)/text.c
rl-syntax_SRCS += $(RL)/syntax.c $(RL_PLAIN)
rl-config_SRCS += $(RL_CONFIG) $(RL_PLAIN) rl-fake.c
rl-command_SRCS += $(RL_ALL) $(wildcard ../../domain-builder/*.c)
rl-create_SRCS += $(RL_ALL) $(wildcard ../../domain-builder/*.c)
rl-device-config_SRCS += $(RL_ALL) $(wildcard ../../domain-builder/*.c)
rl-devices_SRCS += $(RL_ALL) $(wildcard ../../domain-builder/*.c)
rl-server_SRCS += $(RL)/server.c $(RL)/process.c
