# SPDX-License-Identifier: GPL-2.0
"""Boot one stock kernel three ways and collect what its init prints.

Shared by the benchmark and the fidelity runner: the same kernel and the same
initial RAM disk run on bare QEMU ("native"), on Debian's Xen and on Ringlet, so
that any difference is the hypervisor's.  Every boot is TCG, bounded in time, with
the serial line in a log file; the QEMU started is the only process ever killed.
"""

import gzip
import lzma
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SYSTEMS = ("native", "xen", "ringlet")
DIED = re.compile(r"Kernel panic - not syncing|Panic on CPU|Domain 0 crashed|PANIC on pCPU",
                  re.I)


class Missing(Exception):
    """Something needed is not there; the message says what to do."""


def build_dir():
    return os.environ.get("BUILD", os.path.join(TOP, "build"))


def locate(what, option, *candidates):
    """The first existing file of option and candidates."""
    if option:
        if not os.path.exists(option):
            raise Missing("%s: no such file: %s" % (what, option))
        return option
    for path in candidates:
        path = os.path.join(build_dir(), path)
        if os.path.exists(path):
            return path
    raise Missing("%s: none of %s is in %s; run scripts/fetch, or give it as an option"
                  % (what, ", ".join(candidates), build_dir()))


def module(kernel, path):
    """A module from modules-VERSION beside vmlinuz-VERSION, unpacked; None: not there."""
    folder, name = os.path.split(kernel)
    path = os.path.join(folder, name.replace("vmlinuz-", "modules-"), path)
    for found, read in ((path, open), (path + ".xz", lzma.open)):
        if os.path.exists(found):
            with read(found, "rb") as f:
                return f.read()
    return None


def gunzipped(path, workdir):
    """Xen's ELF as QEMU wants it: Debian ships it compressed."""
    with open(path, "rb") as f:
        if f.read(2) != b"\x1f\x8b":
            return path
    plain = os.path.join(workdir, os.path.basename(path).replace(".gz", "") + ".elf")
    with gzip.open(path) as src, open(plain, "wb") as dst:
        shutil.copyfileobj(src, dst)
    return plain


class Initramfs:
    """A newc archive built without root and without other tools."""

    def __init__(self):
        self.out = bytearray()
        self.ino = 0
        self.dirs = set()

    def _entry(self, name, mode, data=b"", rdev=(0, 0)):
        self.ino += 1
        name = name.encode() + b"\0"
        head = "070701" + "".join("%08X" % v for v in (
            self.ino, mode, 0, 0, 1, 0, len(data), 0, 0,
            rdev[0], rdev[1], len(name), 0))
        self.out += head.encode() + name
        self.out += b"\0" * (-len(self.out) % 4)
        self.out += data
        self.out += b"\0" * (-len(self.out) % 4)

    def mkdir(self, path):
        path = path.strip("/")
        if not path or path in self.dirs:
            return
        self.mkdir(os.path.dirname(path))
        self.dirs.add(path)
        self._entry(path, stat.S_IFDIR | 0o755)

    def add(self, path, data, mode=0o755):
        path = path.strip("/")
        self.mkdir(os.path.dirname(path))
        self._entry(path, stat.S_IFREG | mode, data)

    def copy(self, path, host, mode=None):
        with open(host, "rb") as f:
            self.add(path, f.read(),
                     stat.S_IMODE(os.stat(host).st_mode) if mode is None else mode)

    def link(self, path, target):
        self.mkdir(os.path.dirname(path))
        self._entry(path.strip("/"), stat.S_IFLNK | 0o777, target.encode())

    def busybox(self):
        path = shutil.which("busybox")
        if not path:
            raise Missing("busybox: not installed; apt-get install busybox-static")
        self.copy("bin/busybox", path, 0o755)
        for applet in ("sh", "mount", "poweroff", "cat", "echo", "grep", "sed",
                       "timeout", "mkdir", "ls", "sleep", "rm", "tail", "head", "wc",
                       "tr", "cut", "dmesg", "kill", "ps", "true", "false", "uname",
                       "basename", "stat", "date", "awk", "env", "ulimit", "chmod",
                       "insmod"):
            self.link("bin/" + applet, "busybox")

    def write(self, path):
        end = Initramfs()
        end._entry("TRAILER!!!", 0)
        for d in ("dev", "proc", "sys", "tmp"):
            self.mkdir(d)
        with gzip.open(path, "wb", 3) as f:
            f.write(bytes(self.out + end.out))


def cpu_model(system, cpu):
    """`max` less what QEMU 7.2's TCG gets wrong: under SMAP it takes far returns of
    ring 3 for accesses of the kernel.  Xen 4.17 also needs LA57 and PKU gone."""
    if cpu != "max" or system == "ringlet":
        return cpu
    return cpu + {"native": ",-smap", "xen": ",-smap,-la57,-pku"}[system]


def qemu_command(system, images, initrd, opts):
    """The argument vector that boots `system`; the spelling is Xen's throughout."""
    cmdline = "rdinit=/init panic=-1 " + opts.get("cmdline", "")
    cmd = ["qemu-system-x86_64", "-accel", "tcg",
           "-cpu", cpu_model(system, opts.get("cpu", "qemu64")),
           "-m", str(opts.get("mem", 1024)), "-smp", str(opts.get("smp", 1)),
           "-nographic", "-no-reboot", "-nic", "none", "-monitor", "none"]
    dom0_mem = opts.get("dom0_mem", 512)
    if system == "native":
        return cmd + ["-kernel", images["kernel"], "-initrd", initrd, "-append",
                      "console=ttyS0 mem=%dM %s" % (dom0_mem, cmdline)]
    for path in (images["kernel"], initrd):
        if "," in path or " " in path:
            raise Missing("QEMU cannot take a module path with a comma or blank: " + path)
    return cmd + ["-kernel", images[system], "-initrd",
                  "%s console=hvc0 %s,%s" % (images["kernel"], cmdline.replace(",", ",,"),
                                             initrd),
                  "-append", "console=com1 com1=115200,8n1 dom0_mem=%dM dom0_max_vcpus=%d %s"
                  % (dom0_mem, opts.get("smp", 1), opts.get("hv_options", ""))]


class Result:
    def __init__(self, text, seconds, cpu_share, why):
        self.text = text            # everything on the serial line
        self.seconds = seconds
        self.cpu_share = cpu_share  # of one CPU; low: the machine was busy
        self.why = why              # None: QEMU ended by itself after `done`

    def tail(self, lines=15):
        return "\n".join("    | " + x for x in self.text.splitlines()[-lines:])


def boot(cmd, log, timeout, done):
    """Run `cmd` until it ends, at most `timeout` s; `done` must be in its output."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    why = None
    died_at = None
    with open(log, "wb") as out:
        proc = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=out,
                                stderr=subprocess.STDOUT)
        try:
            while proc.poll() is None:
                time.sleep(0.2)
                now = time.monotonic()
                if now - start > timeout:
                    why = "no end within %d s" % timeout
                    break
                if died_at is None and DIED.search(read_log(log)):
                    died_at = now
                if died_at is not None and now - died_at > 5:
                    why = "it died"
                    break
        finally:
            if proc.poll() is None:
                proc.kill()
            proc.wait()
    text = read_log(log)
    seconds = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = (after.ru_utime + after.ru_stime) - (usage.ru_utime + usage.ru_stime)
    if why is None and not re.search(done, text):
        why = "it ended (status %d) before its work was done" % proc.returncode
    return Result(text, seconds, used / seconds, why)


def read_log(log):
    with open(log, "rb") as f:
        return f.read().decode("utf-8", "replace").replace("\r", "")


def find_images(systems, args, workdir):
    """Paths by system; a system that is not there is left out, with the reason."""
    images, skipped = {}, {}
    images["kernel"] = locate("kernel", args.kernel, "fetch/vmlinuz-6.12")
    if "xen" in systems:
        try:
            images["xen"] = gunzipped(locate("Xen", args.xen or os.environ.get("XEN_ELF"),
                                             "fetch/xen-4.17-amd64"), workdir)
        except Missing as e:
            skipped["xen"] = str(e)
    if "ringlet" in systems:
        try:
            images["ringlet"] = locate("Ringlet", args.ringlet, "hypervisor/ringlet.elf")
        except Missing as e:
            skipped["ringlet"] = "not built yet (%s)" % e
    return images, skipped


def add_arguments(parser):
    parser.add_argument("--kernel", help="bzImage (default: build/fetch/vmlinuz-6.12)")
    parser.add_argument("--xen", help="Xen's ELF, may be gzipped "
                        "(default: $XEN_ELF, build/fetch/xen-4.17-amd64)")
    parser.add_argument("--ringlet", help="default: build/hypervisor/ringlet.elf")
    parser.add_argument("--systems", default=",".join(SYSTEMS),
                        help="which of native,xen,ringlet (default: all)")
    parser.add_argument("--cpu", default="qemu64", help="QEMU's -cpu")
    parser.add_argument("--timeout", type=int, default=400, help="seconds a boot")


def parse_systems(text):
    systems = [s for s in text.split(",") if s]
    for s in systems:
        if s not in SYSTEMS:
            sys.exit("unknown system '%s'; known: %s" % (s, ", ".join(SYSTEMS)))
    return systems
