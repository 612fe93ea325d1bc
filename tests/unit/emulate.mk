# SPDX-License-Identifier: GPL-2.0
UNIT_TESTS += emulate-decode emulate-io emulate-priv emulate-umip

emulate_DISPATCH := $(addprefix $(HYP)/dispatch/,decode-priv.c emulate.c \
	io-port.c msr.c control-regs.c umip.c debugreg.c cpuid.c) $(HYP)/machine/insn.c \
	$(HYP)/state/descriptor-tables.c

emulate-decode_SRCS := $(HYP)/dispatch/decode-priv.c $(HYP)/machine/insn.c
emulate-decode_CFLAGS := -Iemulate-stubs

emulate-io_SRCS := $(emulate_DISPATCH) emulate-env.c
emulate-io_CFLAGS := -Iemulate-stubs

emulate-priv_SRCS := $(emulate_DISPATCH) emulate-env.c
emulate-priv_CFLAGS := -Iemulate-stubs

emulate-umip_SRCS := $(emulate_DISPATCH) emulate-env.c
emulate-umip_CFLAGS := -Iemulate-stubs
