/* SPDX-License-Identifier: GPL-2.0 */
/* Devices from text, for tests: parse() and what was said of it. */
#ifndef TEST_RL_PARSE_H
#define TEST_RL_PARSE_H

#include "attach.h"

static struct report report;

static const char *cause(void)
{
	const char *text = json_string_value(json_object_get(report.error, "cause"));

	return text ? text : "";
}

static int parse(enum device_kind kind, const char *text, struct device *device)
{
	report_free(&report);
	report_init(&report);
	return device_parse(kind, text, "here", device, &report);
}

static void says(const char *what)
{
	if (!strstr(cause(), what))
		fail_msg("no \"%s\" in \"%s\"", what, cause());
}

#endif
