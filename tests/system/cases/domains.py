# SPDX-License-Identifier: GPL-2.0
"""Domains beside the service domain, as rl makes, serves and ends them."""
import json
import os
import re
import subprocess

from harness import case
from machine import BUILD, TOP, Failure, Skip

RINGLET = ("ringlet",)
CONFIG = "/etc/ringlet/demo.cfg"
SMALL = os.path.join(BUILD, "fetch", "small-6.12")


def service(context, series="6.12", mem=1024, own=512, **setup):
    """The service domain, with xenstored and the daemon up."""
    machine = context.boot(series, image="service", mem=mem,
                           options="dom0_mem=%dM" % own, **setup)
    machine.watch_panic = False     # a guest may panic: that is no end
    machine.shell()
    machine.run("grep -q 'xenstored serves' /var/log/ringlet/daemon.log")
    return machine


def wait_for(machine, condition, what, seconds=400):
    """Until a shell condition holds in the service domain."""
    machine.run("n=0; until %s; do [ $((n += 1)) -lt %d ] || break; sleep 1; done"
                % (condition, seconds), timeout=2 * seconds)
    holds = machine.run("if %s; then echo holds; fi" % condition)
    if "holds" not in holds.split():
        raise Failure("no %s within %d s; rl list:\n%s" % (what, seconds, machine.run(
            "rl list; tail -n 20 /var/log/ringlet/*.log", status=None)))


def rl(machine, command, status=0, timeout=300):
    """Run rl with --json; returns its result, or its error."""
    text = machine.run("rl %s --json" % command, timeout=timeout, status=status)
    answer = json.loads(text[text.index("{"):text.rindex("}") + 1])
    return answer["result"] if status == 0 else answer["error"]


def shell_in(machine, name):
    wait_for(machine, "grep -q '%s:~#' /var/log/ringlet/%s.log" % (name, name),
             "prompt of " + name)


def ask(machine, name, command, answer):
    """Type into a guest's console; its answer comes through its log."""
    machine.run("echo '%s' | rl console %s >/dev/null" % (command, name))
    wait_for(machine, "grep -q '^%s' /var/log/ringlet/%s.log" % (answer, name),
             "'%s' from '%s'" % (answer, command))


def baseline(machine):
    """Domains, and pages that are free or the hypervisor's for the service domain.

    The latter may grow once, as with the table of the grants that it maps.
    """
    info = rl(machine, "info")["machine"]
    own = rl(machine, "info 0")["domain"]["hypervisor_kib"] // 4
    return info["domains"], info["free_pages"] + own


def wait_alone(machine):
    """Until every guest is gone, dying ones too."""
    wait_for(machine, "[ $(rl list | wc -l) = 2 ] && "
             "rl info --json | grep -q '\"domains\": 1,'", "end of all guests")


def end(context, machine, at_first=None):
    """Everything was given back, nobody complained."""
    if at_first:
        wait_alone(machine)
        now = baseline(machine)
        context.require(now == at_first, "domains, free pages: %s at first, then %s"
                        % (at_first, now))
        left = machine.run("xenstore-ls -f | grep -c /local/domain/[1-9]; "
                           "ls /run/ringlet/domains", status=None).split()
        context.require(left == ["0"], "left behind: %s" % left)
    machine.poweroff()
    context.check_log(machine)


def life(context, series):
    with service(context, series, mem=1280) as machine:
        at_first = baseline(machine)
        made = rl(machine, "create %s memory=160 vcpus=2" % CONFIG)
        shell_in(machine, "demo")
        ask(machine, "demo", "echo a$((6 * 7)) $(nproc)", "a42 2")
        # Where the device area is; no kernel may use it for anything else.
        ask(machine, "demo", "grep -c 000a0000-000fffff.*eserved /proc/iomem", "1")
        rl(machine, "mem-set demo 128")
        wait_for(machine, "rl list demo | grep -q ' 128 '", "balloon")
        rl(machine, "vcpu-set demo 1")
        wait_for(machine, "rl vcpu-list demo | grep -q down", "vCPU that is down")
        ask(machine, "demo", "echo b$((6 * 7)) $(nproc)", "b42 1")
        rl(machine, "pause demo")
        context.require(rl(machine, "list demo")["domains"][0]["state"] == "paused",
                        "a paused domain is not shown as such")
        rl(machine, "unpause demo")
        machine.run(": >/var/log/ringlet/demo.log")
        rl(machine, "reboot demo")
        wait_for(machine, "rl list demo && ! rl list %d" % made["id"], "restart")
        shell_in(machine, "demo")
        rl(machine, "shutdown demo --wait")
        machine.run("cat /var/log/ringlet/daemon.log")
        end(context, machine, at_first)


for series_ in ("6.12", "6.1"):
    case("domains-life-" + series_, hypervisors=RINGLET, lifetime=1200,
         series=series_)(life)


@case("domains-crash", hypervisors=RINGLET, lifetime=1200)
def crash(context):
    """A guest panics; gdb and crash read its core with the kernel's symbols."""
    if not os.path.exists(os.path.join(SMALL, "vmlinux")):
        raise Skip("no small kernel: make small-kernel")
    disk = context.file("disk")
    with open(disk, "wb") as f:
        f.truncate(64 << 20)
    with service(context, devices=["-drive", "if=none,id=d,format=raw,file=" + disk,
                                   "-device", "virtio-blk-pci,drive=d"]) as machine:
        at_first = baseline(machine)
        rl(machine, "create %s 'kernel=\"/guests/small\"' memory=32" % CONFIG)
        shell_in(machine, "demo")
        machine.run("echo 'echo c >/proc/sysrq-trigger' | rl console demo >/dev/null")
        wait_for(machine, "rl list demo | grep -q crashed", "crash")
        made = rl(machine, "dump-core demo /tmp/core")
        context.require(made["pages"] > 7000, "%d pages in the core" % made["pages"])
        context.require(made["vmcoreinfo"], "no VMCOREINFO in the core")
        machine.run("gzip -c /tmp/core >/dev/vda && sync", timeout=300)
        rl(machine, "destroy demo")
        # This is what was asked for.
        machine.text = machine.text.replace("(RL) domain 1 crashed: by its own request", "")
        end(context, machine, at_first)
    core = context.file("core")
    with open(disk, "rb") as packed, open(core, "wb") as f:
        unpack = subprocess.run(["zcat"], stdin=packed, stdout=f, check=False,
                                stderr=subprocess.DEVNULL)
    context.require(unpack.returncode in (0, 2), "the core came out damaged")
    text = subprocess.run(
        ["gdb", "-batch", "-nx", "-ex", "p init_uts_ns.name.release", "-ex", "bt",
         os.path.join(SMALL, "vmlinux"), core], text=True, timeout=120, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    context.require(re.search(r"= \"6\.12\.", text), "gdb reads no variable:\n" + text)
    context.require(re.search(r"#\d+ .*\bpanic\b[\s\S]*#\d+ .*sysrq_handle_crash", text),
                    "gdb shows no stack of the panic:\n" + text)
    # Debian's crash is older than 6.12: it finds memory, symbols and log, not the tasks.
    text = subprocess.run(
        ["crash", "-s", "--minimal", os.path.join(SMALL, "vmlinux"), core], text=True,
        input="rd -a linux_banner\nlog\nquit\n", timeout=120, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    context.require(re.search(r"linux_banner: *Linux version 6\.12\.|:  Linux version 6\.12\.", text)
                    and re.search(r"sysrq: Trigger a crash", text),
                    "crash reads neither memory nor log:\n" + text[-2000:])


@case("domains-daemon-killed", hypervisors=RINGLET, lifetime=1200)
def daemon_killed(context):
    with service(context) as machine:
        at_first = baseline(machine)
        rl(machine, "create " + CONFIG)
        machine.run("kill -9 $(pidof rl)")
        error = rl(machine, "console demo", status=7)
        context.require("daemon" in error["object"] + error["cause"] + error["stage"],
                        "it does not say that the daemon is missing: %s" % error)
        machine.run("rl daemon")
        shell_in(machine, "demo")
        ask(machine, "demo", "echo a$((6 * 7))", "a42")
        # While nobody looks the guest ends; the next daemon learns of it.
        machine.run("kill -9 $(pidof rl)")
        rl(machine, "shutdown demo")
        wait_for(machine, "rl list demo | grep -q shutdown", "end of the guest")
        machine.run("rl daemon")
        wait_for(machine, "! rl list demo", "end of its domain")
        end(context, machine, at_first)


def cycles(context, count, config, **setup):
    with service(context, **setup) as machine:
        rl(machine, "create %s -p" % config)
        rl(machine, "destroy demo")
        wait_alone(machine)
        at_first = baseline(machine)
        machine.run("n=0; while [ $n -lt %d ]; do rl create %s >/dev/null && "
                    "rl destroy demo || break; n=$((n + 1)); done; [ $n = %d ]"
                    % (count, config, count), timeout=30 * count)
        end(context, machine, at_first)


SMALL_CONFIG = CONFIG + " 'kernel=\"/guests/small\"' memory=32"
TEST_CONFIG = CONFIG + " 'kernel=\"/guests/test-guest\"' 'ramdisk=\"\"' memory=16"
for count_, which, sets in ((50, TEST_CONFIG, "quick"), (2, CONFIG, "quick"),
                            (1000, TEST_CONFIG, "soak"), (20, CONFIG, "soak")):
    case("domains-%d-cycles%s" % (count_, "-linux" if which is CONFIG else ""), sets,
         RINGLET, lifetime=300 + 30 * count_, count=count_, config=which)(cycles)


def create_cost(machine, name):
    """Hypercalls that rl makes to create a domain.

    Not those of Linux's own timers, page tables and events: they depend on the time it
    takes. What the hypervisor does for the whole path is counted in suite guest-icount.
    """
    def calls():
        counted = rl(machine, "info 0")["domain"]["stats"]["calls"]
        return {c["name"]: c["count"] for c in counted}

    before = calls()
    idle = calls()          # what asking costs
    rl(machine, "create %s -p 'name=\"%s\"'" % (TEST_CONFIG, name))
    after = calls()
    return sum(after[n] - 2 * idle.get(n, 0) + before.get(n, 0)
               for n in ("ringlet_op", "memory_op", "grant_table_op"))


@case("domains-create-path", "soak", RINGLET, lifetime=1800)
def create_path(context):
    """rl create makes as many hypercalls for the hundredth domain as for the first."""
    with service(context, mem=3072) as machine:
        cost = []
        for n in range(100):
            if n in (1, 2, 3, 97, 98, 99):
                cost.append(create_cost(machine, "t%d" % n))
            else:
                machine.run("rl create %s -p 'name=\"t%d\"'" % (TEST_CONFIG, n), timeout=300)
        first, last = sorted(cost[:3])[1], sorted(cost[3:])[1]
        print("# hypercalls of rl create: %s at first, %s with 97 to 99 domains"
              % (cost[:3], cost[3:]), flush=True)
        context.require(abs(last - first) <= first / 10, "%d hypercalls at first, then %d"
                        % (first, last))
        machine.run("for n in $(seq 0 99); do rl destroy t$n || exit 1; done", timeout=1200)
        wait_alone(machine)
        machine.poweroff()
        context.check_log(machine)


@case("domains-100", "soak", RINGLET, lifetime=7200)
def hundred(context):
    """A hundred small kernels at once, all with a shell."""
    if not os.path.exists(os.path.join(SMALL, "bzImage")):
        raise Skip("no small kernel: make small-kernel")
    with service(context, mem=4096) as machine:
        at_first = baseline(machine)
        for n in range(100):
            rl(machine, "create %s 'name=\"g%d\"' 'extra=\"console=hvc0 rdinit=/init hostname=g%d\"'"
               % (SMALL_CONFIG, n, n), timeout=600)
        for n in range(100):
            shell_in(machine, "g%d" % n)
        context.require(len(rl(machine, "list")["domains"]) == 101, "not all are there")
        machine.run("for n in $(seq 0 99); do rl destroy g$n || exit 1; done", timeout=1200)
        end(context, machine, at_first)


@case("domains-abi-versions", hypervisors=RINGLET, lifetime=900)
def abi_versions(context):
    """rl of earlier versions of the ABI does its work."""
    versions = os.listdir(os.path.join(TOP, "hypercall-abi", "versions"))
    context.require(versions, "no versions")
    with service(context) as machine:
        at_first = baseline(machine)
        machine.run("rl version")
        for old in ["rl-" + v for v in versions]:
            machine.run("%s create %s vcpus=2" % (old, CONFIG), timeout=300)
            shell_in(machine, "demo")
            for command, shows in (
                    ("list demo", r"^demo +\d+ +128 +2 "), ("info demo", "hypervisor"),
                    ("vcpu-list demo", r"^demo +\d+ +1 "), ("sched -w 512 demo", ""),
                    ("sched demo", "512"), ("vcpu-pin demo 0 0", ""),
                    ("pause demo", ""), ("list demo", "paused"),
                    ("dump-core demo /tmp/core", ""), ("unpause demo", ""),
                    ("mem-max demo 256", ""), ("rename demo other", ""),
                    ("domid other", r"^\d+$"), ("dmesg", "Ringlet"), ("top -b 1", "other"),
                    ("destroy other", "")):
                said = machine.run("%s %s" % (old, command), timeout=120)
                context.require(re.search(shows, said, re.M),
                                "%s %s: no '%s' in:\n%s" % (old, command, shows, said))
            machine.run("rm /tmp/core; : >/var/log/ringlet/demo.log")
        end(context, machine, at_first)


# What is wrong, and what the error must name.
BAD = (
    ("'kernel=\"/nowhere\"'", "/nowhere"),
    ("'kernel=\"/etc/passwd\"'", "/etc/passwd"),
    ("memory=1", "memory"),
    ("memory=4", "memory"),
    ("memory=4000", "memory"),
    ("vcpus=0", "vcpus"),
    ("vcpus=3 maxvcpus=2", "vcpus"),
    ("'name=\"a b/c\"'", "name"),
    ("'name=\"service\"'", "service"),
    ("'disk=[\"phy:/dev/nowhere,xvda,w\"]'", "/dev/nowhere"),
    ("'memory='", ""),
)


@case("domains-bad-input", hypervisors=RINGLET, lifetime=900)
def bad_input(context):
    with service(context) as machine:
        at_first = baseline(machine)
        for setting, named in BAD:
            text = machine.run("rl create %s %s --json; [ $? != 0 ]" % (CONFIG, setting))
            error = json.loads(text[text.index("{"):text.rindex("}") + 1])["error"]
            told = " ".join(str(v) for v in error.values())
            context.require(error["cause"] and named in told,
                            "%s: the error says: %s" % (setting, told))
        end(context, machine, at_first)

