# SPDX-License-Identifier: GPL-2.0
#
# The whole of Ringlet. Everything is built below build/; each room has a
# Makefile of its own that this one drives (make -C ROOM O=build/ROOM).
# `make help` lists the targets. HYPERVISOR=xen runs the same guests on Debian's
# Xen, HYPERVISOR=native on none.

BUILD		:= $(abspath build)
# Versions of the ABI that rl and the test guest are built against, too.
ABI_VERSIONS	:= $(notdir $(wildcard hypercall-abi/versions/*))
HYPERVISOR	?= ringlet
# make run shows our own kernel and drivers, where they are; all else begins with
# Debian's kernel.
RUN_KERNEL	:= $(or $(KERNEL),$(if $(filter ringlet,$(HYPERVISOR)),guest,6.12))
KERNEL		?= 6.12
SERIES		:= 6.12 6.1
# Drivers in the initial RAM disks; what a series has built in is left out.
MODULES		:= virtio_pci,virtio_blk,virtio_net,e1000,e1000e,ahci,sd_mod,nvme

export HYPERVISOR KERNEL
# The outermost make decides on the width of the build.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
# Recursive makes must not see O= or V= of an outer one as their own.
unexport O

# room NAME: make a room; V=1 shows the commands.
room = +@$(MAKE) $(if $(V),,-s) --no-print-directory -C $(1) O=$(BUILD)/$(1)

.PHONY: all abi abi-versions hypervisor guest manager fidelity integrity setup setup-check images images-check \
	small-kernel guest-kernel guest-kernel-6.1 guest-kernel-debug check-patches \
	guest-patches-refresh modules \
	rootfs run check bench bench-create bench-io soak docs clean help
.DELETE_ON_ERROR:

all: abi hypervisor guest manager

abi:
	$(call room,hypercall-abi)

hypervisor: abi
	$(call room,hypervisor)

guest: abi
	$(call room,tests/guest)

manager: abi
	$(call room,domain-manager)

# rl and the test guest as they were at the end of each version of the ABI.
abi-versions: $(ABI_VERSIONS:%=abi-version-%)

abi-version-%:
	@scripts/abi-version $*

# A guest kernel for many small domains, and for looking at core dumps.
small-kernel: setup
	@scripts/kernel small

# Linux with our patches: the kernel of the service domain and of guests. LINUX=DIR
# is a tree of the user's own.
guest-kernel: setup
	$(call room,guest-linux-patches) kernel

guest-kernel-6.1: setup
	$(call room,guest-linux-patches) kernel-6.1

check-patches: setup
	$(call room,guest-linux-patches) check

guest-patches-refresh:
	$(call room,guest-linux-patches) refresh

# Drivers, for our kernel; KDIR=6.12 and 6.1 are Debian's.
modules: abi $(if $(KDIR),setup,guest-kernel)
	@scripts/modules $(KDIR)

fidelity:
	$(call room,tests/fidelity)

# A program that writes and judges data, in guests and beside them.
integrity:
	$(call room,tests/integrity)

setup:
	@scripts/setup run

setup-check:
	@scripts/setup check

# What run needs, and what the tests need besides. Fetching stops early when
# nothing is missing.
FETCHED = $(strip $(if $(filter guest%,$(KERNEL)),,linux-$(KERNEL)) \
	$(if $(filter xen,$(HYPERVISOR)),xen-4.17) $(if $(filter ringlet,$(HYPERVISOR)),xenstore nft) \
	$(if $(filter guest%,$(KERNEL)),diod socat))

images: setup $(if $(filter ringlet,$(HYPERVISOR)),manager) \
		$(if $(filter guest,$(KERNEL)),modules) $(if $(filter guest-6.1,$(KERNEL)),guest-kernel-6.1)
	$(if $(FETCHED),@scripts/fetch $(FETCHED))
	@scripts/image $(if $(filter ringlet,$(HYPERVISOR)),service,base)-$(KERNEL) $(MODULES)

images-check: setup-check fidelity integrity rootfs guest manager small-kernel modules abi-versions
	@scripts/fetch
	@scripts/fetch io
	@for s in $(SERIES); do scripts/image base-$$s $(MODULES) && \
		scripts/image stress-$$s $(MODULES) && \
		scripts/image service-$$s $(MODULES) || exit 1; done
	@scripts/image service-guest $(MODULES)
	@scripts/image integrity-guest $(MODULES)
	@scripts/image hostile-guest $(MODULES)
	@scripts/image fidelity-6.12 $(MODULES)
	@scripts/image kselftest-guest $(MODULES)

# The root file system of the guest that make run shows.
rootfs: setup
	@scripts/rootfs

run: setup
	+@$(MAKE) --no-print-directory KERNEL=$(RUN_KERNEL) images \
		$(if $(filter ringlet,$(HYPERVISOR)),hypervisor $(if $(filter guest%,$(RUN_KERNEL)),rootfs))
	@KERNEL=$(RUN_KERNEL) scripts/run

check: setup-check
	+@$(MAKE) --no-print-directory all images-check
	+@scripts/check

# With the checks of guest-linux-patches/guest-debug-6.12.config, for the soak.
guest-kernel-debug: setup abi
	@scripts/kernel guest-debug
	@scripts/modules build/fetch/guest-debug-6.12/kdir

soak:
	@scripts/setup soak
	+@$(MAKE) --no-print-directory guest-kernel-debug
	+@$(MAKE) --no-print-directory all images-check
	+@scripts/check soak

bench: setup
	+@$(MAKE) --no-print-directory hypervisor images
	@scripts/fetch xen-4.17
	@tests/bench/run $(BENCH)

# rl create here, xl create on Debian's Xen.
bench-create: setup
	+@$(MAKE) --no-print-directory hypervisor images
	@scripts/fetch xen-4.17 xl
	@scripts/image xl-$(KERNEL) $(MODULES)
	@tests/bench/create/run --kernel $(KERNEL) $(BENCH)

# Disks and networks of guests: our drivers here, blkfront and netfront on Debian's
# Xen. All with our kernel, which has the drivers of both.
bench-io: setup modules
	+@$(MAKE) --no-print-directory KERNEL=guest hypervisor images
	@scripts/fetch xen-4.17 xenstore xl io
	@scripts/image xl-guest $(MODULES)
	@tests/bench/io/run $(BENCH)

# Two pages are generated, of hypercalls and of rl's output: Sphinx reads a copy of
# Documentation/ with them.
docs:
	@scripts/setup docs
	+@$(MAKE) --no-print-directory abi manager
	@rm -rf $(BUILD)/docs && mkdir -p $(BUILD)/docs/source
	@cp -R Documentation/. $(BUILD)/hypercall-abi/abi-index.rst \
		$(BUILD)/domain-manager/rl-json.rst $(BUILD)/docs/source
	@sphinx-build -q -W --keep-going -b html -d $(BUILD)/docs/doctrees \
		$(BUILD)/docs/source $(BUILD)/docs/html
	@echo "docs: build/docs/html/index.html"

clean:
	find build -mindepth 1 -maxdepth 1 ! -name fetch -exec rm -rf {} + 2>/dev/null || true

help:
	@echo 'make          build the hypervisor, the ABI headers, the test guest and rl'
	@echo 'make run      install what is missing, build, and boot: on a terminal a'
	@echo '              shell in the service domain, else a scripted tour'
	@echo 'make check    unit tests, lints, test guest, boots of stock kernels, Linux'"'"'s'
	@echo '              own x86 selftests (.ci/run)'
	@echo 'make soak     the long tests: every CPU model, machine and memory size, stress,'
	@echo '              clocks, gdb, the documentation'
	@echo 'make bench    lmbench-like table: native, Xen, Ringlet'
	@echo 'make bench-create  rl create and xl create on Debian'"'"'s Xen, side by side'
	@echo 'make bench-io  disks and networks of guests, beside blkfront and netfront on Xen'
	@echo 'make small-kernel  build a guest kernel that needs little memory'
	@echo 'make guest-kernel  build the patched kernel of service domain and guests;'
	@echo '              LINUX=DIR from a tree of yours'
	@echo 'make modules  front-end and back-end drivers for it; KDIR=6.12|6.1|DIR for others'
	@echo 'make check-patches  style, order and build of each patch'
	@echo 'make guest-patches-refresh LINUX=DIR [SINCE=REV]  take them from a git tree'
	@echo 'make docs     the documentation as HTML'
	@echo 'make clean    remove build/ except what was fetched (build/fetch)'
	@echo
	@echo 'HYPERVISOR=ringlet|xen|native  what runs under the guests of run and check'
	@echo 'KERNEL=6.12|6.1|guest CPU=qemu64 MACHINE=pc|q35 SMP=1 MEM=1024   the machine of make run'
	@echo 'OPTIONS="..." ARGS="..."       more hypervisor options and kernel arguments'
	@echo 'BENCH="--quick --ops null,pipe"   arguments of tests/bench/run (--help lists them)'
	@echo 'V=1                            show the commands of the build'
