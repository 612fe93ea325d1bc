/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate: every way into ring 0 from a guest, and back. Mapped at the same
 * address in guest space and in host space; runs on the guest's CR3 until it
 * loads the host's, with interrupts off.
 *
 * Invariants (Documentation/security.rst, "The gate"):
 * - No indirect branch, constant stack, no GS. The entry stack, the IST stacks
 *   and the variables lie in the vCPU's writable page (struct gate_rw), which
 *   ring 1 of the same vCPU can write: read once, check, use.
 * - Operands of CR3 and WRMSR come from struct gate_ro or are checked here.
 * - Guest addresses are checked by GUEST_RANGE before use. A fault on them, or
 *   on an exit IRETQ, arrives at gate_exception with CS = ring 0; that enters
 *   host space with the nested frame, and dispatch/gate-fault.c decides by the
 *   address of the instruction (the gate_*_at labels).
 * - Every IRETQ to a guest executes with RSP = top of the entry stack - 40, so
 *   that gate-fault.c finds the frame it was to load.
 * - A store to the window, which is there while a table is open, needs no check of
 *   the value: it is validated before the hardware gets to see it.
 * - CS of the interrupted context, as the CPU pushed it, tells ring 1 from
 *   ring 3. Only SYSCALL has to trust kernel_mode, which the guest may forge:
 *   it then only confuses itself.
 */
#include "asm-offsets.h"
#include "machine/entry-macros.h"
#include "machine/layout.h"

#define rw(off)		gate_rw + (off)(%rip)
#define ro(off)		gate_ro + (off)(%rip)

/* RFLAGS a guest never gets to set; and those that only ring 3 gets: NT, which
 * makes but its own IRET fault, and RF for a debugger's breakpoints. */
#define EFLAGS_FORBIDDEN	(EFLAGS_IOPL | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP)
#define EFLAGS_RING3		(EFLAGS_NT | EFLAGS_RF)

#define HYPERCALL_mmu_update		1
#define HYPERCALL_stack_switch		3
#define HYPERCALL_iret			23
#define HYPERCALL_set_segment_base	25
#define DOMID_SELF			0x7ff0
#define SEGBASE_FS			0
#define SEGBASE_GS_USER			1
#define SEGBASE_GS_KERNEL		2
#define SEGBASE_GS_USER_SEL		3

	.section .gate.text, "ax", @progbits

/*
 * GUEST_RANGE - jump to \bad unless [\reg, \reg + 4096) is guest space
 *
 * The guest's addresses, from the end of the hole up through zero to the end
 * of the lower half, are one interval modulo 2^64, of 31 * 2^43 bytes. What
 * runs over its end is not canonical and faults; what starts below begins in
 * the hole and is refused here. Clobbers \tmp.
 */
.macro GUEST_RANGE reg, tmp, bad
	movabs	$-GUEST_HOLE_END, \tmp
	add	\reg, \tmp
	shr	$43, \tmp
	cmp	$31, \tmp
	jae	\bad
.endm

/* The caller of a system call, as a frame; its rsp is in the scratch word. */
.macro PUSH_CALLER cs, ss
	pushq	$\ss
	pushq	rw(RW_SCRATCH)
	push	%r11
	pushq	$\cs
	push	%rcx
.endm

/* Behind such a frame: enter host space. */
.macro ENTER_HOST why
	pushq	$0
	pushq	$\why
	jmp	gate_full
.endm

/*
 * SYSCALL from 64-bit code, ring 1 or ring 3.
 * On entry: rcx = rip, r11 = rflags, rsp = the caller's, IF = 0 (SFMASK).
 */
	.globl gate_syscall64
	.align 64
gate_syscall64:
	mov	%rsp, rw(RW_SCRATCH)
	lea	gate_rw + GATE_RW_STACK_TOP(%rip), %rsp
	cmpb	$0, rw(RW_KERNEL_MODE)
	jne	gate_hypercall

	/* A program's system call: to the guest kernel's entry, in ring 1. */
	mov	%rax, rw(RW_SCRATCH + 8)
	mov	%rdx, rw(RW_SCRATCH + 16)
	mov	ro(RO_SYSCALL_ENTRY), %rax
	test	%rax, %rax
	jz	.Lsyscall_declined
	mov	rw(RW_KERNEL_SP), %rax
	and	$~15, %rax
	sub	$56, %rax
	GUEST_RANGE %rax, %rdx, .Lsyscall_declined
	/* rax = frame: rcx, r11, rip, cs | mask, rflags, rsp, ss */
	mov	%rcx, (%rax)
	mov	%r11, 8(%rax)
	mov	%rcx, 16(%rax)
	mov	$SEL_USER_CS64, %edx
	mov	%edx, 24(%rax)
	mov	ro(RO_VCPU_INFO), %rdx
	cmpb	$0, VI_MASK(%rdx)
	jne	.Lsyscall_masked
	movl	$0, 28(%rax)
	mov	%r11, %rdx
	or	$EFLAGS_IF, %rdx
	mov	%rdx, 32(%rax)
.Lsyscall_frame:
	mov	rw(RW_SCRATCH), %rdx
	mov	%rdx, 40(%rax)
	movq	$SEL_USER_DS, 48(%rax)
	mov	ro(RO_VCPU_INFO), %rdx
	cmpb	$0, ro(RO_SYSCALL_MASK)
	je	1f
	movb	$1, VI_MASK(%rdx)
1:	swapgs
	movb	$1, rw(RW_KERNEL_MODE)
	incq	rw(RW_ENTRIES)
	pushq	$SEL_KERNEL_DS
	push	%rax
	pushq	$(EFLAGS_IF | EFLAGS_MBS)
	pushq	$SEL_KERNEL_CS
	pushq	ro(RO_SYSCALL_ENTRY)
	mov	rw(RW_SCRATCH + 8), %rax
	mov	rw(RW_SCRATCH + 16), %rdx
	iretq

.Lsyscall_masked:
	movl	$1, 28(%rax)
	mov	%r11, %rdx
	and	$~EFLAGS_IF, %rdx
	mov	%rdx, 32(%rax)
	jmp	.Lsyscall_frame

.Lsyscall_declined:
	mov	rw(RW_SCRATCH + 8), %rax
	mov	rw(RW_SCRATCH + 16), %rdx
	PUSH_CALLER SEL_USER_CS64, SEL_USER_DS
	ENTER_HOST ENTRY_SYSCALL

/*
 * SYSCALL from ring 1: a hypercall. rax = number; rdi, rsi, rdx, r10, r8 =
 * arguments. Those that stand here are answered on the guest's CR3; all keep
 * every register but rax.
 */
gate_hypercall:
	cmp	$HYPERCALL_iret, %rax
	je	gate_hypercall_iret
	PUSH_CALLER SEL_KERNEL_CS, SEL_KERNEL_DS
	cmp	$HYPERCALL_mmu_update, %rax
	je	.Lmmu_update
	cmp	$HYPERCALL_stack_switch, %rax
	je	.Lstack_switch
	cmp	$HYPERCALL_set_segment_base, %rax
	je	.Lset_segment_base
.Lhypercall_full:
	ENTER_HOST ENTRY_HYPERCALL

.Lstack_switch:
	mov	%rsi, rw(RW_KERNEL_SP)
	xor	%eax, %eax

/* rax = result; the frame stands on the entry stack. */
.Lhypercall_done:
	incq	rw(RW_ENTRIES)
	mov	ro(RO_VCPU_INFO), %rcx
	cmpb	$0, VI_PENDING(%rcx)
	je	1f
	cmpb	$0, VI_MASK(%rcx)
	je	.Lhypercall_events
1:	mov	(%rsp), %rcx
	andl	$~(EFLAGS_FORBIDDEN | EFLAGS_RING3), 16(%rsp)
	orl	$(EFLAGS_IF | EFLAGS_MBS), 16(%rsp)
	.globl gate_iretq_kernel_at
gate_iretq_kernel_at:
	iretq

.Lhypercall_events:
	mov	(%rsp), %rcx
	ENTER_HOST ENTRY_EVENTS

.Lset_segment_base:
	cmp	$SEGBASE_GS_USER_SEL, %rdi
	je	.Lset_gs_selector
	mov	%rsi, %rcx
	shl	$16, %rcx
	sar	$16, %rcx
	cmp	%rsi, %rcx
	jne	.Lset_base_refused
	mov	$0xc0000100, %ecx		/* FS base */
	cmp	$SEGBASE_FS, %rdi
	je	1f
	mov	$0xc0000102, %ecx		/* the other mode's GS base */
	cmp	$SEGBASE_GS_USER, %rdi
	je	1f
	mov	$0xc0000101, %ecx		/* GS base */
	cmp	$SEGBASE_GS_KERNEL, %rdi
	jne	.Lset_base_refused
1:	push	%rdx
	mov	%rsi, %rax
	mov	%rsi, %rdx
	shr	$32, %rdx
	wrmsr
	pop	%rdx
	xor	%eax, %eax
	jmp	.Lhypercall_done

.Lset_base_refused:
	mov	$-22, %rax
	jmp	.Lhypercall_done

/* A bad selector faults at gate_set_gs_at; gate-fault.c loads null instead. */
.Lset_gs_selector:
	swapgs
	.globl gate_set_gs_at
gate_set_gs_at:
	mov	%esi, %gs
	swapgs
	xor	%eax, %eax
	jmp	.Lhypercall_done

/*
 * One plain update of the open L1 (mm/deferred.c): stored through the window,
 * not checked. Faults between the labels take the full way (gate-fault.c).
 */
.Lmmu_update:
	mov	ro(RO_OPEN_TABLE), %r11
	test	%r11, %r11
	jz	.Lupdate_full
	cmp	$1, %rsi
	jne	.Lupdate_full
	test	%rdx, %rdx			/* the count of those done */
	jnz	.Lupdate_full
	cmp	$DOMID_SELF, %r10
	jne	.Lupdate_full
	GUEST_RANGE %rdi, %rcx, .Lupdate_full
	.globl gate_update_start, gate_update_end
gate_update_start:
	xor	(%rdi), %r11
	test	$~0xff8, %r11			/* this table, command 0 */
	jnz	.Lupdate_full
	and	$0xff8, %r11d
	mov	8(%rdi), %rcx
	lea	gate_window(%rip), %rax
	mov	%rcx, (%rax, %r11)
gate_update_end:
	xor	%eax, %eax
	mov	16(%rsp), %r11
	jmp	.Lhypercall_done

.Lupdate_full:
	mov	$HYPERCALL_mmu_update, %eax
	mov	(%rsp), %rcx
	mov	16(%rsp), %r11
	jmp	.Lhypercall_full

/*
 * The iret hypercall. At the caller's rsp: rax, r11, rcx, flags, rip, cs,
 * rflags, rsp, ss. rcx and r11 are free; all others are live. A pending event
 * takes the long way, which does the same in C and then delivers it.
 */
gate_hypercall_iret:
	mov	ro(RO_VCPU_INFO), %r11
	cmpb	$0, VI_PENDING(%r11)
	jne	.Liret_full
	mov	rw(RW_SCRATCH), %r11
	GUEST_RANGE %r11, %rcx, .Liret_full
	.irp word, 64, 56, 48, 40, 32, 16, 8, 0
	pushq	\word(%r11)
	.endr
	/* 0 rax, 8 r11, 16 rcx, 24 rip, 32 cs, 40 rflags, 48 rsp, 56 ss */
	incq	rw(RW_ENTRIES)
	mov	40(%rsp), %rax
	mov	ro(RO_VCPU_INFO), %r11
	mov	%eax, %ecx
	shr	$9, %ecx
	and	$1, %ecx
	xor	$1, %ecx
	mov	%cl, VI_MASK(%r11)
	and	$~(EFLAGS_FORBIDDEN | EFLAGS_RING3), %eax
	or	$(EFLAGS_IF | EFLAGS_MBS), %eax
	mov	32(%rsp), %ecx
	and	$3, %ecx
	cmp	$3, %ecx
	jne	.Liret_kernel

	/* To ring 3. SYSRET when it loads exactly what the frame says. */
	swapgs
	movb	$0, rw(RW_KERNEL_MODE)
	mov	24(%rsp), %rcx
	cmp	%rcx, 16(%rsp)
	jne	.Liret_user
	mov	40(%rsp), %r11
	cmp	%r11, 8(%rsp)
	jne	.Liret_user
	cmpq	$0x33, 32(%rsp)
	jne	.Liret_user
	cmpq	$0x2b, 56(%rsp)
	jne	.Liret_user
	test	$(EFLAGS_TF | EFLAGS_RING3), %r11d
	jnz	.Liret_user
	mov	%rcx, %r11
	shr	$47, %r11
	jnz	.Liret_user
	mov	%rax, %r11
	pop	%rax
	mov	40(%rsp), %rsp
	sysretq

.Liret_user:
	mov	40(%rsp), %ecx
	and	$EFLAGS_RING3, %ecx
	or	%ecx, %eax
	mov	%rax, 40(%rsp)
	movzwl	32(%rsp), %ecx
	mov	%rcx, 32(%rsp)
	movzwl	56(%rsp), %ecx
	or	$3, %ecx
	mov	%rcx, 56(%rsp)
	jmp	.Liret_pop
.Liret_kernel:
	mov	%rax, 40(%rsp)
	movq	$SEL_KERNEL_CS, 32(%rsp)
	movq	$SEL_KERNEL_DS, 56(%rsp)
.Liret_pop:
	pop	%rax
	pop	%r11
	pop	%rcx
	.globl gate_iretq_iret_at
gate_iretq_iret_at:
	iretq

.Liret_full:
	mov	$HYPERCALL_iret, %eax
	pushq	$SEL_KERNEL_DS
	pushq	rw(RW_SCRATCH)
	pushq	$(EFLAGS_IF | EFLAGS_MBS)
	pushq	$SEL_KERNEL_CS
	push	%rcx
	jmp	.Lhypercall_full

/*
 * SYSCALL from 32-bit code (AMD and compatible only): same, with the entry for
 * compatibility mode. rcx = eip.
 */
	.globl gate_syscall32
	.align 16
gate_syscall32:
	mov	%rsp, rw(RW_SCRATCH)
	lea	gate_rw + GATE_RW_STACK_TOP(%rip), %rsp
	PUSH_CALLER SEL_USER_CS32, SEL_USER_DS
	ENTER_HOST ENTRY_SYSCALL32

/*
 * SYSENTER. The CPU keeps neither rip nor rsp, and of the flags clears only IF
 * and RF: TF, NT, AC and DF must not stay, but are the guest's to see. With TF the
 * gate is stepped through until they are saved (.Ldb_gate). rsp = top of the entry stack (MSR). The frame the ABI
 * shows has cs 3, rip 0, rsp 0.
 */
	.globl gate_sysenter
	.align 16
gate_sysenter:
	pushq	$SEL_USER_DS
	pushq	$0
	pushfq
	pushq	$EFLAGS_MBS
	popfq
.Lsysenter_flags_saved:
	orl	$EFLAGS_IF, (%rsp)
	pushq	$3
	pushq	$0
	ENTER_HOST ENTRY_SYSENTER

/*
 * Exceptions that the guest handles itself. rsp -> vector, error code, rip, cs,
 * rflags, rsp, ss. The frame on the guest's stack: rcx, r11, [error code],
 * rip, cs | mask << 32, rflags, rsp, ss.
 */
	.align 16
gate_page_fault:
	pushq	$VEC_PF
	testb	$3, 24(%rsp)
	jz	gate_nested
	push	%rax
	push	%rdx
	mov	%cr2, %rax
	mov	%rax, %rdx
	shr	$43, %rdx
	cmp	$(GUEST_HOLE_START >> 43), %edx	/* LDT window, or a mistake */
	je	.Lpf_full
	testb	$8, 24(%rsp)			/* reserved bit: our business */
	jnz	.Lpf_full
	testb	$2, 40(%rsp)			/* cs: ring 3 */
	jnz	1f
	mov	24(%rsp), %edx			/* ring 1 writes a present page: */
	and	$3, %edx			/* perhaps a page table */
	cmp	$3, %edx
	je	.Lpf_full
1:	mov	%rax, %rdx
	shr	$39, %rdx
	inc	%rdx
	cmp	ro(RO_OPEN_SLOT), %rdx		/* hidden: perhaps not the guest's */
	je	.Lpf_full
	mov	ro(RO_VCPU_INFO), %rdx
	mov	%rax, VI_CR2(%rdx)
	pop	%rdx
	pop	%rax
	jmp	gate_bounce
.Lpf_full:
	pop	%rdx
	pop	%rax
	jmp	gate_full

	.align 16
gate_exception:
	testb	$3, 24(%rsp)
	jz	gate_nested
gate_bounce:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	/* 0 rsi, 8 rdx, 16 rcx, 24 rax, 32 vector, 40 error, 48 rip, 56 cs,
	 * 64 rflags, 72 rsp, 80 ss */
	mov	32(%rsp), %eax
	mov	$32, %ecx
	cmp	$VEC_INT80, %eax
	cmove	%ecx, %eax
	and	$63, %eax
	mov	%eax, %ecx
	shl	$4, %ecx
	lea	ro(RO_TRAP), %rsi
	add	%rcx, %rsi			/* rsi = struct gate_trap */
	cmpq	$0, (%rsi)
	je	.Lbounce_declined
	mov	72(%rsp), %rdx
	testb	$2, 56(%rsp)
	cmovnz	rw(RW_KERNEL_SP), %rdx
	and	$~15, %rdx
	sub	$64, %rdx
	GUEST_RANGE %rdx, %rcx, .Lbounce_declined
	/* Does the CPU push an error code: #DF, #TS to #PF, #AC? */
	mov	$0x27d00, %ecx
	bt	%eax, %ecx
	mov	40(%rsp), %rcx
	jc	1f
	lea	8(%rdx), %rdx			/* no: one word less; keeps CF */
	jmp	2f
1:	mov	%rcx, 16(%rdx)
2:	mov	16(%rsp), %rcx
	mov	%rcx, (%rdx)
	mov	%r11, 8(%rdx)
	/* rax: base of the five-word frame */
	lea	16(%rdx), %rcx
	lea	24(%rdx), %rax
	cmovnc	%rcx, %rax
	mov	48(%rsp), %rcx
	mov	%rcx, (%rax)
	mov	72(%rsp), %rcx
	mov	%rcx, 24(%rax)
	mov	$SEL_SHOWN_KERNEL_SS, %ecx
	testb	$2, 56(%rsp)
	cmovnz	80(%rsp), %ecx
	mov	%rcx, 32(%rax)
	mov	$SEL_SHOWN_KERNEL_CS, %ecx
	testb	$2, 56(%rsp)
	cmovnz	56(%rsp), %ecx
	mov	%ecx, 8(%rax)
	mov	ro(RO_VCPU_INFO), %rcx
	movzbl	VI_MASK(%rcx), %ecx
	mov	%ecx, 12(%rax)
	neg	%ecx
	sbb	%ecx, %ecx			/* all ones if masked */
	not	%ecx
	and	$EFLAGS_IF, %ecx
	andl	$~EFLAGS_IF, 64(%rsp)
	or	64(%rsp), %ecx
	mov	%rcx, 16(%rax)
	testb	$4, 8(%rsi)			/* mask events on this entry? */
	jz	3f
	mov	ro(RO_VCPU_INFO), %rcx
	movb	$1, VI_MASK(%rcx)
3:	testb	$2, 56(%rsp)
	jz	4f
	swapgs
	movb	$1, rw(RW_KERNEL_MODE)
4:	incq	rw(RW_ENTRIES)
	mov	(%rsi), %rcx
	mov	%rcx, 48(%rsp)
	movq	$SEL_KERNEL_CS, 56(%rsp)
	movq	$(EFLAGS_IF | EFLAGS_MBS), 64(%rsp)
	mov	%rdx, 72(%rsp)
	movq	$SEL_KERNEL_DS, 80(%rsp)
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq

.Lbounce_declined:
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax

/* Everything else: all registers to the entry page, and over to host space. */
	.align 16
gate_full:
	PUSH_GPRS
	xor	%edi, %edi
gate_to_host:
	mov	ro(RO_HOST_CR3), %rax
	mov	%rax, %cr3
	movabs	$HOST_STACK_TOP, %rsp
	xor	%ebp, %ebp
	jmp	host_entry_stub

/* A fault of the gate itself: its frame lies below what the gate was doing. */
gate_nested:
	PUSH_GPRS
	mov	%rsp, %rdi
	jmp	gate_to_host

/*
 * Back to the guest from host space, on the host stack, IF = 0.
 * rdi = guest CR3; rsi = nonzero: load selectors and bases first. The
 * registers lie in the vCPU's page.
 */
	.globl gate_exit_asm
	.align 16
gate_exit_asm:
	mov	%rdi, %cr3
	lea	gate_rw + RW_REGS(%rip), %rsp
	test	%esi, %esi
	jnz	.Lreload
.Lexit_pop:
	POP_GPRS
	add	$16, %rsp
	.globl gate_iretq_exit_at
gate_iretq_exit_at:
	iretq

/* Faults in here, bad selectors: gate-fault.c makes them null and exits anew. */
	.globl gate_reload_start, gate_reload_end
.Lreload:
gate_reload_start:
	mov	rw(RW_DS), %ds
	mov	rw(RW_ES), %es
	mov	rw(RW_FS), %fs
	mov	rw(RW_GS), %gs
gate_reload_end:
	mov	$0xc0000100, %ecx		/* FS base, GS base, the other mode's */
	.irp base, RO_FS_BASE, RO_GS_BASE, RO_KERNEL_GS_BASE
	mov	ro(\base), %eax
	mov	ro(\base + 4), %edx
	wrmsr
	inc	%ecx
	.endr
	jmp	.Lexit_pop

/*
 * IST entries. They may interrupt the gate anywhere, so they save CR3, work in
 * host space on the pCPU's own stack, and go back to exactly where they were.
 */
.macro IST_ENTRY name, vector, handler, top
	.align 16
\name:
	pushq	$\vector
	PUSH_GPRS
	cld
	mov	%cr3, %rbx
	mov	%rsp, %rbp
	mov	ro(RO_HOST_CR3), %rax
	mov	%rax, %cr3
	movabs	$\top, %rsp
	call	\handler
	mov	%rbx, %cr3
	mov	%rbp, %rsp
	POP_GPRS
	add	$16, %rsp
	iretq
.endm

	.align 16
gate_nmi_noerr:
	pushq	$0
	jmp	gate_nmi
gate_mc_noerr:
	pushq	$0
	jmp	gate_mc
IST_ENTRY gate_nmi, VEC_NMI, machine_halt_if_told, HOST_NMI_TOP
IST_ENTRY gate_mc, VEC_MC, host_machine_check, HOST_MC_TOP
IST_ENTRY gate_df, VEC_DF, host_double_fault_in_gate, HOST_DF_TOP

/*
 * #DB. From a guest: its registers go to the entry stack, then the full way.
 * In the gate (a trap that SYSCALL or SYSENTER let through, SDM 3A 6.8.3): single
 * step ends here and the guest loses one debug trap, as on bare Linux; after
 * SYSENTER not before TF is saved with the other flags.
 */
	.align 16
gate_db:
	pushq	$0
	pushq	$VEC_DB
	testb	$3, 24(%rsp)
	jz	.Ldb_gate
	PUSH_GPRS
	cld
	mov	%rsp, %rsi
	lea	gate_rw + RW_REGS(%rip), %rdi
	mov	$(REGS_SIZE / 8), %ecx
	rep movsq
	xor	%edi, %edi
	jmp	gate_to_host
.Ldb_gate:
	push	%rax
	mov	$0xffff0ff0, %eax		/* DR6, nothing recorded */
	mov	%rax, %dr6
	lea	gate_sysenter(%rip), %rax
	sub	24(%rsp), %rax
	neg	%rax				/* rip - gate_sysenter */
	cmp	$(.Lsysenter_flags_saved - gate_sysenter), %rax
	jb	1f
	andl	$~EFLAGS_TF, 40(%rsp)
1:	pop	%rax
	add	$16, %rsp
	iretq

	.pushsection .init.rodata, "a", @progbits
	.globl	gate_idt_table
	.align	8
gate_idt_table:
	.popsection
IDT_ROW VEC_DB, gate_db, 3, 0
IDT_ROW VEC_NMI, gate_nmi_noerr, 1, 0
IDT_ROW VEC_DF, gate_df, 4, 0
IDT_ROW VEC_PF, gate_page_fault, 0, 0
IDT_ROW VEC_MC, gate_mc_noerr, 2, 0

.macro STUB vector, has_error, target, dpl=0
	.align 8
1:
	.if \has_error == 0
	pushq	$0
	.endif
	pushq	$\vector
	jmp	\target
	IDT_ROW \vector, 1b, 0, \dpl
.endm
STUB VEC_BP, 0, gate_exception, 3
STUB VEC_OF, 0, gate_exception, 3
STUB VEC_INT80, 0, gate_exception, 3
	.irp vector, VEC_DE, VEC_BR, VEC_MF, VEC_XM
STUB \vector, 0, gate_exception
	.endr
	.irp vector, VEC_TS, VEC_NP, VEC_SS, VEC_AC
STUB \vector, 1, gate_exception
	.endr
	.irp vector, VEC_UD, VEC_NM, 9, 15, 20
STUB \vector, 0, gate_full_or_nested
	.endr
	.irp vector, VEC_GP, 21
STUB \vector, 1, gate_full_or_nested
	.endr

gate_full_or_nested:
	testb	$3, 24(%rsp)
	jz	gate_nested
	jmp	gate_full

/* Only ring 1 and 3 have IF = 1. */
	.globl gate_irq_stubs
	.align 16
gate_irq_stubs:
	IRQ_STUBS gate_full

	.section .init.rodata, "a", @progbits
	.quad	-1

	.section .note.GNU-stack, "", @progbits
