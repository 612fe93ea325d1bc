// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID shows only what works: every feature that a program may detect is used, and
 * what CPUID, the auxiliary vector and /proc/cpuinfo say agrees.
 *
 * Native CPUID in ring 3 does not trap on most machines, so a program sees the real
 * CPU while the kernel sees what the hypervisor filtered: an instruction that needs
 * the kernel's leave (XSAVE, FSGSBASE, RDPKRU) must be announced by the kernel.
 */
#include "ktap.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <elf.h>
#include <sched.h>
#include <sys/prctl.h>

static unsigned int leaf(unsigned int l, unsigned int sub, char reg)
{
	unsigned int a = 0, b = 0, c = 0, d = 0;

	if (!__get_cpuid_count(l, sub, &a, &b, &c, &d))
		return 0;
	return reg == 'a' ? a : reg == 'b' ? b : reg == 'c' ? c : d;
}

static int cpuinfo_flag(const char *flag)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	static char line[16384];
	char word[64];
	int found = 0;

	CHECK(f, "/proc/cpuinfo: %s", strerror(errno));
	snprintf(word, sizeof(word), " %s ", flag);
	while (!found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "flags", 5))
			continue;
		line[strcspn(line, "\n")] = ' ';
		found = strstr(line, word) != NULL;
	}
	fclose(f);
	return found;
}

/* As the kernel gave it: the C library rewrites AT_HWCAP for itself. */
static unsigned long auxv(unsigned long type)
{
	FILE *f = fopen("/proc/self/auxv", "r");
	unsigned long pair[2], value = 0;

	CHECK(f, "/proc/self/auxv: %s", strerror(errno));
	while (fread(pair, sizeof(pair), 1, f) == 1)
		if (pair[0] == type)
			value = pair[1];
	fclose(f);
	return value;
}

#define CODE(name, ...) \
	static void do_##name(void *arg) { (void)arg; asm volatile(__VA_ARGS__); }
CODE(sse2, "paddd %%xmm0, %%xmm0" : : : "xmm0")
CODE(sse3, "haddps %%xmm0, %%xmm0" : : : "xmm0")
CODE(ssse3, "pabsb %%xmm0, %%xmm0" : : : "xmm0")
CODE(sse41, "pmovzxbw %%xmm0, %%xmm0" : : : "xmm0")
CODE(sse42, "crc32l %%eax, %%eax" : : : "eax")
CODE(popcnt, "popcnt %%eax, %%eax" : : : "eax")
CODE(aes, "aesenc %%xmm0, %%xmm0" : : : "xmm0")
CODE(pclmul, "pclmulqdq $0, %%xmm0, %%xmm0" : : : "xmm0")
CODE(movbe, "push %%rax; movbe (%%rsp), %%eax; pop %%rax" : : : "rax")
CODE(rdrand, "rdrand %%eax" : : : "eax", "cc")
CODE(avx, "vaddps %%ymm0, %%ymm0, %%ymm0" : : : "xmm0")
CODE(f16c, "vcvtph2ps %%xmm0, %%ymm0" : : : "xmm0")
CODE(fma, "vfmadd132ps %%ymm0, %%ymm0, %%ymm0" : : : "xmm0")
CODE(avx2, "vpaddd %%ymm0, %%ymm0, %%ymm0" : : : "xmm0")
CODE(bmi1, "andn %%eax, %%eax, %%eax" : : : "eax", "cc")
CODE(bmi2, "rorx $1, %%eax, %%eax" : : : "eax")
CODE(rdseed, "rdseed %%eax" : : : "eax", "cc")
CODE(adx, "adcx %%eax, %%eax" : : : "eax", "cc")
CODE(sha, "sha1msg1 %%xmm0, %%xmm0" : : : "xmm0")
CODE(avx512, "vaddps %%zmm0, %%zmm0, %%zmm0" : : : "xmm0")
CODE(rdtscp, "rdtscp" : : : "eax", "ecx", "edx")
CODE(rdpid, ".byte 0xf3, 0x0f, 0xc7, 0xf8" : : : "rax")
CODE(clflush, "clflush (%%rsp)" : : : "memory")
CODE(lzcnt, "lzcnt %%eax, %%eax" : : : "eax", "cc")
CODE(xgetbv, "xor %%ecx, %%ecx; xgetbv" : : : "eax", "ecx", "edx")
CODE(rdpkru, "xor %%ecx, %%ecx; .byte 0x0f, 0x01, 0xee" : : : "eax", "ecx", "edx")
CODE(rdfsbase, "rdfsbase %%rax" : : : "rax")
CODE(rdpmc, "xor %%ecx, %%ecx; rdpmc" : : : "eax", "ecx", "edx")
#undef CODE

struct feature {
	const char *name;
	unsigned int leaf;
	char reg;
	int bit;
	void (*use)(void *);
	unsigned int xcr0;	/* state components it needs */
};

static const struct feature features[] = {
	{ "sse2", 1, 'd', 26, do_sse2, 0 },
	{ "clflush", 1, 'd', 19, do_clflush, 0 },
	{ "sse3", 1, 'c', 0, do_sse3, 0 },
	{ "pclmulqdq", 1, 'c', 1, do_pclmul, 0 },
	{ "ssse3", 1, 'c', 9, do_ssse3, 0 },
	{ "fma", 1, 'c', 12, do_fma, 6 },
	{ "sse4_1", 1, 'c', 19, do_sse41, 0 },
	{ "sse4_2", 1, 'c', 20, do_sse42, 0 },
	{ "movbe", 1, 'c', 22, do_movbe, 0 },
	{ "popcnt", 1, 'c', 23, do_popcnt, 0 },
	{ "aes", 1, 'c', 25, do_aes, 0 },
	{ "avx", 1, 'c', 28, do_avx, 6 },
	{ "f16c", 1, 'c', 29, do_f16c, 6 },
	{ "rdrand", 1, 'c', 30, do_rdrand, 0 },
	{ "bmi1", 7, 'b', 3, do_bmi1, 0 },
	{ "avx2", 7, 'b', 5, do_avx2, 6 },
	{ "bmi2", 7, 'b', 8, do_bmi2, 0 },
	{ "avx512f", 7, 'b', 16, do_avx512, 0xe6 },
	{ "rdseed", 7, 'b', 18, do_rdseed, 0 },
	{ "adx", 7, 'b', 19, do_adx, 0 },
	{ "sha_ni", 7, 'b', 29, do_sha, 0 },
	{ "rdpid", 7, 'c', 22, do_rdpid, 0 },
	{ "rdtscp", 0x80000001, 'd', 27, do_rdtscp, 0 },
	{ "abm", 0x80000001, 'c', 5, do_lzcnt, 0 },
};

static unsigned int xcr0(void)
{
	unsigned int lo, hi;

	if (!(leaf(1, 0, 'c') & bit_OSXSAVE))
		return 0;
	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return lo;
}

/* What a program detects the documented way runs. */
static void case_advertised(void)
{
	unsigned int have = xcr0(), i;
	struct fault f;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *t = &features[i];

		if (!(leaf(t->leaf, 0, t->reg) >> t->bit & 1))
			continue;
		if ((have & t->xcr0) != t->xcr0)
			continue;
		f = fault_catch(t->use, NULL);
		CHECK(f.sig == 0, "%s is advertised, using it is signal %d", t->name, f.sig);
	}
}

/* What the kernel lists runs, and CPUID shows it too. */
static void case_cpuinfo(void)
{
	unsigned int i;
	struct fault f;

	CHECK(cpuinfo_flag("lm") && cpuinfo_flag("sse2"), "no flags at all");
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *t = &features[i];

		if (!cpuinfo_flag(t->name))
			continue;
		CHECK(leaf(t->leaf, 0, t->reg) >> t->bit & 1,
		      "%s is in /proc/cpuinfo, not in CPUID", t->name);
		CHECK((xcr0() & t->xcr0) == t->xcr0, "%s is listed, XCR0 is %x", t->name,
		      xcr0());
		f = fault_catch(t->use, NULL);
		CHECK(f.sig == 0, "%s is listed, using it is signal %d", t->name, f.sig);
	}
}

static void case_xgetbv(void)
{
	int announced = !!(leaf(1, 0, 'c') & bit_OSXSAVE);
	struct fault f = fault_catch(do_xgetbv, NULL);

	if (announced)
		CHECK(f.sig == 0 && (xcr0() & 3) == 3, "signal %d, XCR0 %x", f.sig, xcr0());
	else
		CHECK(f.sig == SIGILL, "OSXSAVE is clear, XGETBV is signal %d", f.sig);
	CHECK(announced == cpuinfo_flag("xsave"), "CPUID %d, cpuinfo %d", announced,
	      cpuinfo_flag("xsave"));
}

/* The auxiliary vector announces what CR4 allows. */
static void case_fsgsbase(void)
{
	int announced = !!(auxv(AT_HWCAP2) & 2);
	struct fault f = fault_catch(do_rdfsbase, NULL);

	CHECK((f.sig == 0) == announced, "HWCAP2 says %d, RDFSBASE is signal %d", announced,
	      f.sig);
	if (!announced)
		CHECK(f.sig == SIGILL, "signal %d", f.sig);
}

static void case_pku(void)
{
	int announced = !!(leaf(7, 0, 'c') & 0x10);
	struct fault f = fault_catch(do_rdpkru, NULL);

	if (announced)
		CHECK(f.sig == 0, "OSPKE is set, RDPKRU is signal %d", f.sig);
	else
		CHECK(f.sig == SIGILL, "OSPKE is clear, RDPKRU is signal %d", f.sig);
}

static void case_hwcap(void)
{
	unsigned long hwcap = auxv(AT_HWCAP);

	CHECK((hwcap & 0x6000000) == 0x6000000, "no SSE2 in AT_HWCAP %lx", hwcap);
	/* less than the CPU has is the kernel's choice, more is a lie */
	CHECK(!(hwcap & ~(unsigned long)leaf(1, 0, 'd')), "AT_HWCAP %lx, CPUID %x", hwcap,
	      leaf(1, 0, 'd'));
	CHECK(strcmp((char *)auxv(AT_PLATFORM), "x86_64") == 0, "%s",
	      (char *)auxv(AT_PLATFORM));
}

/* TSC_AUX is the CPU's number, as getcpu() gives it: by RDTSCP and by RDPID. */
static void case_tsc_aux(void)
{
	int n = sysconf(_SC_NPROCESSORS_ONLN), i;
	unsigned int cpu, node, aux;
	cpu_set_t set;

	if (!cpuinfo_flag("rdtscp"))
		SKIP("no RDTSCP");
	for (i = 0; i < n; i++) {
		CPU_ZERO(&set);
		CPU_SET(i, &set);
		CHECK(sched_setaffinity(0, sizeof(set), &set) == 0, "affinity");
		asm volatile("rdtscp" : "=c" (aux) : : "eax", "edx");
		CHECK(syscall(SYS_getcpu, &cpu, &node, NULL) == 0, "getcpu");
		CHECK((int)cpu == i && aux == (node << 12 | cpu), "TSC_AUX %x on CPU %u", aux,
		      cpu);
	}
}

struct table_reg {
	uint16_t limit;
	unsigned long base;
} __attribute__((packed));

/* With UMIP Linux answers SGDT with constants of its own; without, the CPU does. */
static void case_umip(void)
{
	struct table_reg gdt = { 0 }, idt = { 0 };

	asm volatile("sgdt %0" : "=m" (gdt));
	asm volatile("sidt %0" : "=m" (idt));
	if (!cpuinfo_flag("umip"))
		SKIP("the kernel does not use UMIP");
	CHECK(gdt.base == 0xfffffffffffe0000 && gdt.limit == 0, "GDT %lx", gdt.base);
	CHECK(idt.base == 0xffffffffffff0000 && idt.limit == 0, "IDT %lx", idt.base);
}

static void case_rdpmc(void)
{
	struct fault f = fault_catch(do_rdpmc, NULL);

	CHECK(f.sig == SIGSEGV, "RDPMC without a mapped event: signal %d", f.sig);
}

static void do_rdtsc(void *arg)
{
	(void)arg;
	asm volatile("rdtsc" : : : "eax", "edx");
}

/* PR_SET_TSC: the guest's CR4.TSD is this task's, and ends with it. */
static void case_tsd(void)
{
	struct fault f;

	CHECK(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0, "prctl: %s", strerror(errno));
	f = fault_catch(do_rdtsc, NULL);
	prctl(PR_SET_TSC, PR_TSC_ENABLE);
	CHECK(f.sig == SIGSEGV, "disabled: signal %d", f.sig);
	f = fault_catch(do_rdtsc, NULL);
	CHECK(f.sig == 0, "enabled: signal %d", f.sig);
}

static void do_cpuid(void *arg)
{
	unsigned int a, b, c, d;

	(void)arg;
	__cpuid(0, a, b, c, d);
}

/* CPUID faulting: offered, it works; not offered, it says so. */
static void case_cpuid_fault(void)
{
	struct fault f;

	if (syscall(SYS_arch_prctl, 0x1012 /* ARCH_SET_CPUID */, 0)) {
		CHECK(errno == ENODEV, "%s", strerror(errno));
		SKIP("no CPUID faulting here");
	}
	f = fault_catch(do_cpuid, NULL);
	syscall(SYS_arch_prctl, 0x1012, 1);
	CHECK(f.sig == SIGSEGV, "disabled: signal %d", f.sig);
	f = fault_catch(do_cpuid, NULL);
	CHECK(f.sig == 0, "enabled: signal %d", f.sig);
}

/* The same answers at every call, whatever ran in between. */
static void case_stable(void)
{
	unsigned int max = leaf(0, 0, 'a'), sig = leaf(1, 0, 'a'), i;

	CHECK(max >= 1, "highest leaf %x", max);
	for (i = 0; i < 200; i++) {
		sched_yield();
		CHECK(leaf(0, 0, 'a') == max && leaf(1, 0, 'a') == sig, "round %u", i);
	}
}

static const struct ktap_case cases[] = {
	{ "advertised features run", case_advertised },
	{ "cpuinfo flags run", case_cpuinfo },
	{ "xgetbv iff osxsave", case_xgetbv },
	{ "fsgsbase iff announced", case_fsgsbase },
	{ "rdpkru iff ospke", case_pku },
	{ "hwcap", case_hwcap },
	{ "tsc_aux", case_tsc_aux },
	{ "umip", case_umip },
	{ "rdpmc", case_rdpmc },
	{ "rdtsc disabled", case_tsd },
	{ "cpuid faulting", case_cpuid_fault },
	{ "stable leaves", case_stable },
};

int main(void)
{
	return ktap_main(cases, ARRAY_SIZE(cases));
}
