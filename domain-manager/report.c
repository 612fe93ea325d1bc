// SPDX-License-Identifier: GPL-2.0
/*
 * Errors and warnings: kept as JSON objects, printed as
 *
 *	rl: COMMAND: STAGE: OBJECT: cause; what to do
 *
 * What a user hands in (names, lines of a file) may hold any byte: strings are
 * made valid UTF-8 without control characters before they are kept.
 */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

const char *const report_exit_codes[NR_EXIT_CODES] = {
	[EXIT_DONE] = "Done.",
	[EXIT_OTHER] = "Failed for a reason that has no code of its own.",
	[EXIT_USAGE] = "The command line is wrong.",
	[EXIT_CONFIG] = "The configuration file, or a value in it, is wrong.",
	[EXIT_NO_DOMAIN] = "There is no such domain or vCPU.",
	[EXIT_STATE] = "Not possible in the present state: the name is taken, "
		       "the domain is not running, and the like.",
	[EXIT_RESOURCES] = "Memory, domain numbers or another limited resource "
			   "are used up.",
	[EXIT_NO_SERVICE] = "The hypervisor, xenstored or the daemon cannot be "
			    "reached, or refuses this domain.",
	[EXIT_TIMEOUT] = "The guest did not answer in time.",
	[EXIT_IMAGE] = "The kernel or the RAM disk cannot be read or used.",
};

/* What the hypervisor and the privcmd driver mean. */
static const struct {
	int error;
	enum exit_code code;
	const char *cause, *action;
} errors[] = {
	{EPERM, EXIT_NO_SERVICE, "the hypervisor refuses it to this domain",
	 "run rl as root in the service domain"},
	{EACCES, EXIT_NO_SERVICE, "permission denied", "run rl as root"},
	{ENOENT, EXIT_NO_DOMAIN, "there is no such vCPU",
	 "see rl vcpu-list for those there are"},
	{ESRCH, EXIT_NO_DOMAIN, "there is no such domain (any more)",
	 "see rl list for those there are"},
	{ENOMEM, EXIT_RESOURCES, "out of memory",
	 "destroy a domain, or shrink one with rl mem-set"},
	{ENOSPC, EXIT_RESOURCES, "none is left",
	 "destroy a domain, or raise the domain's limit"},
	{EBUSY, EXIT_STATE, "it is busy", "pause the domain, or try again"},
	{EEXIST, EXIT_STATE, "it exists already",
	 "destroy the other one first"},
	{ENOSYS, EXIT_NO_SERVICE, "this hypervisor does not offer it",
	 "compare rl version with what this rl was built for"},
	{E2BIG, EXIT_NO_SERVICE, "this hypervisor is too old for it",
	 "compare rl version with what this rl was built for"},
	{EINVAL, EXIT_OTHER, "the hypervisor rejects the argument",
	 "see rl dmesg for what it says"},
};

void report_init(struct report *report)
{
	report->code = EXIT_DONE;
	report->error = NULL;
	report->warnings = json_array();
}

void report_free(struct report *report)
{
	json_decref(report->error);
	json_decref(report->warnings);
}

static json_t *make_entry(const char *stage, const char *object,
			  const char *action, const char *cause, va_list args)
{
	json_t *entry = json_object();
	char text[1024];

	vsnprintf(text, sizeof(text), cause, args);
	json_object_set_new(entry, "stage", text_printable(stage));
	json_object_set_new(entry, "object", text_printable(object));
	json_object_set_new(entry, "cause", text_printable(text));
	if (action)
		json_object_set_new(entry, "action", text_printable(action));
	return entry;
}

int report_error(struct report *report, enum exit_code code, const char *stage,
		 const char *object, const char *action, const char *cause, ...)
{
	va_list args;

	if (report->error)
		return -1;
	va_start(args, cause);
	report->code = code;
	report->error = make_entry(stage, object, action, cause, args);
	va_end(args);
	return -1;
}

void report_warning(struct report *report, const char *stage,
		    const char *object, const char *action, const char *cause,
		    ...)
{
	va_list args;

	va_start(args, cause);
	json_array_append_new(report->warnings,
			      make_entry(stage, object, action, cause, args));
	va_end(args);
}

int report_errno(struct report *report, int rc, const char *stage,
		 const char *object)
{
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (errors[i].error == -rc)
			return report_error(report, errors[i].code, stage,
					    object, errors[i].action, "%s",
					    errors[i].cause);
	return report_error(report, EXIT_OTHER, stage, object, NULL, "%s",
			    strerror(-rc));
}

void report_add(struct report *report, const struct report *other)
{
	json_array_extend(report->warnings, other->warnings);
	if (other->error)
		json_array_append(report->warnings, other->error);
}

json_t *report_news(const struct report *report, json_t **before)
{
	json_t *news = json_array(), *entry, *old;
	size_t i, j;

	json_array_foreach(report->warnings, i, entry) {
		bool known = false;

		json_array_foreach(*before, j, old)
			known |= json_equal(entry, old);
		if (!known)
			json_array_append(news, entry);
	}
	json_decref(*before);
	*before = json_incref(report->warnings);
	return news;
}

void report_line(const json_t *entry, char *line, size_t size)
{
	const char *action =
		json_string_value(json_object_get(entry, "action"));

	snprintf(line, size, "%s: %s: %s%s%s",
		 json_string_value(json_object_get(entry, "stage")),
		 json_string_value(json_object_get(entry, "object")),
		 json_string_value(json_object_get(entry, "cause")),
		 action ? "; " : "", action ? action : "");
}

static void print_entry(const char *command, const char *kind,
			const json_t *entry)
{
	char line[4096];

	report_line(entry, line, sizeof(line));
	fprintf(stderr, "rl: %s: %s%s\n", command, kind, line);
}

void report_print(const struct report *report, const char *command)
{
	json_t *entry;
	size_t i;

	json_array_foreach(report->warnings, i, entry)
		print_entry(command, "warning: ", entry);
	if (report->error)
		print_entry(command, "", report->error);
}
