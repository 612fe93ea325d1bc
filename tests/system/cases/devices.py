# SPDX-License-Identifier: GPL-2.0
"""QEMU's disks and network cards work with the stock drivers of both series.

The host fills a disk image and checks afterwards what the guest wrote to it, so
that neither a cache nor a driver that talks to itself passes. Network data goes
both ways through QEMU's user network, checksums made by the two ends.
"""
import hashlib
import http.server
import os
import re
import threading

from harness import case

MIB = 1 << 20


class Peer:
    """An HTTP server on the host, which the guest sees at 10.0.2.2."""

    def __init__(self, payload):
        self.posted = {}
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def do_POST(self):
                data = self.rfile.read(int(self.headers["Content-Length"]))
                peer.posted[self.path] = data
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://10.0.2.2:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def md5(data):
    return hashlib.md5(data).hexdigest()


def interrupts(machine, pattern):
    """Sum of the counts of the interrupts whose line matches."""
    lines = re.findall(r"^ *\d+: ([ \d]+?) +[a-zA-Z].*(?:%s).*$" % pattern,
                       machine.run("cat /proc/interrupts"), re.M)
    return sum(int(n) for line in lines for n in line.split())


def disk(context, machine, node, content, image, irq):
    machine.run("until [ -b /dev/%s ]; do sleep 0.2; done" % node, 30)
    got = machine.run("dd if=/dev/%s bs=1M count=8 2>/dev/null | md5sum" % node).split()[0]
    context.require(got == md5(content[:8 * MIB]), "read of %s differs" % node)
    machine.run("dd if=/dev/urandom of=/tmp/w bs=1M count=8 2>/dev/null")
    written = machine.run("md5sum /tmp/w").split()[0]
    machine.run("dd if=/tmp/w of=/dev/%s bs=1M seek=8 conv=fsync 2>/dev/null" % node)
    machine.run("echo 3 >/proc/sys/vm/drop_caches")
    got = machine.run("dd if=/dev/%s bs=1M skip=8 count=8 2>/dev/null | md5sum"
                      % node).split()[0]
    context.require(got == written, "data read back from %s differ" % node)
    context.require(interrupts(machine, irq) > 0, "no interrupt of " + irq)
    return lambda: context.require(
        md5(open(image, "rb").read()[8 * MIB:16 * MIB]) == written
        and open(image, "rb").read(8 * MIB) == content[:8 * MIB],
        "the image does not hold what was written to " + node)


def network(context, machine, peer, payload, irq):
    machine.run("udhcpc -i eth0 -n -q", 60)
    context.require("3 packets received" in machine.run("ping -c 3 10.0.2.2"), "ping is lossy")
    got = machine.run("wget -q -O - %s/get | md5sum" % peer.url, 120).split()[0]
    context.require(got == md5(payload), "HTTP download differs")
    # As text: busybox's wget posts up to the first NUL.
    machine.run("dd if=/dev/urandom bs=1k count=1000 2>/dev/null | base64 >/tmp/p")
    sent = machine.run("md5sum /tmp/p").split()[0]
    machine.run("wget -q -O /dev/null --post-file=/tmp/p %s/post" % peer.url, 120)
    context.require(md5(peer.posted.get("/post", b"")) == sent, "HTTP upload differs")
    machine.run("tftp -g -l /tmp/t -r data 10.0.2.2", 60)
    context.require(machine.run("md5sum /tmp/t").split()[0] == md5(payload[:MIB // 4]),
                    "TFTP download differs")
    context.require(interrupts(machine, irq) > 0, "no interrupt of " + irq)


DISKS = {
    # name: (QEMU's arguments, node, its line in /proc/interrupts)
    "virtio-blk": (["-device", "virtio-blk-pci,drive=disk"], "vda", r"virtio\d+-req"),
    "ahci": (["-device", "ahci,id=sata", "-device", "ide-hd,drive=disk,bus=sata.0"], "sda",
             "ahci"),
    "nvme": (["-device", "nvme,drive=disk,serial=1"], "nvme0n1", r"nvme0q\d"),
}
NICS = {
    "virtio-net": r"virtio\d+-(?:input|output)",
    "e1000": "eth0",
    "e1000e": "eth0",
}


def devices(context, series, disk_name, nic, **setup):
    content, payload = context.random_bytes(24 * MIB), context.random_bytes(3 * MIB)
    image = context.file("img", content)
    tftp = context.file("tftp")
    os.makedirs(tftp, exist_ok=True)
    with open(os.path.join(tftp, "data"), "wb") as f:
        f.write(payload[:MIB // 4])
    args, node, disk_irq = DISKS[disk_name]
    card = "virtio-net-pci" if nic == "virtio-net" else nic
    extra = ["-drive", "if=none,id=disk,format=raw,file=" + image] + args + [
        "-netdev", "user,id=net,tftp=" + tftp, "-device", card + ",netdev=net"]
    with Peer(payload) as peer, context.boot(series, devices=extra, **setup) as machine:
        machine.shell()
        on_disk = disk(context, machine, node, content, image, disk_irq)
        network(context, machine, peer, payload, NICS[nic])
        machine.poweroff()
        context.check_log(machine)
    on_disk()


for where, disk_, card_, setup_ in (
        ("quick", "virtio-blk", "virtio-net", dict(machine="pc")),
        ("quick", "ahci", "e1000", dict(machine="q35")),
        ("quick", "nvme", "e1000e", dict(machine="q35", smp=2)),
        ("soak", "virtio-blk", "virtio-net", dict(machine="q35", smp=2, cpu="max")),
        ("soak", "ahci", "e1000", dict(machine="pc", cpu="EPYC")),
        ("soak", "nvme", "virtio-net", dict(machine="pc"))):
    for series_ in ("6.12", "6.1"):
        case("devices-%s-%s-%s-%s-%s" % (series_, disk_, card_, setup_["machine"],
                                         setup_.get("cpu", "qemu64")),
             where if series_ == "6.12" else "soak", series=series_, disk_name=disk_,
             nic=card_, **setup_)(devices)
