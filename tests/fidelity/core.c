// SPDX-License-Identifier: GPL-2.0
/*
 * Core dumps: a program dies with known registers and memory, and the core file
 * shows exactly those: general registers, signal, XMM state, a page of data.
 */
#include "ktap.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/user.h>

#define PATTERN_SIZE 8192

static char *dir;
static unsigned char *pattern;
static unsigned char *image;
static size_t image_size;

static void put_pattern_name(const char *s)
{
	int fd = open("/proc/sys/kernel/core_pattern", O_WRONLY);

	if (fd < 0 || write(fd, s, strlen(s)) < 0)
		SKIP("core_pattern: %s", strerror(errno));
	close(fd);
}

static void __attribute__((noreturn)) die_with_registers(void)
{
	static const uint8_t xmm[16] __attribute__((aligned(16))) = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
	};

	asm volatile("movaps %0, %%xmm9;"
		     "movabs $0x1111222233334444, %%r12;"
		     "movabs $0x5555666677778888, %%r13;"
		     "movabs $0xfedcba9876543210, %%rbx;"
		     "movabs $0x0102030405060708, %%r8;"
		     "xor %%eax, %%eax; movl $1, (%%rax)"
		     : : "m" (*xmm) : "memory");
	__builtin_unreachable();
}

/* A child dumps core into dir; the file is read into image. */
static void make_core(void)
{
	struct rlimit rl = { RLIM_INFINITY, RLIM_INFINITY };
	char template[] = "/tmp/core-XXXXXX", path[64];
	struct stat st;
	int status, fd;
	pid_t pid;

	dir = mkdtemp(template);
	CHECK(dir, "mkdtemp: %s", strerror(errno));
	snprintf(path, sizeof(path), "%s/core", dir);
	put_pattern_name(path);
	pattern = mmap(NULL, PATTERN_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < PATTERN_SIZE; i++)
		pattern[i] = i * 7 + (i >> 8);
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &rl);
		die_with_registers();
	}
	CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
	put_pattern_name("core");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %x", status);
	CHECK(WCOREDUMP(status), "no core was dumped");
	fd = open(path, O_RDONLY);
	if (fd < 0) {		/* with core_uses_pid the name has the number */
		snprintf(path, sizeof(path), "%s/core.%d", dir, pid);
		fd = open(path, O_RDONLY);
	}
	CHECK(fd >= 0 && fstat(fd, &st) == 0, "%s: %s", path, strerror(errno));
	image_size = st.st_size;
	image = mmap(NULL, image_size, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(image != MAP_FAILED, "mmap");
	unlink(path);
	rmdir(dir);
}

static Elf64_Phdr *segment(int i)
{
	Elf64_Ehdr *eh = (void *)image;

	CHECK(image_size > sizeof(*eh) && !memcmp(eh->e_ident, ELFMAG, SELFMAG), "no ELF");
	CHECK(eh->e_type == ET_CORE && eh->e_machine == EM_X86_64, "not a core");
	return i < eh->e_phnum ? (Elf64_Phdr *)(image + eh->e_phoff) + i : NULL;
}

static void *note(unsigned int type, size_t *size)
{
	Elf64_Phdr *ph;
	int i;

	for (i = 0; (ph = segment(i)); i++) {
		unsigned char *p = image + ph->p_offset, *end = p + ph->p_filesz;

		if (ph->p_type != PT_NOTE)
			continue;
		while (p + sizeof(Elf64_Nhdr) <= end) {
			Elf64_Nhdr *n = (void *)p;

			p += sizeof(*n) + ((n->n_namesz + 3) & ~3U);
			if (n->n_type == type) {
				*size = n->n_descsz;
				return p;
			}
			p += (n->n_descsz + 3) & ~3U;
		}
	}
	return NULL;
}

static void case_registers(void)
{
	struct user_regs_struct *r;
	struct elf_prstatus *pr;
	size_t size;

	make_core();
	pr = note(NT_PRSTATUS, &size);
	CHECK(pr && size >= sizeof(*pr), "no NT_PRSTATUS");
	r = (void *)&pr->pr_reg;
	CHECK(pr->pr_cursig == SIGSEGV, "signal %d", pr->pr_cursig);
	CHECK(r->r12 == 0x1111222233334444 && r->r13 == 0x5555666677778888 &&
	      r->rbx == 0xfedcba9876543210 && r->r8 == 0x0102030405060708,
	      "r12 %llx r13 %llx rbx %llx r8 %llx", r->r12, r->r13, r->rbx, r->r8);
	CHECK(r->rax == 0 && (r->cs & 3) == 3 && (r->ss & 3) == 3, "cs %llx ss %llx",
	      r->cs, r->ss);
	CHECK((r->eflags & 0x200) && !(r->eflags & 0x3000), "flags %llx", r->eflags);
}

static void case_siginfo(void)
{
	siginfo_t *si;
	size_t size;

	make_core();
	si = note(NT_SIGINFO, &size);
	CHECK(si && si->si_signo == SIGSEGV && si->si_code == SEGV_MAPERR && !si->si_addr,
	      "no siginfo, or the wrong one");
}

static void case_fpu(void)
{
	struct user_fpregs_struct *f;
	unsigned char *xmm;
	size_t size;

	make_core();
	f = note(NT_FPREGSET, &size);
	CHECK(f && size >= sizeof(*f), "no NT_FPREGSET");
	xmm = (unsigned char *)f->xmm_space + 9 * 16;
	CHECK(xmm[0] == 1 && xmm[15] == 16, "xmm9 %x..%x", xmm[0], xmm[15]);
	CHECK(f->mxcsr == 0x1f80, "mxcsr %x", f->mxcsr);
}

static void case_memory(void)
{
	Elf64_Phdr *ph;
	int i;

	make_core();
	for (i = 0; (ph = segment(i)); i++) {
		size_t skip = (unsigned long)pattern - ph->p_vaddr;

		if (ph->p_type != PT_LOAD || (unsigned long)pattern < ph->p_vaddr ||
		    skip + PATTERN_SIZE > ph->p_filesz)
			continue;
		CHECK(!memcmp(image + ph->p_offset + skip, pattern, PATTERN_SIZE),
		      "the dumped memory differs");
		return;
	}
	CHECK(0, "the data is in no segment");
}

static const struct ktap_case cases[] = {
	{ "registers", case_registers },
	{ "siginfo", case_siginfo },
	{ "fpu", case_fpu },
	{ "memory", case_memory },
};

int main(void)
{
	return ktap_main(cases, ARRAY_SIZE(cases));
}
