# SPDX-License-Identifier: GPL-2.0
"""The programs of tests/fidelity, in the guest; each of their results counts."""
import os
import re

from harness import case
from machine import Failure, Skip, initrd_path

LINE = re.compile(r"^(not ok|ok) \d+ ?-? ?(.*)$", re.M)


def fidelity(context, **setup):
    if not os.path.exists(initrd_path("fidelity-6.12")):
        raise Skip("tests/fidelity is not built yet")
    with context.boot(image="fidelity", **setup) as machine:
        machine.shell()
        out = machine.run("sh /fidelity/run.sh", 600, status=None)
        machine.poweroff()
        context.check_log(machine)
    plan = re.search(r"^1\.\.(\d+)$", out, re.M)
    lines = LINE.findall(out)
    for verdict, rest in lines:
        name, _, skip = rest.partition("# SKIP")
        name = re.sub(r"\W+", "-", name.split("#")[0]).strip("-")
        if skip and verdict == "ok":
            context.result(name, "skip", skip.strip())
        else:
            context.result(name, verdict, rest.partition("#")[2].strip())
    if not plan or int(plan[1]) != len(lines):
        raise Failure("%d results of %s planned:\n%s"
                      % (len(lines), plan[1] if plan else "no", out[-1500:]))


case("fidelity", "quick", lifetime=900, mem=1024)(fidelity)
case("fidelity-max-2cpu", "soak", lifetime=900, cpu="max", smp=2)(fidelity)
