# SPDX-License-Identifier: GPL-2.0
"""Our own drivers and back-ends under a guest of our kernel: back-ends that go and come back."""
import os

from cases.domains import ask, baseline, end, rl, shell_in, wait_for
from harness import case
from machine import Skip, kernel_path

RINGLET = ("ringlet",)
GATEWAY = "192.168.77.1"
PING = "ping -c 3 %s | grep -o \"3 packets received\" | sed s/^/%s/"


def drives(context, *sizes):
    """Disks of the machine, vda and so on, of so many MiB."""
    args = []
    for n, mib in enumerate(sizes):
        path = context.file("drive%d" % n)
        with open(path, "wb") as f:
            f.truncate(mib << 20)
        args += ["-drive", "if=none,id=d%d,format=raw,file=%s" % (n, path),
                 "-device", "virtio-blk-pci,drive=d%d" % n]
    return args


def start(context):
    """A busybox on a disk of its own, with a second disk and a network."""
    if not os.path.exists(kernel_path("guest")):
        raise Skip("there is no build/fetch/vmlinuz-guest: make guest-kernel")
    machine = context.boot("guest", image="service", mem=900, options="dom0_mem=512M",
                           devices=drives(context, 64, 16))
    machine.watch_panic = False
    machine.shell()
    machine.run("grep -q 'xenstored serves' /var/log/ringlet/daemon.log")
    machine.run("mke2fs -q /dev/vda && mount -t ext4 /dev/vda /mnt && cd /mnt && "
                "zcat /guests/initrd.gz | cpio -id 2>/dev/null; cd / && umount /mnt", timeout=300)
    at_first = baseline(machine)
    rl(machine, "create /etc/ringlet/demo.cfg memory=160 'ramdisk=\"/guests/root.gz\"' "
       "'extra=\"console=hvc0 root=/dev/vda rw hostname=demo\"' 'vif=[\"\"]' "
       "'disk=[\"phy:/dev/vda,vda,w\", \"phy:/dev/vdb,vdb,w\"]'")
    shell_in(machine, "demo")
    ask(machine, "demo", "udhcpc -i eth0 -q -n -t 9 2>&1 | sed s/udhcpc://", ".*lease of 192.168.77")
    return machine, at_first


@case("virtio-back-ends-return", hypervisors=RINGLET, lifetime=1200)
def returned(context):
    """Modules of the back-ends are removed and loaded: interface, bridge, cache mode."""
    machine, at_first = start(context)
    with machine:
        ask(machine, "demo", PING % (GATEWAY, "first-"), "first-3")
        ask(machine, "demo", "cat /sys/block/vdb/cache_type | sed s/^/mode1-/", "mode1-write back")
        ask(machine, "demo", "echo write through >/sys/block/vdb/cache_type; "
            "cat /sys/block/vdb/cache_type | sed s/^/mode2-/", "mode2-write through")
        for module in ("net", "blk"):
            machine.run("rmmod ringlet_back_%s && modprobe ringlet_back_%s" % (module, module),
                        timeout=120)
        wait_for(machine, "ls /sys/class/net/vif*/brport", "the interface in its bridge", 60)
        ask(machine, "demo", PING % (GATEWAY, "again-"), "again-3")
        # Through to the disk and back, so that the mode is asked of a device that works.
        ask(machine, "demo", "dd if=/dev/zero of=/dev/vdb bs=64k count=4 2>/dev/null; sync; "
            "cat /sys/block/vdb/cache_type | sed s/^/mode3-/", "mode3-write through")
        rl(machine, "destroy demo")
        end(context, machine, at_first)
