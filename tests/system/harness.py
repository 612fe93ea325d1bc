# SPDX-License-Identifier: GPL-2.0
"""Cases that boot whole machines: what a case is, and how cases are run.

A case is a function in cases/*.py under @case. It gets a Context, boots machines
with it and raises Failure (or Skip) from scripts/machine.py; returning is passing.
A case that stands for many (programs that print KTAP in the guest) adds results of
its own with Context.result(). Cases are independent and run side by side; what a
machine prints goes to build/tests/system/HYPERVISOR/CASE.log.

Sets: "quick" is what make check runs, "soak" the rest; "all" is both.
"""
import concurrent.futures
import fnmatch
import os
import random
import re
import shutil
import threading
import time
import traceback

from machine import BUILD, PROMPT, TOP, Failure, Machine, Setup, Skip, initrd_path, kernel_path

CASES = []

# What neither a kernel nor a hypervisor may print in a run that passes.
KERNEL_COMPLAINTS = re.compile(
    r"^.*(?:WARNING: |BUG: |Oops: |rcu: INFO|soft lockup|hard LOCKUP|INFO: task .* blocked"
    r"|unchecked MSR access|clocksource '(?!tsc').*unstable|Call Trace:|general protection fault(?! ip:)"
    r"|nobody cared|Kernel panic).*$", re.M)
HYPERVISOR_COMPLAINTS = {
    "xen": re.compile(r"^\(XEN\).*(?:Xen WARN|Xen BUG|Assertion|Panic).*$", re.M),
    "ringlet": re.compile(r"^\(RL\) (?:warning: |PANIC|.*crashed|.*\bbug\b|.*watchdog|.*exception"
                          r"|\d+ lines about guests dropped).*$", re.M),
    "native": re.compile(r"(?!)"),
}
# Known complaints that are true and not ours, each with its reason.
ACCEPTED = re.compile(
    # Debian's kernels say so wherever the CPU has no mitigation to offer.
    r"(?:MDS|TAA|MMIO Stale Data|Spectre V2|Spectre V1|RETBleed|VMSCAPE"
    r"|Speculative Return Stack Overflow) ?:.*WARNING"
    r"|WARNING: .*(?:microcode|data leaks possible|vulnerable)")


class Case:
    def __init__(self, function, name, sets, hypervisors, lifetime):
        self.function = function
        self.name = name
        self.sets = sets
        self.hypervisors = hypervisors
        self.lifetime = lifetime


def case(name, sets="quick", hypervisors=("ringlet", "xen", "native"), lifetime=300,
         **arguments):
    """Register a function, with arguments, as a case; may be stacked.

    @hypervisors: where the case means something; elsewhere it is skipped
    @lifetime: seconds after which a machine is ended whatever it does
    """
    def register(function):
        def bound(context):
            function(context, **arguments)
        CASES.append(Case(bound, name, sets.split(), hypervisors, lifetime))
        return function
    return register


class Context:
    """What a case works with: machines, files, results of its own."""

    def __init__(self, case_, hypervisor):
        self.case = case_
        self.hypervisor = hypervisor
        self.folder = os.path.join(BUILD, "tests", "system", hypervisor)
        self.results = []
        self.files = []
        self.boots = 0
        os.makedirs(self.folder, exist_ok=True)

    def boot(self, series="6.12", image="base", **setup):
        """Start a machine; use the result in a with statement."""
        setup.setdefault("kernel", kernel_path(series))
        setup.setdefault("initrd", initrd_path("%s-%s" % (image, series)))
        suffix = "-%d" % self.boots if self.boots else ""
        self.boots += 1
        log = os.path.join(self.folder, self.case.name + suffix + ".log")
        return Machine(Setup(self.hypervisor, **setup), log, self.case.lifetime)

    def file(self, name, data=None):
        """Path of a scratch file of this case, removed when it ends."""
        path = os.path.join(self.folder, "%s.%s" % (self.case.name, name))
        self.files.append(path)
        if data is not None:
            with open(path, "wb") as f:
                f.write(data)
        return path

    def random_bytes(self, size):
        """Bytes that no compression or stale page imitates; seeded by the case."""
        return random.Random(self.case.name).randbytes(size)

    def require(self, condition, message):
        if not condition:
            raise Failure(message)

    def result(self, name, outcome, note=""):
        """Add a result (ok, not ok, skip) that counts for itself."""
        self.results.append((name, outcome, note))

    def check_log(self, machine):
        """Fail if the kernel or the hypervisor complained on the serial line."""
        found = []
        regexes = [KERNEL_COMPLAINTS, HYPERVISOR_COMPLAINTS[self.hypervisor]]
        if self.hypervisor == "ringlet" and machine.setup.loglvl == "warning":
            # It knows its log level only once it has said what it was given.
            regexes.append(re.compile(r"^\(RL\) (?!Ringlet |command line: ).*$", re.M))
        for regex in regexes:
            # A command that was typed may name what it looks for.
            found += [line for line in regex.findall(machine.text)
                      if not ACCEPTED.search(line) and not re.match(PROMPT, line)]
        if found:
            raise Failure("complaints in the log:\n" + "\n".join(found[:20]))

    def cleanup(self):
        for path in self.files:
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)
            elif os.path.exists(path):
                os.unlink(path)


def run_case(case_, hypervisor):
    """Returns the list of (name, outcome, note, seconds) of one case."""
    start = time.monotonic()
    context = Context(case_, hypervisor)
    outcome, note = "ok", ""
    try:
        if hypervisor not in case_.hypervisors:
            raise Skip("means nothing on " + hypervisor)
        case_.function(context)
    except Skip as skip:
        outcome, note = "skip", str(skip)
    except Failure as failure:
        outcome, note = "not ok", str(failure)
    except Exception:               # the case's own fault, shown as such
        outcome, note = "not ok", "error in the case:\n" + traceback.format_exc()
    finally:
        context.cleanup()
    seconds = time.monotonic() - start
    results = [("%s/%s" % (case_.name, name), out, why, 0)
               for name, out, why in context.results]
    if not results or outcome != "ok":
        results.append((case_.name, outcome, note, seconds))
    return results


class Report:
    """KTAP on standard output, results in the order in which they come."""

    def __init__(self):
        self.counts = {"ok": 0, "not ok": 0, "skip": 0}
        self.number = 0
        self.lock = threading.Lock()
        print("KTAP version 1", flush=True)

    def add(self, results):
        with self.lock:
            for name, outcome, note, seconds in results:
                self.line(name, outcome, note, seconds)

    def line(self, name, outcome, note, seconds):
        self.number += 1
        self.counts[outcome] += 1
        if outcome == "skip":
            text = "ok %d %s # SKIP %s" % (self.number, name, note.split("\n")[0])
        else:
            text = "%s %d %s" % (outcome, self.number, name)
            if seconds:
                text += " # %.0f s" % seconds
            for line in note.split("\n") if note else []:
                text += "\n#   " + line
        print(text, flush=True)

    def end(self):
        print("1..%d" % self.number)
        print("%(ok)d passed, %(not ok)d failed, %(skip)d skipped" % self.counts, flush=True)
        return 1 if self.counts["not ok"] else 0


def select(which, patterns):
    return [c for c in CASES
            if (patterns and any(fnmatch.fnmatch(c.name, p) for p in patterns))
            or (not patterns and (which == "all" or which in c.sets))]


def run(cases, hypervisor, jobs):
    """Run cases, the longest-lived first, jobs at a time; returns an exit status."""
    report = Report()
    print("# %d cases on %s, %d at a time, logs in %s"
          % (len(cases), hypervisor, jobs,
             os.path.relpath(os.path.join(BUILD, "tests", "system", hypervisor), TOP)),
          flush=True)
    order = sorted(cases, key=lambda c: -c.lifetime)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(run_case, c, hypervisor) for c in order]
        for future in concurrent.futures.as_completed(futures):
            report.add(future.result())
    return report.end()
