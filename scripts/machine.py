# SPDX-License-Identifier: GPL-2.0
"""One virtual machine under QEMU: how it is put together, and its serial line.

Setup says what to boot; Machine boots it and talks to it. Three hypervisors can
be under the same kernel and initial RAM disk: "ringlet", "xen" (Debian's, the
yardstick) and "native" (none).

Every wait is bounded, by its own timeout and by the machine's lifetime. A wait
also ends as soon as it cannot succeed any more: QEMU ended, or the serial line
shows a panic. Failure always carries the last serial lines. Timeouts are for an
idle machine and multiplied by $RINGLET_SLOWDOWN (default 1).
"""
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, "build")
ELF = {
    "ringlet": os.path.join(BUILD, "hypervisor", "ringlet.elf"),
    "xen": os.path.join(BUILD, "fetch", "xen-4.17-amd64"),
}
SLOWDOWN = float(os.environ.get("RINGLET_SLOWDOWN", "1"))
PANIC = re.compile(
    r"Kernel panic - not syncing[^\n]*|\(XEN\) Panic on CPU[^\n]*"
    r"|\(RL\) (?:\w+: )?(?:PANIC on pCPU|domain \d+ crashed)[^\n]*")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
PARTIAL_ESCAPE = re.compile(rb"(?:\x1b(?:\[[0-9;?]*)?)?\Z")
PROMPT = r"ringlet:[^\n#]*# "


class Failure(Exception):
    """A machine did not do what was expected of it."""


class Skip(Exception):
    """A case cannot apply here; says why."""


def kernel_path(series):
    return os.path.join(BUILD, "fetch", "vmlinuz-" + series)


def initrd_path(name):
    return os.path.join(BUILD, "initramfs", name + ".cpio.gz")


class Setup:
    """What to boot, and on what machine. Every field has a usable default."""

    def __init__(self, hypervisor="ringlet", **given):
        self.hypervisor = hypervisor
        self.kernel = kernel_path("6.12")
        self.initrd = initrd_path("base-6.12")
        self.modules = None         # overrides kernel and initrd: [(file, args)]
        self.cpu = "qemu64"
        self.machine = "pc"
        self.smp = 1
        self.mem = 1024
        self.loglvl = "all"         # what the hypervisor says
        self.options = ""           # more of the hypervisor's options
        self.args = ""              # more of the kernel's arguments
        self.devices = []           # more of QEMU's arguments
        self.iso = None             # boot this image instead of -kernel
        self.firmware = None        # e.g. OVMF
        self.reset_ends = True      # a reset ends QEMU instead of booting again
        self.__dict__.update(given)

    def hypervisor_options(self):
        parts = ["console=com1", "com1=115200,8n1", "loglvl=%s" % self.loglvl,
                 "guest_loglvl=%s" % self.loglvl]
        if self.hypervisor == "xen":
            # Scrubbing all of a large memory is slow here and shows nothing.
            parts.append("bootscrub=0")
        return " ".join(parts + self.options.split())

    def kernel_args(self):
        console = "ttyS0" if self.hypervisor == "native" else "hvc0"
        return " ".join(["console=" + console, "rdinit=/init"] + self.args.split())

    def qemu_cpu(self):
        # Xen 4.17 loses its dom0 to QEMU's faulty SMAP check at iretq, idles by
        # MWAIT with hints that QEMU refuses, and fails with LA57 and PKU.
        if self.hypervisor == "xen" and self.cpu == "EPYC":
            return "EPYC,-smap,-monitor"
        if self.hypervisor == "xen" and self.cpu == "max":
            return "max,-smap,-monitor,-la57,-pku"
        return self.cpu

    def boot_args(self):
        if self.iso:
            return ["-cdrom", self.iso, "-boot", "d"]
        if self.hypervisor == "native":
            return ["-kernel", self.kernel, "-initrd", self.initrd,
                    "-append", self.kernel_args()]
        modules = self.modules
        if modules is None:
            modules = [(self.kernel, self.kernel_args()), (self.initrd, "")]
        # QEMU splits -initrd at commas; a doubled comma stands for one.
        joined = ",".join((path + " " + args).strip().replace(",", ",,")
                          for path, args in modules)
        boot = ["-kernel", ELF[self.hypervisor], "-append", self.hypervisor_options()]
        return boot + (["-initrd", joined] if modules else [])

    def qemu_args(self):
        # One thread for all CPUs: kernels patch their own code while other CPUs run
        # it, and QEMU before 8.1, with a thread for each, can keep a translation of
        # what was there before (seen as "Oops: int3" after a static key changed).
        # More threads than the host has CPUs also spend most of their time on spin
        # locks. The test guest, which patches nothing, runs with all threads.
        command = ["qemu-system-x86_64", "-accel", "tcg,thread=single", "-nodefaults",
                   "-cpu", self.qemu_cpu(), "-machine", self.machine,
                   "-smp", str(self.smp), "-m", str(self.mem)]
        if self.reset_ends:
            command.append("-no-reboot")
        if self.firmware:
            command += ["-bios", self.firmware]
        return command + self.boot_args() + list(self.devices)

    def check(self):
        """Skip when the hypervisor is not built, fail when a part is missing."""
        elf = ELF.get(self.hypervisor)
        if elf and not os.path.exists(elf):
            if self.hypervisor == "ringlet":
                raise Skip("build/hypervisor/ringlet.elf is not built yet")
            raise Failure("no " + os.path.relpath(elf, TOP) + ": run scripts/fetch xen-4.17")
        paths = [path for path, _ in self.modules or []] or [self.kernel, self.initrd]
        for path in paths:
            if not os.path.exists(path):
                raise Failure("no %s: run make images" % os.path.relpath(path, TOP))
        if available_memory() < self.mem // 2 + 512:
            raise Skip("this host has less than %d MiB to spare" % (self.mem // 2 + 512))


def available_memory():
    """MiB that this host can still give; guests rarely touch all of theirs."""
    with open("/proc/meminfo") as f:
        return int(re.search(r"MemAvailable:\s+(\d+)", f.read())[1]) // 1024


class Machine:
    """A running QEMU and its serial line. Use as a context manager.

    monitor: the path of a socket for QEMU's monitor, if there is to be one.
    """

    def __init__(self, setup, log, lifetime=600, monitor=None):
        setup.check()
        self.setup = setup
        self.text = ""              # everything received, as text
        self.partial = b""          # the beginning of an escape sequence
        self.seen = 0               # where the next expect() begins to look
        self.watch_panic = True
        self.scratch = tempfile.mkdtemp(prefix="ringlet-")
        self.log = open(log, "wb", buffering=0)
        self.log.write((" ".join(setup.qemu_args()) + "\n").encode())
        self.started = time.monotonic()
        self.deadline = self.started + lifetime * SLOWDOWN
        self.qemu = subprocess.Popen(
            setup.qemu_args() + ["-display", "none", "-serial", "stdio",
                                 "-monitor", "unix:%s,server=on,wait=off" % monitor if monitor else "none"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, cwd=self.scratch)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.qemu.poll() is None:
            os.killpg(self.qemu.pid, signal.SIGKILL)
        self.qemu.wait()
        self.qemu.stdin.close()
        self.qemu.stdout.close()
        self.log.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def pump(self, seconds):
        """Receive for at most that long; False once the line is closed."""
        ready, _, _ = select.select([self.qemu.stdout], [], [], max(0, seconds))
        if not ready:
            return True
        data = os.read(self.qemu.stdout.fileno(), 65536)
        self.log.write(data)
        self.partial += data
        # An escape sequence may come in two pieces: keep the first for later.
        end = PARTIAL_ESCAPE.search(self.partial).start()
        complete, self.partial = self.partial[:end], self.partial[end:]
        self.text += ESCAPE.sub("", complete.decode(errors="replace"))
        return bool(data)

    def tail(self, lines=25):
        return "\n".join(self.text.split("\n")[-lines:])

    def fail(self, why):
        raise Failure("%s after %.0f s; last serial lines:\n%s"
                      % (why, time.monotonic() - self.started, self.tail()))

    def expect(self, pattern, timeout=60, what=None):
        """Wait for a regular expression on the serial line; returns the match."""
        regex = re.compile(pattern, re.M)
        end = min(time.monotonic() + timeout * SLOWDOWN, self.deadline)
        open_line = True
        while True:
            match = regex.search(self.text, self.seen)
            if match:
                self.seen = match.end()
                return match
            what = what or "'%s'" % pattern
            panic = self.watch_panic and PANIC.search(self.text, self.seen)
            if panic:
                self.drain(2)
                self.fail("'%s' while waiting for %s" % (panic[0].strip(), what))
            if not open_line:
                self.fail("QEMU ended (status %s) while waiting for %s"
                          % (self.qemu.wait(), what))
            left = end - time.monotonic()
            if left <= 0:
                self.fail("no %s within %.0f s" % (what, timeout * SLOWDOWN))
            open_line = self.pump(min(left, 1))

    def drain(self, seconds):
        """Receive what still comes, e.g. the rest of a panic report."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.pump(end - time.monotonic()):
            pass

    def type(self, text):
        """Type on the serial line, in pieces that no receive ring overflows."""
        data = text.encode()
        for at in range(0, len(data), 16):
            self.qemu.stdin.write(data[at:at + 16])
            self.qemu.stdin.flush()
            time.sleep(0.02)

    def shell(self, timeout=None):
        """Wait for the first prompt, then keep kernel messages off the line.

        They would otherwise land in the middle of what commands print, as would
        the line breaks of a narrow terminal. Emulated CPUs share this host's, so
        that more of them boot slower; so does more memory, since initial domains
        move what is in the way of devices, 2 GiB of it on q35, page by page.
        """
        timeout = timeout or 90 + 30 * self.setup.smp + self.setup.mem // 100
        self.expect(PROMPT, timeout, "a shell prompt")
        self.type("dmesg -n 1; stty cols 1000\n")
        self.expect(PROMPT, timeout, "a second shell prompt")

    def run(self, command, timeout=60, status=0):
        """Type a command, wait for its end; returns what it printed.

        The status is printed behind a mark that the echoed command line does not
        contain. A status other than the expected one fails (None accepts any).
        """
        start = self.seen
        self.type(command + "; echo rc'='$?\n")
        match = self.expect(r"^rc=(\d+)$", timeout, "the end of '%s'" % command)
        output = self.text[start:match.start()]
        output = output[output.find("\n") + 1:]
        self.expect(PROMPT, timeout, "the prompt after '%s'" % command)
        if status is not None and int(match[1]) != status:
            raise Failure("'%s' ended with status %s, not %d:\n%s"
                          % (command, match[1], status, output[-2000:]))
        return output

    def ended(self, timeout=60, what="QEMU to end"):
        """Wait for QEMU to end by itself; returns its exit status."""
        end = min(time.monotonic() + timeout * SLOWDOWN, self.deadline)
        while self.pump(min(1, end - time.monotonic())):
            if time.monotonic() >= end:
                self.fail("waited in vain for " + what)
        status = self.qemu.wait()
        if status:
            self.fail("QEMU ended with status %d" % status)
        return status

    def poweroff(self, timeout=60):
        self.type("poweroff\n")
        self.ended(timeout, "poweroff to end QEMU")
