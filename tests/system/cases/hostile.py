# SPDX-License-Identifier: GPL-2.0
"""Hostile front-ends and back-ends.

Front-ends: the test guest as a domain whose devices our back-ends serve.

The attacker runs the cases front_* of tests/guest/cases, each of which checks by itself
that its device works before and after, and that the neighbour, the test guest in another
domain with a disk of its own, makes progress. Here: their results are taken over, and what
the service domain says of it, keeps, and gives back.

Back-ends: module ringlet_hostile (tests/hostile) serves a Linux guest, one attack after the
other. The guest must stay alive, say what is wrong, complain of nothing in its own kernel,
and have its front-ends removed and loaded again.
"""
import os
import re

from cases.domains import ask, baseline, rl, wait_alone, wait_for
from harness import case
from machine import SLOWDOWN, Failure, Skip, kernel_path

RINGLET = ("ringlet",)
GUEST = ("/etc/ringlet/demo.cfg 'kernel=\"/guests/test-guest\"' 'ramdisk=\"\"' memory=24 vcpus=2 "
         "'on_crash=\"destroy\"' ")
LOG = "/var/log/ringlet/%s.log"
RESULT = re.compile(r"^(not ok|ok) \d+ (\S+)(?: # SKIP (.*))?$")
COMPLAINTS = (r"WARNING: |BUG: |Oops|Call Trace|INFO: task|rcu: INFO|soft lockup|general protection"
              r"|KASAN|UBSAN|leaked")
POLL = 5                        # seconds
# Deepest last: each is used by those before.
MODULES = "blk net console rng 9p"


def service(context, image="service", **setup):
    if not os.path.exists(kernel_path("guest")):
        raise Skip("there is no build/fetch/vmlinuz-guest: make guest-kernel")
    machine = context.boot("guest", image=image, mem=900, options="dom0_mem=600M", **setup)
    machine.watch_panic = False
    machine.shell()
    machine.run("grep -q 'xenstored serves' /var/log/ringlet/daemon.log")
    return machine


def create_neighbour(machine):
    machine.run("mkdir -p /srv/share; truncate -s 4M /tmp/own.img /tmp/readonly.img; truncate -s 8M /tmp/neighbour.img")
    rl(machine, "create %s 'name=\"neighbour\"' 'extra=\"cases=neighbour\"' "
       "'disk=[\"/tmp/neighbour.img,raw,xvda,w!\"]'" % GUEST)


def attacker(machine, cases, devices, case_seconds):
    """Make the attacker, wait for its end; its log."""
    machine.run("rm -f " + LOG % "attacker")
    rl(machine, "create %s 'name=\"attacker\"' 'extra=\"cases=%s\"' 'disk=[\"/tmp/own.img,raw,xvda,w\", "
       "\"/tmp/neighbour.img,raw,xvdb,w!\", \"/tmp/readonly.img,raw,xvdc,r\"]' %s"
       % (GUEST, cases, devices))
    return follow(machine, case_seconds)


def follow(machine, case_seconds):
    """The attacker's log, once it has ended its cases. Each of them has a limit of its own."""
    began, waited, lines, alive = "none", 0, 0, True
    while alive and waited < case_seconds * SLOWDOWN:
        alive = "attacker" in machine.run("rl list")
        text = machine.run("sleep %d; tail -n +%d %s; echo" % (POLL, lines + 1, LOG % "attacker")).replace("\r", "")
        lines += text.count("\n", 0, text.rindex("\n"))
        if re.search(r"^# done$", text, re.M):
            return machine.run("cat %s; echo" % LOG % "attacker")
        cases = re.findall(r"^# begins: (\S+)$", text, re.M)
        began, waited = (cases[-1], 0) if cases else (began, waited + POLL)
    raise Failure("case %s of the attacker %s:\n%s" % (
        began, "does not end: waited %d s" % waited if alive else "cost the domain its life",
        machine.run("tail -n 20 %s; dmesg | tail -n 20; rl list" % LOG % "*", status=None)))


def take_results(context, text):
    """Every case of the guest's as a result of ours, with what it said."""
    plan = re.search(r"^1\.\.(\d+)\r?$", text, re.M)
    lines, said, found = text.replace("\r", "").split("\n"), [], 0
    for line in lines:
        match = RESULT.match(line)
        if match:
            outcome = "skip" if match[3] is not None else match[1]
            context.result(match[2], outcome, match[3] or "\n".join(said))
            found += 1
        said = [] if match else said + [line.strip()] if line.startswith("    #") else said
    if not plan or not found or int(plan[1]) != found:
        raise Failure("the attacker did not end its cases:\n" + text[-1500:])
    return found


def service_is_well(context, machine, cases):
    """The kernel of the service domain: no complaint, and few words about each attack."""
    # machine.shell() keeps its words off the serial line.
    bad = machine.run("dmesg | grep -E '%s'" % COMPLAINTS, status=None)
    context.require(not re.search(COMPLAINTS, bad), "the service domain complains:\n" + bad)
    lines = int(machine.run("dmesg | grep -c 'ringlet-back: domain'", status=None).split()[0])
    broken = int(machine.run("dmesg | grep -c 'needs a reset'", status=None).split()[0])
    context.require(broken > 0, "no device was marked broken")
    context.require(lines < 12 * cases, "%d lines for %d attacks" % (lines, cases))


def nothing_left(context, machine, at_first):
    """All given back: domains, pages, and the modules can go."""
    rl(machine, "destroy attacker")
    rl(machine, "destroy neighbour")
    wait_alone(machine)
    now = baseline(machine)
    context.require(now == at_first, "domains, free pages: %s at first, then %s" % (at_first, now))
    for kind in MODULES.split():
        machine.run("! grep -q ringlet_back_%s /proc/modules || rmmod ringlet_back_%s" % (kind, kind),
                    timeout=120)
    machine.run("rmmod ringlet_back", timeout=120)


def front_ends(context, cases, devices="", case_seconds=120, **setup):
    with service(context, **setup) as machine:
        at_first = baseline(machine)
        create_neighbour(machine)
        found = take_results(context, attacker(machine, cases, devices, case_seconds))
        machine.run("! grep '^not ok\\|^    #' " + LOG % "neighbour")
        service_is_well(context, machine, found)
        nothing_left(context, machine, at_first)
        service_is_well(context, machine, found)
        machine.poweroff()
        context.check_log(machine)


# One of each kind beside its disks.
DEVICES = ("'vif=[\"mac=00:16:3e:00:00:01\"]' rng=1 'channel=[\"name=c,connection=pty\"]' "
           "'share=[\"tag=home,path=/srv/share\"]'")

case("hostile-front", hypervisors=RINGLET, lifetime=1200, cases="front_*", devices=DEVICES)(front_ends)
case("hostile-front-long", "soak", RINGLET, lifetime=7200, cases="front_* rounds=20",
     devices=DEVICES, case_seconds=1200)(front_ends)


# Attacks of tests/hostile/attacks.c, and what the guest's log must have of each: None
# where the guest goes on as if nothing was.
SLOT = "must be|lack|is not used"
USED = "is not a head|out of range|no more I/O|Broken|broken"
BACK_ATTACKS = (
    ("none", None), ("none-net", None),
    ("config-size", SLOT), ("no-queues", SLOT), ("many-queues", SLOT), ("queue-size-0", SLOT),
    ("queue-size-odd", SLOT), ("queue-size-large", SLOT), ("no-region", SLOT), ("large-region", SLOT),
    ("no-features", SLOT), ("kind-0", SLOT), ("kind-large", SLOT),
    ("all-features", None), ("all-features-net", None), ("small-region", None), ("no-config", None),
    ("one-queue-net", None), ("config-random", None), ("config-random-net", None),
    ("generation-runs", None), ("config-runs", None), ("net-config-runs", None),
    ("ack-only", None), ("status-zero", None), ("needs-reset", "gave up|cannot use it"),
    ("state-flips", "away"), ("state-garbage", None), ("uid-changes", None), ("driver-half", None),
    ("header", None), ("control-storm", None), ("queue-storm", None),
    ("used-id", USED), ("used-twice", USED), ("used-other", USED), ("used-len", None),
    ("used-jumps", USED), ("used-early", None), ("scribble-used", None), ("scribble-all", None),
    ("never-use", None), ("keep-mapped", "still maps"),
    ("net-used-id", USED), ("net-used-len", None), ("net-used-jumps", USED), ("net-headers", None),
    ("net-buffers", None), ("net-lengths", None), ("net-scribble-used", None),
    ("net-scribble-all", None),
)
# The guest waits 30 seconds for what does not come.
SLOW_ATTACKS = (("never-ack", "does not answer"), ("generation-odd", "stays odd"))
LINUX = ("/etc/ringlet/demo.cfg 'kernel=\"/guests/vmlinuz%s\"' 'ramdisk=\"/guests/selftest%s.gz\"' "
         "'extra=\"console=hvc0 rdinit=/sbin/init hostname=demo %s\"' memory=%d vcpus=2 ")
# How a driver goes, and what goes on meanwhile.
LEAVE = {
    "rmmod": "rmmod virtio_ringlet",
    "unbind": "cd /sys/bus/virtio/drivers/virtio_blk; for d in virtio[0-9]*; do echo $d >unbind; done; cd",
}
LEAVES = (("stops-and-scribbles", "rmmod"), ("stops-and-scribbles", "unbind"), ("stops-using", "rmmod"),
          ("stops-using", "unbind"), ("scribble-used", "rmmod"), ("never-use", "rmmod"))
# Many requests under way, until one fails.
MANY = ("for n in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do while dd if=/dev/vda of=/dev/null bs=4k count=64 iflag=direct; "
        "do :; done >/dev/null 2>&1 & done; ")
# What the guest does to a device while it is attacked: never in the foreground. A disk
# that is gone must not become a file.
USE = ("for n in 1 2; do [ ! -b /dev/vda ] || dd if=/dev/vda of=/dev/null bs=64k count=8; "
       "[ ! -b /dev/vda ] || dd if=/dev/zero of=/dev/vda bs=4k count=16 conv=fsync; "
       "ip link set eth0 up; ip addr add 10.9.9.1/24 dev eth0; ping -c 2 -W 1 10.9.9.2; "
       "done >/dev/null 2>&1 &")
NO_FILE = "wait; [ -b /dev/vda ] || rm -f /dev/vda; "


def guest_of(machine, debug):
    """A Linux guest with front-ends and no device."""
    suffix = "-debug" if debug else ""
    made = rl(machine, "create " + LINUX % (suffix, suffix, "slab_debug=FZPU panic_on_oops=1", 192))
    wait_for(machine, "grep -q 'demo:~#' " + LOG % "demo", "prompt of demo")
    ask(machine, "demo", "modprobe virtio_ringlet; dmesg -c >/dev/null; lsmod | grep -c ^virtio_ringlet", "1")
    return made["id"]


def said(machine):
    """What the guest's kernel said since the last time, and how many complaints are in it.

    First whoever used a device must have come back.
    """
    # What is typed is in the log as well, where it must not look like a complaint.
    pattern = "|".join("[%s]%s" % (part[0], part[1:])
                       for part in (COMPLAINTS + "|DMA-API|list_.* corruption|Redzone|Poison").split("|"))
    ask(machine, "demo", "sleep 1; " + NO_FILE + "dmesg -c >/tmp/said; grep -E ringlet\\|virtio\\|vda\\|eth0 "
        "/tmp/said; grep -cE \"%s\" /tmp/said; echo said$((6 * 7))" % pattern, "said42")
    text = machine.run("cat %s; echo" % LOG % "demo").replace("\r", "")
    complaints = int(re.search(r"^(\d+)\nsaid42", text, re.M)[1])
    if complaints:
        ask(machine, "demo", "head -n 60 /tmp/said; echo shown$((6 * 7))", "shown42")
        text = machine.run("cat %s; echo" % LOG % "demo").replace("\r", "")
    return text, complaints


def begin(machine, domid, name):
    machine.run(": >" + LOG % "demo")
    machine.run("insmod $(find /lib/modules -name ringlet_hostile.ko) domid=%d attack=%s" % (domid, name))


def judge(context, name, says, text, complaints):
    if complaints:
        context.result(name, "not ok", text[-4000:])
    elif says and not re.search(says, text):
        context.result(name, "not ok", "the guest does not say '%s':\n%s" % (says, text[-1500:]))
    else:
        context.result(name, "ok")


def attack(context, machine, domid, name, says):
    """One attack; the guest's answer as a result."""
    seconds = 40 if (name, says) in SLOW_ATTACKS else 2
    begin(machine, domid, name)
    ask(machine, "demo", "sleep 1; %s sleep %d; echo used$((6 * 7))" % (USE, seconds), "used42")
    machine.run("rmmod ringlet_hostile", timeout=200)
    judge(context, "back_" + name, says, *said(machine))


def leave(context, machine, domid, name, how):
    """The driver goes while the back-end goes on as it is: nobody in the guest waits for ever."""
    begin(machine, domid, name)
    ask(machine, "demo", "sleep 1; " + MANY + "sleep 3; " + LEAVE[how] + "; echo left$?$((6 * 7))", "left042")
    # What is scribbled may be the heads of some.
    says = "1[0-9] were under way" if name == "stops-using" else "requests end with errors"
    judge(context, "back_%s_%s" % (how, name), says, *said(machine))
    machine.run("rmmod ringlet_hostile", timeout=200)
    ask(machine, "demo", NO_FILE + "modprobe virtio_ringlet; echo again$((6 * 7))", "again42")


def well_afterwards(machine):
    """A device of a back-end that does not lie, and the front-ends anew."""
    machine.run(": >%s; truncate -s 4M /tmp/good.img" % LOG % "demo")
    ask(machine, "demo", "rmmod virtio_ringlet; modprobe virtio_ringlet; echo again$((6 * 7))", "again42")
    rl(machine, "block-attach demo /tmp/good.img,raw,xvda,w")
    ask(machine, "demo", "n=0; until [ -b /dev/vda ] || [ $((n += 1)) -gt 60 ]; do sleep 1; done; "
        "yes good | dd of=/dev/vda bs=4k count=256 iflag=fullblock conv=fsync 2>/dev/null; "
        "echo written$((6 * 7))", "written42")
    same = machine.run("[ \"$(head -c 1048576 /tmp/good.img | md5sum)\" = "
                       "\"$(yes good | head -c 1048576 | md5sum)\" ] && echo same", status=None)
    if "same" not in same.split():
        ask(machine, "demo", "ls -l /dev/vd*; dmesg | tail -n 30; echo shown$((6 * 7))", "shown42")
        text = machine.run("cat %s; echo" % LOG % "demo")
        raise Failure("a good disk does not hold what was written:\n" + text[-4000:])
    rl(machine, "block-detach demo xvda")


def back_ends(context, attacks, leaves, debug=False):
    if debug and not os.path.exists(kernel_path("guest-debug")):
        raise Skip("there is no build/fetch/vmlinuz-guest-debug: scripts/kernel guest-debug")
    with service(context, "hostile") as machine:
        at_first = baseline(machine)
        domid = guest_of(machine, debug)
        for name, says in attacks:
            attack(context, machine, domid, name, says)
        for name, how in leaves:
            leave(context, machine, domid, name, how)
        well_afterwards(machine)
        rl(machine, "destroy demo")
        wait_alone(machine)
        now = baseline(machine)
        context.require(now == at_first, "domains, free pages: %s at first, then %s" % (at_first, now))
        machine.poweroff()
        context.check_log(machine)


# One of each sort; the soak has them all.
QUICK = ("none", "queue-size-odd", "needs-reset", "state-flips", "used-id", "scribble-used", "net-headers")
case("hostile-back", hypervisors=RINGLET, lifetime=1200,
     attacks=tuple(a for a in BACK_ATTACKS if a[0] in QUICK), leaves=LEAVES[:1])(back_ends)
case("hostile-back-all", "soak", RINGLET, lifetime=7200, attacks=BACK_ATTACKS + SLOW_ATTACKS,
     leaves=LEAVES)(back_ends)
case("hostile-back-debug", "soak", RINGLET, lifetime=7200, attacks=BACK_ATTACKS + SLOW_ATTACKS,
     leaves=LEAVES, debug=True)(back_ends)


@case("guest-virtio-balloon", hypervisors=RINGLET, lifetime=600)
def balloon(context):
    """Linux's virtio_balloon on our transport gives 512 pages up and takes them again; rl has no such device."""
    with service(context, "hostile") as machine:
        domid = guest_of(machine, False)
        begin(machine, domid, "none-balloon")
        for what in ("inflate", "deflate"):
            ask(machine, "demo", "n=0; until grep -qx balloon_%s.512 /proc/vmstat || [ $((n += 1)) -gt 120 ]; do "
                "sleep 1; done; grep balloon_%s /proc/vmstat" % (what, what), "balloon_%s 512" % what)
        ask(machine, "demo", "basename $(readlink /sys/bus/virtio/devices/*/driver)", "virtio_balloon")
        machine.run("rmmod ringlet_hostile", timeout=200)
        text, complaints = said(machine)
        context.require(not complaints, "the guest complains:\n" + text[-3000:])
        rl(machine, "destroy demo")
        wait_alone(machine)
        machine.poweroff()
        context.check_log(machine)
