// SPDX-License-Identifier: GPL-2.0
/*
 * The second vCPU: started on first need, then a worker that runs one function at a time.
 *
 * It runs with events masked and polls for work; a case that wants upcalls there calls events_on()
 * in its function. Work is handed over by vcpus[1].work (release) and done when it is NULL again.
 */
#include "guest.h"

struct vcpu vcpus[2];
char vcpu0_stack[STACK_SIZE] __attribute__((aligned(STACK_SIZE)));
char vcpu1_stack[STACK_SIZE] __attribute__((aligned(STACK_SIZE)));

extern const u8 upcall_entry[], failsafe_entry[], syscall_entry[], vcpu1_start[];
void secondary_main(void);

static volatile u32 secondary_up;
static struct vcpu_guest_context context;

void secondary_main(void)
{
	struct vcpu *v = this_vcpu();

	callbacks_init();
	secondary_up = 1;
	for (;;) {
		void (*fn)(void *) = __atomic_load_n(&v->work, __ATOMIC_ACQUIRE);

		if (fn) {
			fn(v->work_arg);
			__atomic_store_n(&v->work, NULL, __ATOMIC_RELEASE);
		} else {
			HYP(sched_op, SCHEDOP_yield, NULL);
		}
	}
}

void vcpu1_context(struct vcpu_guest_context *c)
{
	struct trap_info table[257];
	unsigned int i;

	traps_fill(table);
	memset(c, 0, sizeof(*c));
	for (i = 0; i < 256; i++)
		c->trap_ctxt[i] = table[i];
	c->flags = VGCF_IN_KERNEL;
	c->user_regs.rip = (ulong)vcpu1_start;
	c->user_regs.rsp = (ulong)vcpu1_stack + STACK_SIZE;
	c->user_regs.cs = KERNEL_CS;
	c->user_regs.ss = KERNEL_SS;
	c->user_regs.rflags = 0x1000;	/* as Linux asks for: virtual IOPL 1 */
	c->kernel_ss = KERNEL_SS;
	c->kernel_sp = (ulong)vcpu1_stack + TRAP_STACK_TOP;
	c->event_callback_eip = (ulong)upcall_entry;
	c->failsafe_callback_eip = (ulong)failsafe_entry;
	c->syscall_callback_eip = (ulong)syscall_entry;
	c->ctrlreg[3] = xen_pfn_to_cr3(pfn_mfn(kernel_l4_pfn));
	c->ctrlreg[1] = xen_pfn_to_cr3(pfn_mfn(user_l4_pfn));
}

int smp_start(void)
{
	static int rc = 1;

	if (rc != 1)
		return rc;
	*(struct vcpu **)vcpu1_stack = &vcpus[1];
	vcpus[1].id = 1;
	vcpus[1].info = &shared->vcpu_info[1];
	vcpu1_context(&context);
	rc = HYP(vcpu_op, VCPUOP_initialise, 1, &context);
	rc = rc ?: HYP(vcpu_op, VCPUOP_up, 1, NULL);
	if (!rc && !wait_for(&secondary_up, 1, HANG_NS))
		rc = -XEN_ETIMEDOUT;
	return rc;
}

void smp_call(void (*fn)(void *), void *arg)
{
	vcpus[1].work_arg = arg;
	__atomic_store_n(&vcpus[1].work, fn, __ATOMIC_RELEASE);
}

bool smp_wait(u64 ns)
{
	u64 end = system_time() + ns;

	while (__atomic_load_n(&vcpus[1].work, __ATOMIC_ACQUIRE)) {
		if (system_time() > end)
			return false;
		HYP(sched_op, SCHEDOP_yield, NULL);
	}
	return true;
}
