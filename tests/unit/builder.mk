# SPDX-License-Identifier: GPL-2.0
# The domain builder as user space has it: with the C library and Debian's decoders.
BUILDER_TESTS := builder-elf builder-bzimage builder-unpack builder-build
UNIT_TESTS += $(BUILDER_TESTS)
BUILDER := ../../domain-builder
define builder_test
$(1)_SRCS := $(wildcard $(BUILDER)/*.c) $(wildcard $(BUILDER)/*.h)
$(1)_CFLAGS := -I$(BUILDER)
$(1)_LIBS := -llzma -lzstd -lz
endef
$(foreach t,$(BUILDER_TESTS),$(eval $(call builder_test,$(t))))
