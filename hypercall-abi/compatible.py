#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Does what is in this folder keep what an earlier version of the ABI promised?

    compatible.py VERSION-FOLDER [NOW-FOLDER]

Each folder has hypercalls.tbl, ringlet.h and layout.golden. What was served then
is served now, under its number, to the same callers, with the same arguments (an
operation's structure may since be said to be only read); every constant has its value;
every field of a structure lies where it lay, and what is new lies behind. Every breach
is one line; the exit status is 1 if there is any.
"""

import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from generate import Table  # noqa: E402

# What says how much there is, and so grows.
GROWS = re.compile(r"RINGLET_ABI_(MAJOR|MINOR)$|_ALL$|_H$")


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return f.read()


def rows(folder):
    """(call number, kind, number) -> row, of what is served."""
    table = Table(os.path.join(folder, "hypercalls.tbl"))
    if table.errors:
        sys.exit("\n".join(table.errors))
    return {(call.nr, row.kind, row.nr): row for call in table.calls
            for row in [call] + call.children if row.served}


def check_table(old, new):
    old, new = rows(old), rows(new)
    for key, row in old.items():
        now = new.get(key)
        if not now:
            yield f"{row.path}, {row.kind} {row.nr}: is not served any more"
            continue
        for what in ("name", "privilege", "arguments", "since"):
            was, is_ = getattr(row, what), getattr(now, what)
            if is_ not in (was, f"const {was}" if row.kind == "op" else was):
                yield f"{row.path}, {row.kind} {row.nr}: {what} was '{was}', is '{is_}'"


def constants(folder):
    text = re.sub(r"/\*.*?\*/", " ", read(folder, "ringlet.h"), flags=re.DOTALL)
    found = re.findall(r"^#define[ \t]+(RINGLET_\w+)[ \t]*(.*?)[ \t]*$", text, re.M)
    return {name: re.sub(r"\s+", " ", value) for name, value in found
            if not GROWS.search(name)}


def version(folder):
    text = read(folder, "ringlet.h")
    return tuple(int(re.search(rf"RINGLET_ABI_{part}\s+(\d+)", text)[1])
                 for part in ("MAJOR", "MINOR"))


def check_header(old, new):
    now = constants(new)
    for name, value in constants(old).items():
        if now.get(name) != value:
            yield f"{name}: was '{value}', is '{now.get(name)}'"
    if version(new) < version(old):
        yield "the ABI's version is %d.%d after %d.%d" % (version(new) + version(old))


def structures(folder):
    """name -> (size, alignment, [(offset, size, field)]), without the holes."""
    found, fields = {}, []
    for line in read(folder, "layout.golden").splitlines():
        head = re.match(r"(\S.*): size (\d+) align (\d+)$", line)
        if head:
            fields = []
            found[head[1]] = (int(head[2]), int(head[3]), fields)
        elif line.strip():
            offset, size, field = line.split()
            if field != "(hole)":
                fields.append((int(offset), int(size), field))
    return found


def check_structure(name, old, new):
    size, align, fields = old
    now = {field: (offset, length) for offset, length, field in new[2]}
    # ringlet_op takes the size from its caller; of the others it is known.
    grows = name.startswith("struct ringlet_") and name != "struct ringlet_frame"
    if new[0] < size or (new[0] != size and not grows):
        yield f"{name}: had {size} bytes, has {new[0]}"
    if new[1] != align:
        yield f"{name}: was aligned to {align}, is to {new[1]}"
    reserved = [(offset, offset + length) for offset, length, field in fields
                if field.startswith("reserved")]
    for offset, length, field in fields:
        if not field.startswith("reserved") and now.get(field) != (offset, length):
            yield f"{name}.{field}: was at {offset}, {length} bytes; is at " \
                  "%s, %s bytes" % now.get(field, ("no place", "no"))
    known = {field for _, _, field in fields}
    for offset, length, field in new[2]:
        inside = any(a <= offset and offset + length <= b for a, b in reserved)
        if field not in known and offset < size and not inside:
            yield f"{name}.{field}: is new, but begins inside the first {size} bytes"


def check_layout(old, new):
    now = structures(new)
    for name, structure in structures(old).items():
        if name in now:
            yield from check_structure(name, structure, now[name])
        else:
            yield f"{name}: is gone"


def breaches(old, new):
    for check in (check_table, check_header, check_layout):
        yield from check(old, new)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: compatible.py VERSION-FOLDER [NOW-FOLDER]")
    old = sys.argv[1]
    new = sys.argv[2] if len(sys.argv) == 3 else os.path.dirname(os.path.abspath(__file__))
    found = list(breaches(old, new))
    for line in found:
        print(f"{os.path.basename(os.path.normpath(old))}: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
