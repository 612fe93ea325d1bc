# SPDX-License-Identifier: GPL-2.0
"""stress-ng in the service domain, without a word of complaint from anybody."""
import re

from harness import case

WORKERS = "--cpu 2 --vm 2 --fork 2 --pipe 2"


def stress(context, series, seconds, **setup):
    # With Ringlet, every line of its own is then a complaint.
    with context.boot(series, image="stress", loglvl="warning", **setup) as machine:
        machine.shell()
        # The shell's own console is quiet; what the kernel says must be seen.
        machine.run("dmesg -n 5")
        out = machine.run("stress-ng %s --vm-bytes 128M --timeout %d --temp-path /tmp"
                          % (WORKERS, seconds), 120 + 3 * seconds)
        context.require(re.search(r"successful run completed", out),
                        "stress-ng was not successful:\n" + out[-1500:])
        count = machine.run("dmesg | grep -cE 'WARNING:|BUG:|Oops|rcu: INFO|lockup|Call Trace'",
                            status=None).strip()
        context.require(count == "0", "the kernel complained:\n"
                        + machine.run("dmesg | tail -n 60"))
        machine.poweroff()
        context.check_log(machine)


for series_ in ("6.12", "6.1"):
    case("stress-10s-" + series_, "quick", series=series_, seconds=10)(stress)
    for smp_ in (1, 2):
        case("stress-60s-%s-%dcpu" % (series_, smp_), "soak", lifetime=600, series=series_,
             seconds=60, smp=smp_)(stress)
