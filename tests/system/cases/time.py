# SPDX-License-Identifier: GPL-2.0
"""Time in the guest keeps pace with QEMU's clock, idle and under load.

QEMU's virtual clock is the host's CLOCK_MONOTONIC under TCG. The guest answers
every newline with its uptime; an answer is later than the question and earlier
than its arrival, so that each exchange bounds the guest's clock against ours. The
narrowest of several exchanges at both ends of the interval are compared, and the
verdict counts what these bounds leave open in the guest's favour.
"""
import time

from harness import case

TICK = 0.01                     # /proc/uptime's resolution
LOOP = "while read x; do read u v </proc/uptime; echo T=$u W=$(date +%s); done"


def exchange(machine):
    """(host time asked, guest's answer, host time answered), the narrowest of 12."""
    best = None
    for _ in range(12):
        asked = time.monotonic()
        machine.qemu.stdin.write(b"\n")
        machine.qemu.stdin.flush()
        match = machine.expect(r"^T=([\d.]+) W=(\d+)$", 20)
        answered = time.monotonic()
        if best is None or answered - asked < best[2] - best[0]:
            best = (asked, float(match[1]), answered)
    return best


def keeps_time(context, seconds, load="", **setup):
    with context.boot(**setup) as machine:
        machine.shell()
        started, wall = time.time(), int(machine.run("date +%s"))
        context.require(abs(wall - started) < 5, "the wall clock is %+.0f s off"
                        % (wall - started))
        machine.run(load or "true")
        machine.type(LOOP + "\n")
        first = exchange(machine)
        machine.drain(seconds)
        last = exchange(machine)
        passed = last[1] - first[1]
        least, most = last[0] - first[2] - TICK, last[2] - first[0] + TICK
        print("# %s: %.2f s in the guest, %.3f to %.3f s outside"
              % (context.case.name, passed, least, most), flush=True)
        limit = 0.001 * (most + least) / 2
        context.require(most - least < 0.02 * seconds,
                        "this host is too busy to tell: answers took %.2f s" % (most - least))
        context.require(least - limit <= passed <= most + limit,
                        "%.3f s passed in the guest, %.3f to %.3f s outside"
                        % (passed, least, most))
        machine.type("\x03")
        machine.run("true")
        machine.poweroff()
        context.check_log(machine)


case("time-30s", "quick", seconds=30)(keeps_time)
case("time-60s", "soak", seconds=60)(keeps_time)
case("time-60s-6.1-max-2cpu", "soak", seconds=60, series="6.1", cpu="max", smp=2)(keeps_time)
case("time-60s-busy", "soak", seconds=60, smp=2,
     load="for i in 1 2; do while :; do :; done & done")(keeps_time)


@case("sleep-accuracy")
def sleep_accuracy(context):
    """A sleep is neither short nor much too long, by the guest's own clock."""
    with context.boot() as machine:
        machine.shell()
        for wanted in (0.05, 0.5, 3):
            out = machine.run("read a b </proc/uptime; sleep %s; read c d </proc/uptime;"
                              " echo $a $c" % wanted)
            start, end = map(float, out.split()[:2])
            context.require(wanted - TICK <= end - start <= wanted + 0.5,
                            "sleep %s took %.2f s" % (wanted, end - start))
        machine.poweroff()
