// SPDX-License-Identifier: GPL-2.0
/* What there is: domains, one domain, the machine. Changes nothing. */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/sched.h>
#include <ringlet/hypercall-numbers.h>

#include "hyp.h"
#include "text.h"

#define PAGES_PER_MIB	256
#define NS_PER_SECOND	1000000000UL

const char *domain_state(const struct ringlet_domain_info *info)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} states[] = {
		{RINGLET_DOM_DYING, "dying"},
		{RINGLET_DOM_CRASHED, "crashed"},
		{RINGLET_DOM_SHUTDOWN, "shutdown"},
		{RINGLET_DOM_PAUSED, "paused"},
		{RINGLET_DOM_RUNNING, "running"},
		{RINGLET_DOM_BLOCKED, "blocked"},
	};
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (info->state & states[i].bit)
			return states[i].name;
	return "ready";
}

static const char *reason_name(uint32_t reason)
{
	static const char *const names[] = {
		[SHUTDOWN_poweroff] = "poweroff",
		[SHUTDOWN_reboot] = "reboot",
		[SHUTDOWN_suspend] = "suspend",
		[SHUTDOWN_crash] = "crash",
		[SHUTDOWN_watchdog] = "watchdog",
		[SHUTDOWN_soft_reset] = "soft_reset",
	};

	return reason < sizeof(names) / sizeof(*names) ? names[reason] :
							 "unknown";
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

static json_t *describe(const struct ringlet_domain_info *info)
{
	json_t *domain = domain_result(info);
	char uuid[TEXT_UUID_SIZE];

	json_object_set_new(domain, "uuid",
			    json_string(text_from_uuid(info->uuid, uuid)));
	json_object_set_new(domain, "state", json_string(domain_state(info)));
	if (info->state & (RINGLET_DOM_SHUTDOWN | RINGLET_DOM_CRASHED))
		json_object_set_new(
			domain, "shutdown_reason",
			json_string(reason_name(info->shutdown_reason)));
	set_number(domain, "memory_mib", info->tot_pages / PAGES_PER_MIB);
	set_number(domain, "vcpus", info->online_vcpus);
	set_number(domain, "cpu_time_ns", info->cpu_time_ns);
	return domain;
}

json_t *verb_list(struct rl *rl)
{
	struct ringlet_domain_info info;
	json_t *list = json_array();
	uint64_t next = 0;
	int i, rc = 0;

	for (i = 0; i < rl->nr_args; i++) {
		if (rl_domain(rl, rl->args[i], &info))
			goto err;
		json_array_append_new(list, describe(&info));
	}
	while (!rl->nr_args) {
		rc = hyp_domain_next(rl->hyp, next, &info);
		if (rc)
			break;
		json_array_append_new(list, describe(&info));
		next = info.domid + 1UL;
	}
	if (rc && rc != -ESRCH) {
		report_errno(&rl->report, rc, "list domains", "domain_info");
		goto err;
	}
	return json_pack("{so}", "domains", list);
err:
	json_decref(list);
	return NULL;
}

void print_list(const json_t *result)
{
	static const struct column columns[] = {
		{"name", "NAME"},   {"id", "ID"},	{"memory_mib", "MIB"},
		{"vcpus", "VCPUS"}, {"state", "STATE"}, {"time", "TIME"},
		{NULL, NULL}};
	json_t *domains = json_object_get(result, "domains"), *rows, *row;
	uint64_t ns;
	char time[32];
	size_t i;

	rows = json_deep_copy(domains);
	json_array_foreach(rows, i, row)
	{
		ns = json_integer_value(json_object_get(row, "cpu_time_ns"));
		snprintf(time, sizeof(time), "%lu.%lu", ns / NS_PER_SECOND,
			 ns / (NS_PER_SECOND / 10) % 10);
		json_object_set_new(row, "time", json_string(time));
	}
	text_table(rows, columns);
	json_decref(rows);
}

static json_t *describe_all(const struct ringlet_domain_info *info)
{
	json_t *domain = describe(info);

	set_number(domain, "max_memory_mib", info->max_pages / PAGES_PER_MIB);
	set_number(domain, "max_vcpus", info->max_vcpus);
	set_number(domain, "hypervisor_kib", info->hyp_pages * 4);
	set_number(domain, "page_table_kib", info->table_pages * 4);
	set_number(domain, "ports", info->ports);
	set_number(domain, "max_ports", info->max_ports);
	set_number(domain, "grant_frames", info->grant_frames);
	set_number(domain, "max_grant_frames", info->max_grant_frames);
	set_number(domain, "maptrack_frames", info->maptrack_frames);
	set_number(domain, "max_maptrack_frames", info->max_maptrack_frames);
	set_number(domain, "maps", info->maps);
	set_number(domain, "weight", info->weight);
	set_number(domain, "cap", info->cap);
	set_number(domain, "created_ns", info->created_ns);
	json_object_set_new(domain, "privileged",
			    json_boolean(info->state & RINGLET_DOM_PRIVILEGED));
	json_object_set_new(domain, "hardware",
			    json_boolean(info->state & RINGLET_DOM_HARDWARE));
	return domain;
}

/* Those that were made, by number. */
static json_t *describe_calls(const struct ringlet_domain_stats *stats)
{
	static const char *const names[RINGLET_NR_HYPERCALLS] = {
#define HYPERCALL_NAME(nr, string) [nr] = string,
#include <ringlet/names.inc>
	};
	json_t *list = json_array();
	int nr;

	for (nr = 0; nr < RINGLET_NR_HYPERCALLS; nr++)
		if (stats->calls[nr])
			json_array_append_new(list, json_pack(
				"{si,ss,sI}", "number", nr, "name",
				names[nr] ? names[nr] : "unknown", "count",
				(json_int_t)stats->calls[nr]));
	return list;
}

static json_t *describe_stats(const struct ringlet_domain_stats *stats)
{
	json_t *object = json_object();

	set_number(object, "full_entries", stats->full_entries);
	set_number(object, "gate_entries", stats->gate_entries);
	set_number(object, "hypercalls", stats->hypercalls);
	set_number(object, "tlb_flushes", stats->flushes);
	set_number(object, "page_faults", stats->page_faults);
	set_number(object, "page_table_writes", stats->pt_writes);
	set_number(object, "events", stats->events);
	set_number(object, "switches", stats->switches);
	json_object_set_new(object, "calls", describe_calls(stats));
	return object;
}

static json_t *machine_result(struct rl *rl)
{
	struct ringlet_machine_info info;
	json_t *machine;
	int rc = hyp_machine_info(rl->hyp, &info);

	if (rc) {
		report_errno(&rl->report, rc, "ask", "machine_info");
		return NULL;
	}
	machine = json_object();
	set_number(machine, "pcpus", info.nr_pcpus);
	set_number(machine, "domains", info.nr_domains);
	set_number(machine, "total_mib", info.total_pages / PAGES_PER_MIB);
	set_number(machine, "free_mib", info.free_pages / PAGES_PER_MIB);
	set_number(machine, "free_pages", info.free_pages);
	set_number(machine, "uptime_ns", info.uptime_ns);
	set_number(machine, "idle_ns", info.idle_ns);
	set_number(machine, "tsc_khz", info.tsc_khz);
	json_object_set_new(machine, "command_line",
			    text_printable(info.command_line));
	return json_pack("{so}", "machine", machine);
}

json_t *verb_info(struct rl *rl)
{
	struct ringlet_domain_info info;
	struct ringlet_domain_stats stats;
	json_t *domain;

	if (!rl->nr_args)
		return machine_result(rl);
	if (rl_domain(rl, rl->args[0], &info))
		return NULL;
	domain = describe_all(&info);
	/* Without RINGLET_FEATURE_STATS there are none. */
	if (!hyp_domain_stats(rl->hyp, info.domid, &stats))
		json_object_set_new(domain, "stats", describe_stats(&stats));
	return json_pack("{so}", "domain", domain);
}

void print_info(const json_t *result)
{
	const json_t *domain = json_object_get(result, "domain");
	const json_t *stats = json_object_get(domain, "stats");
	static const struct column columns[] = {
		{"name", "HYPERCALL"}, {"count", "TIMES"}, {NULL, NULL}};
	json_t *calls = json_object_get(stats, "calls");

	text_fields(domain ? domain : json_object_get(result, "machine"));
	if (stats)
		text_fields(stats);
	if (json_array_size(calls))
		text_table(calls, columns);
}

static json_t *domain_alone(struct rl *rl)
{
	struct ringlet_domain_info info;

	return rl_domain(rl, rl->args[0], &info) ? NULL : domain_result(&info);
}

json_t *verb_domid(struct rl *rl)
{
	return domain_alone(rl);
}

void print_domid(const json_t *result)
{
	printf("%d\n", (int)json_integer_value(json_object_get(result, "id")));
}

json_t *verb_domname(struct rl *rl)
{
	return domain_alone(rl);
}

void print_domname(const json_t *result)
{
	printf("%s\n", json_string_value(json_object_get(result, "name")));
}
