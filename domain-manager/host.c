// SPDX-License-Identifier: GPL-2.0
/* The hypervisor itself: its log and its version. */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "hyp.h"
#include "text.h"

#define LOG_PIECE	16384
#define LOG_MAX		(64UL << 20)	/* bounds what a busy log can hold us up */

json_t *verb_dmesg(struct rl *rl)
{
	uint64_t position = 0;
	char *log = NULL, *more;
	size_t size = 0, i;
	json_t *result;
	int rc;

	do {
		more = realloc(log, size + LOG_PIECE + 1);
		if (!more) {
			rc = -ENOMEM;
			break;
		}
		log = more;
		rc = hyp_log_read(rl->hyp, &position, log + size, LOG_PIECE);
		if (rc > 0)
			size += rc;
	} while (rc > 0 && size < LOG_MAX);
	if (rc < 0) {
		report_errno(&rl->report, rc, "read log", "log_read");
		free(log);
		return NULL;
	}
	/* Guests may have written to it. */
	for (i = 0; i < size; i++)
		if (log[i] != '\n' && log[i] != '\t' &&
		    (log[i] < ' ' || log[i] > '~'))
			log[i] = '?';
	result = json_pack("{ss%}", "log", log, size);
	free(log);
	return result;
}

void print_dmesg(const json_t *result)
{
	fputs(json_string_value(json_object_get(result, "log")), stdout);
}

json_t *verb_version(struct rl *rl)
{
	struct ringlet_version version;
	json_t *result = json_pack("{s:i,s:i,s:i}", "schema", RL_SCHEMA,
				   "tool_abi_major", RINGLET_ABI_MAJOR,
				   "tool_abi_minor", RINGLET_ABI_MINOR);
	struct utsname name;
	int rc;

	/* Of the tool it can be told anywhere. */
	rl->hyp = hyp_open();
	rc = rl->hyp ? hyp_version(rl->hyp, &version) : -errno;
	if (!uname(&name))
		json_object_set_new(result, "kernel",
				    text_printable(name.release));
	if (rc) {
		report_warning(&rl->report, "open hypervisor", "hypercall 55",
			       NULL, "no Ringlet is running here");
		return result;
	}
	version.build[sizeof(version.build) - 1] = 0;
	json_object_set_new(result, "hypervisor_abi_major",
			    json_integer(version.abi_major));
	json_object_set_new(result, "hypervisor_abi_minor",
			    json_integer(version.abi_minor));
	json_object_set_new(result, "features", json_integer(version.features));
	json_object_set_new(result, "build", text_printable(version.build));
	return result;
}

void print_version(const json_t *result)
{
	text_fields(result);
}
