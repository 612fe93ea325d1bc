# SPDX-License-Identifier: GPL-2.0
"""Stock kernels boot to a shell that works, on every machine, and end properly."""
import re

from harness import case


def usable(context, machine):
    """A shell that works, on the machine that was asked for."""
    setup = machine.setup
    machine.shell()
    release = machine.run("uname -r").strip()
    series = re.search(r"vmlinuz-(\d+\.\d+|guest)", setup.kernel)[1]
    context.require(release.endswith("-ringlet") if series == "guest"
                    else release.startswith(series + "."), "kernel %s runs" % release)
    if context.hypervisor != "native":
        context.require(machine.run("cat /sys/hypervisor/type").strip() == "xen",
                        "the kernel does not run paravirtualized")
    cpus = int(machine.run("nproc"))
    context.require(cpus == setup.smp, "%d CPUs online, not %d" % (cpus, setup.smp))
    total = int(machine.run("awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo"))
    # Kernel, initial RAM disk and hypervisor take some 80 MiB, tables a share.
    low = setup.mem * 3 // 4 - 80
    context.require(low <= total <= setup.mem, "%d of %d MiB of memory" % (total, setup.mem))
    machine.run("for i in 1 2 3 4 5; do sh -c 'exit 0' || exit; done")
    sums = machine.run("seq 1 20000 | md5sum; seq 1 20000 | sort -n | md5sum").split()
    context.require(sums[0] == sums[2], "a sorted file differs: %s" % sums)
    if cpus > 1:
        on_all = machine.run("for c in $(seq 0 %d); do taskset $(printf %%x $((1 << c))) "
                             "sh -c 'cut -d\" \" -f39 /proc/self/stat'; done" % (cpus - 1))
        context.require(on_all.split() == [str(c) for c in range(cpus)],
                        "programs bound to each CPU ran on " + on_all)


def boots(context, series="6.12", **setup):
    with context.boot(series, **setup) as machine:
        usable(context, machine)
        machine.poweroff()
        context.check_log(machine)


CPUS = ("qemu64", "EPYC", "max")
for quick in (
        dict(series="6.12", cpu="qemu64", machine="pc", mem=512),
        dict(series="6.1", cpu="qemu64", machine="q35", mem=512),
        dict(series="6.12", cpu="EPYC", machine="q35", smp=2),
        dict(series="6.1", cpu="EPYC", machine="pc", smp=2),
        dict(series="6.12", cpu="max", machine="q35"),
        dict(series="6.1", cpu="max", machine="pc"),
        dict(series="6.12", cpu="qemu64", machine="pc", mem=5120)):
    full = dict(dict(smp=1, mem=1024), **quick)
    case("boot-{series}-{cpu}-{machine}-{smp}cpu-{mem}M".format(**full), **full)(boots)

# Xen 4.17 has "not enough RAM for domain 0" there.
BEYOND_XEN = ("ringlet", "native")
case("boot-6.12-256M", hypervisors=BEYOND_XEN, series="6.12", mem=256)(boots)
case("boot-6.12-8cpu", series="6.12", smp=8, machine="q35", lifetime=600)(boots)

for series in ("6.12", "6.1"):
    for cpu in CPUS:
        for machine_type in ("pc", "q35"):
            for smp in (1, 2, 4, 8):
                case("soak-%s-%s-%s-%dcpu" % (series, cpu, machine_type, smp), "soak",
                     lifetime=600, series=series, cpu=cpu, machine=machine_type, smp=smp)(boots)
    case("soak-%s-256M" % series, "soak", BEYOND_XEN, series=series, mem=256, cpu="max")(boots)
    for mem in (512, 3072, 4096, 8192, 16384):
        case("soak-%s-%dM" % (series, mem), "soak", series=series, mem=mem,
             machine="q35", smp=2)(boots)


@case("reboot")
def reboot(context):
    """Resets do not end this QEMU: a second boot shows the reset, its end poweroff."""
    with context.boot(reset_ends=False) as machine:
        machine.shell()
        machine.type("reboot\n")
        machine.watch_panic = False
        machine.expect(r"Linux version 6\.12", 60, "a second boot")
        machine.shell()
        machine.poweroff()
        context.check_log(machine)


@case("console-input")
def console_input(context):
    """What is typed arrives, whole and in order; ^C reaches the foreground job."""
    with context.boot() as machine:
        machine.shell()
        line = "".join(chr(97 + i % 26) for i in range(200))
        context.require(line in machine.run("echo " + line), "200 characters were mangled")
        machine.type("sleep 1000\n")
        machine.expect("sleep 1000")
        machine.drain(1)
        machine.type("\x03")
        machine.run("true")
        machine.poweroff()


# Xen parses its options before it has a console, so that nobody hears of it.
@case("unknown-option", hypervisors=("ringlet",))
def unknown_option(context):
    with context.boot(options="frobnicate=7") as machine:
        machine.expect(r"^.*(?:frobnicate.*unknown|[Uu]nknown.*frobnicate).*$", 30,
                       "a line that reports the option")
        machine.shell()
        machine.poweroff()
