# SPDX-License-Identifier: GPL-2.0
"""What is measured: the rows, how the guest is told, and how its answers are read.

A row's value is in its unit; of most more is better, of a time less. Its ratio is
always "times as good as Xen": above 1 Ringlet is ahead.
"""
import json
import re

LIMIT, TARGET = 1.0, 1.5
PINGS = 400


class Row:
    """One measurement. `throughput`: the target holds for it, not only the limit."""

    def __init__(self, name, what, unit, plan, read, throughput=True, less=False):
        self.name, self.what, self.unit = name, what, unit
        self.plan, self.read = plan, read
        self.throughput, self.less = throughput, less


def fio_value(write, iops):
    """Of a terse line, version 3: rate in KiB/s and operations a second."""
    def read(text):
        fields = text.split(";")
        if fields[0] != "3" or len(fields) < 50 or fields[4] != "0":
            raise ValueError("no result of fio")
        at = (47 if write else 6) + bool(iops)
        return float(fields[at]) / (1 if iops else 1024)
    return read


def disk_rows():
    for size in ("4k", "128k"):
        for depth in (1, 32):
            for order, rw in (("seq", "read"), ("seq", "write"), ("rand", "read"),
                              ("rand", "write")):
                name = "%s-%s-%s-%d" % (order, rw, size, depth)
                yield Row(name, "%s %s %s, depth %d"
                          % ({"seq": "sequential", "rand": "random"}[order], rw, size, depth),
                          "op/s" if size == "4k" else "MiB/s",
                          "fio %s %s %s %d" % (name, ("rand" if order == "rand" else "") + rw,
                                               size, depth),
                          fio_value(rw == "write", size == "4k"))


def iperf_end(text):
    found = json.loads(text)
    if "error" in found:
        raise ValueError("iperf3: " + found["error"])
    return found["end"]


def tcp_value(text):
    return iperf_end(text)["sum_received"]["bits_per_second"] / 1e6


def udp_value(text):
    """Packets that arrived, a second."""
    end = iperf_end(text)["sum"]
    return (end["packets"] - end["lost_packets"]) / end["seconds"]


def ping_value(text):
    """Mean round trip in microseconds."""
    found = re.search(r"= [\d.]+/([\d.]+)/[\d.]+ ms", text)
    if not found:
        raise ValueError("no answers")
    return float(found[1]) * 1000


def net_rows():
    for way, option in (("out", ""), ("in", " -R")):
        for streams in (1, 4):
            name = "tcp-%s-%d" % (way, streams)
            yield Row(name, "TCP %s the guest, %d stream%s"
                      % ({"out": "from", "in": "to"}[way], streams, "s"[:streams > 1]),
                      "Mbit/s", "iperf %s -P %d%s" % (name, streams, option), tcp_value)
    for way, option in (("out", ""), ("in", " -R")):
        name = "small-" + way
        yield Row(name, "64-byte UDP %s the guest" % {"out": "from", "in": "to"}[way],
                  "packet/s", "iperf %s -u -l 64 -b 0%s" % (name, option), udp_value)
    yield Row("ping", "ping round trip", "us", "ping ping %d" % PINGS, ping_value,
              throughput=False, less=True)


ROWS = list(disk_rows()) + list(net_rows())
QUICK = ("seq-read-4k-1", "rand-write-4k-1", "rand-read-4k-32", "seq-write-4k-32",
         "seq-read-128k-1", "seq-write-128k-32", "tcp-out-1", "tcp-in-1", "tcp-out-4",
         "tcp-in-4", "small-out", "small-in", "ping")
POOL = ("seq-read-4k-32", "seq-write-4k-32", "seq-read-128k-1", "seq-write-128k-1",
        "seq-read-128k-32", "seq-write-128k-32")


def chosen(text, default=None):
    """Rows by names or prefixes; None: there is no such row."""
    wanted = [w for w in text.split(",") if w] or default
    if not wanted:
        return ROWS
    rows = [r for r in ROWS if any(r.name == w or r.name.startswith(w + "-")
                                   for w in wanted)]
    return rows if all(any(r.name == w or r.name.startswith(w + "-") for r in ROWS)
                       for w in wanted) else None


def parse(text, rows):
    """Of a guest's console: values and problems, by name; and what it said of itself."""
    values, problems, info = {}, {}, {}
    by_name = {r.name: r for r in rows}
    for line in text.replace("\r", "").splitlines():
        found = re.match(r"IOROW (\S+) ?(.*)", line)
        if found:
            name = found[1]
            try:
                values[name] = by_name[name.split("@")[0]].read(found[2])
            except (ValueError, KeyError, IndexError) as error:
                problems[name] = "%s (%s)" % (str(error)[:200], found[2][:200])
        found = re.match(r"IOINFO (\S+) (.*)", line)
        if found:
            info[found[1]] = found[2]
    return values, problems, info
