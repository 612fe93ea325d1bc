# SPDX-License-Identifier: GPL-2.0
"""Run a payload's run.sh in a stock kernel on several systems and compare.

A payload is a folder with run.sh, which prints one KTAP stream, and optionally
root/, copied over the root of the initial RAM disk.  Bare QEMU is the baseline: a
case that passes there must pass everywhere.  A case that does not pass natively
says nothing about a hypervisor and is reported as skipped, with that reason; in
the native run itself it counts as a failure unless `native_may_fail`.  A skip whose
reason begins with "PV: " is what the guest kernel itself refuses under any PV
hypervisor.  A case that a system never reached (the kernel died, the plan was cut
short) is a failure.
"""

import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "bench"))
import vm  # noqa: E402

INIT = """#!/bin/sh
mount -t devtmpfs dev /dev 2>/dev/null
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm /tmp
mount -t devpts pts /dev/pts
mount -t tmpfs tmp /tmp
mount -t tmpfs shm /dev/shm
echo 3 > /proc/sys/kernel/printk
export PATH=/bin HOME=/tmp
cd /t
echo FIDELITY-START
sh ./run.sh 2>&1
echo "FIDELITY-DONE"
dmesg | grep -E 'WARNING:|BUG:|Oops|general protection fault:|rcu_.*stall|soft lockup' \\
    | sed 's/^/KLOG /'
echo "FIDELITY-END"
poweroff -f
"""
# On one CPU Linux turns LOCK prefixes into DS overrides, which are void in 64-bit
# code but to QEMU 7.2's TCG: while a program's DS has a base, a kernel's atomic
# operations go astray, natively too.
KERNEL_OPTIONS = "noreplace-smp"
RESULT = re.compile(r"^( *)(not ok|ok) +\d+ *(?:- *)?([^#]*?) *(?:# *(SKIP\b)? *(.*))?$",
                    re.I)


def make_initrd(payload, path, busybox=True):
    fs = vm.Initramfs()
    if busybox:
        fs.busybox()
    root = os.path.join(payload, "root")
    for base, where in ((root, ""), (payload, "t")):
        for folder, dirs, files in os.walk(base):
            if base == payload and folder == payload:
                dirs[:] = [d for d in dirs if d not in ("root", "logs", "selftests",
                                                        "obj", "src")]
            dirs.sort()
            for name in sorted(files):
                if name.endswith((".cpio.gz", ".o", ".d")):
                    continue
                host = os.path.join(folder, name)
                inside = os.path.join(where, os.path.relpath(host, base))
                fs.copy(inside, host)
    fs.add("init", INIT.encode())
    fs.write(path)


def parse(text):
    """{case: (status, reason)} with nested cases as "program/case"; the raw output
    under a failed case is found in the log."""
    results, pending = {}, []
    inside = False
    for line in text.splitlines():
        if "FIDELITY-START" in line:
            inside = True
        if "FIDELITY-DONE" in line:
            break
        m = RESULT.match(line) if inside else None
        if not m:
            continue
        indent, verdict, name, directive, reason = m.groups()
        status = "skip" if (directive or "").upper() == "SKIP" else \
            "pass" if verdict == "ok" else "fail"
        if indent:
            pending.append((name, status, reason or ""))
            continue
        for sub, st, why in pending:
            results["%s/%s" % (name, sub)] = (st, why)
        pending = []
        results[name] = (status, reason or "")
    for sub, st, why in pending:    # its program never came to an end
        results["(unfinished)/" + sub] = (st, why)
    log = [ln[5:] for ln in text.splitlines() if ln.startswith("KLOG ")]
    if re.search(r"^FIDELITY-END", text, re.M):
        results["kernel-log-clean"] = ("fail", log[0]) if log else ("pass", "")
    return results


def run_system(system, images, initrd, opts, timeout, logdir):
    cmd = vm.qemu_command(system, images, initrd, opts)
    log = os.path.join(logdir, "%s.log" % system)
    r = vm.boot(cmd, log, timeout, r"FIDELITY-END")
    results = parse(r.text)
    print("# %s: %.0f s%s; log %s" % (system, r.seconds,
                                      ": " + r.why if r.why else "", log), flush=True)
    if r.why:
        print(r.tail(), flush=True)
        results["completes"] = ("fail", r.why)
    else:
        results["completes"] = ("pass", "")
    return results


def judge(system, results, baseline, native_may_fail):
    """(name, status, reason) for every case of one system."""
    if system != "native" and baseline is None:
        return [(n, st, why) for n, (st, why) in results.items()]
    if system == "native":
        return [(n, "skip" if st == "fail" and native_may_fail else st,
                 "fails natively: " + why if st == "fail" and native_may_fail else why)
                for n, (st, why) in results.items()]
    out = []
    for name, (base, why) in baseline.items():
        status, reason = results.get(name, ("fail", "not reached"))
        if base == "fail":
            status, reason = "skip", "fails natively too: %s" % why
        elif base == "pass" and status == "skip" and not reason.startswith("PV: "):
            status, reason = "fail", "skipped here, passes natively: %s" % reason
        elif base == "skip" and name not in results:
            status, reason = "skip", "skipped natively, not reached here"
        out.append((name, status, reason))
    out += [(n, st, why) for n, (st, why) in results.items() if n not in baseline]
    return out


def report(all_results, native_may_fail):
    """Prints KTAP for every system; the number of failures."""
    total = {"pass": 0, "fail": 0, "skip": 0}
    baseline = all_results.get("native")
    lines = []
    for system, results in all_results.items():
        for name, status, reason in judge(system, results, baseline, native_may_fail):
            total[status] += 1
            lines.append((system + ": " + name, status, reason))
    print("KTAP version 1\n1..%d" % len(lines))
    for i, (name, status, reason) in enumerate(lines, 1):
        if status == "pass":
            print("ok %d %s" % (i, name))
        elif status == "skip":
            print("ok %d %s # SKIP %s" % (i, name, reason))
        else:
            print("not ok %d %s%s" % (i, name, " # " + reason if reason else ""))
    print("%d passed, %d failed, %d skipped" % (total["pass"], total["fail"],
                                                 total["skip"]))
    return total["fail"]


def main(args, payload, native_may_fail=False):
    """Runs `payload` as args say; the exit status."""
    logdir = os.path.join(payload, "logs")
    os.makedirs(logdir, exist_ok=True)
    systems = vm.parse_systems(args.systems)
    try:
        images, skipped = vm.find_images(systems, args, logdir)
        initrd = os.path.join(logdir, "payload.cpio.gz")
        make_initrd(payload, initrd)
    except vm.Missing as e:
        print("fidelity: %s" % e, file=sys.stderr)
        return 2
    opts = {"cpu": args.cpu, "smp": args.smp, "cmdline": args.cmdline}
    for s, reason in skipped.items():
        print("# %s: skipped: %s" % (s, reason))
    results = {s: run_system(s, images, initrd, opts, args.timeout, logdir)
               for s in systems if s not in skipped}
    if not results:
        print("0 passed, 0 failed, 1 skipped")
        return 0
    return 1 if report(results, native_may_fail) else 0


def add_arguments(parser, cmdline):
    vm.add_arguments(parser)
    parser.add_argument("--smp", type=int, default=1)
    parser.add_argument("--cmdline", default=(KERNEL_OPTIONS + " " + cmdline).strip(),
                        help="options for the kernel (default: %(default)s)")
