/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command table: what rl understands is said once, in commands.c. Usage,
 * help, the manual page, the completion of bash and the document of the JSON
 * schema all come from it (document.c).
 *
 * A command makes one JSON object, its result, of the fields that the table
 * describes. It is printed as it is (--json) or handed to the command's print
 * function, so both show the same.
 */
#ifndef RINGLET_RL_COMMAND_H
#define RINGLET_RL_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#include "report.h"

/* Of the JSON output: fields are added, never changed or removed. */
#define RL_SCHEMA	1

struct hyp;
struct ringlet_domain_info;

enum field_type {
	FIELD_STRING,
	FIELD_INTEGER,
	FIELD_BOOLEAN,
	FIELD_OBJECT,	/* of fields */
	FIELD_LIST,	/* of objects of fields; of strings if there are none */
};

/* One field of a result. Tables of them end with a name of NULL. */
struct field {
	const char *name;
	enum field_type type;
	bool optional;		/* may be absent */
	const char *help;
	const struct field *fields;
};

/* One option. Tables of them end with a name of NULL. */
struct option_def {
	char letter;		/* 0: none */
	const char *name;	/* without the two dashes */
	const char *value;	/* what follows it, for people; NULL: nothing */
	const char *help;
};

#define MAX_OPTIONS	8

struct rl {
	const struct command *command;
	int nr_args;
	char **args;				/* what is not an option */
	const char *options[MAX_OPTIONS];	/* in the table's order; NULL: not given */
	bool json;
	struct hyp *hyp;
	struct report report;
};

struct command {
	const char *name;
	const char *args;	/* for people, as DOMAIN [MIB] */
	int min_args, max_args;	/* max_args -1: any number */
	bool no_hyp;		/* rl->hyp is not opened for it */
	const struct option_def *options;	/* besides --json and --help */
	const struct field *fields;		/* of its result */
	const char *summary;	/* one clause, without a full stop */
	const char *help;	/* the rest, in sentences; NULL: nothing */

	/* NULL: failed, and report_error() was called. */
	json_t *(*run)(struct rl *rl);
	void (*print)(const json_t *result);	/* NULL: prints nothing */
};

extern const struct command commands[];		/* ends with a name of NULL */

const struct command *command_find(const char *name);

/* The value of an option ("" if it takes none); NULL: not given. */
const char *rl_option(const struct rl *rl, const char *name);

/**
 * rl_domain() - the domain that an argument names
 * @name: its name, or its number
 */
int rl_domain(struct rl *rl, const char *name, struct ringlet_domain_info *info);

/**
 * rl_number() - the number that an argument is
 * @what: for people
 *
 * -1 and an error unless it is a whole number from @min to @max.
 */
int rl_number(struct rl *rl, const char *text, const char *what, uint64_t min,
	      uint64_t max, uint64_t *value);

/* rl, less the name of the program. Returns the exit code. */
int rl_main(int argc, char **argv);

#endif
