// SPDX-License-Identifier: GPL-2.0
/*
 * rl network-setup: a bridge with an address, forwarding, NAT by nft, DHCP by
 * busybox's udhcpd. Each step finds what is there already and says what it did;
 * all of it may be done again at any time, as after a change of the file. Rules are
 * in a table of their own ("ip ringlet"), which is replaced as a whole.
 */
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "daemon.h"
#include "device.h"
#include "netdev.h"
#include "process.h"
#include "text.h"
#include "verbs.h"

#define STAGE	"read network"
#define MAX_PATH	128

const char *network_file = "/etc/ringlet/network.conf";
const char *network_folder = DAEMON_FOLDER;

/* udhcpd.conf, .pid, .leases */
static const char *dhcp_path(char path[MAX_PATH], const char *suffix)
{
	snprintf(path, MAX_PATH, "%s/udhcpd.%s", network_folder, suffix);
	return path;
}

#define fault(report, key, action, ...) \
	report_error(report, EXIT_CONFIG, STAGE, network_file, action, key ": " __VA_ARGS__)

static const char *text_of(const json_t *values, const char *key)
{
	return json_string_value(json_object_get(json_object_get(values, key), "value"));
}

static bool read_address(const char *text, uint32_t *address)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) != 1)
		return false;
	*address = ntohl(in.s_addr);
	return true;
}

/* a.b.c.d/bits */
static bool read_subnet(const char *text, struct network *network)
{
	char address[20];
	uint64_t bits;
	const char *slash = strchr(text, '/');

	if (!slash || slash - text >= (long)sizeof(address))
		return false;
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	if (!read_address(address, &network->address) ||
	    !text_number(slash + 1, &bits) || bits < 8 || bits > 29)
		return false;
	network->bits = bits;
	return true;
}

static bool read_range(const char *text, struct network *network)
{
	char first[20];
	const char *dash = strchr(text, '-');

	if (!dash || dash - text >= (long)sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(dash - text), text);
	return read_address(first, &network->first) &&
	       read_address(dash + 1, &network->last);
}

static bool is_inside(const struct network *network, uint32_t address)
{
	return !((address ^ network->address) >> (32 - network->bits));
}

static int take_interface(const json_t *values, const char *key, char name[16],
			  struct report *report)
{
	const char *text = text_of(values, key);

	if (!text)
		return 0;
	if (strlen(text) > 15 || strpbrk(text, "/\" \t\n"))
		return report_error(report, EXIT_CONFIG, STAGE, network_file, NULL,
				    "%s: it is no name of an interface", key);
	strcpy(name, text);
	return 0;
}

static int take_flag(const json_t *values, const char *key, bool *flag,
		     struct report *report)
{
	const json_t *value = json_object_get(json_object_get(values, key), "value");

	if (!value)
		return 0;
	*flag = json_integer_value(value);
	if (json_is_integer(value) && (json_integer_value(value) | 1) == 1)
		return 0;
	return report_error(report, EXIT_CONFIG, STAGE, network_file, NULL,
			    "%s must be 0 or 1", key);
}

static int take_values(const json_t *values, struct network *network,
		       struct report *report)
{
	const char *address = text_of(values, "address"), *dns = text_of(values, "dns");
	const char *range = text_of(values, "range");

	if (take_interface(values, "bridge", network->bridge, report) ||
	    take_interface(values, "uplink", network->uplink, report) ||
	    take_flag(values, "nat", &network->nat, report) ||
	    take_flag(values, "dhcp", &network->dhcp, report))
		return -1;
	if (!*network->bridge)
		return fault(report, "bridge", "leave it out for rlbr0", "it has no name");
	if (address && !read_subnet(address, network))
		return fault(report, "address", "write 192.168.77.1/24 or the like",
			     "\"%s\" is no address with a length from 8 to 29", address);
	network->first = (network->address & ~0U << (32 - network->bits)) + 2;
	network->last = (network->address | ~0U >> network->bits) - 1;
	if (range && (!read_range(range, network) || network->first > network->last ||
		      !is_inside(network, network->first) ||
		      !is_inside(network, network->last)))
		return fault(report, "range", "write FIRST-LAST",
			     "\"%s\" is no range of the bridge's addresses", range);
	if (dns && (strlen(dns) >= sizeof(network->dns) ||
		    strspn(dns, "0123456789. ") != strlen(dns)))
		return fault(report, "dns", "separate them by blanks",
			     "\"%s\" is no list of addresses", dns);
	strcpy(network->dns, dns ? dns : "");
	return 0;
}

int network_read(struct network *network, struct report *report)
{
	json_t *values = json_object();
	int rc = 0;

	*network = (struct network){
		.bridge = "rlbr0",
		.address = 192U << 24 | 168 << 16 | 77 << 8 | 1,
		.bits = 24,
		.nat = true,
		.dhcp = true,
	};
	if (!access(network_file, F_OK))
		rc = config_read(network_file, values, report);
	if (!rc)
		rc = take_values(values, network, report);
	json_decref(values);
	return rc;
}

void network_bridge(char name[16])
{
	struct network network;
	struct report report;

	report_init(&report);
	if (network_read(&network, &report))
		strcpy(network.bridge, "rlbr0");
	strcpy(name, network.bridge);
	report_free(&report);
}

static const char *dotted(uint32_t address, char text[INET_ADDRSTRLEN])
{
	struct in_addr in = { htonl(address) };

	return inet_ntop(AF_INET, &in, text, INET_ADDRSTRLEN);
}

/* What is done, and what was. */
struct setup {
	struct network network;
	struct report *report;
	json_t *done;
};

__attribute__((format(printf, 2, 3)))
static void note(struct setup *s, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(s->done, json_string(text));
}

static int failed(struct setup *s, int rc, const char *object, const char *action)
{
	return report_error(s->report, EXIT_NO_SERVICE, "set up network", object, action,
			    "%s", strerror(-rc));
}

static int make_bridge(struct setup *s)
{
	const struct network *n = &s->network;
	bool there = netdev_is_bridge(n->bridge);
	char text[INET_ADDRSTRLEN];
	int rc;

	if (!there && netdev_exists(n->bridge))
		return failed(s, -EEXIST, n->bridge, "set bridge in the file to another "
			      "name: this is an interface, but not a bridge");
	if (!there)
		process_module("bridge", "/sys/module/bridge");
	rc = netdev_add_bridge(n->bridge);
	if (!rc)
		rc = netdev_set_address(n->bridge, n->address, n->bits);
	if (!rc)
		rc = netdev_up(n->bridge);
	if (rc)
		return failed(s, rc, n->bridge, rc == -ENOPKG || rc == -EOPNOTSUPP ?
			      "load the module bridge" : NULL);
	note(s, "bridge %s %s, with the address %s/%u", n->bridge,
	     there ? "was there" : "made", dotted(n->address, text), n->bits);
	return 0;
}

static int forward(struct setup *s)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_forward";
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int rc = fd < 0 || write(fd, "1\n", 2) != 2 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (rc)
		return failed(s, rc, path, NULL);
	note(s, "forwarding is on");
	return 0;
}

/* Only what comes from the bridge's own addresses, and leaves elsewhere. */
static int translate(struct setup *s)
{
	const struct network *n = &s->network;
	char rules[1024], subnet[INET_ADDRSTRLEN], out[64] = "";
	char *const argv[] = { "nft", "-f", "-", NULL };
	int rc;

	dotted(n->address & ~0U << (32 - n->bits), subnet);
	if (*n->uplink)
		snprintf(out, sizeof(out), "oifname \"%s\" ", n->uplink);
	snprintf(rules, sizeof(rules),
		 "table ip ringlet\n"
		 "delete table ip ringlet\n"
		 "table ip ringlet {\n"
		 "	chain nat {\n"
		 "		type nat hook postrouting priority srcnat;\n"
		 "		ip saddr %s/%u oifname != \"%s\" %smasquerade\n"
		 "	}\n"
		 "}\n", subnet, n->bits, n->bridge, out);
	/* Where the kernel finds no modprobe by itself. */
	process_module("nf_tables", "/sys/module/nf_tables");
	process_module("nft_chain_nat", "/sys/module/nft_chain_nat");
	process_module("nft_masq", "/sys/module/nft_masq");
	rc = process_run(argv, rules);
	if (rc == 127)
		return report_error(s->report, EXIT_NO_SERVICE, "set up network", "nft",
				    "install the package nftables, or set nat = 0 in the file",
				    "there is no such program");
	if (rc)
		return report_error(s->report, EXIT_NO_SERVICE, "set up network", "nft",
				    "try rl network-setup after modprobe nft_masq",
				    "it ended with status %d", rc);
	note(s, "NAT of %s/%u to %s", subnet, n->bits,
	     *n->uplink ? n->uplink : "where the routes lead");
	return 0;
}

/* The first servers that this machine asks itself. */
static void find_dns(struct network *network)
{
	char line[256], server[64];
	FILE *file = *network->dns ? NULL : fopen("/etc/resolv.conf", "r");
	uint32_t address;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "nameserver %63s", server) == 1 &&
		    read_address(server, &address) && address >> 24 != 127 &&
		    strlen(network->dns) + strlen(server) + 2 < sizeof(network->dns)) {
			strcat(network->dns, *network->dns ? " " : "");
			strcat(network->dns, server);
		}
	if (file)
		fclose(file);
}

/* One of an earlier setup: it does not read its file again. */
static void end_dhcp(void)
{
	char path[MAX_PATH], name[32] = "";
	FILE *file = fopen(dhcp_path(path, "pid"), "r");
	int pid = 0;

	if (!file)
		return;
	if (fscanf(file, "%d", &pid) != 1)
		pid = 0;
	fclose(file);
	unlink(path);
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = pid > 1 ? fopen(path, "r") : NULL;
	if (file && fgets(name, sizeof(name), file) &&
	    (!strncmp(name, "udhcpd", 6) || !strncmp(name, "busybox", 7)))
		kill(pid, SIGTERM);
	if (file)
		fclose(file);
}

static int write_dhcp(const struct network *n)
{
	char first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN], own[INET_ADDRSTRLEN];
	char mask[INET_ADDRSTRLEN], config[MAX_PATH], pid[MAX_PATH], leases[MAX_PATH];
	FILE *file;

	mkdir(network_folder, 0700);
	file = fopen(dhcp_path(config, "conf"), "w");
	if (!file)
		return -errno;
	dotted(n->first, first);
	dotted(n->last, last);
	dotted(n->address, own);
	dotted(~0U << (32 - n->bits), mask);
	fprintf(file, "start %s\nend %s\ninterface %s\npidfile %s\nlease_file %s\n"
		"auto_time 60\nopt subnet %s\nopt router %s\nopt lease 86400\n",
		first, last, n->bridge, dhcp_path(pid, "pid"),
		dhcp_path(leases, "leases"), mask, own);
	if (*n->dns)
		fprintf(file, "opt dns %s\n", n->dns);
	return fclose(file) ? -errno : 0;
}

static int serve_dhcp(struct setup *s)
{
	char config[MAX_PATH], leases[MAX_PATH];
	char *const own[] = { "udhcpd", "-S", config, NULL };
	char *const in_busybox[] = { "busybox", "udhcpd", "-S", config, NULL };
	char first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN];
	int rc;

	dhcp_path(config, "conf");
	find_dns(&s->network);
	end_dhcp();
	rc = write_dhcp(&s->network);
	if (rc)
		return failed(s, rc, config, NULL);
	close(open(dhcp_path(leases, "leases"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	rc = process_run(own, NULL);
	if (rc == 127)
		rc = process_run(in_busybox, NULL);
	if (rc == 127)
		return report_error(s->report, EXIT_NO_SERVICE, "set up network", "udhcpd",
				    "install the package busybox, or set dhcp = 0 in the file",
				    "there is no such program");
	if (rc)
		return report_error(s->report, EXIT_NO_SERVICE, "set up network", "udhcpd",
				    "see the system's log", "it ended with status %d", rc);
	note(s, "DHCP gives %s to %s%s%s", dotted(s->network.first, first),
	     dotted(s->network.last, last), *s->network.dns ? ", name servers " : "",
	     s->network.dns);
	return 0;
}

json_t *verb_network_setup(struct rl *rl)
{
	struct setup s = { .report = &rl->report };
	int rc = network_read(&s.network, s.report);

	if (rc)
		return NULL;
	s.done = json_array();
	rc = make_bridge(&s);
	if (!rc && s.network.nat)
		rc = forward(&s) ? -1 : translate(&s);
	if (!rc && s.network.dhcp)
		rc = serve_dhcp(&s);
	if (!rc)
		return json_pack("{ss,so}", "bridge", s.network.bridge, "done", s.done);
	json_decref(s.done);
	return NULL;
}

void print_network(const json_t *result)
{
	json_t *line;
	size_t i;

	json_array_foreach(json_object_get(result, "done"), i, line)
		printf("%s\n", json_string_value(line));
}
