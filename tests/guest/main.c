// SPDX-License-Identifier: GPL-2.0
/*
 * Start of day and the run of the cases, KTAP on the console.
 *
 * Command line: cases=GLOB selects by name (default: all but crash cases), crash=NAME runs one
 * crash case, list prints the names, icount says that clocks count instructions, rounds=N has random
 * attacks go on N times as long. A crash case that
 * comes back has failed unless it may. The guest ends by asking for a reboot: Xen answers the
 * poweroff of its initial domain by halting, which ends no emulator.
 *
 * In a domain that rl made it runs, if the command line has cases=, the cases of front.h, and blocks:
 * it is there to be looked at and destroyed.
 */
#include "child.h"

extern const struct kase __cases[], __cases_end[];
void guest_main(struct start_info *si, ulong boot_rsp);

bool on_ringlet;
static unsigned int failures;
static const char *skip_reason;
static char pattern[128] = "*", crash_name[128];
static bool list_only, cases_given;
bool counts_instructions;
unsigned int case_rounds = 1;

void case_fail(const char *file, int line, const char *fmt, ...)
{
	static char buf[384];
	__builtin_va_list ap;

	if (++failures > 10)
		return;
	__builtin_va_start(ap, fmt);
	kvsnprintf(buf, sizeof(buf), fmt, ap);
	__builtin_va_end(ap);
	if (child_self) {
		child_fail(file, line, buf);
		return;
	}
	kprintf("    # %s:%d: %s\n", file, line, buf);
}

bool case_failed(void)
{
	return failures != 0;
}

void skip(const char *reason)
{
	skip_reason = reason;
}

static void word_copy(char *to, size_t size, const char *from)
{
	size_t i;

	for (i = 0; i + 1 < size && from[i] && from[i] != ' '; i++)
		to[i] = from[i];
	to[i] = 0;
}

static unsigned int word_number(const char *s)
{
	unsigned int n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + *s - '0';
	return n ?: 1;
}

static void parse_command_line(const char *s)
{
	while (*s) {
		if (!strncmp(s, "cases=", 6)) {
			word_copy(pattern, sizeof(pattern), s + 6);
			cases_given = true;
		} else if (!strncmp(s, "crash=", 6))
			word_copy(crash_name, sizeof(crash_name), s + 6);
		else if (!strncmp(s, "list", 4) && (!s[4] || s[4] == ' '))
			list_only = true;
		else if (!strncmp(s, "rounds=", 7))
			case_rounds = word_number(s + 7);
		else if (!strncmp(s, "icount", 6) && (!s[6] || s[6] == ' '))
			counts_instructions = true;
		while (*s && *s != ' ')
			s++;
		while (*s == ' ')
			s++;
	}
}

static void run_case(unsigned int nr, const struct kase *k)
{
	struct fault f;

	failures = 0;
	skip_reason = NULL;
	/* These take long, and who waits for them says which it is. */
	if (k->kind == CASE_FRONT)
		kprintf("# begins: %s\n", k->name);
	TRY(f)
		k->fn();
	if (f.vec != -1)
		case_fail("main.c", __LINE__, "unexpected trap %ld err 0x%lx rip 0x%lx cr2 0x%lx",
			  f.vec, f.err, f.rip, f.cr2);
	this_vcpu()->kernel_hook = NULL;
	this_vcpu()->user = NULL;
	events_off();
	if (failures > 10)
		kprintf("    # %u more\n", failures - 10);
	if (failures)
		kprintf("not ok %u %s\n", nr, k->name);
	else if (skip_reason)
		kprintf("ok %u %s # SKIP %s\n", nr, k->name, skip_reason);
	else
		kprintf("ok %u %s\n", nr, k->name);
}

static bool has_own_boot(const struct kase *k)
{
	return k->kind == CASE_CRASH || k->kind == CASE_MAY_CRASH;
}

static bool selected(const struct kase *k)
{
	bool initial = start_info->flags & SIF_INITDOMAIN;

	return !has_own_boot(k) && (k->kind == CASE_FRONT) != initial && glob_match(pattern, k->name);
}

static void run_crash_case(void)
{
	const struct kase *k;

	kprintf("KTAP version 1\n1..1\n");
	for (k = __cases; k < __cases_end; k++) {
		if (!has_own_boot(k) || strcmp(k->name, crash_name))
			continue;
		kprintf("# crash case %s begins\n", k->name);
		k->fn();
		if (skip_reason)
			kprintf("ok 1 %s # SKIP %s\n", k->name, skip_reason);
		else
			kprintf("%s 1 %s\n", k->kind == CASE_CRASH || failures ? "not ok" : "ok",
				k->name);
		return;
	}
	kprintf("Bail out! no crash case %s\n", crash_name);
}

static void run_cases(void)
{
	const struct kase *k;
	unsigned int nr = 0;

	for (k = __cases; k < __cases_end; k++)
		if (has_own_boot(k) && glob_match(pattern, k->name))
			kprintf("# crash-case %s\n", k->name);
	for (k = __cases; k < __cases_end; k++)
		nr += selected(k);
	kprintf("KTAP version 1\n1..%u\n", nr);
	nr = 0;
	for (k = __cases; k < __cases_end; k++) {
		if (!selected(k))
			continue;
		if (list_only)
			kprintf("# case %s\n", k->name);
		else
			run_case(++nr, k);
	}
}

void guest_main(struct start_info *si, ulong boot_rsp)
{
	struct sched_shutdown s = { .reason = SHUTDOWN_reboot };

	*(struct vcpu **)vcpu0_stack = &vcpus[0];
	on_ringlet = (read_cs() & 3) == 1;
	mm_init(si, boot_rsp);
	events_init();
	traps_init();
	user_init();
	parse_command_line((const char *)si->cmd_line);
	kprintf("# test guest on %s, kernel cs 0x%x, %lu pages, initial mapping 0x%lx pages\n",
		on_ringlet ? "Ringlet" : "Xen", read_cs(), si->nr_pages, init_end_pfn);
	if (!(si->flags & SIF_INITDOMAIN)) {
		if (cases_given)
			run_cases();
		kprintf("# done\n");
		for (;;)
			HYP(sched_op, SCHEDOP_block, NULL);
	}
	if (crash_name[0])
		run_crash_case();
	else
		run_cases();
	kprintf("# done\n");
	for (;;)
		HYP(sched_op, SCHEDOP_shutdown, &s);
}
