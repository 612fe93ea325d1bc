// SPDX-License-Identifier: GPL-2.0
/* The model machine (mm-model.h). */
#include <stdlib.h>
#include <string.h>

#include "mm-model.h"

struct page *frame_table;
u64 frame_count;
struct model *model;

static void frame_setup(unsigned int i)
{
	struct page *pg = &frame_table[i];

	pg->owner = OWNER_NONE;
	if (i >= 1 && i < MODEL_OWN)
		pg->owner = MODEL_DOMID;
	else if (i >= MODEL_FOREIGN && i < MODEL_HYP)
		pg->owner = MODEL_OTHER;
	else if (i >= MODEL_HYP && i < MODEL_IO)
		pg->owner = OWNER_HYP;
	if (pg->owner == MODEL_DOMID || pg->owner == MODEL_OTHER) {
		pg->refs = 1;
		pg->flags = PAGE_ALLOCATED;
	}
	if (i == MODEL_SHARED)
		pg->flags |= PAGE_XEN_SHARED;
}

void model_start(bool hardware)
{
	unsigned int i;

	model = calloc(1, sizeof(*model));
	model->mem = calloc(MODEL_FRAMES, sizeof(*model->mem));
	frame_table = calloc(MODEL_FRAMES, sizeof(*frame_table));
	assert_non_null(model->mem);
	assert_non_null(frame_table);
	frame_count = MODEL_FRAMES;
	for (i = 0; i < MODEL_FRAMES; i++)
		frame_setup(i);
	model->core.owner = MODEL_DOMID;
	model->core.hardware = hardware;
	model->core.mfn_limit = MODEL_LIMIT;
	model->core.budget = MM_BUDGET;
	/* Close to the wrap of the flush numbers. */
	model->core.flush_started = model->core.flush_done = 0xfff0;
	model->other = model->core;
	model->other.owner = MODEL_OTHER;
	model->other.hardware = false;
}

void model_stop(void)
{
	free(model->mem);
	free(model);
	free(frame_table);
}

void model_drain(void)
{
	do {
		model->core.budget = MM_BUDGET;
	} while (!types_undo(&model->core));
}

int model_write(u64 table, unsigned int slot, u64 value)
{
	struct pt_op op = {
		.kind = PT_OP_STORE, .mask = ~0ULL, .value = value,
	};
	unsigned int restarts = 0;
	int rc = MODEL_RETRY(restarts, table_update(&model->core, MFN(table),
						    slot, &op));

	model_drain();
	return rc;
}

/* mm/foreign.c in a nutshell. */
int model_write_foreign(u64 table, unsigned int slot, u64 value)
{
	struct pt_op op = {
		.kind = PT_OP_STORE, .mask = ~0ULL, .value = value,
		.foreign = MODEL_OTHER + 1,
	};
	mfn_t mfn = pte_mfn(value);
	struct page *pg;
	int rc;

	if (!(value & PTE_P) || !mfn_valid(mfn))
		return table_update(&model->core, MFN(table), slot, &op);
	pg = mfn_to_page(mfn);
	if (!page_ref_get(pg, MODEL_OTHER))
		return -EPERM;
	pg->flags |= PAGE_FOREIGN;
	model->other.budget = MM_BUDGET;
	rc = value & PTE_RW ? type_get(&model->other, mfn, PT_WRITABLE) : 0;
	ref_put(&model->other, pg);
	if (rc)
		return rc;
	rc = table_update(&model->core, MFN(table), slot, &op);
	/* The pCPUs may have it in their TLB by now. */
	if (!rc && (value & PTE_RW))
		model->roles[0][mfn.v] |= 1 << PT_WRITABLE;
	if (value & PTE_RW)
		type_put(&model->other, mfn);
	return rc;
}

/* env.h, and what is named there */

void *mfn_to_virt(mfn_t mfn)
{
	assert_true(mfn.v < MODEL_FRAMES);
	return model->mem[mfn.v];
}

bool range_is_ram(paddr_t start, paddr_t end)
{
	return end <= MODEL_IO * PAGE_SIZE || start >= MODEL_FREE * PAGE_SIZE;
}

enum env_io env_io_access(mfn_t mfn)
{
	if (mfn.v == MODEL_IO_NONE)
		return ENV_IO_NONE;
	return mfn.v == MODEL_IO_RO ? ENV_IO_READ : ENV_IO_WRITE;
}

void env_flush(struct mm_core *c, const struct page *pg)
{
	bool everywhere = pg && (pg->flags & PAGE_FOREIGN);
	unsigned int i, who;

	model->flushes++;
	if (model->on_flush)
		model->on_flush();
	c->flush_started++;
	for (i = 0; i < MODEL_FRAMES * 2; i++) {
		u64 x = frame_table[i / 2].type_info;

		who = i % 2;
		if (everywhere || who == (c == &model->other))
			model->roles[who][i / 2] &= model_count(i / 2) ?
				1 << type_info_type(x) : 0;
	}
	c->flush_done = c->flush_started;
}

void env_sync_l4(struct mm_core *c, mfn_t l4, unsigned int slot, u64 entry)
{
	(void)c;
	if (l4.v == model->base)
		model->l4[slot] = entry;
}

void env_release(struct mm_core *c, struct page *pg)
{
	assert_int_equal(pg->refs, 0);
	assert_int_equal(model_count(pg - frame_table), 0);
	assert_false(pg->type_info & (TI_PARTIAL | TI_PINNED));
	env_flush(c, pg);
	model->releases++;
	pg->owner = OWNER_NONE;
	pg->flags = PAGE_FREE;
	pg->type_info = 0;
}
