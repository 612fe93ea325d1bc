# SPDX-License-Identifier: GPL-2.0
"""Devices of guests, as rl makes them for Linux's own back-ends: stock kernels with
their root on a disk and with a network, hot-plug, and ends of all kinds, after which
nothing may be left.
"""
import contextlib
import os

from cases.domains import CONFIG, ask, baseline, end, rl, service, shell_in, wait_for
from harness import case
from machine import Failure, Skip, kernel_path

RINGLET = ("ringlet",)
NETWORK = ["-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n,romfile="]
DRIVERS = CONFIG + " 'drivers=\"%s\"' "
CREATE = DRIVERS % "xen"
DISK = "/tmp/disk.img"
# What a guest writes, so many times 64 KiB: a letter, so that no stale data passes.
PATTERN = 'dd if=/dev/zero bs=64k count=%d 2>/dev/null | tr "\\000" %s'


def drive(context, mib):
    """A disk of the machine, for phy: ones."""
    path = context.file("drive")
    with open(path, "wb") as f:
        f.truncate(mib << 20)
    return ["-drive", "if=none,id=d,format=raw,file=" + path, "-device", "virtio-blk-pci,drive=d"]


def with_devices(context, series="6.12", devices=(), mem=1536, **setup):
    machine = service(context, series, mem=mem, own=700, devices=NETWORK + list(devices), **setup)
    machine.run("udhcpc -i eth0 -q -n", timeout=120)
    return machine


def with_virtio(context):
    if not os.path.exists(kernel_path("guest")):
        raise Skip("there is no build/fetch/vmlinuz-guest: make guest-kernel")
    return service(context, "guest", mem=1280, own=640, devices=NETWORK + drive(context, 128))


def nothing_left(context, machine):
    """No device of a guest: not here, not in the store, not on record."""
    # The kernel lets go a moment after the domain went.
    wait_for(machine, "[ -z \"$(losetup -a)$(ls -d /sys/class/net/vif* 2>/dev/null)\" ]",
             "end of loop devices and interfaces", 60)
    # There is no record at all where nothing was ever attached. Below error/ Linux notes that it
    # could not probe a device which went while it came: rl removes that, too, but it may be
    # written after the domain's end.
    left = machine.run("ls /run/ringlet/devices 2>/dev/null; xenstore-ls -f | "
                       "grep -E '/backend/(vbd|vif)/[0-9]|/local/domain/[1-9]' | "
                       "grep -v '^/local/domain/0/error/'",
                       status=None).split("\n")
    left = [line for line in left if line.strip() not in ("", "lock")]
    context.require(not left, "devices left behind:\n" + "\n".join(left))


def devices(machine, kinds, state="connected"):
    """Until demo has devices of these kinds, and no others, all in that state."""
    kinds = sorted(kinds.split())
    listed = "rl device-list demo >/tmp/listed && sed -i /^NAME/d /tmp/listed"
    wait_for(machine, "%s && [ $(grep -c . /tmp/listed) = %d ] && [ $(grep -c ' %s ' /tmp/listed) = %d ]"
             % (listed, len(kinds), state, len(kinds)), "%d devices of demo that are %s" % (len(kinds), state), 120)
    found = rl(machine, "device-list demo")["devices"]
    if sorted(d["kind"] for d in found) != kinds or any(d["state"] != state for d in found):
        raise Failure("demo has not %s that are %s: %s" % (kinds, state, found))
    return found


def root(context, series):
    """A stock kernel, its root on a block device, its network through NAT."""
    with with_devices(context, series, drive(context, 128)) as machine:
        at_first = baseline(machine)
        machine.run("mke2fs -q /dev/vda && mount -t ext4 /dev/vda /mnt && cd /mnt && "
                    "zcat /guests/initrd.gz | cpio -id 2>/dev/null; cd / && umount /mnt",
                    timeout=300)
        rl(machine, "create %s'disk=[\"phy:/dev/vda,xvda,w\"]' 'vif=[\"mtu=1400\"]' 'extra="
           "\"console=hvc0 rdinit=/sbin/boot-root root=/dev/xvda hostname=demo\"'" % CREATE)
        error = rl(machine, "create %s'name=\"other\"' 'disk=[\"/dev/vda,raw,xvda\"]'" % CREATE, 5)
        context.require("xvda of domain" in error["cause"], "a disk in use: %s" % error)
        shell_in(machine, "demo")
        devices(machine, "disk vif")
        ask(machine, "demo", "grep xvda /proc/mounts | cut -c1-11 | tail -n 1", "/dev/xvda /")
        ask(machine, "demo", "udhcpc -i eth0 -q -n -t 9 2>&1 | sed s/udhcpc://", ".*lease of 192.168.77")
        # Linux's netfront does not look for its MTU in the store; netback's side has it.
        machine.run("ip link show vif1.0 | grep 'mtu 1400'")
        # 10.0.2.2 is beyond the service domain: forwarded, translated.
        ask(machine, "demo", "ping -c 2 10.0.2.2 >/dev/null && echo reached$((6 * 7))", "reached42")
        ask(machine, "demo", PATTERN % (128, "d") + " >/data; sync; echo written$((6 * 7))", "written42")
        rl(machine, "shutdown demo --wait", timeout=400)
        nothing_left(context, machine)
        machine.run("mount -t ext4 -o ro /dev/vda /mnt")
        context.require(machine.run("md5sum < /mnt/data").split()[0] ==
                        machine.run(PATTERN % (128, "d") + " | md5sum").split()[0],
                        "what the guest wrote is not on the disk")
        machine.run("umount /mnt")
        end(context, machine, at_first)


case("guest-devices-root-6.12", hypervisors=RINGLET, lifetime=1200, series="6.12")(root)
case("guest-devices-root-6.1", "soak", hypervisors=RINGLET, lifetime=1200, series="6.1")(root)


def plug_disk(context, machine, kinds, name, other, other_here=None):
    """To @kinds a disk comes, is written to, grows and goes; its file comes back, for reading,
    as the disk @other of the guest, which calls it @other_here."""
    file = other_here or other
    machine.run("truncate -s 8M /tmp/b.img")
    rl(machine, "block-attach demo /tmp/b.img,raw,%s,w" % name)
    devices(machine, kinds + " disk")
    ask(machine, "demo", PATTERN % (128, "p") + " >/dev/%s; sync; echo filled$((6 * 7))" % name, "filled42")
    context.require(machine.run("md5sum < /tmp/b.img").split()[0] ==
                    machine.run(PATTERN % (128, "p") + " | md5sum").split()[0],
                    "what the guest wrote is not in the file")
    bytes_ = rl(machine, "block-resize demo %s 12M" % name)["bytes"]
    context.require(bytes_ == 12 << 20, "%d bytes after a resize" % bytes_)
    ask(machine, "demo", "sleep 1; echo sectors $(cat /sys/block/%s/size)" % name, "sectors 24576")
    error = rl(machine, "block-resize demo %s 4M" % name, 5)
    context.require("which is more" in error["cause"], "a smaller size: %s" % error)
    rl(machine, "block-detach demo " + name)
    ask(machine, "demo", "sleep 1; [ -e /sys/block/%s ] || echo gone$((6 * 7))" % name, "gone42")
    rl(machine, "block-attach demo vdev=%s access=r target=/tmp/b.img" % other)
    devices(machine, kinds + " disk")
    ask(machine, "demo", "echo ro $(cat /sys/block/%s/ro); echo x 2>&1 >/dev/%s | grep -c ." % (file, file),
        "ro 1")


def plug_vif(context, machine, kinds, name):
    """To @kinds a network interface comes, which the guest calls @name, and goes."""
    made = rl(machine, "network-attach demo mac=00:16:3e:00:00:07,vifname=second")
    context.require(made["made"] == "second" and made["mac"] == "00:16:3e:00:00:07",
                    "attached: %s" % made)
    devices(machine, kinds + " vif")
    ask(machine, "demo", "ip link show %s | grep -o 00:16:3e:00:00:07" % name, "00:16:3e:00:00:07")
    rl(machine, "network-detach demo 00:16:3e:00:00:07")
    ask(machine, "demo", "sleep 1; [ -e /sys/class/net/%s ] || echo gone$((6 * 8))" % name, "gone48")


@contextlib.contextmanager
def life_of_demo(context, make=with_devices):
    """A machine, and a file for demo's disk; at the end demo goes and leaves nothing."""
    with make(context) as machine:
        at_first = baseline(machine)
        machine.run("truncate -s 32M " + DISK)
        yield machine
        rl(machine, "destroy demo")
        nothing_left(context, machine)
        end(context, machine, at_first)


@case("guest-devices-hotplug", hypervisors=RINGLET, lifetime=1200)
def hotplug(context):
    with life_of_demo(context) as machine:
        rl(machine, "create %s'disk=[\"%s,raw,xvda,rw\"]'" % (CREATE, DISK))
        shell_in(machine, "demo")
        plug_disk(context, machine, "disk", "xvdb", "xvdc")
        rl(machine, "block-detach demo xvdc")
        plug_vif(context, machine, "disk", "eth0")
        ask(machine, "demo", "mke2fs -q /dev/xvda; mount -t ext4 /dev/xvda /mnt; echo mounted$((6 * 7))",
            "mounted42")
        rl(machine, "block-detach demo xvda --force")
        context.require(not rl(machine, "device-list demo")["devices"], "a device was left")


@case("guest-devices-destroy", "soak", hypervisors=RINGLET, lifetime=1800)
def destroy(context):
    """Ends while it writes: by rl, by the daemon, with nobody there; a reboot."""
    with life_of_demo(context) as machine:
        create = "create %s'disk=[\"%s,raw,xvda,rw\"]' 'vif=[\"\"]'" % (CREATE, DISK)
        for way in ("rl destroy demo", "kill -9 $(pidof rl); rl destroy demo; rl daemon", None):
            machine.run("rm -f /var/log/ringlet/demo.log")
            # At once after the last one: its requests may still be on their way.
            rl(machine, create)
            shell_in(machine, "demo")
            ask(machine, "demo", "(while :; do cat /dev/zero >/dev/xvda; done) 2>/dev/null & "
                "ping -q 192.168.77.1 >/dev/null & echo writing$((6 * 7))", "writing42")
            machine.run("sleep 3")
            if way:
                machine.run(way, timeout=300)
        machine.run(": >/var/log/ringlet/demo.log")
        rl(machine, "reboot demo --wait", timeout=600)
        shell_in(machine, "demo")
        devices(machine, "disk vif")


def killed(context, drivers):
    """rl killed while it plugs and unplugs: a device as a whole, or none."""
    xen = drivers == "xen"
    with life_of_demo(context, with_devices if xen else with_virtio) as machine:
        machine.run("truncate -s 32M /tmp/b.img")
        create = "rl create %s'disk=[\"%s,raw,xvda,rw\"]' 'vif=[\"\"]'" % (DRIVERS % drivers, DISK)
        if not xen:
            create += " rng=1 'channel=[\"name=a,connection=socket,path=/run/a.sock\"]'"
        for hundredths in range(20, 260, 40):
            machine.run("%s >/dev/null 2>&1 & usleep %d0000; kill -9 $!; wait"
                        % (create, hundredths), timeout=120, status=None)
            machine.run("sleep 1; rl destroy demo", status=None)
            wait_for(machine, "! rl list demo 2>/dev/null", "end of what was half made")
            nothing_left(context, machine)
            wait_for(machine, "! pidof rl-channel && ! [ -e /run/a.sock ]", "end of the channel", 60)
        machine.run(create, timeout=120)
        shell_in(machine, "demo")
        devices(machine, "disk vif" if xen else "disk vif rng channel")
        for hundredths in (2, 5, 10, 20, 40):
            machine.run("rl block-attach demo /tmp/b.img,raw,xvdb,w >/dev/null 2>&1 & "
                        "usleep %d0000; kill -9 $!; wait" % hundredths, status=None)
            machine.run("sleep 1; rl block-detach demo xvdb", status=None)
            names = [d["device"] for d in rl(machine, "block-list demo")["devices"]]
            loops = machine.run("losetup -a").count("/dev/loop")
            context.require(names == ["xvda"] and loops == xen,
                            "disks %s, %d loop devices" % (names, loops))
        # Whose disk it was at last, it is nobody's now.
        rl(machine, "block-attach demo /tmp/b.img,raw,xvdb,w")
        devices(machine, "disk disk vif" if xen else "disk disk vif rng channel")


case("guest-devices-killed", "soak", hypervisors=RINGLET, lifetime=1800, drivers="xen")(killed)
case("guest-devices-killed-virtio", "soak", hypervisors=RINGLET, lifetime=1800, drivers="virtio")(killed)
