# SPDX-License-Identifier: GPL-2.0
"""The programs of tests/fidelity, in the guest; each of their results counts."""
import os
import re

from harness import case
from machine import Failure, Skip, initrd_path

LINE = re.compile(r"^(not ok|ok) \d+ (?:- )?(.*)$")
DETAIL = re.compile(r"^\s+(?:not ok\b|# ).*$")


def parse(out):
    """(name, verdict, note) of each program; its own failed tests are the note."""
    results, details = [], []
    for line in out.split("\n"):
        match = LINE.match(line)
        if DETAIL.match(line):
            details.append(line.strip())
        if not match:
            continue
        name, _, skip = match[2].partition("# SKIP")
        name = name.split("#")[0].strip()
        if skip and match[1] == "ok":
            results.append((name, "skip", skip.strip()))
        else:
            note = "\n".join(details[-20:]) if match[1] == "not ok" else ""
            results.append((name, match[1], note))
        details = []
    plan = re.search(r"^1\.\.(\d+)$", out, re.M)
    if not plan or int(plan[1]) != len(results):
        raise Failure("%d results of %s planned:\n%s"
                      % (len(results), plan[1] if plan else "an unknown number", out[-1500:]))
    return results


def report(context, machine):
    """A result for each program. One that failed may try again, and says so: the
    guest loses timer ticks while a busy host does not run it."""
    for name, verdict, note in parse(machine.run("sh /fidelity/run.sh", 600, status=None)):
        if verdict == "not ok":
            again = parse(machine.run("sh /fidelity/run.sh " + name, 300, status=None))
            note = "first attempt:\n" + note
            if again[0][1] == "not ok":
                note += "\nsecond attempt:\n" + again[0][2]
            verdict = again[0][1]
        context.result(name, verdict, note)


def fidelity(context, **setup):
    if not os.path.exists(initrd_path("fidelity-6.12")):
        raise Skip("tests/fidelity is not built yet")
    # Stock kernels refuse vsyscalls unless asked; the programs test their emulation.
    # noreplace-smp: on one CPU atomic operations of a kernel otherwise get DS
    # overrides, to which QEMU 7.2's TCG adds the base of a program's DS.
    with context.boot(image="fidelity", args="vsyscall=emulate noreplace-smp",
                      **setup) as machine:
        machine.shell()
        report(context, machine)
        machine.poweroff()
        context.check_log(machine)


case("fidelity", "quick", lifetime=900, mem=1024)(fidelity)
case("fidelity-max-2cpu", "soak", lifetime=900, cpu="max", smp=2)(fidelity)
