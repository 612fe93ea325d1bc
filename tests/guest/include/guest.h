/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The test guest's own interface: what a case may use.
 *
 * A case is a function registered with CASE() (safe), ATTACK() (run after the safe ones) or
 * CRASH_CASE() (a boot of its own: the right outcome is that the hypervisor kills the guest and
 * says so) or MAY_CRASH_CASE() (its own boot too; the guest's death is right, so is survival), or
 * those of front.h (for a domain with devices that rl made, not for the initial domain). It passes
 * unless an EXPECT fails; skip() needs a reason. One wrong input a case,
 * all else valid; a case leaves the guest as it found it.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/errno.h>
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include "layout.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef unsigned long ulong;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __page_aligned	__attribute__((aligned(PAGE_SIZE)))
#define barrier()	asm volatile("" : : : "memory")
#define BIT(n)		(1ul << (n))
#define NON_CANONICAL	0x0000800000000000ul

/* ---- cases ------------------------------------------------------------------------------- */
enum case_kind { CASE_SAFE, CASE_ATTACK, CASE_CRASH, CASE_MAY_CRASH, CASE_FRONT };

struct kase {
	const char *name;
	void (*fn)(void);
	u64 kind;
};

#define __CASE(fn, kind, section_name)						\
	static void fn(void);							\
	static const struct kase __kase_##fn					\
	__attribute__((used, aligned(8), section(section_name))) = { #fn, fn, kind };	\
	static void fn(void)

#define CASE(fn)	__CASE(fn, CASE_SAFE, ".cases.1")
#define ATTACK(fn)	__CASE(fn, CASE_ATTACK, ".cases.2")
#define CRASH_CASE(fn)	__CASE(fn, CASE_CRASH, ".cases.3")
#define MAY_CRASH_CASE(fn)	__CASE(fn, CASE_MAY_CRASH, ".cases.3")

void case_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void skip(const char *reason);
bool case_failed(void);

#define EXPECT(cond) do {							\
	if (!(cond))								\
		case_fail(__FILE__, __LINE__, "not true: %s", #cond);		\
} while (0)

#define EXPECT_EQ(a, b) do {							\
	long __a = (long)(a), __b = (long)(b);					\
	if (__a != __b)								\
		case_fail(__FILE__, __LINE__, "%s = 0x%lx (%ld), expected 0x%lx (%ld)", \
			  #a, __a, __a, __b, __b);				\
} while (0)

/* Any error code: where the ABI does not say which. */
#define EXPECT_ERR(a) do {							\
	long __a = (long)(a);							\
	if (__a >= 0 || __a < -4095)						\
		case_fail(__FILE__, __LINE__, "%s = 0x%lx (%ld), expected an error", \
			  #a, __a, __a);					\
} while (0)

/* ---- which hypervisor ------------------------------------------------------------------------ */
extern bool on_ringlet;		/* the guest kernel runs in ring 1 */
extern bool counts_instructions;	/* the time-stamp counter does: run-guest --icount */

extern unsigned int case_rounds;	/* how much longer than normally random attacks take */

/* The value expected on this hypervisor. */
#define PER_HV(xen, ringlet)	(on_ringlet ? (ringlet) : (xen))

/* ---- console --------------------------------------------------------------------------------- */
int kprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int kvsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list ap);
void console_write(const char *s, size_t len);
void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
bool glob_match(const char *pattern, const char *name);

void *memset(void *d, int c, size_t n);
void *memcpy(void *d, const void *s, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strncmp(const char *a, const char *b, size_t n);
int strcmp(const char *a, const char *b);

/* ---- registers, traps, faults -------------------------------------------------------------- */
struct regs {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vec, err;
	u64 rip, cs, rflags, rsp, ss;
};

struct jmpbuf { u64 r[8]; };

/* What a guarded piece of kernel code ran into; vec -1 when nothing. */
struct fault {
	struct jmpbuf jb;
	struct fault *prev;	/* the guard around this one */
	long vec;
	u64 err, cr2, rip, cs, rflags, rsp;
};

struct user;
struct vcpu {
	unsigned int id;
	struct fault *guard;
	struct user *user;
	volatile unsigned int upcalls;
	volatile unsigned int failsafes;
	struct vcpu_info *info;
	void (*volatile work)(void *);
	void *work_arg;
	u64 entry_flags;	/* RFLAGS in the last trap handler */
	bool (*kernel_hook)(struct regs *r);	/* sees kernel-mode traps first, true: handled */
};

static inline struct vcpu *this_vcpu(void)
{
	ulong sp;

	asm volatile("mov %%rsp, %0" : "=r"(sp));
	return *(struct vcpu **)(sp & ~(STACK_SIZE - 1ul));
}

int guard_set(struct jmpbuf *jb) __attribute__((returns_twice));
void guard_jump(struct jmpbuf *jb) __attribute__((noreturn));

static inline struct jmpbuf *guard_begin(struct fault *f)
{
	f->vec = -1;
	f->err = f->cr2 = f->rip = 0;
	f->prev = this_vcpu()->guard;
	this_vcpu()->guard = f;
	return &f->jb;
}

static inline bool guard_end(void)
{
	struct vcpu *v = this_vcpu();

	barrier();
	v->guard = v->guard->prev;
	return false;
}

/*
 * TRY(f) { statements }: run them; on a fault of the kernel fill in f and go on behind the block.
 * No break or return inside. Locals changed inside must be volatile. They nest;
 * around every case there is one, so that an unexpected fault fails the case only.
 */
#define TRY(f)	\
	for (bool __go = guard_set(guard_begin(&(f))) == 0; __go; __go = guard_end())

extern u64 failsafe_segments[4];	/* ds, es, fs, gs of the last failsafe callback */
extern volatile u32 trap_counts[512];

/* DPL 3 in the trap table: 3, 4 and USER_VECTORS; the rest DPL 0. */
#define USER_VEC_FIRST	0x80
#define USER_VEC_LAST	0x83
void traps_init(void);
void traps_fill(struct trap_info *table);	/* 257 entries */
int callbacks_init(void);

/*
 * ---- hypercalls
 * --------------------------------------------------------------------------------
 */
static inline long hypercall5(ulong nr, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5)
{
	register ulong r10 asm("r10") = a4;
	register ulong r8 asm("r8") = a5;
	ulong rax = nr;

	asm volatile("syscall"
		     : "+a"(rax), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
		     : : "rcx", "r11", "memory");
	return (long)rax;
}

#define __HC(nr, a1, a2, a3, a4, a5, ...)	\
	hypercall5(nr, (ulong)(a1), (ulong)(a2), (ulong)(a3), (ulong)(a4), (ulong)(a5))
/* hypercall(number, up to five arguments of any type) */
#define hypercall(nr, ...)	__HC(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define HYP(name, ...)		hypercall(__HYPERVISOR_##name, ##__VA_ARGS__)

#define MAX_HYPERCALLS	64
/* The first byte after the guest's addresses: a pointer no hypercall may accept. */
#define BAD_PTR		((void *)HV_START)

/*
 * ---- memory
 * ------------------------------------------------------------------------------------
 */
extern struct start_info *start_info;
extern struct shared_info *shared;
extern ulong *p2m;
extern ulong init_end_pfn;	/* first page not in the initial mapping */
extern ulong kernel_l4_pfn, user_l4_pfn, user_l1_pfn;
extern struct start_info start_info_copy;

#define PTE_P		0x001ul
#define PTE_RW		0x002ul
#define PTE_US		0x004ul
#define PTE_PWT		0x008ul
#define PTE_PCD		0x010ul
#define PTE_A		0x020ul
#define PTE_D		0x040ul
#define PTE_PSE		0x080ul
#define PTE_G		0x100ul
#define PTE_NX		BIT(63)
#define PTE_ADDR	0x000ffffffffff000ul
#define PTE_KERN	(PTE_P | PTE_RW | PTE_A | PTE_D)
#define PTE_KERN_RO	(PTE_P | PTE_A)
#define PTE_USER	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define PTE_TABLE	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

#define m2p	((const ulong *)MACH2PHYS_VIRT_START)

void mm_init(struct start_info *si, ulong boot_rsp);
ulong alloc_pfn(void);			/* zeroed, mapped at pfn_va(), writable */
void free_pfn(ulong pfn);
void *pfn_va(ulong pfn);
ulong va_pfn(const void *va);
static inline ulong pfn_mfn(ulong pfn) { return p2m[pfn]; }
static inline ulong va_mfn(const void *va) { return p2m[va_pfn(va)]; }
static inline ulong mfn_ma(ulong mfn) { return mfn << PAGE_SHIFT; }
static inline ulong pfn_pte(ulong pfn, ulong flags) { return mfn_ma(pfn_mfn(pfn)) | flags; }

int set_va_pte(const void *va, ulong pte);	/* update_va_mapping with INVLPG everywhere */
int page_ro(ulong pfn);					/* the page's own mapping */
int page_rw(ulong pfn);
int mmu_update1(ulong table_pfn, unsigned int index, ulong val);	/* one NORMAL update */
int mmu_update_raw(ulong ptr, ulong val);
int mmuext1(unsigned int cmd, ulong mfn);
/* The leaf entry of the kernel's tables, and where it stands. */
ulong walk_pte(const void *va, ulong *pte_pfn, unsigned int *index);
int user_map(ulong va, ulong pte);
ulong read_table(ulong table_pfn, unsigned int index);
/* A page-table page: allocated, its own mapping read-only; table_free() makes it writable again. */
ulong table_alloc(void);
int table_free(ulong pfn);
/* Frames of RAM above 1 MiB that are not this guest's: fn until it returns false. */
int for_each_foreign_frame(bool (*fn)(ulong mfn, void *arg), void *arg);
ulong mfn_of_hypervisor(void);		/* the first of them */

/*
 * ---- ring 3
 * ------------------------------------------------------------------------------------
 */
struct user {
	u64 ksp;
	u64 iret_flags;
	struct regs regs;	/* in: registers to start with; out: registers at the exit */
	u64 cr2;		/* out */
};

/*
 * USER_CODE_SNIPPET(name, "assembly"): position-independent code for ring 3. user_run() copies it
 * to USER_CODE and runs it with the registers of struct user until a trap, system call or failsafe
 * leaves ring 3. regs.vec says which.
 */
#define USER_SNIPPET_BITS(name, bits, code)				\
	asm(".pushsection .user, \"a\"\n"				\
	    ".code" #bits "\n"						\
	    #name "_start:\n" code "\n" #name "_end:\n"			\
	    ".code64\n"							\
	    ".popsection\n");						\
	extern const u8 name##_start[], name##_end[]
#define USER_SNIPPET(name, code)	USER_SNIPPET_BITS(name, 64, code)
#define USER_SNIPPET32(name, code)	USER_SNIPPET_BITS(name, 32, code)

void user_init(void);
void user_prepare(struct user *u);	/* registers: all zero, 64-bit, USER_CODE, USER_STACK_TOP */
void user_load(const u8 *start, const u8 *end);
void user_go(struct user *u);		/* run what is loaded */
#define user_run(u, name)	do { user_load(name##_start, name##_end); user_go(u); } while (0)
void user_enter(struct user *u);
void user_enter_native(struct user *u);	/* by IRETQ, behind the hypervisor's back */
void user_leave(u64 ksp) __attribute__((noreturn));
extern u8 *user_code, *user_data;	/* the kernel's alias of USER_CODE and USER_DATA */

/*
 * Addresses in the hypervisor's slots worth attacking: the descriptor tables' neighbourhood and the
 * ends of every slot. Returns 0 behind the last.
 */
ulong hypervisor_address(unsigned int index);
bool kernel_can_write(ulong va);	/* a locked OR of nothing */
bool kernel_can_read(ulong va);

/* ---- events ---------------------------------------------------------------------------------- */
#define MAX_PORTS	4096
extern volatile u32 port_counts[MAX_PORTS];
extern bool events_fifo;
void events_init(void);
void event_scan(struct vcpu *v);
int evtchn_bind_virq(u32 virq, u32 vcpu);	/* port or error */
int evtchn_bind_ipi(u32 vcpu);
int evtchn_close(u32 port);
void evtchn_unmask(u32 port);
void evtchn_mask(u32 port);
bool evtchn_pending(u32 port);
void evtchn_clear(u32 port);
void events_on(void);
void events_off(void);
u64 system_time(void);			/* ns, by the vCPU's time area */
extern void (*fifo_handler)(struct vcpu *v);
/* Only a hang takes so long: no case depends on how fast the machine is. */
#define HANG_NS	30000000000ul

bool wait_for(volatile u32 *counter, u32 value, u64 ns);
void spin_ns(u64 ns);

/* ---- second vCPU ----------------------------------------------------------------------------- */
extern struct vcpu vcpus[2];
extern char vcpu0_stack[], vcpu1_stack[];
int smp_start(void);			/* 0 when vCPU 1 runs, error when there is none */
void smp_call(void (*fn)(void *), void *arg);	/* run fn on vCPU 1, do not wait */
bool smp_wait(u64 ns);
void vcpu1_context(struct vcpu_guest_context *c);
#define NEED_VCPU1() do {						\
	if (smp_start()) {						\
		skip("needs a second vCPU");				\
		return;							\
	}								\
} while (0)

/*
 * ---- the CPU
 * -----------------------------------------------------------------------------------
 */
static inline u16 read_cs(void) { u16 v; asm volatile("mov %%cs, %0" : "=r"(v)); return v; }
static inline u16 read_ss(void) { u16 v; asm volatile("mov %%ss, %0" : "=r"(v)); return v; }
static inline ulong read_flags(void)
{
	ulong v;

	asm volatile("pushfq; popq %0" : "=r"(v));
	return v;
}
struct dtr {
	u16 limit;
	u64 base;
} __attribute__((packed));
static inline struct dtr sgdt(void) { struct dtr d; asm volatile("sgdt %0" : "=m"(d)); return d; }
static inline struct dtr sidt(void) { struct dtr d; asm volatile("sidt %0" : "=m"(d)); return d; }
static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return lo | (u64)hi << 32;
}
static inline void pv_cpuid(u32 leaf, u32 sub, u32 r[4])
{
	asm volatile(XEN_CPUID : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
		     : "0"(leaf), "2"(sub));
}
static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return lo | (u64)hi << 32;
}
static inline void wrmsr(u32 msr, u64 v)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

#define FL_CF	0x0001ul
#define FL_TF	0x0100ul
#define FL_IF	0x0200ul
#define FL_DF	0x0400ul
#define FL_IOPL	0x3000ul
#define FL_NT	0x4000ul
#define FL_RF	0x10000ul
#define FL_VM	0x20000ul
#define FL_AC	0x40000ul
#define FL_VIF	0x80000ul
#define FL_VIP	0x100000ul
#define FL_ID	0x200000ul

#define X_DE 0
#define X_DB 1
#define X_NMI 2
#define X_BP 3
#define X_OF 4
#define X_BR 5
#define X_UD 6
#define X_NM 7
#define X_DF 8
#define X_TS 10
#define X_NP 11
#define X_SS 12
#define X_GP 13
#define X_PF 14
#define X_MF 16
#define X_AC 17
#define X_XF 19

#endif
