# SPDX-License-Identifier: GPL-2.0
MM_CORE := $(addprefix $(HYP)/mm/,types.c update.c validate.c desc-check.c)
UNIT_TESTS += mm-types mm-lockstep mm-decode mm-desc
mm-types_SRCS := mm-model.c $(MM_CORE)
mm-lockstep_SRCS := mm-model.c $(MM_CORE)
# As the hypervisor: refs, owner and flags are also read as one word.
$(foreach t,types lockstep guest-access,$(eval mm-$(t)_CFLAGS := -fno-strict-aliasing -Imm-stubs))
mm-decode_SRCS := $(HYP)/mm/decode.c $(HYP)/machine/insn.c
mm-desc_SRCS := $(HYP)/mm/desc-check.c
UNIT_TESTS += mm-guest-access
mm-guest-access_SRCS := mm-model.c $(MM_CORE) $(HYP)/state/guest-access.c
