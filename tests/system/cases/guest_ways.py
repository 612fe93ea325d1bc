# SPDX-License-Identifier: GPL-2.0
"""Our drivers where they seldom go: buffers that are granted one by one instead of copied
through the pool, and devices that sleep for a while and wake up with new queues.
"""
from cases.domains import CONFIG, ask, baseline, rl, shell_in, wait_for
from cases.guest_devices import RINGLET, devices, with_virtio
from cases.guest_virtio import WRITE, all_gone
from harness import case

CREATE = "create " + CONFIG + " 'drivers=\"virtio\"' 'disk=[\"phy:/dev/vda,vda,w\"]' 'vif=[\"\"]' "
POOL_MAX = "/sys/module/virtio_ringlet/parameters/pool_max"
NO_LIMIT = 4294967295
HOLD = "/sys/module/ringlet_suspend/parameters/hold"
KINDS = "disk vif rng channel"
MIB, PAGE = 8, 4096


def start(machine, kinds, more=""):
    """A guest with a file system on its disk, and an address."""
    machine.run("mke2fs -q /dev/vda")
    rl(machine, CREATE + more)
    shell_in(machine, "demo")
    devices(machine, kinds)
    ask(machine, "demo", "ip addr add 192.168.77.9/24 dev eth0; ip link set eth0 up; "
        "mount -t ext4 /dev/vda /mnt; echo mounted$((6 * 7))", "mounted42")


def ping(machine, word):
    ask(machine, "demo", "ping -c 2 192.168.77.1 >/dev/null && echo %s$((6 * 7))" % word, word + "42")


def compare(machine, word):
    """What the files are on the disk, not in the guest's memory."""
    ask(machine, "demo", "cd /mnt; sync; echo 3 >/proc/sys/vm/drop_caches; md5sum -c /tmp/sums >/dev/null "
        "&& echo %s$((6 * 7)); cd /" % word, word + "42")


def granted(machine):
    return rl(machine, "block-list demo")["devices"][0]["granted_pages"]


@case("virtio-granted", "soak", hypervisors=RINGLET, lifetime=900)
def granted_one_by_one(context):
    """pool_max=0: data goes by grants, as the back-end counts; the pool again: none does."""
    pages = MIB * (1 << 20) // PAGE
    with with_virtio(context) as machine:
        at_first = baseline(machine)
        start(machine, "disk vif")
        context.require(granted(machine) == 0, "%d pages were granted, by the pool" % granted(machine))
        ask(machine, "demo", "echo 0 >%s; cat %s" % (POOL_MAX, POOL_MAX), "0")
        ask(machine, "demo", "dd if=/dev/urandom of=/mnt/f bs=1M count=%d 2>/dev/null; sync; cd /mnt; "
            "md5sum f >/tmp/sums; cd /; echo written$((6 * 7))" % MIB, "written42")
        written = granted(machine)
        context.require(written >= pages, "%d pages granted for a file of %d" % (written, pages))
        compare(machine, "same")
        read = granted(machine) - written
        context.require(read >= pages, "%d pages granted to read a file of %d" % (read, pages))
        ping(machine, "reached")
        # The same file through the pool: it is what was written by grants.
        ask(machine, "demo", "echo %d >%s; cat %s" % (NO_LIMIT, POOL_MAX, POOL_MAX), str(NO_LIMIT))
        ask(machine, "demo", "sync; echo synced$((6 * 7))", "synced42")
        before = granted(machine)
        compare(machine, "equal")
        ping(machine, "again")
        context.require(granted(machine) == before, "pages were granted in spite of the pool")
        rl(machine, "destroy demo")
        all_gone(context, machine, at_first)


def sleep_and_wake(context, machine, number):
    """Once: every device is let go of, then taken again; nothing is lost between."""
    # The prompt may stand on the line on which it says so.
    ask(machine, "demo", "(modprobe ringlet_suspend; x=$?; echo; echo awake%d-$x) &" % number, "")
    devices(machine, KINDS, "waiting")
    ask(machine, "demo", "[ -e %s ] && echo asleep%d$((6 * 7))" % (HOLD, number), "asleep%d42" % number)
    ask(machine, "demo", "echo 0 >%s" % HOLD, "")
    wait_for(machine, "grep -q '^awake%d-0' /var/log/ringlet/demo.log" % number, "devices to wake up")
    devices(machine, KINDS)
    ping(machine, "ping%d-" % number)
    ask(machine, "demo", "rmmod ringlet_suspend; head -c 16 /dev/hwrng | wc -c | sed s/^/entropy%d-/" % number,
        "entropy%d-16" % number)


@case("virtio-suspend", hypervisors=RINGLET, lifetime=900)
def suspend(context):
    """Devices sleep and wake three times while the guest writes, and after: all is there."""
    with with_virtio(context) as machine:
        at_first = baseline(machine)
        start(machine, KINDS, "rng=1 'channel=[\"name=b,connection=pty\"]'")
        ping(machine, "before")
        ask(machine, "demo", WRITE, "begun42")
        for number in range(3):
            sleep_and_wake(context, machine, number)
        # The guest as a whole may stop, too.
        rl(machine, "pause demo")
        context.require(rl(machine, "list demo")["domains"][0]["state"] == "paused", "it is not paused")
        rl(machine, "unpause demo")
        ask(machine, "demo", "touch /tmp/stop; wait; echo stopped$((6 * 7))", "stopped42")
        ask(machine, "demo", "cd /mnt; md5sum f* >/tmp/sums; cd /; echo $(ls /mnt | grep -c f)-files",
            "[1-9][0-9]*-files")
        compare(machine, "same")
        ping(machine, "after")
        # A device that comes now finds the area at work.
        machine.run("truncate -s 8M /tmp/b.img")
        rl(machine, "block-attach demo /tmp/b.img,raw,vdb,w")
        devices(machine, KINDS + " disk")
        ask(machine, "demo", "dd if=/dev/zero of=/dev/vdb bs=64k count=8 conv=fsync 2>/dev/null && echo new$((6 * 7))",
            "new42")
        rl(machine, "destroy demo")
        all_gone(context, machine, at_first)
