// SPDX-License-Identifier: GPL-2.0
/*
 * The generated guest stubs put every argument where the ABI wants it.
 *
 * By SYSCALL the convention is the one of Linux's own system calls up to five
 * arguments, so the host kernel is the judge. Through a hypercall page, a page
 * of our own records what arrives in which entry and then spoils all that a
 * hypercall may spoil. Built both ways; the page must be named test_page.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ringlet/stubs.h>

static int failed;

static void check(const char *what, int good)
{
	if (good)
		return;
	printf("%s\n", what);
	failed = 1;
}

#ifdef RINGLET_HYPERCALL_PAGE
unsigned long seen[6];	/* entry, then the five arguments */

__asm__(".text\n"
	".balign 4096\n"
	"test_page:\n"
	".set entry, 0\n"
	".rept 64\n"
	".balign 32\n"
	"	pushq $entry\n"
	"	jmp record\n"
	".set entry, entry + 1\n"
	".endr\n"
	"record:\n"
	"	pop %rcx\n"
	"	lea seen(%rip), %r11\n"
	"	mov %rcx, 0(%r11)\n"
	"	mov %rdi, 8(%r11)\n"
	"	mov %rsi, 16(%r11)\n"
	"	mov %rdx, 24(%r11)\n"
	"	mov %r10, 32(%r11)\n"
	"	mov %r8, 40(%r11)\n"
	"	mov $-1, %rcx\n"
	"	mov %rcx, %r11\n"
	"	mov %rcx, %rdi\n"
	"	mov %rcx, %rsi\n"
	"	mov %rcx, %rdx\n"
	"	mov %rcx, %r10\n"
	"	mov %rcx, %r8\n"
	"	mov $-38, %rax\n"
	"	ret\n");

static int saw(unsigned long entry, const unsigned long *args, int count)
{
	int good = seen[0] == entry &&
		   !memcmp(seen + 1, args, count * sizeof(*args));

	memset(seen, 0xee, sizeof(seen));
	return good;
}

static void test(void)
{
	/* Volatile: the compiler must fetch them, and may not fold. */
	volatile unsigned long base = 0x1111111111111111;
	unsigned long a[5];
	int i;

	for (i = 0; i < 5; i++)
		a[i] = base * (i + 1);
	check("set_trap_table", hypercall_set_trap_table((void *)a[0]) == -38 &&
	      saw(0, a, 1));
	check("update_va_mapping",
	      hypercall_update_va_mapping(a[0], a[1], a[2]) == -38 &&
	      saw(14, a, 3));
	check("stack_switch", hypercall_stack_switch(a[0], a[1]) == -38 &&
	      saw(3, a, 2));
	check("four", ringlet_hypercall4(26, a[0], a[1], a[2], a[3]) == -38 &&
	      saw(26, a, 4));
	check("five", ringlet_hypercall5(39, a[0], a[1], a[2], a[3], a[4]) == -38 &&
	      saw(39, a, 5));
	check("again", ringlet_hypercall5(63, a[0], a[1], a[2], a[3], a[4]) == -38 &&
	      saw(63, a, 5));
	check("none", ringlet_hypercall0(55) == -38 && saw(55, a, 0));
}
#else
static void test(void)
{
	static const char text[] = "ringlet";
	char back[sizeof(text)] = "";
	struct statx info = { 0 };
	int pipes[2];
	int fd = memfd_create("abi-stubs", 0);

	check("none", ringlet_hypercall0(SYS_getpid) == getpid());
	check("one", !ringlet_hypercall1(SYS_pipe, (unsigned long)pipes) &&
	      close(pipes[0]) == 0);
	check("two", !ringlet_hypercall2(SYS_ftruncate, fd, 4096));
	check("three", ringlet_hypercall3(SYS_lseek, fd, 5, SEEK_SET) == 5);
	check("four", ringlet_hypercall4(SYS_pwrite64, fd, (unsigned long)text,
					 sizeof(text), 100) == sizeof(text));
	check("four back", pread(fd, back, sizeof(back), 100) == sizeof(back) &&
	      !memcmp(text, back, sizeof(text)));
	check("five", !ringlet_hypercall5(SYS_statx, fd, (unsigned long)"",
					  AT_EMPTY_PATH, STATX_SIZE,
					  (unsigned long)&info) &&
	      info.stx_size == 4096);
	check("error", ringlet_hypercall1(SYS_close, -1) == -9);
}
#endif

int main(void)
{
	test();
	return failed;
}
