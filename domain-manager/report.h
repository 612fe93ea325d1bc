/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a command has to say about its failure, for people and for programs.
 *
 * An error or a warning names the stage (what was being done), the object
 * (what it was done to), the cause, and what to do about it.
 */
#ifndef RINGLET_RL_REPORT_H
#define RINGLET_RL_REPORT_H

#include <stdbool.h>
#include <jansson.h>

/* Exit codes: stable. report_exit_codes says what they mean. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_OTHER = 1,
	EXIT_USAGE = 2,
	EXIT_CONFIG = 3,
	EXIT_NO_DOMAIN = 4,
	EXIT_STATE = 5,
	EXIT_RESOURCES = 6,
	EXIT_NO_SERVICE = 7,
	EXIT_TIMEOUT = 8,
	EXIT_IMAGE = 9,
	NR_EXIT_CODES
};

extern const char *const report_exit_codes[NR_EXIT_CODES];

struct report {
	enum exit_code code;
	json_t *error;		/* stage, object, cause, action; NULL: none */
	json_t *warnings;	/* of the same */
};

void report_init(struct report *report);
void report_free(struct report *report);

/**
 * report_error() - note why it failed; the first error stays
 * @action: what to do; NULL: nothing to say
 * @cause: format of a clause
 *
 * Return: -1, for the caller to return.
 */
int report_error(struct report *report, enum exit_code code, const char *stage,
		 const char *object, const char *action, const char *cause, ...)
	__attribute__((format(printf, 6, 7)));

void report_warning(struct report *report, const char *stage,
		    const char *object, const char *action, const char *cause,
		    ...) __attribute__((format(printf, 5, 6)));

/**
 * report_errno() - the same for a call to hypervisor or kernel that failed
 * @rc: -E...
 */
int report_errno(struct report *report, int rc, const char *stage,
		 const char *object);

/* All that another one says, as warnings of this one. */
void report_add(struct report *report, const struct report *other);

/**
 * report_news() - the warnings that were not there the last time
 * @before: those of the last time, which becomes these; NULL: there were none
 *
 * Return: an array, for the caller to free.
 */
json_t *report_news(const struct report *report, json_t **before);

/* A warning or an error as a line without its end. */
void report_line(const json_t *entry, char *line, size_t size);

/* Warnings, then the error, as lines on stderr. */
void report_print(const struct report *report, const char *command);

#endif
