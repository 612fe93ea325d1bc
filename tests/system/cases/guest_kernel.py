# SPDX-License-Identifier: GPL-2.0
"""Our patched kernel: it knows Ringlet, and stands Xen and no hypervisor at all."""
import os
import re

from cases.boot import usable
from cases.domains import ask, baseline, end, rl
from cases.hostile import LOG, guest_of, service
from harness import case
from machine import Failure, Skip, kernel_path

TEST = re.compile(r"^(ok|not ok) (\d+) (?:- )?(.*)$", re.M)


def selftest(context, machine):
    """A result for each of the selftest's own; elsewhere it must skip itself."""
    here = context.hypervisor == "ringlet"
    out = machine.run("/kselftest/abi", status=None if here else 4)
    if not here:
        context.require("this is not Ringlet" in out, "the selftest printed:\n" + out)
        return
    take_results(context, out)


def take_results(context, out):
    """The selftest's KTAP as results of ours."""
    plan = re.search(r"^1\.\.(\d+)$", out, re.M)
    found = TEST.findall(out)
    if not plan or int(plan[1]) != len(found) or not found:
        raise Failure("the selftest did not end:\n" + out[-1500:])
    for verdict, number, text in found:
        skipped = text.startswith("# SKIP")
        context.result("kselftest-%s" % number if skipped else text,
                       "skip" if skipped else verdict, text if skipped else "")


def knows(context, machine):
    """What the log and sysfs say of Ringlet: the same, or nothing."""
    said = machine.run("dmesg | grep 'Ringlet ABI'", status=None)
    shown = machine.run("cd /sys/hypervisor/ringlet && cat abi_version features build; cd /",
                        status=None)
    if context.hypervisor != "ringlet":
        context.require("Ringlet" not in said and "can't cd" in shown,
                        "signs of Ringlet elsewhere:\n%s%s" % (said, shown))
        return
    match = re.search(r"Ringlet ABI (\d+\.\d+), features (0x[\da-f]+), build '(.*)'", said)
    context.require(match, "the log does not mention Ringlet:\n" + said)
    context.require(shown.split("\n")[:3] == list(match.groups()),
                    "sysfs differs from the log:\n%s%s" % (said, shown))


def guest_kernel(context, **setup):
    if not os.path.exists(kernel_path("guest")):
        raise Skip("there is no build/fetch/vmlinuz-guest: make guest-kernel")
    with context.boot("guest", image="kselftest", **setup) as machine:
        usable(context, machine)
        knows(context, machine)
        selftest(context, machine)
        machine.poweroff()
        context.check_log(machine)


@case("guest-kselftest", hypervisors=("ringlet",), lifetime=900)
def in_a_domain(context):
    """The selftests where they belong: in a guest that rl made."""
    with service(context, "hostile") as machine:
        at_first = baseline(machine)
        guest_of(machine, False)
        machine.run(": >" + LOG % "demo")
        ask(machine, "demo", "/kselftest/abi; echo tested$((6 * 7))", "tested42")
        text = machine.run("cat %s; echo" % LOG % "demo").replace("\r", "")
        take_results(context, text[:text.rindex("tested42")])
        rl(machine, "destroy demo")
        end(context, machine, at_first)


case("guest-kernel", cpu="qemu64", machine="pc", mem=512)(guest_kernel)
case("guest-kernel-max-q35-2cpu", "soak", cpu="max", machine="q35", smp=2)(guest_kernel)
