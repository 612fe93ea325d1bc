// SPDX-License-Identifier: GPL-2.0
/* What is done to a domain that there is. */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attach.h"
#include "config.h"
#include "daemon.h"
#include "hyp.h"
#include "store.h"
#include "text.h"

#define PAGES_PER_MIB	256

json_t *domain_result(const struct ringlet_domain_info *info)
{
	return json_pack("{so,si}", "name", text_printable(info->name), "id",
			 info->domid);
}

static json_t *one_call(struct rl *rl, const char *stage,
			int (*call)(struct hyp *hyp, uint32_t domid))
{
	struct ringlet_domain_info info;
	int rc;

	if (rl_domain(rl, rl->args[0], &info))
		return NULL;
	rc = call(rl->hyp, info.domid);
	if (rc) {
		report_errno(&rl->report, rc, stage, rl->args[0]);
		return NULL;
	}
	return domain_result(&info);
}

json_t *verb_pause(struct rl *rl)
{
	return one_call(rl, "pause", hyp_domain_pause);
}

json_t *verb_unpause(struct rl *rl)
{
	struct ringlet_domain_info info;

	if (rl_domain(rl, rl->args[0], &info))
		return NULL;
	if (!(info.state & RINGLET_DOM_PAUSED)) {
		report_error(&rl->report, EXIT_STATE, "unpause", rl->args[0],
			     NULL, "it is not paused but %s",
			     domain_state(&info));
		return NULL;
	}
	return one_call(rl, "unpause", hyp_domain_unpause);
}

/* The daemon, if it runs, does the same: whoever is first. */
static void remove_nodes(const struct ringlet_domain_info *info)
{
	struct store *store = store_open();

	detach_all(info->domid, info->uuid, true);
	if (store)
		store_domain_remove(store, info->domid);
	store_close(store);
	daemon_look();
}

json_t *verb_destroy(struct rl *rl)
{
	struct ringlet_domain_info info;
	int rc;

	if (rl_domain(rl, rl->args[0], &info))
		return NULL;
	if (info.state & RINGLET_DOM_HARDWARE) {
		report_error(&rl->report, EXIT_STATE, "destroy", rl->args[0],
			     "power the machine off instead",
			     "it is the service domain");
		return NULL;
	}
	rc = hyp_domain_destroy(rl->hyp, info.domid);
	if (rc) {
		report_errno(&rl->report, rc, "destroy", rl->args[0]);
		return NULL;
	}
	remove_nodes(&info);
	return domain_result(&info);
}

/* Its name in the store, where the guest finds it. */
static void rename_nodes(struct rl *rl, uint32_t domid, const char *name)
{
	struct store *store = store_open();
	int rc = store ? store_domain_rename(store, domid, name) : -errno;

	store_close(store);
	if (rc)
		report_warning(&rl->report, "rename", name, NULL,
			       "xenstored keeps the old name: %s",
			       strerror(-rc));
}

json_t *verb_rename(struct rl *rl)
{
	struct ringlet_domain_info info;
	int rc;

	if (rl_domain(rl, rl->args[0], &info) ||
	    config_name_free(rl->hyp, rl->args[1], "rename", &rl->report))
		return NULL;
	rc = hyp_domain_set_name(rl->hyp, info.domid, rl->args[1]);
	if (rc) {
		report_errno(&rl->report, rc, "rename", rl->args[0]);
		return NULL;
	}
	strcpy(info.name, rl->args[1]);
	rename_nodes(rl, info.domid, info.name);
	return domain_result(&info);
}

json_t *verb_mem_max(struct rl *rl)
{
	struct ringlet_domain_info info;
	uint64_t mib;
	int rc;

	if (rl_domain(rl, rl->args[0], &info) ||
	    rl_number(rl, rl->args[1], "MIB", 1, CONFIG_MAX_MIB, &mib))
		return NULL;
	rc = hyp_domain_set_max_pages(rl->hyp, info.domid, mib * PAGES_PER_MIB);
	if (rc) {
		report_errno(&rl->report, rc, "set maximum", rl->args[0]);
		return NULL;
	}
	if (mib * PAGES_PER_MIB < info.tot_pages)
		report_warning(&rl->report, "set maximum", rl->args[0],
			       "shrink it with rl mem-set",
			       "it has %lu MiB now, which it keeps",
			       info.tot_pages / PAGES_PER_MIB);
	return domain_result(&info);
}
