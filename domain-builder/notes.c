// SPDX-License-Identifier: GPL-2.0
/*
 * The notes by which a kernel says how a PV guest of it starts.
 *
 * Types and meanings: xen/elfnote.h. A note is namesz, descsz, type, then name
 * and descriptor, both padded to four bytes. Numbers are 4 or 8 bytes long.
 * Notes that do not concern a 64-bit PV start are skipped, as are those of
 * other owners.
 */
#include "internal.h"

#include <xen/elfnote.h>

/* The frame list of the largest machine: 2^32 frames, 8 bytes each. */
#define LARGEST_LIST	(1UL << 35)

struct note {
	u32 namesz, descsz, type;
};

static bool note_number(const u8 *desc, u32 size, u64 *to)
{
	u32 v32;

	switch (size) {
	case 4:
		memcpy(&v32, desc, 4);
		*to = v32;
		return true;
	case 8:
		memcpy(to, desc, 8);
		return true;
	}
	return false;
}

static void note_string(const u8 *desc, u32 size, char *to, size_t room)
{
	size_t n = smaller(size, room - 1);

	memcpy(to, desc, n);
	to[n] = 0;
}

/*
 * FEATURES is a list separated by '|' in which '!' marks what the kernel
 * cannot do without. All we might refuse is a demand to run in ring 0.
 */
static const char *check_features(const u8 *desc, u32 size)
{
	static const char ring0[] = "!supervisor_mode_kernel";
	size_t n = sizeof(ring0) - 1, i;

	for (i = 0; i + n <= size; i++)
		if (!memcmp(desc + i, ring0, n))
			return "it wants to run in ring 0 (feature "
			       "supervisor_mode_kernel): use another kernel";
	return NULL;
}

static const char *take_note(u32 type, const u8 *desc, u32 size,
			     struct kernel *k)
{
	bool ok = true;
	u64 v;

	switch (type) {
	case XEN_ELFNOTE_ENTRY:
		ok = k->has_entry = note_number(desc, size, &k->entry);
		break;
	case XEN_ELFNOTE_HYPERCALL_PAGE:
		ok = k->has_hypercall_page =
			note_number(desc, size, &k->hypercall_page);
		break;
	case XEN_ELFNOTE_VIRT_BASE:
		ok = note_number(desc, size, &k->virt_base);
		break;
	case XEN_ELFNOTE_PADDR_OFFSET:
		ok = note_number(desc, size, &k->paddr_offset);
		break;
	case XEN_ELFNOTE_INIT_P2M:
		ok = k->has_init_p2m = note_number(desc, size, &k->init_p2m);
		break;
	case XEN_ELFNOTE_MOD_START_PFN:
		ok = note_number(desc, size, &v);
		k->mod_start_pfn = ok && v;
		break;
	case XEN_ELFNOTE_XEN_VERSION:
		note_string(desc, size, k->xen_version,
			    sizeof(k->xen_version));
		break;
	case XEN_ELFNOTE_GUEST_OS:
		note_string(desc, size, k->guest_os, sizeof(k->guest_os));
		break;
	case XEN_ELFNOTE_FEATURES:
		return check_features(desc, size);
	}
	return ok ? NULL : "a Xen note of it is neither 4 nor 8 bytes long: "
			   "copy it again";
}

const char *notes_parse(const u8 *data, u64 size, struct kernel *k)
{
	const char *fault;
	struct note n;
	u64 name, desc, next;
	u64 at = 0;

	while (size - at >= sizeof(n)) {
		memcpy(&n, data + at, sizeof(n));
		name = at + sizeof(n);
		desc = name + ALIGN_UP((u64)n.namesz, 4);
		next = desc + ALIGN_UP((u64)n.descsz, 4);
		if (desc > size || n.descsz > size - desc)
			return NULL;	/* what follows is not a note */
		if (n.namesz == 4 && !memcmp(data + name, "Xen", 4)) {
			k->has_notes = true;
			fault = take_note(n.type, data + desc, n.descsz, k);
			if (fault)
				return fault;
		}
		if (next > size)
			break;
		at = next;
	}
	return NULL;
}

/* Addresses a kernel may ask for: whole ranges, canonical, not the hypervisor's. */
static bool range_ok(u64 start, u64 size)
{
	u64 end = start + size;

	return end >= start &&
	       (end <= LOWER_HALF_END || start >= HYPERVISOR_VIRT_END);
}

const char *notes_check(const struct kernel *k)
{
	u64 size, start;

	if (!k->has_notes)
		return "it has no Xen notes: use a kernel built with "
		       "CONFIG_XEN_PV (Debian's are)";
	if (k->xen_version[0] && strcmp(k->xen_version, "xen-3.0"))
		return "it is made for another ABI than xen-3.0: use another "
		       "kernel";
	if (k->paddr_offset > k->paddr_start || !page_aligned(k->paddr_offset) ||
	    !page_aligned(k->virt_base))
		return "its VIRT_BASE or PADDR_OFFSET note does not fit its "
		       "segments: use another kernel";
	size = k->paddr_end - k->paddr_offset;
	start = k->virt_base + k->paddr_start - k->paddr_offset;
	if (!range_ok(k->virt_base, size))
		return "its VIRT_BASE note leaves no room below the hypervisor: "
		       "use another kernel";
	if (k->entry < start || k->entry >= k->virt_base + size)
		return "its entry point lies outside of it: use another kernel";
	if (k->has_hypercall_page &&
	    (!page_aligned(k->hypercall_page) || size < PAGE_SIZE ||
	     k->hypercall_page < start ||
	     k->hypercall_page > k->virt_base + size - PAGE_SIZE))
		return "its HYPERCALL_PAGE note lies outside of it: use another "
		       "kernel";
	if (k->has_init_p2m &&
	    (!page_aligned(k->init_p2m) || !range_ok(k->init_p2m, LARGEST_LIST) ||
	     k->init_p2m >> L4_SHIFT == k->virt_base >> L4_SHIFT ||
	     (k->init_p2m + LARGEST_LIST) >> L4_SHIFT == k->virt_base >> L4_SHIFT))
		return "its INIT_P2M note is misplaced: use another kernel";
	return NULL;
}

/*
 * Programs run on the kernel's own base here, so that U=0 on kernel pages is
 * all that keeps them out. Linux does so; of other kernels nobody has looked.
 */
bool kernel_is_fit(const struct kernel *k)
{
	return !strcmp(k->guest_os, "linux") ||
	       !strncmp(k->guest_os, "ringlet", 7);
}
