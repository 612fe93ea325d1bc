// SPDX-License-Identifier: GPL-2.0
/* vCPUs of domains: where they run and how much. */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hyp.h"
#include "text.h"

static json_t *describe(const struct ringlet_domain_info *domain,
			const struct ringlet_vcpu_info *info)
{
	static const char *const states[] = {
		[RINGLET_VCPU_DOWN] = "down",
		[RINGLET_VCPU_RUNNABLE] = "ready",
		[RINGLET_VCPU_RUNNING] = "running",
		[RINGLET_VCPU_BLOCKED] = "blocked",
	};
	char cpus[TEXT_CPUS_SIZE];
	json_t *vcpu = domain_result(domain);

	json_object_set_new(vcpu, "vcpu", json_integer(info->vcpu));
	json_object_set_new(
		vcpu, "state",
		json_string(info->state < sizeof(states) / sizeof(*states) ?
				    states[info->state] :
				    "unknown"));
	json_object_set_new(vcpu, "pcpu", json_integer(info->pcpu));
	json_object_set_new(vcpu, "affinity",
			    json_string(text_from_cpus(info->affinity, cpus)));
	json_object_set_new(vcpu, "running_ns",
			    json_integer(info->runstate_ns[0]));
	json_object_set_new(vcpu, "ready_ns",
			    json_integer(info->runstate_ns[1]));
	return vcpu;
}

static int add_vcpus(struct rl *rl, const struct ringlet_domain_info *domain,
		     json_t *list)
{
	struct ringlet_vcpu_info info;
	uint32_t n;
	int rc;

	for (n = 0; n < domain->max_vcpus; n++) {
		rc = hyp_vcpu_info(rl->hyp, domain->domid, n, &info);
		if (rc)
			return report_errno(&rl->report, rc, "ask for vCPUs",
					    domain->name);
		json_array_append_new(list, describe(domain, &info));
	}
	return 0;
}

json_t *verb_vcpu_list(struct rl *rl)
{
	struct ringlet_domain_info info;
	json_t *list = json_array();
	uint64_t next = 0;
	int i, rc = 0;

	for (i = 0; i < rl->nr_args; i++)
		if (rl_domain(rl, rl->args[i], &info) ||
		    add_vcpus(rl, &info, list))
			goto err;
	while (!rl->nr_args && !(rc = hyp_domain_next(rl->hyp, next, &info))) {
		/* One that dies meanwhile has none to show. */
		if (!(info.state & RINGLET_DOM_DYING) &&
		    add_vcpus(rl, &info, list))
			goto err;
		next = info.domid + 1UL;
	}
	if (rc && rc != -ESRCH) {
		report_errno(&rl->report, rc, "list domains", "domain_info");
		goto err;
	}
	return json_pack("{so}", "vcpus", list);
err:
	json_decref(list);
	return NULL;
}

void print_vcpu_list(const json_t *result)
{
	static const struct column columns[] = {
		{"name", "NAME"},	  {"id", "ID"},
		{"vcpu", "VCPU"},	  {"pcpu", "PCPU"},
		{"state", "STATE"},	  {"running_ns", "RUNNING-NS"},
		{"affinity", "AFFINITY"}, {NULL, NULL}};

	text_table(json_object_get(result, "vcpus"), columns);
}

json_t *verb_vcpu_pin(struct rl *rl)
{
	struct ringlet_domain_info info;
	uint64_t vcpu = ~0U, mask;
	const char *fault;
	int rc;

	if (rl_domain(rl, rl->args[0], &info) ||
	    (strcmp(rl->args[1], "all") &&
	     rl_number(rl, rl->args[1], "VCPU", 0, info.max_vcpus - 1, &vcpu)))
		return NULL;
	fault = text_cpus(rl->args[2], &mask);
	if (fault) {
		report_error(&rl->report, EXIT_USAGE, "read arguments",
			     rl->args[2], NULL, "%s", fault);
		return NULL;
	}
	rc = hyp_vcpu_affinity(rl->hyp, info.domid, vcpu, mask);
	if (rc == -EINVAL)
		report_error(&rl->report, EXIT_USAGE, "pin", rl->args[2],
			     "see rl info for how many there are",
			     "none of these CPUs is online");
	else if (rc)
		report_errno(&rl->report, rc, "pin", rl->args[0]);
	return rc ? NULL : domain_result(&info);
}

json_t *verb_sched(struct rl *rl)
{
	const char *weight = rl_option(rl, "weight"),
		   *cap = rl_option(rl, "cap");
	struct ringlet_domain_info info;
	struct ringlet_domain_sched sched = {0};
	uint64_t value;
	json_t *result;
	int rc;

	if (rl_domain(rl, rl->args[0], &info))
		return NULL;
	sched.domid = info.domid;
	if (weight) {
		if (rl_number(rl, weight, "--weight", 1, 65535, &value))
			return NULL;
		sched.weight = value;
		sched.set |= RINGLET_SCHED_WEIGHT;
	}
	if (cap) {
		if (rl_number(rl, cap, "--cap", 0, 6400, &value))
			return NULL;
		sched.cap = value;
		sched.set |= RINGLET_SCHED_CAP;
	}
	rc = hyp_domain_sched(rl->hyp, &sched);
	if (rc) {
		report_errno(&rl->report, rc, "schedule", rl->args[0]);
		return NULL;
	}
	result = domain_result(&info);
	json_object_set_new(result, "weight", json_integer(sched.weight));
	json_object_set_new(result, "cap", json_integer(sched.cap));
	return result;
}

void print_sched(const json_t *result)
{
	text_fields(result);
}
