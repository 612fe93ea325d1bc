# SPDX-License-Identifier: GPL-2.0
"""Stock guests at work: many vCPUs, their consoles, one that floods its own."""
import re

from cases.domains import CONFIG, RINGLET, ask, baseline, end, rl, service, shell_in, wait_for
from harness import case

DETACH = "\x1d"     # Ctrl-]
CALM = CONFIG + " 'name=\"calm\"' 'extra=\"console=hvc0 rdinit=/init hostname=calm\"'"
LOG_MAX = 256 * 1024


@case("guests-vcpus", hypervisors=RINGLET, lifetime=1800)
def vcpus(context):
    """Eight vCPUs: all run programs, are taken down to one and come back."""
    with service(context, mem=1280, smp=2) as machine:
        at_first = baseline(machine)
        rl(machine, "create %s memory=192 vcpus=8" % CONFIG)
        shell_in(machine, "demo")
        everywhere = ("for c in 0 1 2 3 4 5 6 7; do taskset -c $c sh -c \"echo on-$c-$((6 * 7))\" "
                      "& done; wait; echo %s$((6 * 7))")
        ask(machine, "demo", everywhere % "all", "all42")
        for cpu in range(8):
            wait_for(machine, "grep -q '^on-%d-42' /var/log/ringlet/demo.log" % cpu,
                     "program on vCPU %d" % cpu)
        for count in (1, 5, 8):
            rl(machine, "vcpu-set demo %d" % count)
            # A kernel offers a vCPU that comes back; its system takes it, by hand here.
            online = ("n=0; until [ $(nproc) = %d ] || [ $((n += 1)) -gt 300 ]; do "
                      "for c in /sys/devices/system/cpu/cpu[1-7]; do "
                      "[ $(cat $c/online) = 1 ] || echo 1 >$c/online; done 2>/dev/null; "
                      "usleep 100000; done; echo set%d-$(nproc)" % (count, count))
            ask(machine, "demo", online, "set%d-%d" % (count, count))
            wait_for(machine, "[ $(rl vcpu-list demo | grep -c down) = %d ]" % (8 - count),
                     "%d vCPUs up" % count)
        ask(machine, "demo", everywhere % "again", "again42")
        error = rl(machine, "vcpu-set demo 9", status=2)
        context.require("9" in str(error), "nine of eight vCPUs: %s" % error)
        rl(machine, "shutdown demo --wait")
        end(context, machine, at_first)


@case("guests-console", hypervisors=RINGLET, lifetime=900)
def console(context):
    """create -c and console, by hand: what is typed arrives, Ctrl-] leaves, and the
    end of the domain does."""
    with service(context) as machine:
        at_first = baseline(machine)
        machine.type("rl create %s -c\n" % CONFIG)
        machine.expect(r"demo:~# ", 300, "the guest's prompt")
        machine.type("echo a$((6 * 7))\n")
        machine.expect(r"^a42", 60)
        machine.type(DETACH)
        machine.expect(r"ringlet:[^\n#]*# ", 60, "the prompt after detaching")
        machine.run("rl list demo")
        machine.type("rl console demo\n")
        machine.type("\n")
        machine.expect(r"demo:~# ", 60, "the guest's prompt again")
        machine.type("echo b$((6 * 7)); poweroff\n")
        machine.expect(r"^b42", 60)
        machine.expect(r"ringlet:[^\n#]*# ", 120, "the prompt after the guest's end")
        end(context, machine, at_first)


@case("guests-flood", hypervisors=RINGLET, lifetime=1800)
def flood(context):
    """One guest floods its console; another one and the service domain go on, and the
    log of the flood is turned over, not grown without end."""
    with service(context, mem=1280) as machine:
        at_first = baseline(machine)
        rl(machine, "create " + CONFIG)
        rl(machine, "create " + CALM)
        shell_in(machine, "demo")
        shell_in(machine, "calm")
        machine.run("echo 'yes flood-flood-flood-flood-flood-flood-flood-flood &' | rl console demo >/dev/null")
        wait_for(machine, "[ -e /var/log/ringlet/demo.log.1 ]", "turn-over of the log")
        for n in range(5):
            ask(machine, "calm", "echo c%d-$((6 * 7))" % n, "c%d-42" % n)
        sizes = machine.run("stat -c %s /var/log/ringlet/demo.log /var/log/ringlet/demo.log.1")
        context.require(all(int(s) <= LOG_MAX for s in re.findall(r"^\d+$", sizes, re.M)),
                        "sizes of the log: " + sizes)
        # Nothing of it is in the other one's log.
        machine.run("grep -q flood- /var/log/ringlet/calm.log", status=1)
        rl(machine, "destroy demo")
        ask(machine, "calm", "echo last-$((6 * 7))", "last-42")
        rl(machine, "shutdown calm --wait")
        end(context, machine, at_first)
