# SPDX-License-Identifier: GPL-2.0
"""Boot modules that cannot work: one line names the fault and what to do.

Each machine differs from one that boots in one thing. The line is judged by two
patterns, the fault and the remedy, both on the same line of the hypervisor's.
"""
import re
import struct

from harness import case
from machine import kernel_path

REMEDY = (r"(?:\b(?:give|use|pass|boot|load|build|check|fetch|add|raise|copy|replace|rebuild"
          r"|try|needs?|must|with|lower|shrink|remove|install|initrd)\b)")
NOTES = ((1, struct.pack("<Q", 0xffffffff81000000)), (3, struct.pack("<Q", 0xffffffff80000000)),
         (4, struct.pack("<Q", 0)), (5, b"xen-3.0\0"), (6, b"linux\0"), (8, b"generic\0"),
         (9, b"yes\0"))


def elf(bits=64, notes=NOTES, size=0x1000):
    """A kernel of one page of HLT that claims size bytes of memory."""
    text = b"\xf4" * 0x1000
    note = b"".join(struct.pack("<III", 4, len(data), kind) + b"Xen\0" + data
                    + b"\0" * (-len(data) % 4) for kind, data in notes)
    count = 2 if notes else 1
    ident = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9)
    if bits == 64:
        head = struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0xffffffff81000000, 64, 0, 0, 64,
                           56, count, 0, 0, 0)
        at = 64 + 56 * count + len(note)
        headers = struct.pack("<IIQQQQQQ", 1, 7, at, 0xffffffff81000000, 0x1000000,
                              len(text), size, 0)
        if notes:
            headers += struct.pack("<IIQQQQQQ", 4, 4, at - len(note), 0, 0, len(note),
                                   len(note), 4)
    else:
        head = struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0xc1000000, 52, 0, 0, 52, 32, count,
                           0, 0, 0)
        at = 52 + 32 * count + len(note)
        headers = struct.pack("<IIIIIIII", 1, at, 0xc1000000, 0x1000000, len(text), size, 7, 0)
        if notes:
            headers += struct.pack("<IIIIIIII", 4, at - len(note), 0, 0, len(note), len(note),
                                   4, 4)
    return ident + head + headers + note + text


def stock():
    with open(kernel_path("6.12"), "rb") as f:
        return f.read()


def corrupt():
    data = bytearray(stock())
    middle = len(data) // 2
    for i in range(middle, middle + 4096):
        data[i] ^= 0x5a
    return bytes(data)


def refused(context, content, fault):
    modules = []
    if content is not None:
        modules = [(context.file("kernel", content()), "console=hvc0")]
    with context.boot(modules=modules, mem=512, options="noreboot") as machine:
        machine.watch_panic = False
        if context.hypervisor == "xen":
            # Xen's own words: the point is only that these modules are bad ones.
            machine.expect(r"^\(XEN\) (?:Panic on CPU 0|.*dom0 kernel not specified)", 40)
            return
        line = machine.expect(r"^.*(?:%s).*$" % fault, 40, "a line that names the fault")[0]
        context.require("Linux version" not in machine.text, "a kernel was booted")
        context.require(re.search(REMEDY, line), "the line does not say what to do: " + line)


BAD = {
    "missing": (None, r"no modules?\b|missing"),
    "text": (lambda: b"#!/bin/sh\necho hello\n" * 400, r"not a kernel|neither .* nor"),
    "empty": (lambda: b"", r"empty|not a kernel|truncated|no modules?\b|missing"),
    "truncated": (lambda: stock()[:len(stock()) * 6 // 10], r"truncated"),
    "corrupt": (corrupt, r"corrupt|damaged|does not (?:decompress|unpack)"),
    "truncated-elf": (lambda: elf()[:-0x800], r"truncated"),
    "no-notes": (lambda: elf(notes=()), r"no Xen (?:ELF )?notes?|without Xen (?:ELF )?notes?"),
    "32-bit": (lambda: elf(bits=32), r"32-bit"),
    "too-large": (lambda: elf(size=3 << 29),
                  r"(?:larger|bigger|more) than|too (?:large|big)|not enough memory|does not fit"),
}
for name, (content_, fault_) in BAD.items():
    case("module-" + name, hypervisors=("ringlet", "xen"), lifetime=90, content=content_,
         fault=fault_)(refused)
