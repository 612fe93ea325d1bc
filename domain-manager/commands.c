// SPDX-License-Identifier: GPL-2.0
/*
 * The command table. A row is a promise: a command, an option or a field of a
 * result is added, never changed or taken away.
 */
#include "command.h"
#include "console.h"
#include "verbs.h"

#define STRING(name, help)	{ name, FIELD_STRING, false, help, NULL }
#define INTEGER(name, help)	{ name, FIELD_INTEGER, false, help, NULL }
#define BOOLEAN(name, help)	{ name, FIELD_BOOLEAN, false, help, NULL }
#define LIST(name, fields, help)	{ name, FIELD_LIST, false, help, fields }
#define OBJECT(name, fields, help)	{ name, FIELD_OBJECT, false, help, fields }
#define MAYBE(name, type, help)	{ name, type, true, help, NULL }
#define END	{ .name = NULL }

#define NAME_AND_ID \
	STRING("name", "Name of the domain."), \
	INTEGER("id", "Number of the domain.")

static const struct field domain_fields[] = { NAME_AND_ID, END };

#define LISTED_FIELDS \
	NAME_AND_ID, \
	STRING("uuid", "UUID of the domain."), \
	STRING("state", "running, ready, blocked, paused, shutdown, crashed or dying."), \
	MAYBE("shutdown_reason", FIELD_STRING, \
	      "If it ended: poweroff, reboot, suspend, crash, watchdog, soft_reset or unknown."), \
	INTEGER("memory_mib", "Memory it has, MiB."), \
	INTEGER("vcpus", "vCPUs that are up."), \
	INTEGER("cpu_time_ns", "CPU time of all its vCPUs, nanoseconds.")

static const struct field listed_fields[] = { LISTED_FIELDS, END };

static const struct field list_fields[] = {
	LIST("domains", listed_fields, "The domains, by number."), END
};

static const struct field call_fields[] = {
	INTEGER("number", "Number of the hypercall."),
	STRING("name", "Its name."),
	INTEGER("count", "How often it was called."),
	END
};

static const struct field stats_fields[] = {
	INTEGER("full_entries", "Entries into the hypervisor's address space."),
	INTEGER("gate_entries", "Entries answered in the gate (as the guest counts)."),
	INTEGER("hypercalls", "Hypercalls among the full entries."),
	INTEGER("tlb_flushes", "Flushes of other CPUs' TLBs for it."),
	INTEGER("page_faults", "Page faults among the full entries."),
	INTEGER("page_table_writes", "Trapped writes to page tables."),
	INTEGER("events", "Events sent to it."),
	INTEGER("switches", "Times one of its vCPUs was loaded."),
	{ "calls", FIELD_LIST, true, "Hypercalls that it made, by number; in a "
	  "multicall each of them.", call_fields },
	END
};

static const struct field info_domain_fields[] = {
	LISTED_FIELDS,
	INTEGER("max_memory_mib", "Memory it may have, MiB."),
	INTEGER("max_vcpus", "vCPUs it may have."),
	INTEGER("hypervisor_kib", "The hypervisor's own memory spent on it, KiB."),
	INTEGER("page_table_kib", "Of this, page tables of its vCPUs, KiB."),
	INTEGER("ports", "Event channels in use."),
	INTEGER("max_ports", "Event channels it may have."),
	INTEGER("grant_frames", "Frames of its grant table."),
	INTEGER("max_grant_frames", "Frames its grant table may have."),
	INTEGER("maptrack_frames", "Frames that track its maps of foreign grants."),
	INTEGER("max_maptrack_frames", "How many there may be."),
	INTEGER("maps", "Foreign grants it has mapped."),
	INTEGER("weight", "Its share of CPU time, 256 at first."),
	INTEGER("cap", "Limit of CPU time in percent of one CPU; 0: none."),
	INTEGER("created_ns", "When it was created, nanoseconds of system time."),
	BOOLEAN("privileged", "It may control other domains."),
	BOOLEAN("hardware", "It is the service domain."),
	{ "stats", FIELD_OBJECT, true, "Counters since creation, if the "
	  "hypervisor keeps them.", stats_fields },
	END
};

static const struct field machine_fields[] = {
	INTEGER("pcpus", "CPUs of the machine."),
	INTEGER("domains", "Domains, dying ones too."),
	INTEGER("total_mib", "RAM, MiB."),
	INTEGER("free_mib", "Of this free, MiB."),
	INTEGER("free_pages", "The same in pages of 4 KiB."),
	INTEGER("uptime_ns", "System time, nanoseconds."),
	INTEGER("idle_ns", "Time that all CPUs together were idle, nanoseconds."),
	INTEGER("tsc_khz", "Frequency of the time stamp counter, kHz."),
	STRING("command_line", "The hypervisor's own options."),
	END
};

static const struct field info_fields[] = {
	{ "domain", FIELD_OBJECT, true, "The domain, if one was named.",
	  info_domain_fields },
	{ "machine", FIELD_OBJECT, true, "Else the machine.", machine_fields },
	END
};

static const struct field vcpu_fields[] = {
	NAME_AND_ID,
	INTEGER("vcpu", "Number of the vCPU in the domain."),
	STRING("state", "running, ready, blocked or down."),
	INTEGER("pcpu", "CPU on which it runs, or ran last."),
	STRING("affinity", "CPUs on which it may run, as 0-3,5 or all."),
	INTEGER("running_ns", "Time it ran, nanoseconds."),
	INTEGER("ready_ns", "Time it waited for a CPU, nanoseconds."),
	END
};

static const struct field vcpu_list_fields[] = {
	LIST("vcpus", vcpu_fields, "The vCPUs, by domain and number."), END
};

static const struct option_def create_options[] = {
	{ 'p', "paused", NULL, "Leave it paused.", },
	{ 'c', "console", NULL, "Attach to its console; Ctrl-] detaches.", },
	{ 'n', "dry-run", NULL, "Check everything, create nothing.", },
	{ 0, "stored", "FILE", "Take the values from a file that the daemon wrote.", },
	END
};

static const struct field create_fields[] = {
	STRING("name", "Name of the domain."),
	MAYBE("id", FIELD_INTEGER, "Its number; absent after --dry-run, as what follows."),
	MAYBE("uuid", FIELD_STRING, "Its UUID."),
	MAYBE("memory_mib", FIELD_INTEGER, "Memory it was given, MiB."),
	MAYBE("kernel_unpacked", FIELD_BOOLEAN,
	      "The kernel was unpacked now; the next time it comes from the cache."),
	END
};

static const struct option_def wait_options[] = {
	{ 'w', "wait", NULL, "Wait until it has done so.", },
	{ 't', "timeout", "SECONDS", "Wait, but not longer; 120 if not given.", },
	END
};

static const struct option_def sched_options[] = {
	{ 'w', "weight", "WEIGHT", "Share of CPU time, 1 to 65535.", },
	{ 'c', "cap", "PERCENT", "Limit in percent of one CPU; 0: none.", },
	END
};

static const struct field sched_fields[] = {
	NAME_AND_ID,
	INTEGER("weight", "Its share of CPU time."),
	INTEGER("cap", "Limit in percent of one CPU; 0: none."),
	END
};

static const struct field dmesg_fields[] = {
	STRING("log", "The hypervisor's log, oldest line first."), END
};

static const struct field version_fields[] = {
	INTEGER("schema", "Version of the JSON output."),
	INTEGER("tool_abi_major", "ABI that rl was built for."),
	INTEGER("tool_abi_minor", "Its minor version."),
	MAYBE("kernel", FIELD_STRING, "Release of the kernel that runs here."),
	MAYBE("hypervisor_abi_major", FIELD_INTEGER, "ABI of the hypervisor."),
	MAYBE("hypervisor_abi_minor", FIELD_INTEGER, "Its minor version."),
	MAYBE("features", FIELD_INTEGER, "RINGLET_FEATURE_* of the hypervisor."),
	MAYBE("build", FIELD_STRING, "The hypervisor's version, for people."),
	END
};

static const struct option_def help_options[] = {
	{ 0, "man", NULL, "Print the manual page (troff).", },
	{ 0, "completion", NULL, "Print the completion for bash.", },
	{ 0, "schema", NULL, "Print the JSON schema as reStructuredText.", },
	END
};

static const struct field help_fields[] = {
	STRING("text", "What is printed."), END
};

static const struct field console_fields[] = {
	NAME_AND_ID,
	MAYBE("output", FIELD_STRING, "What it printed last (only with --json)."),
	END
};

static const struct field top_domain_fields[] = {
	NAME_AND_ID,
	STRING("state", "As in rl list."),
	INTEGER("cpu_percent", "CPU time it took, in percent of one CPU."),
	INTEGER("memory_mib", "Memory that it has, MiB."),
	INTEGER("vcpus", "vCPUs that are up."),
	INTEGER("full_entries_s", "Entries into the hypervisor a second."),
	INTEGER("hypercalls_s", "Hypercalls among these a second."),
	INTEGER("events_s", "Events sent to it a second."),
	INTEGER("switches_s", "Times a second one of its vCPUs was loaded."),
	END
};

static const struct field sample_fields[] = {
	INTEGER("milliseconds", "Between the two looks that make up the sample."),
	LIST("domains", top_domain_fields, "Domains that were there at both."),
	END
};

static const struct field top_fields[] = {
	LIST("samples", sample_fields, "One after the other."), END
};

static const struct option_def top_options[] = {
	{ 'b', "batch", "N", "Print N samples, then end.", },
	{ 'd', "delay", "MS", "Milliseconds between looks, 2000 unless given.", },
	END
};

static const struct field dump_core_fields[] = {
	NAME_AND_ID,
	STRING("file", "The ELF core."),
	INTEGER("pages", "Pages of the domain in it."),
	BOOLEAN("vmcoreinfo", "It has the kernel's VMCOREINFO note."),
	END
};

#define DEVICE_FIELDS \
	NAME_AND_ID, \
	STRING("kind", "disk, vif, channel, rng or share."), \
	STRING("drivers", "virtio or xen."), \
	STRING("device", "What it is called: a disk's vdev, a channel's name, a " \
	       "share's tag; else its number."), \
	INTEGER("number", "Number of the device among those of its kind."), \
	STRING("state", "waiting (for the guest), connected, away (the back-end is), " \
	       "closing, closed, broken, ..."), \
	MAYBE("target", FIELD_STRING, "File, block device, folder or socket behind it."), \
	MAYBE("made", FIELD_STRING, "What was made here for it: a loop device, an " \
	      "interface, a terminal."), \
	MAYBE("bridge", FIELD_STRING, "A vif's bridge."), \
	MAYBE("mac", FIELD_STRING, "A vif's MAC."), \
	MAYBE("readonly", FIELD_BOOLEAN, "A disk or share that is not written to."), \
	MAYBE("requests", FIELD_INTEGER, "Of our drivers, while the back-end is there: " \
	      "requests that it took."), \
	MAYBE("bytes_from", FIELD_INTEGER, "Bytes that came from the guest."), \
	MAYBE("bytes_to", FIELD_INTEGER, "Bytes that went to it."), \
	MAYBE("granted_pages", FIELD_INTEGER, "Pages, or parts of them, that were granted " \
	      "one by one and copied by the hypervisor."), \
	MAYBE("bytes", FIELD_INTEGER, "After block-resize: its size.")

static const struct field device_fields[] = { DEVICE_FIELDS, END };

static const struct field device_list_fields[] = {
	LIST("devices", device_fields, "The devices, by domain."), END
};

static const struct option_def attach_options[] = {
	{ 0, "drivers", "NAME", "virtio or xen; else as the domain's configuration says.", },
	END
};

static const struct option_def detach_options[] = {
	{ 'f', "force", NULL, "Do not ask the guest.", },
	END
};

static const struct field network_fields[] = {
	STRING("bridge", "Where a vif goes that names no bridge."),
	LIST("done", NULL, "What was done, a sentence each."),
	END
};

static const struct option_def daemon_options[] = {
	{ 0, "foreground", NULL, "Stay in the foreground.", },
	END
};

static const struct field no_fields[] = { END };

const struct command commands[] = {
	{ "create", "[FILE [KEY=VALUE]...]", 0, -1, false, create_options,
	  create_fields, "make a domain from a configuration file and start it",
	  "FILE has the syntax of xl.cfg(5), - is standard input. Settings after "
	  "it come last. SIGINT ends creation without a trace.", verb_create,
	  print_created },
	{ "list", "[DOMAIN]...", 0, -1, false, NULL, list_fields,
	  "list the domains", NULL, verb_list, print_list },
	{ "info", "[DOMAIN]", 0, 1, false, NULL, info_fields,
	  "tell all about a domain, or about the machine",
	  "hypervisor_kib is what the hypervisor spends on the domain beyond the "
	  "domain's own memory.", verb_info, print_info },
	{ "pause", "DOMAIN", 1, 1, false, NULL, domain_fields,
	  "stop a domain's vCPUs",
	  "Pauses are counted: each needs an unpause.", verb_pause, NULL },
	{ "unpause", "DOMAIN", 1, 1, false, NULL, domain_fields,
	  "let a paused domain go on", NULL, verb_unpause, NULL },
	{ "shutdown", "DOMAIN", 1, 1, false, wait_options, domain_fields,
	  "ask a guest to power off",
	  "The guest's kernel must have booted. on_poweroff says what comes then.",
	  verb_shutdown, NULL },
	{ "reboot", "DOMAIN", 1, 1, false, wait_options, domain_fields,
	  "ask a guest to reboot",
	  "on_reboot says what comes when it has ended; --wait waits for that end.",
	  verb_reboot, NULL },
	{ "destroy", "DOMAIN", 1, 1, false, NULL, domain_fields,
	  "end a domain at once",
	  "The guest is not asked; what it has not written is lost.",
	  verb_destroy, NULL },
	{ "rename", "DOMAIN NAME", 2, 2, false, NULL, domain_fields,
	  "give a domain another name", NULL, verb_rename, NULL },
	{ "vcpu-list", "[DOMAIN]...", 0, -1, false, NULL, vcpu_list_fields,
	  "list vCPUs", NULL, verb_vcpu_list, print_vcpu_list },
	{ "vcpu-set", "DOMAIN VCPUS", 2, 2, false, wait_options, domain_fields,
	  "ask a guest to have that many vCPUs up", NULL, verb_vcpu_set, NULL },
	{ "vcpu-pin", "DOMAIN VCPU|all CPUS", 3, 3, false, NULL, domain_fields,
	  "say on which CPUs a vCPU may run",
	  "CPUS is like 0-3,^1,7 or all.", verb_vcpu_pin, NULL },
	{ "sched", "DOMAIN", 1, 1, false, sched_options, sched_fields,
	  "show or set a domain's share of CPU time", NULL, verb_sched,
	  print_sched },
	{ "mem-set", "DOMAIN MIB", 2, 2, false, wait_options, domain_fields,
	  "ask a guest to have that much memory",
	  "Its balloon driver gives memory back, or takes some up to mem-max.",
	  verb_mem_set, NULL },
	{ "mem-max", "DOMAIN MIB", 2, 2, false, NULL, domain_fields,
	  "set how much memory a domain may have",
	  "What it has already stays with it; see mem-set.", verb_mem_max, NULL },
	{ "console", "DOMAIN", 1, 1, false, NULL, console_fields,
	  "connect the terminal to a domain's console",
	  "Ctrl-] leaves it. With --json it does not attach, but returns what the "
	  "domain printed last. All of it is in /var/log/ringlet.",
	  verb_console, NULL },
	{ "dmesg", "", 0, 0, false, NULL, dmesg_fields,
	  "print the hypervisor's log", NULL, verb_dmesg, print_dmesg },
	{ "domid", "NAME", 1, 1, false, NULL, domain_fields,
	  "print the number of a domain", NULL, verb_domid, print_domid },
	{ "domname", "ID", 1, 1, false, NULL, domain_fields,
	  "print the name of a domain", NULL, verb_domname, print_domname },
	{ "version", "", 0, 0, true, NULL, version_fields,
	  "print versions of rl and of the hypervisor", NULL, verb_version,
	  print_version },
	{ "top", "", 0, 0, false, top_options, top_fields,
	  "show what the domains do",
	  "On a terminal it goes on until q is typed; with --json or --batch it "
	  "prints samples.", verb_top, print_top },
	{ "dump-core", "DOMAIN FILE", 2, 2, false, NULL, dump_core_fields,
	  "write a domain's memory and registers to a file",
	  "An ELF core for gdb, with the kernel's vmlinux. A domain that runs is "
	  "paused meanwhile.", verb_dump_core, NULL },
	{ "block-attach", "DOMAIN DISK...", 2, -1, false, attach_options, device_fields,
	  "give a domain a disk",
	  "DISK is what stands in disk = [ ... ] of a configuration: "
	  "/srv/data.img,raw,xvdb,rw; its parts may be arguments of their own. A domain "
	  "that runs learns of it.", verb_block_attach, NULL },
	{ "block-detach", "DOMAIN DISK", 2, 2, false, detach_options, domain_fields,
	  "take a disk away from a domain",
	  "DISK is its vdev. The guest is asked to let go of it; with --force it is not.",
	  verb_block_detach, NULL },
	{ "block-list", "[DOMAIN]...", 0, -1, false, NULL, device_list_fields,
	  "list disks of domains", NULL, verb_block_list, print_devices },
	{ "block-resize", "DOMAIN DISK [SIZE]", 2, 3, false, NULL, device_fields,
	  "tell a guest that its disk has another size",
	  "With SIZE (512M, 10G, ...) the file behind it is made that large before.",
	  verb_block_resize, NULL },
	{ "network-attach", "DOMAIN [VIF]...", 1, -1, false, attach_options, device_fields,
	  "give a domain a network interface",
	  "VIF is what stands in vif = [ ... ] of a configuration: "
	  "mac=00:16:3e:01:02:03,bridge=rlbr0.", verb_network_attach, NULL },
	{ "network-detach", "DOMAIN VIF", 2, 2, false, detach_options, domain_fields,
	  "take a network interface away from a domain",
	  "VIF is its MAC, its number, or the interface here.", verb_network_detach, NULL },
	{ "network-list", "[DOMAIN]...", 0, -1, false, NULL, device_list_fields,
	  "list network interfaces of domains", NULL, verb_network_list, print_devices },
	{ "channel-list", "[DOMAIN]...", 0, -1, false, NULL, device_list_fields,
	  "list channels of domains", NULL, verb_channel_list, print_devices },
	{ "device-list", "[DOMAIN]...", 0, -1, false, NULL, device_list_fields,
	  "list all devices of domains", NULL, verb_device_list, print_devices },
	{ "network-setup", "", 0, 0, true, NULL, network_fields,
	  "set up the bridge of guests, NAT and DHCP",
	  "As /etc/ringlet/network.conf says: bridge = \"rlbr0\", address = "
	  "\"192.168.77.1/24\", uplink = \"eth0\" (else NAT to any), nat = 1, dhcp = 1, "
	  "range = \"FIRST-LAST\", dns = \"SERVER...\"; these hold without it. It may be "
	  "done again at any time.", verb_network_setup, print_network },
	{ "daemon", "", 0, 0, true, daemon_options, no_fields,
	  "start the daemon that serves consoles and restarts domains",
	  "It returns when the daemon is ready. The daemon may be stopped and "
	  "started at any time: domains go on, and are served again.",
	  verb_daemon, NULL },
	{ "help", "[COMMAND]", 0, 1, true, help_options, help_fields,
	  "say what there is, or how a command is used", NULL, verb_help,
	  print_help },
	{ .name = NULL }
};
