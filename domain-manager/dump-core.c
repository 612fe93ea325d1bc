// SPDX-License-Identifier: GPL-2.0
/* rl dump-core: a domain's memory and registers into an ELF file (core.h). */
#include "core.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/xen.h>

#include "console.h"
#include "hyp.h"
#include "verbs.h"

/* As in core-walk.c. */
#define DIRECT_MAP	0xffff888000000000UL	/* Documentation/arch/x86/x86_64/mm.rst */
#define KERNEL_MAP	0xffffffff80000000UL
#define KERNEL_MAX	(512UL << 20)
#define BATCH		1024

static int add_frame(struct core *core, const struct ringlet_frame *frame,
		     uint64_t limit)
{
	/* The guest says which pfn: one too high, or a second one, is not taken. */
	if (frame->pfn >= limit || core->mfn_of[frame->pfn] != CORE_NO_MFN ||
	    core->nr_frames >= core->room)
		return 0;
	core->mfn_of[frame->pfn] = frame->mfn;
	core->frames[core->nr_frames++] = (struct core_frame){ frame->mfn,
							       frame->pfn };
	if (frame->pfn >= core->nr_pfns)
		core->nr_pfns = frame->pfn + 1;
	return 0;
}

static int list_frames(struct hyp *hyp, struct core *core,
		       const struct ringlet_domain_info *info)
{
	static struct ringlet_frame frames[HYP_MAX_FRAMES];
	uint64_t limit = info->max_pages > info->tot_pages ?
				 info->max_pages : info->tot_pages;
	uint64_t next = 0, i;
	int n, j;

	limit += limit / 4 + 1024;	/* Linux has some pfns without memory */
	core->room = limit;
	core->mfn_of = malloc(limit * sizeof(*core->mfn_of));
	core->frames = malloc(limit * sizeof(*core->frames));
	core->segments = calloc(CORE_MAX_SEGMENTS, sizeof(*core->segments));
	if (!core->mfn_of || !core->frames || !core->segments)
		return -ENOMEM;
	for (i = 0; i < limit; i++)
		core->mfn_of[i] = CORE_NO_MFN;
	while ((n = hyp_domain_frames(hyp, info->domid, &next, frames,
				      HYP_MAX_FRAMES)) > 0)
		for (j = 0; j < n; j++)
			add_frame(core, &frames[j], limit);
	return n;
}

/* Pages in batches, in the order of pfns, so that the file is written in order. */
static int copy_memory(struct hyp *hyp, struct core *core, uint32_t domid)
{
	uint64_t mfns[BATCH], pfns[BATCH], pfn, n = 0, i;
	char *pages;
	int rc = 0;

	for (pfn = 0; !rc && pfn <= core->nr_pfns; pfn++) {
		if (pfn < core->nr_pfns && core->mfn_of[pfn] != CORE_NO_MFN) {
			pfns[n] = pfn;
			mfns[n++] = core->mfn_of[pfn];
		}
		if (!n || (n < BATCH && pfn < core->nr_pfns))
			continue;
		pages = hyp_map(hyp, domid, PROT_READ, n, mfns);
		if (!pages)
			return -errno;
		for (i = 0; !rc && i < n; i++)
			rc = core_page(core, pfns[i], pages + i * PAGE_SIZE);
		hyp_unmap(hyp, pages, n);
		n = 0;
	}
	return rc;
}

static void note_vcpu(struct core *core, uint32_t vcpu,
		      const struct vcpu_guest_context *context)
{
	const struct cpu_user_regs *r = &context->user_regs;
	/* In the order of struct user_regs_struct (sys/user.h). */
	const unsigned long long regs[CORE_NR_REGS] = {
		r->r15, r->r14, r->r13, r->r12, r->rbp, r->rbx, r->r11, r->r10,
		r->r9, r->r8, r->rax, r->rcx, r->rdx, r->rsi, r->rdi, -1ULL,
		r->rip, r->cs, r->rflags, r->rsp, r->ss, context->fs_base,
		context->gs_base_kernel, r->ds, r->es, r->fs, r->gs,
	};

	core_registers(core, vcpu + 1, regs);
}

/* Returns the machine frame of vCPU 0's page tables. */
static int note_vcpus(struct hyp *hyp, struct core *core,
		      const struct ringlet_domain_info *info, uint64_t *base)
{
	static struct vcpu_guest_context context;
	uint32_t vcpu;
	int rc;

	for (vcpu = 0; vcpu < info->max_vcpus; vcpu++) {
		rc = hyp_vcpu_context_get(hyp, info->domid, vcpu, &context);
		if (rc == -ENODATA || rc == -ENOENT)
			continue;
		if (rc)
			return rc;
		note_vcpu(core, vcpu, &context);
		if (!*base)
			*base = xen_cr3_to_pfn(context.ctrlreg[3]);
	}
	return 0;
}

static int dump(struct hyp *hyp, struct core *core,
		const struct ringlet_domain_info *info)
{
	uint64_t base = 0, kernel;
	int rc = list_frames(hyp, core, info);

	if (!rc)
		rc = note_vcpus(hyp, core, info, &base);
	if (!rc)
		rc = copy_memory(hyp, core, info->domid);
	/* So that zero pages at its end can be read back, too. */
	if (!rc && ftruncate(core->fd, CORE_MEMORY + core->nr_pfns * PAGE_SIZE))
		rc = -errno;
	if (rc)
		return rc;
	kernel = KERNEL_MAX / PAGE_SIZE;
	core->nr_segments = 1;		/* the notes */
	core_segment(core, DIRECT_MAP, 0, core->nr_pfns);
	core_segment(core, KERNEL_MAP, 0,
		     core->nr_pfns < kernel ? core->nr_pfns : kernel);
	if (base)
		core_walk(core, base);
	return core_finish(core);
}

static json_t *describe(struct rl *rl, const struct ringlet_domain_info *info,
			const struct core *core)
{
	json_t *result = domain_result(info);

	if (core->more_segments)
		report_warning(&rl->report, "dump core", rl->args[0], NULL,
			       "it maps more than %d ranges: some are left out",
			       CORE_MAX_SEGMENTS);
	json_object_set_new(result, "file", json_string(rl->args[1]));
	json_object_set_new(result, "pages", json_integer(core->nr_frames));
	json_object_set_new(result, "vmcoreinfo",
			    json_boolean(core->has_vmcoreinfo));
	return result;
}

json_t *verb_dump_core(struct rl *rl)
{
	static struct core core;
	struct ringlet_domain_info info;
	bool stopped = false;
	char part[4096];
	int rc;

	if (rl_domain(rl, rl->args[0], &info))
		return NULL;
	if (info.state & RINGLET_DOM_HARDWARE) {
		report_error(&rl->report, EXIT_STATE, "dump core", rl->args[0],
			     NULL, "it is the service domain, which writes it");
		return NULL;
	}
	snprintf(part, sizeof(part), "%s.part", rl->args[1]);
	core.fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (core.fd < 0) {
		report_errno(&rl->report, -errno, "create file", part);
		return NULL;
	}
	rc = 0;
	if (!(info.state & (RINGLET_DOM_SHUTDOWN | RINGLET_DOM_CRASHED))) {
		rc = hyp_domain_pause(rl->hyp, info.domid);
		stopped = !rc;
	}
	if (!rc)
		rc = dump(rl->hyp, &core, &info);
	if (stopped)
		hyp_domain_unpause(rl->hyp, info.domid);
	close(core.fd);
	if (!rc && rename(part, rl->args[1]))
		rc = -errno;
	if (rc) {
		unlink(part);
		report_errno(&rl->report, rc, "dump core", rl->args[0]);
		return NULL;
	}
	return describe(rl, &info, &core);
}
