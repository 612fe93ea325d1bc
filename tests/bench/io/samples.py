# SPDX-License-Identifier: GPL-2.0
"""Where time goes, by samples: QEMU is halted some hundred times a second, and asked
what it executes.

A halted CPU stands between two translated blocks, so that its registers are true. A
sample belongs to the row of the last mark on the serial line (service/bench/mark), and
by its ring to the hypervisor, a kernel or a program; a domain is told by the base of
its GS in kernel mode, which is the service domain's until the guest has been created.
One vCPU each and one CPU: with more the samples of CPU 0 alone would be shown.

To halt takes its toll: a timer that expires meanwhile interrupts at once afterwards, so
that there are too many samples of its interrupt (gate_irq_stubs, interrupt). And whoever
touches a device while QEMU's lock is held for us is found there too often.
"""
import bisect
import collections
import os
import re
import socket
import subprocess
import threading
import time

PERIOD = 0.003
REGISTERS = re.compile(r"RIP=([0-9a-f]+) .*CPL=(\d).*?GS =\S+ ([0-9a-f]+)", re.S)
MARK = re.compile(rb"IOMARK (begin|end) (\S+)")


class Sampler(threading.Thread):
    """Asks QEMU's monitor at `path` until stop(); reads marks in the serial `log`."""

    def __init__(self, path, log):
        super().__init__(daemon=True)
        self.path, self.log = path, log
        self.halted = threading.Event()
        self.samples = collections.defaultdict(list)    # of a row: (rip, ring, gs)
        self.service_gs = collections.Counter()

    def ask(self, monitor, command):
        monitor.sendall(command + b"\n")
        got = b""
        while not got.endswith(b"(qemu) "):
            part = monitor.recv(65536)
            if not part:
                raise EOFError
            got += part
        return got.decode(errors="replace")

    def row(self, log):
        """The row that is measured now."""
        self.seen = (self.seen + log.read())[-4096:]
        found = MARK.findall(self.seen)
        return found[-1][1].decode() if found and found[-1][0] == b"begin" else None

    def run(self):
        self.seen = b""
        with socket.socket(socket.AF_UNIX) as monitor, open(self.log, "rb") as log:
            while not os.path.exists(self.path) and not self.halted.is_set():
                time.sleep(0.05)
            try:
                monitor.connect(self.path)
                self.ask(monitor, b"")
                while not self.halted.wait(PERIOD):
                    self.one(monitor, log)
            except (OSError, EOFError):
                pass        # QEMU has ended

    def one(self, monitor, log):
        row = self.row(log)
        if not row and self.seen and MARK.search(self.seen):
            return
        self.ask(monitor, b"stop")
        found = REGISTERS.search(self.ask(monitor, b"info registers"))
        self.ask(monitor, b"cont")
        if not found:
            return
        rip, ring, gs = int(found[1], 16), int(found[2]), int(found[3], 16)
        if row:
            self.samples[row].append((rip, ring, gs))
        elif ring == 1 or ring == 3 and rip >> 63:
            self.service_gs[gs] += 1

    def stop(self):
        self.halted.set()
        self.join(10)


class Symbols:
    """Functions by address, of ELF files and of lines of /proc/kallsyms."""

    def __init__(self):
        self.table = []

    def elf(self, path):
        out = subprocess.run(["nm", "-n", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        return self.lines(out)

    def lines(self, text):
        for address, name in re.findall(r"^([0-9a-f]{16}) [tTwW] (\S+)", text, re.M):
            self.table.append((int(address, 16), name))
        self.table.sort()
        return self

    def name(self, address):
        i = bisect.bisect(self.table, (address + 1,)) - 1
        return self.table[i][1] if i >= 0 and address - self.table[i][0] < 1 << 16 else "%#x" % address


def table(sampler, hypervisor, domains, path, top=40):
    """Shares of each row's samples in a file. `domains`: symbols of service and guest."""
    service = {gs for gs, _ in sampler.service_gs.most_common(1)}
    with open(path, "w", encoding="utf-8") as f:
        for row, samples in sampler.samples.items():
            names, parts = collections.Counter(), collections.Counter()
            for rip, ring, gs in samples:
                domain = "service" if gs in service else "guest"
                if ring == 0:
                    part, name = "hypervisor", hypervisor.name(rip)
                elif rip >> 63:
                    part, name = domain, domains[domain].name(rip)
                else:
                    part, name = "programs", ""
                parts[part] += 1
                names[part, name] += 1
            f.write("%s: %d samples\n" % (row, len(samples)))
            for part, n in parts.most_common():
                f.write("  %5.1f %%  %s\n" % (100 * n / len(samples), part))
            for (part, name), n in names.most_common(top):
                f.write("    %5.1f %%  %-10s %s\n" % (100 * n / len(samples), part, name))
    print("samples: " + path)
