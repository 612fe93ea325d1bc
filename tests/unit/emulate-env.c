// SPDX-License-Identifier: GPL-2.0
/* The world of the emulator's tests: see emulate-env.h. */
#include "emulate-env.h"

#include "machine/clock.h"
#include "machine/irq.h"
#include "machine/serial.h"
#include "mm/mm.h"
#include "sched/sched.h"
#include "state/alloc.h"
#include "state/descriptor-tables.h"
#include "state/guest-access.h"

struct pcpu test_pcpu;
struct cpu_features cpu_features;
struct ranges ram = { 1, { { 0, 0x40000000 } } };
u64 test_gdt[512];
static u64 our_gdt[512];

u8 mem[MEM_PAGES * 4096];
u8 mem_rights[MEM_PAGES];
struct domain dom;
struct vcpu vcpu;
struct regs *regs;
struct injected injected;
struct port_access accesses[MAX_ACCESSES];
unsigned int nr_accesses;
u32 port_answer;
u64 test_msrs[4], machine_cr0;
unsigned int test_wrmsrs, test_debug_loads;
int load_base_result;
mfn_t load_base_mfn;

static struct gate_rw gate_rw;
static struct gate_ro gate_ro;
static struct vcpu_info info;

int env_reset(void **state)
{
	(void)state;
	memset(mem, 0, sizeof(mem));
	memset(mem_rights, MEM_PRESENT | MEM_WRITE | MEM_USER, sizeof(mem_rights));
	memset(&dom, 0, sizeof(dom));
	memset(&vcpu, 0, sizeof(vcpu));
	memset(&gate_rw, 0, sizeof(gate_rw));
	memset(&gate_ro, 0, sizeof(gate_ro));
	memset(&info, 0, sizeof(info));
	memset(test_gdt, 0, sizeof(test_gdt));
	memset(test_msrs, 0, sizeof(test_msrs));
	memset(&injected, 0, sizeof(injected));
	memset(&test_pcpu, 0, sizeof(test_pcpu));
	memset(&cpu_features, 0, sizeof(cpu_features));
	nr_accesses = test_wrmsrs = test_debug_loads = 0;
	port_answer = 0x11223344;
	machine_cr0 = CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE;
	test_pcpu.cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_SMEP;
	test_pcpu.current = &vcpu;
	test_pcpu.gdt = (u8 *)our_gdt;
	gdt_fill(our_gdt, false);
	load_base_result = 0;
	dom.max_vcpus = 1;
	dom.vcpu[0] = &vcpu;
	vcpu.domain = &dom;
	vcpu.gate_rw = &gate_rw;
	vcpu.gate_ro = &gate_ro;
	vcpu.dr[6] = 0xffff0ff0;	/* as control/domain.c does */
	vcpu.dr[7] = 0x400;
	vcpu.regs = regs = &gate_rw.regs;
	vcpu.vcpu_info = &info;
	vcpu.guest_l4 = MFN(0x1234);
	vcpu.iopl = 1;
	cpu_features.cr4_guest_allowed = CR4_TSD | CR4_DE | CR4_UMIP | CR4_FSGSBASE;
	for (unsigned int i = 0; i < GUEST_GDT_PAGES; i++)
		vcpu.gdt_frames[i] = INVALID_MFN;
	env_kernel();
	return 0;
}

void env_kernel(void)
{
	regs->cs = SEL_KERNEL_CS;
	regs->ss = SEL_KERNEL_DS;
	regs->rflags = EFLAGS_IF | EFLAGS_MBS;
}

void env_user(u16 cs)
{
	regs->cs = cs;
	regs->ss = SEL_USER_DS;
}

void env_code(const void *code, size_t n)
{
	memset(mem, 0xcc, 4096);
	memcpy(mem, code, n);
	regs->rip = CODE;
}

/* --- guest memory --- */

static u8 *guest_byte(u64 va, u8 rights)
{
	u64 at = va - MEM_BASE;

	if (at >= sizeof(mem) || (mem_rights[at / 4096] & rights) != rights)
		return NULL;
	return &mem[at];
}

size_t copy_from_guest(void *dst, u64 src, size_t n)
{
	u8 *d = dst, *s;

	for (; n && (s = guest_byte(src, MEM_PRESENT)); n--, src++)
		*d++ = *s;
	return n;
}

size_t copy_to_guest(u64 dst, const void *src, size_t n)
{
	const u8 *s = src;
	u8 *d;

	for (; n && (d = guest_byte(dst, MEM_PRESENT | MEM_WRITE)); n--, dst++)
		*d = *s++;
	return n;
}

int guest_walk(struct vcpu *v, u64 va, struct guest_walk *w)
{
	assert_ptr_equal(v, &vcpu);
	if (!guest_byte(va, MEM_PRESENT))
		return -EFAULT;
	memset(w, 0, sizeof(*w));
	w->writable = guest_byte(va, MEM_WRITE);
	w->user = guest_byte(va, MEM_USER);
	return 0;
}

void inject_trap(struct vcpu *v, u32 vector, u64 error)
{
	assert_ptr_equal(v, &vcpu);
	injected.vector = vector;
	injected.error = error;
	injected.count++;
}

void inject_page_fault(struct vcpu *v, u64 va, u64 error)
{
	inject_trap(v, VEC_PF, error);
	injected.va = va;
}

/* --- the machine --- */

static void record(u16 port, u8 bytes, bool write, u32 value)
{
	assert_true(nr_accesses < MAX_ACCESSES);
	accesses[nr_accesses++] = (struct port_access){
		.port = port, .bytes = bytes, .write = write, .value = value,
	};
}

static u32 answer(u16 port, u8 bytes)
{
	record(port, bytes, false, port_answer);
	return port_answer++;
}

u8 inb(u16 port) { return answer(port, 1); }
void outb(u16 port, u8 value) { record(port, 1, true, value); }

u32 port_in(u16 port, unsigned int bytes)
{
	u32 value = answer(port, bytes);

	return bytes == 4 ? value : value & ((1u << 8 * bytes) - 1);
}

void port_out(u16 port, unsigned int bytes, u32 value)
{
	record(port, bytes, true, bytes == 4 ? value : value & ((1u << 8 * bytes) - 1));
}

u16 serial_port(void)
{
	return 0x3f8;
}

/* Recorded with the port that the register would have had. */
u32 pci_read(struct pci_dev dev, u16 reg, unsigned int bytes)
{
	assert_int_equal(dev.seg, 0);
	assert_int_equal(dev.bus, 0x12);
	assert_int_equal(dev.devfn, 0x34);
	record(0xcf00 + reg, bytes, false, 0);
	return bytes == 4 ? 0xaabbccdd : bytes == 2 ? 0xaabb : 0xaa;
}

void pci_write(struct pci_dev dev, u16 reg, unsigned int bytes, u32 v)
{
	assert_int_equal(dev.seg, 0);
	assert_int_equal(dev.bus, 0x12);
	assert_int_equal(dev.devfn, 0x34);
	record(0xcf00 + reg, bytes, true, v);
}

static u64 *msr_of(u32 msr)
{
	assert_true(msr >= MSR_FS_BASE && msr <= MSR_TSC_AUX);
	return &test_msrs[msr - MSR_FS_BASE];
}

u64 rdmsr(u32 msr)
{
	return msr == MSR_PAT ? 0x050100070406ULL : *msr_of(msr);
}

void wrmsr(u32 msr, u64 value)
{
	test_wrmsrs++;
	*msr_of(msr) = value;
}

u64 read_cr0(void)
{
	return machine_cr0;
}

void write_cr0(u64 value)
{
	/* Nothing but TS may ever change. */
	assert_int_equal((machine_cr0 ^ value) & ~CR0_TS, 0);
	machine_cr0 = value;
}

struct table_register read_gdtr(void)
{
	return (struct table_register){ 0xe0ff, 0xffff860000001000 };
}

struct table_register read_idtr(void)
{
	return (struct table_register){ 0xfff, 0xffff860000002000 };
}

u16 read_ldtr(void)
{
	return 0xe058;
}

u16 read_tr(void)
{
	return 0xe048;
}

u32 tsc_khz(void)
{
	return 2000000;
}

/* --- other rooms --- */

int mm_load_base(struct vcpu *v, mfn_t mfn)
{
	assert_ptr_equal(v, &vcpu);
	load_base_mfn = mfn;
	return load_base_result;
}

void vcpu_segments_save(struct vcpu *v)
{
	if (v->reload_segments)
		return;
	v->fs_base = test_msrs[0];
	v->gs_base = test_msrs[1];
	v->kernel_gs_base = test_msrs[2];
}

void vcpu_cr4_load(struct vcpu *v)
{
	u64 own = cpu_features.cr4_guest_allowed;

	test_pcpu.cr4 = (test_pcpu.cr4 & ~own) | (v->virt_cr4 & own);
}

void vcpu_debug_load(struct vcpu *v)
{
	assert_ptr_equal(v, &vcpu);
	test_debug_loads++;
}
