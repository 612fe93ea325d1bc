// SPDX-License-Identifier: MIT
/*
 * Prints the layout of the structures listed in structs.inc as the compiler
 * sees them: for each its size and alignment, for each field its offset and
 * size, and each hole between them, so that a field that is missing from the
 * list shows. The output is compared with layout.golden.
 */
#include <stdio.h>

#include "public-headers.h"

struct item {
	const char *structure;	/* set in the first item of a structure */
	const char *field;
	size_t offset;
	size_t size;
	size_t align;
};

#define STRUCT(type) { .structure = #type, .size = sizeof(type), \
		       .align = _Alignof(type) },
#define FIELD(type, name) { .field = #name, .offset = offsetof(type, name), \
			    .size = sizeof(((type *)0)->name) },

static const struct item items[] = {
#include "structs.inc"
};

static void print_hole(size_t from, size_t to)
{
	if (to > from)
		printf("  %4zu %4zu (hole)\n", from, to - from);
}

int main(void)
{
	size_t i, end = 0, size = 0;

	for (i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		const struct item *it = &items[i];

		if (it->structure) {
			print_hole(end, size);
			printf("%s%s: size %zu align %zu\n", i ? "\n" : "",
			       it->structure, it->size, it->align);
			end = 0;
			size = it->size;
			continue;
		}
		print_hole(end, it->offset);
		printf("  %4zu %4zu %s\n", it->offset, it->size, it->field);
		if (it->offset + it->size > end)
			end = it->offset + it->size;
	}
	print_hole(end, size);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
