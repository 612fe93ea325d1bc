# SPDX-License-Identifier: GPL-2.0
"""Our drivers on both sides: a guest with our kernel, its devices served by ours.

Every kind of device works, comes and goes while the guest runs; modules are removed
and loaded under it; and whatever state a device is in, destroying the domain leaves
nothing. Power cuts and the contents of disks are the integrity cases' concern.
"""
from cases.domains import ask, baseline, end, rl, shell_in, wait_for
from cases.guest_devices import DRIVERS, RINGLET, devices, nothing_left, plug_disk, plug_vif, with_virtio
from harness import case

CREATE = "create " + DRIVERS % "virtio"
# What the guest does until it is told to stop: whole files, and their sums.
WRITE = ("(while [ ! -e /tmp/stop ]; do n=$((n + 1)); dd if=/dev/urandom of=/mnt/f$((n % 64)) bs=32k "
         "count=4 conv=fsync 2>/dev/null; done) & echo begun$((6 * 7))")


def all_gone(context, machine, at_first):
    nothing_left(context, machine)
    wait_for(machine, "! pidof diod rl-channel", "end of diod and rl-channel", 60)
    end(context, machine, at_first)


def channels(context, machine):
    """Both ways, through the socket of the first and the file of the second one."""
    made = [d.get("target") or d["made"] for d in rl(machine, "channel-list demo")["devices"]]
    context.require(made[0] == "/run/agent.sock" and made[1].startswith("/dev/ringlet/console-"),
                    "backing of channels: %s" % made)
    for number, (reader, writer) in enumerate((
            ("socat -u UNIX-CONNECT:%s EXEC:'head -n 1'", "echo %s | socat -u - UNIX-CONNECT:%s"),
            ("head -n 1 %s", "echo %s >%s")), 1):
        path = made[number - 1]
        ask(machine, "demo", "exec 3<>/dev/hvc%d; stty raw -echo <&3; echo up%d$((6 * 7)) >&3; "
            "echo sent%d$((6 * 7))" % (number, number, number), "sent%d42" % number)
        said = machine.run("timeout 60 " + reader % path).split()
        context.require(said == ["up%d42" % number], "from hvc%d came %s" % (number, said))
        machine.run(writer % ("down%d" % number, path))
        ask(machine, "demo", "read x <&3; echo got-$x; exec 3>&-", "got-down%d" % number)


def others(context, machine):
    """Entropy, a shared folder, the network, that the root is what it is to be."""
    ask(machine, "demo", "grep vda /proc/mounts | cut -c1-10 | tail -n 1", "/dev/vda /")
    ask(machine, "demo", "cat /sys/class/misc/hw_random/rng_current", "virtio_rng")
    ask(machine, "demo", "echo entropy $(head -c 16 /dev/hwrng | wc -c)", "entropy 16")
    ask(machine, "demo", "mount -t 9p -o trans=virtio,version=9p2000.L,uname=root,aname=/srv/share home "
        "/mnt && cat /mnt/in && echo out$((6 * 7)) >/mnt/out; umount /mnt; echo shared$((6 * 7))", "shared42")
    context.require(machine.run("cat /srv/share/out").split() == ["out42"], "what is in the share")
    ask(machine, "demo", "udhcpc -i eth0 -q -n -t 9 2>&1 | sed s/udhcpc://", ".*lease of 192.168.77")
    # 10.0.2.2 is beyond the service domain.
    ask(machine, "demo", "ping -c 2 10.0.2.2 >/dev/null && echo reached$((6 * 7))", "reached42")


@case("guest-virtio-devices", hypervisors=RINGLET, lifetime=900)
def all_kinds(context):
    """Root on a disk, all kinds of devices, hot-plug, the end while it writes."""
    with with_virtio(context) as machine:
        at_first = baseline(machine)
        machine.run("udhcpc -i eth0 -q -n", timeout=120)
        machine.run("mke2fs -q /dev/vda && mount -t ext4 /dev/vda /mnt && cd /mnt && "
                    "zcat /guests/initrd.gz | cpio -id 2>/dev/null; cd / && umount /mnt; "
                    "mkdir -p /srv/share; echo in >/srv/share/in", timeout=300)
        rl(machine, CREATE + "'disk=[\"phy:/dev/vda,vda,w\"]' 'vif=[\"\"]' rng=1 "
           "'channel=[\"name=agent,connection=socket,path=/run/agent.sock\", \"name=b,connection=pty\"]' "
           "'share=[\"tag=home,path=/srv/share\"]' "
           "'extra=\"console=hvc0 rdinit=/sbin/boot-root root=/dev/vda hostname=demo\"'")
        shell_in(machine, "demo")
        kinds = "disk vif rng channel channel share"
        devices(machine, kinds)
        others(context, machine)
        channels(context, machine)
        # A driver that names disks in the order in which they come.
        plug_disk(context, machine, kinds, "vdb", "vdc", "vdb")
        plug_vif(context, machine, kinds + " disk", "eth1")
        ask(machine, "demo", WRITE, "begun42")
        rl(machine, "destroy demo")
        all_gone(context, machine, at_first)


def take_away(machine, modules):
    for module in modules:
        machine.run("rmmod ringlet_back_" + module)


@case("guest-virtio-reload", hypervisors=RINGLET, lifetime=900)
def reload(context):
    """Modules come and go while the guest writes: it waits, and loses nothing."""
    with with_virtio(context) as machine:
        at_first = baseline(machine)
        machine.run("mke2fs -q /dev/vda")
        rl(machine, CREATE + "'disk=[\"phy:/dev/vda,vda,w\"]' 'vif=[\"\"]' rng=1 "
           "'channel=[\"name=b,connection=pty\"]'")
        shell_in(machine, "demo")
        devices(machine, "disk vif rng channel")
        ask(machine, "demo", "ip addr add 192.168.77.9/24 dev eth0; ip link set eth0 up; "
            "mount -t ext4 /dev/vda /mnt; echo mounted$((6 * 7))", "mounted42")
        ask(machine, "demo", WRITE, "begun42")
        # A kind alone comes back by itself with its module.
        take_away(machine, ["blk"])
        devices_away = rl(machine, "block-list demo")["devices"][0]["state"]
        context.require(devices_away == "away", "a disk without module: " + devices_away)
        machine.run("modprobe ringlet_back_blk")
        devices(machine, "disk vif rng channel")
        # The core as well: the daemon attaches all again, but loads nothing by itself.
        take_away(machine, ["blk", "net", "console", "rng"])
        machine.run("rmmod ringlet_back; sleep 2; ! [ -e /sys/module/ringlet_back ]")
        machine.run("modprobe ringlet_back")
        devices(machine, "disk vif rng channel")
        wait_for(machine, "grep -q '4 devices attached again' /var/log/ringlet/daemon.log", "the daemon")
        ask(machine, "demo", "touch /tmp/stop; wait; echo stopped$((6 * 7))", "stopped42")
        ask(machine, "demo", "cd /mnt; md5sum f* >/tmp/sums; echo 3 >/proc/sys/vm/drop_caches; "
            "md5sum -c /tmp/sums >/dev/null && echo same$((6 * 7)); cd /", "same42")
        ask(machine, "demo", "ping -c 2 192.168.77.1 >/dev/null && echo reached$((6 * 7))", "reached42")
        # Destroyed while some are away, some are not.
        take_away(machine, ["blk", "console", "rng"])
        rl(machine, "destroy demo")
        wait_for(machine, "! rl list demo", "end of demo", 60)
        all_gone(context, machine, at_first)
