# SPDX-License-Identifier: GPL-2.0
"""What `make run` shows when nobody is at the terminal.

A step is (what it shows, command, pattern of the answer); commands are typed in the
service domain. answers() chooses by what was booted.
"""
GREETING = b"Ringlet's emulated disk says hello.\n"

# Commands that wait give up after this many seconds.
PATIENCE = 200


def until(condition, seconds=PATIENCE):
    return "n=0; until %s || [ $((n += 1)) -gt %d ]; do sleep 1; done" % (condition, seconds)


def typed(command, seconds):
    """Type a command on demo's console, show what that printed meanwhile."""
    return "(sleep 1; echo '%s'; sleep %d) | rl console demo" % (command, seconds)


MACHINE = [
    ("its CPUs", "grep -c ^processor /proc/cpuinfo", r"^[1-9]"),
    ("its memory", "free -m | grep Mem", r"Mem: +[1-9]\d\d"),
    ("fork, exec, pipes", "seq 1 200 | while read n; do echo $n; done | md5sum",
     r"^304f7b9574921ad21a2bc72f200483d7"),
    ("job control", "sleep 100 & sleep 1; jobs; kill %1; sleep 1; jobs",
     r"Running +sleep 100[\s\S]*Terminated"),
    ("interrupts arrive", "grep -c virtio /proc/interrupts", r"^[1-9]"),
]

# The machine's devices, driven by stock drivers, in the service domain.
DEVICES = [
    ("the disk, by the stock driver", "head -n 1 /dev/vda", GREETING.decode().strip()),
    ("an address from DHCP", "udhcpc -i eth0 -n -q", r"lease of 10\.0\.2\.\d+ obtained"),
    ("the network", "ping -c 3 10.0.2.2", r"3 packets transmitted, 3 packets received"),
]

ENDS = [
    ("it ends when asked to", "rl shutdown -w demo; " + until("[ $(rl list | wc -l) = 2 ]", 60)
     + "; rl list", r"^service(?![\s\S]*demo)"),
]

# A stock kernel with busybox as guest.
BUSYBOX_GUEST = [
    ("a second domain", "rl list demo", r"^demo +1 +128 "),
    ("its console, in the log", until("grep -qs 'demo:~#' /var/log/ringlet/demo.log", 120)
     + "; tail -n 1 /var/log/ringlet/demo.log; echo", r"demo:~# "),
    ("what is typed there arrives", typed("echo $((6 * 7))", 5), r"^42"),
    *ENDS,
]

# Debian on a paravirtual disk and network, served by our back-ends.
DEBIAN_GUEST = [
    ("the hypervisor's ABI", "cat /sys/hypervisor/ringlet/abi_version", r"^\d+\.\d+"),
    ("a disk of its own", "findmnt -n -o SOURCE,FSTYPE /var/lib/ringlet 2>/dev/null ||"
     " grep /var/lib/ringlet /proc/mounts", r"^/dev/vd\w+ .*ext4"),
    ("a second domain", "rl list demo", r"^demo +1 +256 "),
    ("Debian's login, in the log", until("grep -qs 'root@demo:~#' /var/log/ringlet/demo.log")
     + "; tail -n 1 /var/log/ringlet/demo.log; echo", r"root@demo:~# "),
    ("its disk", "rl block-list demo", r"vda"),
    ("its network", "rl network-list demo", r"00:16:3e"),
    ("its root file system", typed("findmnt -n -o SOURCE,FSTYPE /", 5), r"/dev/vda +ext4"),
    ("what is written comes back",
     typed("dd if=/dev/urandom of=/root/data bs=64k count=64 2>/dev/null; sync;"
           " md5sum /root/data; echo 3 >/proc/sys/vm/drop_caches; md5sum /root/data", 15),
     r"^([0-9a-f]{32})  /root/data[\s\S]*^\1  /root/data"),
    ("its disk remembers", typed("echo boot >>/root/boots; wc -l /root/boots", 5),
     r"^[1-9]\d* /root/boots"),
    ("through the service domain to the machine's network",
     typed("ping -c 3 10.0.2.2", 15), r"3 packets transmitted, 3 received"),
    *ENDS,
]

QUIET = [
    ("no complaints in the kernel's log",
     "dmesg | grep -cE 'WARNING|BUG:|Oops|rcu.*stall|soft lockup'", r"^0$"),
]


def answers(hypervisor, own_kernel):
    """The tour of a machine: the steps in their order."""
    kernel = ("the kernel is stock Debian", "uname -rv", r"^6\.\d+\.\d+.*-amd64 .*Debian")
    if own_kernel:
        kernel = ("the kernel is our own", "uname -r", r"^6\.\d+\.\d+-ringlet")
    under = {"ringlet": r"xen", "xen": r"xen", "native": r"none|^$"}[hypervisor]
    steps = [kernel, ("what is underneath",
                      "cat /sys/hypervisor/type 2>/dev/null || echo none", under), *MACHINE]
    if hypervisor == "ringlet" and own_kernel:
        return steps + DEBIAN_GUEST + QUIET
    return steps + DEVICES + (BUSYBOX_GUEST if hypervisor == "ringlet" else []) + QUIET
