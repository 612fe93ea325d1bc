# SPDX-License-Identifier: GPL-2.0
"""What guests wrote through our drivers and back-ends is there: after power cuts of the
guest and of the machine, while back-ends are replaced, while a disk grows. And what
they send arrives.

The guest and its judge run tests/integrity; see there what is written and compared.
"""
import os
import random
import re
import shutil
import signal
import subprocess

from cases.domains import ask, baseline, end, rl, shell_in, wait_alone, wait_for
from harness import case
from machine import BUILD, Failure, Skip, kernel_path

RINGLET = ("ringlet",)
LOG = "/var/log/ringlet/subject.log"
SUBJECT = "/integrity/subject.cfg"
DIRECT = "phy:/dev/vda,vda,w"
BUFFERED = "file:/srv/disk.img,vda,w,direct=0"
MIB = 1 << 20


def drives(context, *sizes):
    """Disks of the machine: vda, vdb, ..., of so many MiB, and their paths."""
    args, paths = [], []
    for n, mib in enumerate(sizes):
        path = context.file("drive%d" % n)
        with open(path, "wb") as f:
            f.truncate(mib * MIB)
        paths.append(path)
        args += ["-drive", "if=none,id=d%d,format=raw,file=%s" % (n, path),
                 "-device", "virtio-blk-pci,drive=d%d" % n]
    return args, paths


def service(context, devices):
    """The service domain on our kernel, with its daemon; /srv is on vdb, if there is one."""
    if not os.path.exists(kernel_path("guest")):
        raise Skip("there is no build/fetch/vmlinuz-guest: make guest-kernel")
    machine = context.boot("guest", image="integrity", mem=768, options="dom0_mem=512M",
                           devices=devices)
    machine.watch_panic = False     # a guest may panic: that is no end
    machine.shell()
    machine.run("grep -q 'xenstored serves' /var/log/ringlet/daemon.log")
    if any("id=d1," in arg for arg in devices):
        machine.run("/usr/bin/mke2fs -q -t ext4 /dev/vdb && mkdir -p /srv && mount -t ext4 /dev/vdb /srv",
                    timeout=120)
    return machine


def script(machine, command, timeout=300):
    """Run one of /integrity's; what it says that failed is the failure."""
    said = machine.run("/integrity/" + command, timeout=timeout, status=None)
    failed = re.search(r"^FAILED [\s\S]*", said, re.M)
    if failed:
        raise Failure(failed[0])
    return said.strip()


def in_guest(machine, pattern):
    """What the guest's log has of a pattern; a failure that it shows ends the case."""
    text = machine.run("tr -d '\\r' <%s | grep -E '^(FAILED|%s)'" % (LOG, pattern), status=None)
    failed = re.search(r"^FAILED.*", text, re.M)
    if failed:
        raise Failure("in the guest: " + failed[0])
    return [m[0] for m in re.finditer("^(?:%s).*$" % pattern, text, re.M)]


def wait_in_guest(machine, pattern, seconds=400):
    wait_for(machine, "grep -qE '^(FAILED|%s)' %s" % (pattern, LOG), "'%s' from the guest" % pattern,
             seconds)
    found = in_guest(machine, pattern)
    return found[-1]


# ---- power cuts ----

def cuts(context, count):
    """The guest is destroyed at random moments; ext4 and what was synchronised stay."""
    seed = random.Random(context.case.name).randrange(1, 10000)
    dice = random.Random(seed)
    devices, _ = drives(context, 64, 192)
    print("# %s: seed %d" % (context.case.name, seed), flush=True)
    with service(context, devices) as machine:
        for device, where in (("/dev/vda", ""), ("/srv/disk.img", "truncate -s 64M /srv/disk.img; ")):
            machine.run("%s/usr/bin/mke2fs -q -t ext4 -J size=4 %s" % (where, device), timeout=120)
        at_first = baseline(machine)
        for number in range(1, count + 1):
            # Some at once, while the journal is replayed; most amid the writing.
            steps = dice.choice((0, 1, 5, 20, 60, 150))
            delay = dice.randrange(300000)
            # The disks alternate, so that the cut before was number - 2.
            said = script(machine, "cut %d %s %d %d %d 2" % (
                number, (BUFFERED, DIRECT)[number % 2], steps, delay, seed), timeout=900)
            result = re.search(r"^cut %d of .*: after \d+ \+ \d+ steps$" % number, said, re.M)
            context.require(result, "no verdict on cut %d:\n%s" % (number, said))
            print("# " + result[0], flush=True)
        machine.run("umount /srv")
        end(context, machine, at_first)


case("integrity-5-cuts", "quick", RINGLET, lifetime=900, count=5)(cuts)
case("integrity-200-cuts", "soak", RINGLET, lifetime=14000, count=200)(cuts)


def host(context, *command):
    """A command that judges a disk after the machine is gone."""
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin")
    done = subprocess.run(command, env=env, text=True, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    context.require(done.returncode == 0, "%s: status %d\n%s" % (
        " ".join(command), done.returncode, done.stdout[-2000:]))
    return done.stdout


def reported(text, folder):
    found = re.findall(r"^%s (\d+)$" % folder, text, re.M)
    return int(found[-1]) if found else 0


def machine_cut(context, round_, seed):
    """QEMU is killed: what was only in the service domain's memory is lost."""
    dice = random.Random("%d-%d" % (seed, round_))
    devices, paths = drives(context, 64)
    host(context, "mke2fs", "-q", "-F", "-t", "ext4", "-J", "size=4", paths[0])
    steps = dice.randrange(20, 200)
    with service(context, devices) as machine:
        rl(machine, "create %s 'disk=[\"phy:/dev/vda,vda,w,direct=0\"]' 'extra=\"console=hvc0 "
           "quiet job=files cut=1 keep=1 seed=%d\"'" % (SUBJECT, seed))
        machine.type("tail -n +1 -f %s\n" % LOG)
        while reported(machine.text, "c1-a") < steps:
            machine.expect(r"^(?:c1-[ab] \d+|FAILED.*)$", 200, "files of the guest")
            context.require("FAILED" not in machine.text, "the guest failed:\n" + machine.tail())
        machine.drain(dice.random() / 2)
        os.killpg(machine.qemu.pid, signal.SIGKILL)
        text = machine.text
    host(context, "e2fsck", "-p", "-E", "journal_only", paths[0])
    host(context, "e2fsck", "-fn", paths[0])
    folder = context.file("folder")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    host(context, "debugfs", "-R", "rdump / " + folder, paths[0])
    for n, part in enumerate("ab"):
        last = reported(text, "c1-" + part)
        host(context, os.path.join(BUILD, "tests", "integrity", "integrity"), "check",
             os.path.join(folder, "c1-" + part), str(seed * 100000 + 2 + n), str(last))
        print("# power cut %d of the machine: c1-%s, %d steps" % (round_, part, last), flush=True)


def machine_cuts(context, count):
    seed = random.Random(context.case.name).randrange(1, 10000)
    print("# %s: seed %d" % (context.case.name, seed), flush=True)
    for round_ in range(count):
        machine_cut(context, round_, seed)


case("integrity-machine-cut", "quick", RINGLET, lifetime=600, count=1)(machine_cuts)
case("integrity-20-machine-cuts", "soak", RINGLET, lifetime=600, count=20)(machine_cuts)


# ---- back-ends that go and come ----

def progress(machine):
    found = in_guest(machine, "writes [0-9]+")
    return int(found[-1].split()[1]) if found else 0


def wait_progress(machine, seconds=400):
    """Until every worker of the guest has written again."""
    before = progress(machine)
    machine.run("n=$(grep -c ^writes %s); i=0; until [ $(grep -c ^writes %s) -ge $((n + 2)) ] || "
                "grep -q ^FAILED %s || [ $((i += 1)) -gt %d ]; do sleep 1; done"
                % (LOG, LOG, LOG, seconds), timeout=2 * seconds)
    now = progress(machine)
    if now <= before:
        raise Failure("the guest's disk stands still after %d writes:\n%s" % (
            now, machine.run("rl device-list subject; dmesg | tail -n 20; tail -n 20 " + LOG,
                             status=None)))
    return now


def restart_daemon(machine):
    machine.run("kill -9 $(pidof rl); rl daemon")


def restarts(context, count):
    """A guest writes and verifies without an error while its disk's back-end is unloaded
    and loaded again, every other time with the core; the daemon is replaced meanwhile."""
    dice = random.Random(context.case.name)
    devices, _ = drives(context, 32)
    with service(context, devices) as machine:
        at_first = baseline(machine)
        rl(machine, "create %s 'disk=[\"%s\"]'" % (SUBJECT, DIRECT))
        shell_in(machine, "subject")
        machine.run("echo 'integrity blocks /dev/vda 5 6' | rl console subject >/dev/null")
        wait_progress(machine)
        for number in range(1, count + 1):
            what = ("core", "blk")[number % 2]
            if number % 4 == 2:
                restart_daemon(machine)
            script(machine, "restart %s %d" % (what, dice.randrange(1000000)))
            if number % 4 == 1:
                restart_daemon(machine)
            print("# restart %d (%s): %d writes" % (number, what, wait_progress(machine)), flush=True)
        machine.run("echo | rl console subject >/dev/null")
        verdict = wait_in_guest(machine, "verified: ")
        print("# " + verdict, flush=True)
        ask(machine, "subject", "dmesg | grep -cE \"I/O error|WARNING|BUG:\"", "0")
        rl(machine, "shutdown subject --wait")
        end(context, machine, at_first)


case("integrity-2-restarts", "quick", RINGLET, lifetime=900, count=2)(restarts)
case("integrity-50-restarts", "soak", RINGLET, lifetime=5000, count=50)(restarts)


# ---- the network ----

RECEIVED = "/tmp/service.out"


def transfer(context, machine, to_guest, mib, what):
    """One stream, the back-end replaced in the middle of it."""
    port, seed = (7001, 11) if to_guest else (7002, 12)
    receive = "integrity receive %d %d %d" % (port, seed, mib * MIB)
    send = "integrity send %%s %d %d %d" % (port, seed, mib * MIB)
    machine.run(": >%s; : >%s" % (LOG, RECEIVED))
    if to_guest:
        machine.run("echo '%s' | rl console subject >/dev/null" % receive)
        wait_in_guest(machine, "listening")
        machine.run("(%s >%s 2>&1 &)" % (send % GUEST, RECEIVED))
    else:
        machine.run("(%s >%s 2>&1 &)" % (receive, RECEIVED))
        wait_for(machine, "grep -q listening " + RECEIVED, "a receiver")
        machine.run("echo '%s' | rl console subject >/dev/null" % (send % SERVICE))
    wait_for(machine, "grep -qE '^(FAILED|(sent|received) 5/)' " + RECEIVED, "a third of the stream",
             20 * mib)
    script(machine, "restart %s 300000" % what)
    wait_for(machine, "grep -qE '^(FAILED|(sent|received) all)' " + RECEIVED, "end of the stream",
             20 * mib)
    said = machine.run("cat " + RECEIVED)
    context.require("FAILED" not in said, "in the service domain:\n" + said)
    guest = wait_in_guest(machine, "(sent|received) all: .*checksum")
    here = re.search(r"^(?:sent|received) all: (\d+) bytes, checksum ([0-9a-f]+)", said, re.M)
    there = re.search(r"all: (\d+) bytes, checksum ([0-9a-f]+)", guest)
    context.require(here and there, "service: %s\nguest: %s" % (said, guest))
    context.require(here.groups() == there.groups() and int(here[1]) == mib * MIB,
                    "service: %s, guest: %s" % (here[0], there[0]))
    print("# %s, %s replaced: %s" % ("to the guest" if to_guest else "from the guest", what, guest),
          flush=True)


GUEST, SERVICE = "192.168.77.9", "192.168.77.1"


def network(context, mib):
    """A TCP connection in each direction goes on over a restart of its back-end."""
    with service(context, []) as machine:
        at_first = baseline(machine)
        rl(machine, "create %s 'vif=[\"\"]'" % SUBJECT)
        shell_in(machine, "subject")
        ask(machine, "subject", "ip addr add %s/24 dev eth0 && ip link set eth0 up && "
            "ping -c 1 -w 60 %s >/dev/null && echo up$((6 * 7))" % (GUEST, SERVICE), "up42")
        transfer(context, machine, False, mib, "net")
        transfer(context, machine, True, mib, "core")
        rl(machine, "shutdown subject --wait")
        end(context, machine, at_first)


case("integrity-network", "quick", RINGLET, lifetime=1200, mib=50)(network)
case("integrity-network-10g", "soak", RINGLET, lifetime=14000, mib=5120)(network)


# ---- fio ----

# Way, block size, depth, more options, share of the disk.
FIO = (("write", "64k", 8, "", 1), ("randwrite", "4k", 32, "", 1), ("randwrite", "512", 4, "", 8),
       ("rw", "128k", 4, "", 1), ("randrw", "16k", 16, "", 1),
       ("randwrite", "1m", 4, "--verify_backlog=8", 1))


def verified(machine, command, kib):
    """Run the guest's fio, the disk grows meanwhile; returns its size then."""
    machine.run(": >%s; echo '/jobs/fio %s' | rl console subject >/dev/null" % (LOG, command))
    for _ in range(100):
        kib += 4
        rl(machine, "block-resize subject vda %dK" % kib)
        if in_guest(machine, "fio-ended-"):
            break
    ended = wait_in_guest(machine, "fio-ended-[0-9]+", 3000)
    if ended.strip() != "fio-ended-0":
        raise Failure("fio %s:\n%s" % (command, machine.run("tail -n 40 %s; echo" % LOG)))
    ask(machine, "subject", "echo sectors $(cat /sys/block/vda/size)", "sectors %d" % (2 * kib))
    return kib


def fio(context, mib, rounds):
    """fio verifies what it wrote, in several ways; meanwhile the disk grows."""
    devices, _ = drives(context, 8, 3 * mib + 64)
    with service(context, devices) as machine:
        at_first = baseline(machine)
        for direct in range(2):
            machine.run("truncate -s %dM /srv/disk.img && rm -f %s" % (mib, LOG))
            rl(machine, "create %s 'disk=[\"file:/srv/disk.img,vda,w,direct=%d\"]'" % (SUBJECT, direct))
            shell_in(machine, "subject")
            kib = mib << 10
            for way, size, depth, more, share in FIO * rounds:
                grown = verified(machine, "%s %s %d %dk %s" % (
                    way, size, depth, (mib << 10) // share, more), kib)
                print("# fio %s %s, depth %d, direct=%d: verified; the disk grew %d times"
                      % (way, size, depth, direct, (grown - kib) // 4), flush=True)
                kib = grown
            rl(machine, "shutdown subject --wait")
            wait_alone(machine)
        machine.run("umount /srv")
        end(context, machine, at_first)


case("integrity-fio", "quick", RINGLET, lifetime=1200, mib=4, rounds=1)(fio)
case("integrity-fio-long", "soak", RINGLET, lifetime=10000, mib=64, rounds=3)(fio)
