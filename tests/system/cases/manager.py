# SPDX-License-Identifier: GPL-2.0
"""rl and what users get wrong: each mistake is answered with the stage, the object,
the cause and what to do, with the exit code of its kind, and leaves nothing behind.
"""
import json
import re

from harness import case

# What every configuration below begins with.
GOOD = ('name = "good"', 'kernel = "/guests/vmlinuz"', 'ramdisk = "/guests/initrd.gz"',
        'extra = "console=hvc0 rdinit=/init"', "memory = 128")

USAGE, CONFIG, NO_DOMAIN, STATE, RESOURCES, IMAGE = 2, 3, 4, 5, 6, 9

# Arguments of rl; exit code; what the line of the error must say.
MISTAKES = (
    # The command line.
    ("", 0, ""),
    ("lst", USAGE, "lst: there is no such command; did you mean list"),
    ("create", USAGE, "argument is missing"),
    ("create --colour x", USAGE, "--colour: there is no such option"),
    ("list --json=1", USAGE, "no such option"),
    ("sched --weight 0 service", USAGE, "0.* is not a number from 1 to 65535"),
    ("vcpu-pin 0 0 3-1", USAGE, "3-1: CPUs are numbered"),
    ("mem-set 0 x", USAGE, "is not a number"),
    # Domains.
    ("pause nobody", NO_DOMAIN, "find domain: nobody: there is no such domain"),
    ("destroy 99", NO_DOMAIN, "find domain: 99"),
    ("destroy service", STATE, "it is the service domain"),
    ("shutdown service", STATE, "it is the service domain"),
    ("unpause service", STATE, "it is not paused"),
    ("rename service ../x", CONFIG, "may have letters"),
    # The file.
    ("create /t/none", CONFIG, "read configuration: /t/none: No such file"),
    ("create /t", CONFIG, "/t: Is a directory"),
    ("create /guests/vmlinuz", CONFIG, "larger than 64 KiB"),
    ("create /t/syntax", CONFIG, "/t/syntax:2: a string has no end"),
    ("create /t/good disk=[", CONFIG, "command line:1: a list has no end"),
    # Its values.
    ("create /t/unnamed", CONFIG, "name is missing; add name"),
    ("create -n /t/good memroy=1", 0, "there is no key memroy; did you mean memory"),
    ("create /t/good 'name=\"service\"'", STATE, "the name is taken by domain 0"),
    ("create /t/good 'name=\"1\"'", CONFIG, "looks like the number"),
    ("create /t/good 'name=\"a/b\"'", CONFIG, "letters"),
    ("create /t/good memory=0", CONFIG, "memory must be a number from 1"),
    ("create /t/good maxmem=64", CONFIG, "maxmem, 64, is less than memory, 128"),
    ("create /t/good vcpus=33", CONFIG, "vcpus must be a number from 1 to 32"),
    ("create /t/good vcpus=4 maxvcpus=2", CONFIG, "maxvcpus, 2, is less than vcpus"),
    ("create /t/good 'type=\"hvm\"'", CONFIG, "type .*hvm.* is not offered"),
    ("create /t/good 'on_reboot=\"explode\"'", CONFIG, "on_reboot is no such action"),
    ("create /t/good 'cmdline=\"x\"'", CONFIG, "there is extra too; give either"),
    ("create /t/good 'uuid=\"x\"'", CONFIG, "uuid is not a UUID"),
    # The kernel and the RAM disk.
    ("create /t/good 'kernel=\"/t/none\"'", IMAGE, "read kernel: /t/none: No such file"),
    ("create /t/good 'kernel=\"/t\"'", IMAGE, "not a regular file"),
    ("create /t/good 'kernel=\"/dev/zero\"'", IMAGE, "not a regular file"),
    ("create /t/good 'kernel=\"/t/empty\"'", IMAGE, "it has 0 bytes"),
    ("create /t/good 'kernel=\"/guests/initrd.gz\"'", IMAGE, "kernel: /guests/initrd.gz: "),
    ("create /t/good 'kernel=\"/t/short\"'", IMAGE, "kernel: /t/short: "),
    ("create /t/good 'kernel=\"/t/damaged\"'", IMAGE, "unpack kernel: /t/damaged: "),
    ("create /t/good 'kernel=\"/usr/bin/rl\"'", IMAGE, "kernel: /usr/bin/rl: "),
    ("create /t/good 'ramdisk=\"/t/none\"'", IMAGE, "read RAM disk: /t/none: No such file"),
    ("create /t/good 'ramdisk=\"/t/empty\"'", IMAGE, "it has 0 bytes"),
    # Devices: each is named by where it stands, in a line of the file or on the command line.
    ("create /t/good 'disk=[\"phy:/x,xvda\",\"/y,raw,xvda\"]'", CONFIG,
     "command line:1: disk: the domain has a disk of that name"),
    ("create /t/disks", CONFIG, "check devices: /t/disks:8: /t/none: No such file"),
    ("create /t/disks 'disk+=[\"/t/short,raw,xvdc\"]'", CONFIG, "/t/disks:8: /t/none: No such file"),
    ("create /t/disks 'disk+=[\"/t/good,raw,vda\"]'", CONFIG, "command line:1: disk: .* of that name"),
    ("create /t/$(printf %0150d 0)/$(printf %0150d 0)", CONFIG, r"configuration: \.\.\.0+/0+:1: this is not"),
    ("create /t/good 'disk=[\"/t/none,raw,xvda\"]'", CONFIG, "command line:1: /t/none: No such file"),
    ("create /t/good 'disk=[\"/t,raw,xvda\"]'", CONFIG, "line:1: .* neither a regular file nor a block"),
    ("create /t/good 'disk=[\"/dev/null,raw,xvda\"]'", CONFIG, "line:1: .* nor a block device"),
    ("create /t/good 'disk=[\"/t/fifo,raw,xvda\"]'", CONFIG, "line:1: .* nor a block device"),
    ("create /t/good 'disk=[\"/t/loop,raw,xvda\"]'", CONFIG, "line:1: /t/loop: Too many .*links"),
    ("create /t/good 'disk=[\"/t/empty,raw,xvda\"]'", CONFIG, "line:1: .* 0 bytes, a sector has 512"),
    ("create /t/good 'disk=[\"/t/good,qcow2,xvda\"]'", CONFIG, "line:1: .*not offered.*qemu-img convert"),
    ("create /t/good 'disk=[\"/t/good,raw,1\"]'", CONFIG, "line:1: .*no name of a disk"),
    ("create /t/good 'disk=[\"/t/good,raw,xvda4294967297\"]'", CONFIG, "line:1: .*no name of a disk"),
    ("create /t/good 'disk=[\"/t/good,raw,xvda,w,queues=4294967297\"]'", CONFIG, "line:1: .*from 1 to 16"),
    ("create /t/good 'disk=[\"/t/good,raw,xvda,vdev=xvdb\"]'", CONFIG, "line:1: disk: vdev is there twice"),
    ("create /t/good disk=7", CONFIG, "command line:1: disk must be a list"),
    ("create /t/long", CONFIG, "/t/long:6: disk: the path of the target is too long"),
    ("create /t/many", CONFIG, "/t/many:263: a list has more than 256 elements"),
    ("create /t/vifs", CONFIG, "/t/vifs:70: vif: the domain has 63 devices"),
    ("create /t/nul", CONFIG, "/t/nul:6: a string holds a wrong escape, or a zero"),
    ("create /t/latin", CONFIG, "/t/latin:6: a string is not UTF-8"),
    ("create /t/good 'vif=[\"bridge=none\"]'", CONFIG, "command line:1: vif: there is no bridge none"),
    ("create /t/good 'vif=[\"bridge=lo\"]'", CONFIG, "line:1: .*lo is an interface, but not a bridge"),
    ("create /t/good 'vif=[\"vifname=%d\"]'", CONFIG, "line:1: vif: no interface can have the name"),
    ("create /t/good 'vif=[\"mac=1\"]'", CONFIG, "line:1: .*six pairs of digits"),
    ("create /t/good 'vif=[\"mac=01:00:5e:00:00:01\"]'", CONFIG, "line:1: .*multicast"),
    ("create /t/good 'vif=[\"mac=2:2:2:2:2:2\"]'", CONFIG, "line:1: .*six pairs of digits"),
    ("create /t/good 'vif=[\"mac=00:16:3e:00:00:01\",\"mac=00:16:3E:00:00:01\"]'", CONFIG,
     "command line:1: vif: the domain has a vif with that MAC"),
    ("create /t/good 'vif=[\"mtu=99999999999999999999\"]'", CONFIG, "line:1: .*from 68 to 65521"),
    ("create /t/good rng=2", CONFIG, "command line:1: rng must be a number from 0 to 1"),
    ("create /t/good rng=18446744073709551617", CONFIG, "command line:1: this is not a number"),
    ("create /t/good 'drivers=\"kvm\"'", CONFIG, "command line:1: drivers must be"),
    ("create /t/good 'drivers=\"xen\"' 'vif=[\"filter=1\"]'", CONFIG, "command line:1: .*no filter"),
    ("create /t/good 'share=[\"tag=a,path=/t/good\"]'", CONFIG, "command line:1: /t/good is not a folder"),
    ("create /t/good 'share=[\"tag=a,path=/t/none\"]'", CONFIG, "command line:1: /t/none: No such file"),
    ("create /t/good 'share=[\"tag=a,path=/t\",\"tag=a,path=/\"]'", CONFIG, "line:1: .*one of that name"),
    ("create /t/good 'channel=[\"name=a\"]'", CONFIG, "command line:1: channel: a socket needs"),
    ("create /t/good 'channel=[\"name=a,path=/t/good\"]'", CONFIG, "line:1: .*/t/good exists and is no socket"),
    ("create /t/good 'channel=[\"name=a,path=/t/none/x\"]'", CONFIG, "line:1: channel: /t/none/: No such file"),
    ("create /t/good 'channel=[\"name=a,path=/run/ringlet/daemon.sock\"]'", STATE, "somebody listens at"),
    ("create /t/good 'vfb=[\"\"]'", CONFIG, "command line:1: vfb is not yet in this version"),
    ("block-attach nobody /t/good,raw,xvda", NO_DOMAIN, "find domain: nobody"),
    ("block-attach service /t/good,raw,xvda", STATE, "it is the service domain"),
    ("block-attach service", USAGE, "argument is missing"),
    ("block-attach service target=/$(printf %02048d 0)", CONFIG, "command line: .* more than 2047"),
    ("block-list nobody", NO_DOMAIN, "find domain: nobody"),
    # Memory.
    ("create /t/good memory=16", CONFIG, "lay out memory: good: .*set memory to"),
    ("create /t/good memory=100000", RESOURCES, "it wants 100000 MiB, .* are free"),
)

# There is no pgrep, and other processes of rl are none of the daemon's.
KILL_DAEMON = "kill -9 $(ps -o pid,args | awk '$2 == \"rl\" && $3 == \"daemon\" { print $1 }')"

# Makes a file of the good one and a list, by a shell's loop over n.
LIST = ("(cat /t/good; echo '%s = ['; n=1; while [ $n -le %d ]; do echo '\"%s\",'; "
        "n=$((n+1)); done; echo ']') > /t/%s")

# The files they name.
FILES = (
    "mkdir /t; touch /t/empty; mkfifo /t/fifo; ln -s loop /t/loop",
    "printf '%s\\n' " + " ".join("'%s'" % line for line in GOOD) + " > /t/good",
    "grep -v name /t/good > /t/unnamed",
    "printf 'memory = 128\\nname = \"x\\n' > /t/syntax",
    "dd if=/guests/vmlinuz of=/t/short bs=64k count=99 2>/dev/null",
    "cp /guests/vmlinuz /t/damaged",
    "dd if=/dev/zero of=/t/damaged bs=64k seek=80 count=1 conv=notrunc 2>/dev/null",
    # Two disks, on two lines; the second one is not there.
    "(cat /t/good; printf 'disk = [\\n\"/t/short,raw,xvda\",\\n\"/t/none,raw,xvdb\"]\\n"
    "drivers = \"xen\"\\n') > /t/disks",
    "mkdir /t/$(printf %0150d 0); echo = > /t/$(printf %0150d 0)/$(printf %0150d 0)",
    "(cat /t/good; printf 'disk = [\"/%01024d,raw,xvda\"]\\n' 0) > /t/long",
    "(cat /t/good; printf 'disk = [\"/t\\000,raw,xvda\"]\\n') > /t/nul",
    "(cat /t/good; printf 'share = [\"tag=\\377\\376,path=/t\"]\\n') > /t/latin",
    LIST % ("disk", 257, "/t/good,raw,xvda", "many"),
    LIST % ("vif", 64, "", "vifs"),
)


def prepare(machine):
    """The files, and no domain but the service domain."""
    machine.shell()
    for domain in json.loads(machine.run("rl list --json"))["result"]["domains"]:
        if domain["id"]:
            machine.run("rl destroy %d" % domain["id"])
    for command in FILES:
        machine.run(command)


def state(machine):
    """What must be as it was: domains, memory, nodes, files of the daemon.

    The daemon needs a moment to let go of the console of one that was destroyed.
    """
    machine.run("n=0; while rl list | grep -q dying && [ $n -lt 300 ]; do "
                "usleep 200000; n=$((n+1)); done; [ $n -lt 300 ]", timeout=200)
    info = json.loads(machine.run("rl info --json"))["result"]["machine"]
    domains = json.loads(machine.run("rl list --json"))["result"]["domains"]
    nodes = machine.run("xenstore-list /local/domain").split()
    return {"free": info["free_pages"], "domains": [d["name"] for d in domains],
            "nodes": nodes, "files": machine.run("ls /run/ringlet/domains").split()}


@case("manager-mistakes", hypervisors=("ringlet",), lifetime=900)
def mistakes(context):
    with context.boot(image="service", mem=1536, options="dom0_mem=700M") as m:
        prepare(m)
        before = state(m)
        for arguments, code, words in MISTAKES:
            said = m.run("rl %s" % arguments, timeout=120, status=code).replace("\r", "")
            lines = [line for line in said.split("\n") if line.startswith("rl: ")]
            context.require(not words or len(lines) == 1 and re.search(words, lines[0]),
                            "rl %s: expected '%s', got:\n%s" % (arguments, words, said))
        after = state(m)
        context.require(before == after, "before %s, after %s" % (before, after))
        m.poweroff()


@case("manager-killed", hypervisors=("ringlet",), lifetime=900)
def killed(context):
    """rl create, killed at any point: a domain that runs, or none at all."""
    with context.boot(image="service", mem=1536, options="dom0_mem=700M") as m:
        prepare(m)
        m.run("rl create /t/good && rl destroy good")
        before = state(m)
        for signal in ("INT", "KILL"):
            for step in range(1, 30, 2):
                m.run("rl create /t/good >/dev/null 2>&1 & usleep %d; kill -%s $!; wait"
                      % (step * 20000, signal), status=None)
                # The daemon needs a moment to see that its client is gone.
                m.run("n=0; while rl list --json | grep -q paused && [ $n -lt 50 ]; do "
                      "usleep 200000; n=$((n+1)); done; [ $n -lt 50 ]")
                m.run("rl destroy good", status=None)
        m.run("sleep 2")
        after = state(m)
        context.require(before == after, "before %s, after %s" % (before, after))
        m.poweroff()


def settled(m):
    """Until what is half made is gone: the daemon needs a moment to see who is gone."""
    m.run("n=0; while rl list | grep -Eq 'paused|dying' && [ $n -lt 300 ]; do "
          "usleep 200000; n=$((n+1)); done; [ $n -lt 300 ]", timeout=200)


@case("manager-daemon-killed", hypervisors=("ringlet",), lifetime=1200)
def daemon_killed(context):
    """The daemon, killed at any point of a creation: a domain whose console the next
    daemon serves, or an error that names the daemon, and nothing left."""
    refused, delay = 0, 0.005
    with context.boot(image="service", mem=1536, options="dom0_mem=700M") as m:
        prepare(m)
        m.run("rl create /t/good && rl destroy good")
        before = state(m)
        # Ever later, by a fifth each time, until the creation is over before: whatever
        # it takes on this machine.
        while delay < 120:
            said = m.run("rl create /t/good >/t/said 2>&1 & usleep %d; "
                         "%s; wait $!; echo status $?; cat /t/said"
                         % (delay * 1e6, KILL_DAEMON), timeout=300)
            delay *= 1.2
            status = int(re.search(r"^status (\d+)", said, re.M)[1])
            m.run("rl daemon")
            settled(m)
            if not status:
                break
            refused += 1
            context.require(re.search(r"^rl: create: [\w ]+: .*daemon", said, re.M),
                            "it does not name the daemon:\n" + said)
        m.run("rl console good --json >/dev/null")
        m.run("rl destroy good")
        after = state(m)
        context.require(before == after, "before %s, after %s" % (before, after))
        print("# manager-daemon-killed: %d creations refused" % refused, flush=True)
        m.poweroff()


@case("manager-dies-in-creation", hypervisors=("ringlet",), lifetime=1200)
def dies_in_creation(context):
    """Somebody destroys the domain while it is made: an error, and nothing left."""
    ends = {"made": 0, "refused": 0}
    with context.boot(image="service", mem=1536, options="dom0_mem=700M") as m:
        prepare(m)
        m.run("rl create /t/good && rl destroy good")
        before = state(m)
        for step in range(0, 15):
            # It is there from its first step on: wait for that, not for a time.
            said = m.run("rl create /t/good >/t/said 2>&1 & usleep %d; "
                         "until rl destroy good 2>/dev/null; do :; done; "
                         "wait $!; echo status $?; cat /t/said" % (step * 40000), timeout=300)
            status = int(re.search(r"^status (\d+)", said, re.M)[1])
            settled(m)
            if status:
                ends["refused"] += 1
                context.require(re.search(r"^rl: create: [\w ]+: good: ", said, re.M),
                                "it does not say what failed:\n" + said)
            else:
                ends["made"] += 1
        after = state(m)
        context.require(before == after, "before %s, after %s" % (before, after))
        context.require(ends["refused"], "it never died while it was made: %s" % ends)
        m.poweroff()
