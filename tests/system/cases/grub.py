# SPDX-License-Identifier: GPL-2.0
"""GRUB boots the same modules: multiboot and multiboot2, BIOS and UEFI."""
import os
import shutil
import subprocess

from harness import case
from machine import ELF, Failure, Setup, Skip, initrd_path, kernel_path

FIRMWARE = "/usr/share/ovmf/OVMF.fd"
# GRUB leaves the file's name out of a command line and QEMU puts it in; like Xen's
# entries in Debian's grub.d, a placeholder stands where the name would.
MENU = """serial --unit=0 --speed=115200
terminal_output serial
set timeout=0
menuentry "test" {
	%(load)s /boot/hypervisor placeholder %(options)s
	%(module)s /boot/vmlinuz placeholder %(args)s
	%(module)s /boot/initrd
}
"""


def image(context, protocol):
    """An ISO image that boots the hypervisor by one of the two protocols."""
    if not shutil.which("grub-mkrescue") or not shutil.which("xorriso"):
        raise Failure("grub-mkrescue and xorriso are needed: scripts/setup check")
    setup = Setup(context.hypervisor)
    folder = context.file("iso.d")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "boot", "grub"))
    for source, name in ((ELF[context.hypervisor], "hypervisor"),
                         (kernel_path("6.12"), "vmlinuz"), (initrd_path("base-6.12"), "initrd")):
        shutil.copy(source, os.path.join(folder, "boot", name))
    second = protocol == "multiboot2"
    with open(os.path.join(folder, "boot", "grub", "grub.cfg"), "w") as f:
        f.write(MENU % {"load": protocol, "module": "module2" if second else "module",
                        "options": setup.hypervisor_options(), "args": setup.kernel_args()})
    iso = context.file("iso")
    made = subprocess.run(["grub-mkrescue", "-o", iso, folder], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    if made.returncode:
        raise Failure("grub-mkrescue failed:\n" + made.stdout[-2000:])
    return iso


def grub(context, protocol, firmware=None, **setup):
    Setup(context.hypervisor).check()
    if firmware and not os.path.exists(firmware):
        raise Skip("no %s: scripts/setup check installs ovmf" % firmware)
    with context.boot(iso=image(context, protocol), firmware=firmware, **setup) as machine:
        machine.shell(240)
        if firmware:
            # Found by its tag: nothing in low memory points at the tables here.
            machine.run("dmesg | grep -q 'ACPI: RSDP 0x'")
            machine.run("dmesg | grep -q 'ACPI: Interpreter enabled'")
        machine.poweroff()
        context.check_log(machine)


HYPERVISORS = ("ringlet", "xen")
case("grub-bios-multiboot", "quick", HYPERVISORS, protocol="multiboot")(grub)
case("grub-bios-multiboot2", "quick", HYPERVISORS, protocol="multiboot2", machine="q35")(grub)
case("grub-uefi-multiboot2", "quick", HYPERVISORS, protocol="multiboot2", firmware=FIRMWARE,
     machine="q35")(grub)
case("grub-uefi-multiboot2-pc-smp", "soak", HYPERVISORS, protocol="multiboot2",
     firmware=FIRMWARE, smp=2, cpu="max")(grub)
