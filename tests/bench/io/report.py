# SPDX-License-Identifier: GPL-2.0
"""How the results of bench-io are shown: tables, the picture, counters."""
import html
import json
import re

NAMES = {"xen": "Xen 4.17", "ringlet": "Ringlet", "stock": "Ringlet, blkfront"}
COLOURS = {"xen": "#b0b0b0", "ringlet": "#2f6db5", "stock": "#7fb2e5"}


def number(value):
    if value is None:
        return "-"
    return "%.0f" % value if value >= 100 else "%.1f" % value


def print_table(lines):
    width = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        print("  ".join(c.ljust(w) if i == 0 else c.rjust(w)
                        for i, (c, w) in enumerate(zip(line, width))).rstrip())


def table(rows, systems):
    others = [s for s in systems if s != "xen"]
    lines = [("row", "unit") + tuple(NAMES[s] for s in systems) +
             tuple("ratio" if s == "ringlet" else "ratio " + s for s in others) +
             ("limit", "target", "verdict")]
    for r in rows:
        lines.append((r["what"], r["unit"]) + tuple(number(r["values"][s]) for s in systems) +
                     tuple("%.2f" % r["ratio"][s] if s in r["ratio"] else "-" for s in others) +
                     ("%.1f" % r["limit"], "%.1f" % r["target"] if r["target"] else "-",
                      r["verdict"]))
    print()
    print_table(lines)
    print("\nratio: times as good as Xen; of a round trip less is better.")


def pool_table(rows, sizes):
    lines = [("row", "unit") + tuple("all granted" if not s else "all copied" if s >= 2 ** 31
                                     else "copied to %d" % s for s in sizes)]
    for r in rows:
        lines.append((r["what"], r["unit"]) + tuple(number(r["by_size"][s]) for s in sizes))
    print()
    print_table(lines)


def picture(rows, systems, path):
    """Ratios to Xen as bars, as SVG; the line is the limit, the dashes the target."""
    systems = [s for s in systems if s != "xen"]
    rows = [r for r in rows if r["ratio"]]
    top = max([v for r in rows for v in r["ratio"].values()] + [2.0])
    scale = 520 / top
    step = 12 * max(len(systems), 1) + 6
    height = 60 + step * len(rows)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="860" height="%d" '
           'font-family="sans-serif" font-size="12">' % height,
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="10" y="18" font-size="14">Disks and networks of guests: times as good '
           'as Xen</text>']
    for i, s in enumerate(systems):
        out.append('<rect x="%d" y="27" width="10" height="10" fill="%s"/>'
                   '<text x="%d" y="36">%s</text>'
                   % (10 + 150 * i, COLOURS[s], 25 + 150 * i, html.escape(NAMES[s])))
    for v, dash in ((1.0, ""), (1.5, ' stroke-dasharray="4"')):
        out.append('<line x1="%.0f" x2="%.0f" y1="45" y2="%d" stroke="#888"%s/>'
                   '<text x="%.0f" y="42" text-anchor="middle">%.1f</text>'
                   % (260 + scale * v, 260 + scale * v, height - 8, dash, 260 + scale * v, v))
    for i, r in enumerate(rows):
        y = 50 + step * i
        out.append('<text x="250" y="%d" text-anchor="end">%s</text>'
                   % (y + step / 2 + 2, html.escape(r["what"])))
        for j, s in enumerate(systems):
            if s in r["ratio"]:
                v = r["ratio"][s]
                out.append('<rect x="260" y="%d" width="%.1f" height="10" fill="%s"/>'
                           '<text x="%.1f" y="%d" font-size="10">%.2f</text>'
                           % (y + 12 * j, max(scale * v, 1), COLOURS[s], 264 + scale * v,
                              y + 9 + 12 * j, v))
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(out + ["</svg>", ""]))


def flat(value, prefix, out):
    """Numbers of a JSON document by their path."""
    if isinstance(value, dict):
        for k, v in value.items():
            flat(v, prefix + "." + k, out)
    elif isinstance(value, list):
        for i, v in enumerate(value):
            flat(v, "%s[%s]" % (prefix, v.get("name", i) if isinstance(v, dict) else i), out)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        out[prefix] = value


def mark_values(text):
    out = {}
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind in ("domainbench", "domain0") and rest.startswith("{"):
            flat(json.loads(rest), kind, out)
        elif kind == "irq":
            found = re.match(r"\s*\S+:\s+((?:\d+\s+)+)(.*)", rest)
            if found:
                out["irq " + " ".join(found[2].split())] = sum(map(int, found[1].split()))
        elif kind == "uptime":
            out["seconds"] = float(rest)
        elif re.fullmatch(r"-?[\d.]+", rest):
            out[kind] = float(rest)
    return out


def marks(text, path):
    """Differences of counters, row by row, in a file."""
    parts = re.split(r"^=== (\S+)\n", text.replace("\r", ""), flags=re.M)[1:]
    found = dict(zip(parts[::2], parts[1::2]))
    with open(path, "w", encoding="utf-8") as f:
        for name in found:
            if not name.endswith(".end") or name[:-4] + ".begin" not in found:
                continue
            before, after = mark_values(found[name[:-4] + ".begin"]), mark_values(found[name])
            f.write("%s\n" % name[:-4])
            for key in sorted(after):
                change = after[key] - before.get(key, 0)
                if change:
                    f.write("    %-60s %.2f\n" % (key, change))
    print("counters: " + path)
