// SPDX-License-Identifier: GPL-2.0
/*
 * Child domains (child.h has the picture).
 *
 * Pages of the image are copied through one window, a page of our own whose mapping is
 * replaced by the child's frame; the mail page stays mapped that way as long as the child is
 * there. The page under a window is out of use meanwhile and keeps its own frame.
 */
#include "child.h"

#define IMAGE_PFN	(LOAD_PADDR >> PAGE_SHIFT)
#define MAX_IMAGE	768	/* pages; two L1 tables from VIRT_BASE on */

extern const u8 child_entry[], upcall_entry[], failsafe_entry[], syscall_entry[], __end[];
void child_main(struct child_mail *m);

asm(".globl child_entry\n"
    "child_entry:\n"
    "	cld\n"
    "	xorl	%ebp, %ebp\n"
    "	call	child_main\n"
    "	ud2\n");

struct child_mail *child_self;
static struct vcpu child_vcpus[CHILD_VCPUS];
static u8 mail_pages[MAX_CHILDREN][PAGE_SIZE] __page_aligned;
static bool slot_used[MAX_CHILDREN];
static u8 window[PAGE_SIZE] __page_aligned;
static struct vcpu_guest_context context;

/* ---- in the child ------------------------------------------------------------------------ */

static void mail_text(const char *fmt, ...)
{
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	kvsnprintf(child_self->text, sizeof(child_self->text), fmt, ap);
	__builtin_va_end(ap);
}

void child_fail(const char *file, int line, const char *what)
{
	mail_text("%s:%d: %s", file, line, what);
	__atomic_add_fetch(&child_self->failures, 1, __ATOMIC_SEQ_CST);
}

static void shut_down(unsigned int reason)
{
	struct sched_shutdown s = { .reason = reason };

	for (;;)
		HYP(sched_op, SCHEDOP_shutdown, &s);
}

void child_main(struct child_mail *m)
{
	struct vcpu *v = this_vcpu();

	child_self = m;
	v->info = &shared->vcpu_info[v->id];
	callbacks_init();
	__atomic_add_fetch(&m->started, 1, __ATOMIC_SEQ_CST);
	m->fn(m, v->id);
	if (__atomic_add_fetch(&m->done, 1, __ATOMIC_SEQ_CST) == m->nr_vcpus && !m->stay)
		shut_down(SHUTDOWN_poweroff);
	for (;;)
		HYP(sched_op, SCHEDOP_block, NULL);
}

/* ---- in the parent ----------------------------------------------------------------------- */

long domid_op(u32 op, u32 domid)
{
	struct ringlet_domain_ref r = { .domid = domid };

	return hypercall(__HYPERVISOR_arch_7, op, &r, sizeof(r));
}

long domid_info(u32 domid, struct ringlet_domain_info *info)
{
	memset(info, 0, sizeof(*info));
	info->domid = domid;
	return RINGLET(DOMAIN_INFO, info);
}

bool domid_wait(u32 domid, u32 state)
{
	u64 end = system_time() + HANG_NS;
	struct ringlet_domain_info info;

	while (!domid_info(domid, &info) && system_time() < end) {
		if ((info.state & state) == state)
			return true;
		HYP(sched_op, SCHEDOP_yield, NULL);
	}
	return false;
}

bool child_wait(struct child_mail *m, unsigned int i, ulong value)
{
	u64 end = system_time() + HANG_NS;

	while (m->arg[i] != value && system_time() < end)
		HYP(sched_op, SCHEDOP_yield, NULL);
	return m->arg[i] == value;
}

int foreign_map(void *page, u32 domid, ulong mfn, ulong flags)
{
	if (!mfn)
		return page_rw(va_pfn(page));
	return HYP(update_va_mapping_otherdomain, page, mfn_ma(mfn) | flags,
		   UVMF_INVLPG | UVMF_ALL, domid);
}

static long populate(u32 domid, ulong *frames, unsigned int nr)
{
	struct xen_memory_reservation r = { .nr_extents = nr, .domid = domid };
	unsigned int i;

	for (i = 0; i < nr; i++)
		frames[i] = i;
	set_xen_guest_handle(r.extent_start, frames);
	return HYP(memory_op, XENMEM_populate_physmap, &r);
}

const char *child_missing(void)
{
	static const char *why;
	static bool known;
	struct ringlet_domain_create op = { .domid = RINGLET_DOMID_ANY, .max_vcpus = 1,
					    .max_pages = 4 };
	ulong frame;

	if (known)
		return why;
	known = true;
	if (!on_ringlet)
		return why = "needs hypercall 55";
	if (RINGLET(DOMAIN_CREATE, &op))
		return why = "domain_create is refused";
	if (populate(op.domid, &frame, 1) != 1)
		why = "no memory for other domains yet";
	else if (foreign_map(window, op.domid, frame, PTE_KERN))
		why = "no foreign mappings yet";
	else if (foreign_map(window, 0, 0, 0))
		panic("window");
	domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, op.domid);
	return why;
}

/* What the copy of the image has at a page: a page of ours, or something of the child's own. */
struct plan {
	ulong image[MAX_IMAGE], table[CHILD_TABLES], spare[CHILD_SPARES];
	ulong stack[CHILD_VCPUS][STACK_SIZE / PAGE_SIZE];
	ulong mail;
	ulong list[MAX_IMAGE + CHILD_TABLES + CHILD_SPARES + CHILD_VCPUS * 8 + 1];
};
static struct plan plan;

static unsigned int image_pages(void)
{
	return (((ulong)__end - VIRT_BASE) >> PAGE_SHIFT) - IMAGE_PFN;
}

static bool get_frames(struct child *c)
{
	unsigned int i, j, n = 0;
	unsigned int nr = image_pages() + CHILD_TABLES + CHILD_SPARES + 1 +
			  c->config.vcpus * (STACK_SIZE / PAGE_SIZE);
	long got;

	if (image_pages() > MAX_IMAGE)
		panic("child: the image has %u pages", image_pages());
	got = populate(c->domid, plan.list, nr);
	if (got != nr) {
		case_fail(__FILE__, __LINE__, "child: %ld of %u frames", got, nr);
		return false;
	}
	c->nr_frames = nr;
	for (i = 0; i < image_pages(); i++)
		plan.image[i] = plan.list[n++];
	for (i = 0; i < CHILD_TABLES; i++)
		plan.table[i] = plan.list[n++];
	for (i = 0; i < CHILD_SPARES; i++)
		plan.spare[i] = plan.list[n++];
	for (i = 0; i < c->config.vcpus; i++)
		for (j = 0; j < STACK_SIZE / PAGE_SIZE; j++)
			plan.stack[i][j] = plan.list[n++];
	plan.mail = plan.list[n];
	return true;
}

static bool open_frame(struct child *c, ulong mfn)
{
	int rc = foreign_map(window, c->domid, mfn, PTE_KERN);

	if (rc)
		case_fail(__FILE__, __LINE__, "child: mapping frame 0x%lx: %d", mfn, rc);
	return !rc;
}

static void close_frame(void)
{
	if (foreign_map(window, 0, 0, 0))
		panic("child: the window does not close");
}

static bool is_window(const u8 *va)
{
	return va == window || (va >= mail_pages[0] && va < mail_pages[MAX_CHILDREN]);
}

static bool copy_image(struct child *c)
{
	unsigned int i;

	for (i = 0; i < image_pages(); i++) {
		const u8 *va = (u8 *)(VIRT_BASE + LOAD_PADDR + i * (ulong)PAGE_SIZE);

		if (is_window(va) || va == (u8 *)shared)
			continue;
		if (!open_frame(c, plan.image[i]))
			return false;
		memcpy(window, va, PAGE_SIZE);
		close_frame();
	}
	return true;
}

/* The two L1 tables of the image: index is the page number from VIRT_BASE. */
static ulong image_pte(struct child *c, unsigned int pfn)
{
	const u8 *va = (u8 *)(VIRT_BASE + pfn * (ulong)PAGE_SIZE);

	if (pfn < IMAGE_PFN || pfn >= IMAGE_PFN + image_pages())
		return 0;
	if (va == (u8 *)shared)
		return mfn_ma(c->shared_mfn) | PTE_KERN;
	if (va == (u8 *)c->mail)
		return mfn_ma(plan.mail) | PTE_KERN;
	return mfn_ma(plan.image[pfn - IMAGE_PFN]) | PTE_KERN;
}

static void fill_rest(struct child *c, ulong *l1)
{
	unsigned int i, j, base = (CHILD_BASE >> PAGE_SHIFT) & 511;

	for (i = 0; i < c->config.vcpus; i++)
		for (j = 0; j < STACK_SIZE / PAGE_SIZE; j++)
			l1[base + i * 8 + j] = mfn_ma(plan.stack[i][j]) | PTE_KERN;
	for (i = 0; i < CHILD_SPARES; i++)
		l1[base + 256 + i] = mfn_ma(plan.spare[i]) | PTE_KERN;
	for (i = 0; i < CHILD_TABLES; i++)
		l1[base + 384 + i] = mfn_ma(plan.table[i]) | PTE_KERN_RO;
}

static void fill_table(struct child *c, unsigned int nr, ulong *t)
{
	unsigned int i;

	switch (nr) {
	case 0:
		t[511] = mfn_ma(plan.table[1]) | (PTE_TABLE & ~PTE_US);
		break;
	case 1:
		t[510] = mfn_ma(plan.table[2]) | (PTE_TABLE & ~PTE_US);
		break;
	case 2:
		for (i = 0; i < 3; i++)
			t[i] = mfn_ma(plan.table[3 + i]) | (PTE_TABLE & ~PTE_US);
		break;
	case 3:
	case 4:
		for (i = 0; i < 512; i++)
			t[i] = image_pte(c, (nr - 3) * 512 + i);
		break;
	default:
		fill_rest(c, t);
	}
}

static bool make_tables(struct child *c)
{
	unsigned int i;

	for (i = 0; i < CHILD_TABLES; i++) {
		if (!open_frame(c, plan.table[i]))
			return false;
		memset(window, 0, PAGE_SIZE);
		fill_table(c, i, (ulong *)window);
		close_frame();
	}
	return true;
}

/* The bottom of each stack says whose it is (this_vcpu()). */
static bool make_stacks(struct child *c)
{
	unsigned int i;

	for (i = 0; i < c->config.vcpus; i++) {
		if (!open_frame(c, plan.stack[i][0]))
			return false;
		*(struct vcpu **)window = &child_vcpus[i];
		close_frame();
	}
	return true;
}

static bool make_mail(struct child *c)
{
	struct child_mail *m = c->mail;

	if (foreign_map(m, c->domid, plan.mail, PTE_KERN)) {
		case_fail(__FILE__, __LINE__, "child: mapping the mail page");
		return false;
	}
	m->fn = c->config.fn;
	m->nr_vcpus = c->config.vcpus;
	m->domid = c->domid;
	memcpy(m->spare_mfn, plan.spare, sizeof(m->spare_mfn));
	memcpy(m->table_mfn, plan.table, sizeof(m->table_mfn));
	m->shared_mfn = c->shared_mfn;
	return true;
}

void child_context(struct child *c, u32 vcpu, struct vcpu_guest_context *x)
{
	struct trap_info table[257];
	unsigned int i;

	traps_fill(table);
	memset(x, 0, sizeof(*x));
	for (i = 0; i < 256; i++)
		x->trap_ctxt[i] = table[i];
	x->flags = VGCF_IN_KERNEL;
	x->user_regs.rip = (ulong)child_entry;
	x->user_regs.rsp = CHILD_STACK_VA(vcpu) + STACK_SIZE;
	x->user_regs.rdi = (ulong)c->mail;
	x->user_regs.cs = KERNEL_CS;
	x->user_regs.ss = KERNEL_SS;
	x->user_regs.rflags = 0x1000;
	x->kernel_ss = KERNEL_SS;
	x->kernel_sp = CHILD_STACK_VA(vcpu) + TRAP_STACK_TOP;
	x->event_callback_eip = (ulong)upcall_entry;
	x->failsafe_callback_eip = (ulong)failsafe_entry;
	x->syscall_callback_eip = (ulong)syscall_entry;
	x->ctrlreg[3] = xen_pfn_to_cr3(c->mail->table_mfn[0]);
}

static bool set_contexts(struct child *c)
{
	unsigned int i;
	long rc;

	for (i = 0; i < c->config.vcpus && !c->config.no_context; i++) {
		struct ringlet_vcpu_context op = {
			.domid = c->domid, .vcpu = i, .context = (ulong)&context,
			.flags = RINGLET_CONTEXT_UP | (i ? 0 : RINGLET_CONTEXT_PIN_BASE),
		};

		child_context(c, i, &context);
		rc = RINGLET(VCPU_CONTEXT_SET, &op);
		if (rc) {
			case_fail(__FILE__, __LINE__, "child: context of vCPU %u: %ld", i, rc);
			return false;
		}
	}
	return true;
}

static bool take_slot(struct child *c)
{
	for (c->slot = 0; c->slot < MAX_CHILDREN; c->slot++) {
		if (!slot_used[c->slot]) {
			slot_used[c->slot] = true;
			c->mail = (struct child_mail *)mail_pages[c->slot];
			return true;
		}
	}
	case_fail(__FILE__, __LINE__, "child: there are %u already", MAX_CHILDREN);
	return false;
}

bool child_create(struct child *c, const struct child_config *config)
{
	struct ringlet_domain_create *op = &c->config.create;
	unsigned int i;
	long rc;

	memset(c, 0, sizeof(*c));
	c->config = *config;
	if (!c->config.vcpus)
		c->config.vcpus = 1;
	if (!op->domid)
		op->domid = RINGLET_DOMID_ANY;
	if (!op->max_vcpus)
		op->max_vcpus = c->config.vcpus;
	if (!op->max_pages)
		op->max_pages = 4096;
	if (!take_slot(c))
		return false;
	rc = RINGLET(DOMAIN_CREATE, op);
	if (rc) {
		case_fail(__FILE__, __LINE__, "child: domain_create: %ld", rc);
		slot_used[c->slot] = false;
		return false;
	}
	c->domid = op->domid;
	c->shared_mfn = op->shared_info_mfn;
	for (i = 0; i < CHILD_VCPUS; i++)
		child_vcpus[i] = (struct vcpu){ .id = i };
	if (get_frames(c) && make_mail(c) && copy_image(c) && make_tables(c) && make_stacks(c) &&
	    set_contexts(c))
		return true;
	child_destroy(c);
	return false;
}

void child_start(struct child *c)
{
	EXPECT_EQ(domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_UNPAUSE, c->domid), 0);
}

bool child_join(struct child *c)
{
	struct child_mail *m = c->mail;
	u64 end = system_time() + HANG_NS;
	struct ringlet_domain_info info;

	while (m->done != m->nr_vcpus && !m->failures && system_time() < end) {
		HYP(sched_op, SCHEDOP_yield, NULL);
		if (domid_info(c->domid, &info) || (info.state & RINGLET_DOM_CRASHED))
			break;
	}
	if (m->failures)
		case_fail(__FILE__, __LINE__, "in the child: %s (%u in all)", m->text,
			  m->failures);
	if (m->done != m->nr_vcpus)
		case_fail(__FILE__, __LINE__, "child: %u of %u vCPUs started, %u returned",
			  m->started, m->nr_vcpus, m->done);
	return m->done == m->nr_vcpus && !m->failures;
}

void child_forget(struct child *c)
{
	slot_used[c->slot] = false;
}

void child_destroy(struct child *c)
{
	struct ringlet_domain_info info;

	if (foreign_map(c->mail, 0, 0, 0))
		panic("child: the mail page does not come back");
	child_forget(c);
	EXPECT_EQ(domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, c->domid), 0);
	EXPECT_EQ(domid_info(c->domid, &info), -XEN_ESRCH);
}
