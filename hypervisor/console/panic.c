// SPDX-License-Identifier: GPL-2.0
/*
 * The end of the hypervisor: everything that helps to find out why, then halt
 * (noreboot) or reboot.
 *
 * The first pCPU to get here stops the others and writes without locks: who
 * held one will not come back. A second panic, of this pCPU while reporting,
 * ends at once. Addresses are dereferenced only where memory is certain to be:
 * on this pCPU's own host stacks and in the image's text.
 */
#include <stdarg.h>

#include "console/printk.h"
#include "base/string.h"
#include "machine/cpu-features.h"
#include "machine/cpu.h"
#include "machine/regs.h"
#include "machine/smp.h"

#define STACK_WORDS	32
#define MAX_FRAMES	24
#define LAST_LOG	1536

extern const char image_start[], text_end[], image_end[];

static u32 panicking;

/*
 * struct pcpu is mapped only once a pCPU's own tables are loaded; early panics
 * must not fault on it.
 */
static const struct pcpu *own_pcpu(void)
{
	u64 cr3 = read_cr3();
	u32 i;

	for (i = 0; i < MAX_PCPUS; i++)
		if (pcpu_table[i] && pcpu_table[i]->host_cr3 == cr3)
			return pcpu_table[i];
	return NULL;
}

/* The end of the mapped host stack that @sp is in, or 0. */
static u64 stack_end(u64 sp)
{
	static const struct { u64 top, pages; } stacks[] = {
		{ HOST_STACK_TOP, HOST_STACK_PAGES }, { HOST_NMI_TOP, HOST_IST_PAGES },
		{ HOST_MC_TOP, HOST_IST_PAGES }, { HOST_DB_TOP, HOST_IST_PAGES },
		{ HOST_DF_TOP, HOST_IST_PAGES },
	};
	unsigned int i;

	if (!own_pcpu() || sp % 8)
		return 0;
	for (i = 0; i < ARRAY_SIZE(stacks); i++)
		if (sp < stacks[i].top && sp >= stacks[i].top - stacks[i].pages * PAGE_SIZE)
			return stacks[i].top;
	return 0;
}

/* Boot's code lies behind the data; it is named in traces, but not read. */
static bool in_image(u64 addr)
{
	return addr >= (u64)image_start && addr < (u64)image_end;
}

void show_registers(const struct regs *r)
{
	printk(LOG_ERROR, "entry %03lx error %04lx  rip %04lx:%016lx rflags %08lx",
	       r->vector, r->error, r->cs, r->rip, r->rflags);
	printk(LOG_ERROR, "rax %016lx rbx %016lx rcx %016lx rdx %016lx",
	       r->rax, r->rbx, r->rcx, r->rdx);
	printk(LOG_ERROR, "rsi %016lx rdi %016lx rbp %016lx rsp %016lx ss %04lx",
	       r->rsi, r->rdi, r->rbp, r->rsp, r->ss);
	printk(LOG_ERROR, "r8  %016lx r9  %016lx r10 %016lx r11 %016lx",
	       r->r8, r->r9, r->r10, r->r11);
	printk(LOG_ERROR, "r12 %016lx r13 %016lx r14 %016lx r15 %016lx",
	       r->r12, r->r13, r->r14, r->r15);
}

static void show_code(u64 rip)
{
	char line[16 * 3 + 1] = "";
	unsigned int i;

	if (rip < (u64)image_start || rip > (u64)text_end - 16)
		return;
	for (i = 0; i < 16; i++)
		snformat(line + 3 * i, sizeof(line) - 3 * i, " %02x", ((const u8 *)rip)[i]);
	printk(LOG_ERROR, "code at rip:%s", line);
}

static void show_stack(u64 sp)
{
	u64 end = stack_end(sp);
	unsigned int i;

	if (!end)
		return;
	printk(LOG_ERROR, "stack from %016lx:", sp);
	for (i = 0; i < STACK_WORDS && sp + 32 <= end; i += 4, sp += 32) {
		const u64 *w = (const u64 *)sp;

		printk(LOG_ERROR, "  %016lx %016lx %016lx %016lx", w[0], w[1], w[2], w[3]);
	}
}

/* Frame pointers grow towards the stack's end, or the chain is broken. */
static void show_backtrace(u64 rip, u64 rbp)
{
	unsigned int n;

	printk(LOG_ERROR, "backtrace (addr2line -e ringlet.sym.elf):");
	printk(LOG_ERROR, "  %016lx", rip);
	for (n = 0; n < MAX_FRAMES; n++) {
		u64 end = stack_end(rbp);
		const u64 *frame = (const u64 *)rbp;

		if (!end || rbp + 16 > end || !in_image(frame[1]))
			break;
		printk(LOG_ERROR, "  %016lx", frame[1]);
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
}

void panic(const struct regs *regs, const char *fmt, ...)
{
	static char log[LAST_LOG + 1], why[256];
	const struct pcpu *p;
	va_list ap;
	u64 at;

	irq_disable();
	p = own_pcpu();
	if (__atomic_exchange_n(&panicking, 1, __ATOMIC_SEQ_CST))
		machine_halt();
	if (p)
		machine_halt_others();
	console_force();
	at = log_end() > LAST_LOG ? log_end() - LAST_LOG : 0;
	log[log_read(&at, log, LAST_LOG)] = 0;

	va_start(ap, fmt);
	vsnformat(why, sizeof(why), fmt, ap);
	va_end(ap);
	printk(LOG_ERROR, "PANIC on pCPU %d: %s", p ? (int)p->id : 0, why);
	printk(LOG_ERROR, "cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx",
	       read_cr0(), read_cr2(), read_cr3(), read_cr4());
	if (regs) {
		show_registers(regs);
		show_code(regs->rip);
		show_stack(regs->rsp);
		show_backtrace(regs->rip, regs->rbp);
	} else {
		show_stack((u64)__builtin_frame_address(0));
		show_backtrace((u64)__builtin_return_address(0),
			       *(const u64 *)__builtin_frame_address(0));
	}
	printk(LOG_ERROR, "the log until then:");
	console_write_guest(log, strlen(log));

	if (opt_noreboot) {
		printk(LOG_ERROR, "halted (noreboot)");
		machine_halt();
	}
	printk(LOG_ERROR, "rebooting");
	machine_reboot();
}
