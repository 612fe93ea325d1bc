// SPDX-License-Identifier: GPL-2.0
/*
 * Multiboot 1 (specification 0.6.96) and multiboot 2 (2.0) information.
 *
 * Owns nothing: reads the loader's structures through boot_phys() and copies
 * what boot needs, so that their memory may be reused afterwards. The loader
 * is trusted not to be malicious but not to be right: lengths are checked, so
 * that a broken structure gives a message and not a fault. Pure: also built
 * into host unit tests.
 */
#include "boot/boot-info.h"
#include "base/string.h"

/* Multiboot 1, section 3.3, up to the frame buffer. */
struct mb1_info {
	u32 flags, mem[2], boot_device;
	u32 cmdline;
	u32 mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr;
	u32 drives[2], config_table;
	u32 boot_loader_name;
	u32 apm_table, vbe[4];
};

#define MB1_CMDLINE	BIT(2)
#define MB1_MODS	BIT(3)
#define MB1_MMAP	BIT(6)
#define MB1_LOADER	BIT(9)
#define MB1_FB		BIT(12)

struct mb1_module {
	u32 start, end, string, reserved;
};


/* Multiboot 2, section 3.6. */
struct mb2_tag {
	u32 type, size;
};

#define MB2_END		0
#define MB2_CMDLINE	1
#define MB2_LOADER	2
#define MB2_MODULE	3
#define MB2_MMAP	6
#define MB2_FB		8
#define MB2_EFI32	11
#define MB2_EFI64	12
#define MB2_EFI_MMAP	17

/* Offsets in the tag of a frame buffer. */
#define FB_START	8
#define FB_COLOR	32

static const char bad_info[] = "the boot loader's information is malformed: try another loader";
static const char no_map[] = "the boot loader gave no memory map: use GRUB 2 or QEMU";

static void copy_string(struct boot_info *info, char *dst, size_t size, const char *src, size_t max)
{
	size_t n = strnlen(src, max);

	if (n >= size) {
		n = size - 1;
		info->truncated = true;
	}
	memcpy(dst, src, n);
	dst[n] = 0;
}

/* A zero-terminated string somewhere in memory: as much of it as is mapped. */
static void copy_phys_string(struct boot_info *info, char *dst, size_t size, paddr_t pa)
{
	size_t max = size;

	while (max && !boot_phys(pa, max))
		max--;
	if (max)
		copy_string(info, dst, size, boot_phys(pa, max), max);
}

static void add_e820(struct boot_info *info, struct e820_entry e)
{
	if (!e.size || e.addr + e.size < e.addr)
		return;
	if (info->nr_e820 == MAX_E820)
		info->truncated = true;
	else
		info->e820[info->nr_e820++] = e;
}

/* Room for the string of a module; NULL if there is none for the module. */
static char *add_module(struct boot_info *info, u64 start, u64 end)
{
	struct boot_module *m;

	if (info->nr_modules == MAX_MODULES) {
		info->truncated = true;
		return NULL;
	}
	m = &info->module[info->nr_modules++];
	m->start = start;
	m->end = max(start, end);
	return m->string;
}

/* @step: from one entry to the next; 0 (multiboot 1): the size of each stands before it. */
static const char *parse_mmap(const u8 *p, u32 length, u32 step, struct boot_info *info)
{
	u32 at = 0, head = step ? 0 : sizeof(u32), size = step;
	struct e820_entry e;

	while (length - at >= head + sizeof(e)) {
		memcpy(&size, head ? p + at : (u8 *)&step, sizeof(size));
		if (size < sizeof(e))
			return bad_info;
		memcpy(&e, p + at + head, sizeof(e));
		add_e820(info, e);
		if (size > length - at - head)
			break;
		at += head + size;
	}
	return NULL;
}

static const char *parse_mb1_modules(u32 pa, u32 count, struct boot_info *info)
{
	const u8 *p = boot_phys(pa, (u64)count * sizeof(struct mb1_module));
	struct mb1_module m;
	char *string;
	u32 i;

	if (count && !p)
		return bad_info;
	for (i = 0; i < count; i++) {
		memcpy(&m, p + i * sizeof(m), sizeof(m));
		string = add_module(info, m.start, m.end);
		if (string && m.string)
			copy_phys_string(info, string, CMDLINE_SIZE, m.string);
	}
	return NULL;
}

static const char *parse_mb1(paddr_t pa, struct boot_info *info)
{
	const void *p = boot_phys(pa, sizeof(struct mb1_info)), *fb;
	const char *fault;
	struct mb1_info mbi;

	if (!p)
		return bad_info;
	memcpy(&mbi, p, sizeof(mbi));
	if (mbi.flags & MB1_FB) {
		fb = boot_phys(pa + sizeof(mbi), sizeof(info->fb));
		if (!fb)
			return bad_info;
		memcpy(&info->fb, fb, sizeof(info->fb));
	}
	if (mbi.flags & MB1_CMDLINE)
		copy_phys_string(info, info->cmdline, CMDLINE_SIZE, mbi.cmdline);
	if (mbi.flags & MB1_LOADER)
		copy_phys_string(info, info->loader, sizeof(info->loader), mbi.boot_loader_name);
	if (!(mbi.flags & MB1_MMAP))
		return no_map;
	p = boot_phys(mbi.mmap_addr, mbi.mmap_length);
	fault = p ? parse_mmap(p, mbi.mmap_length, 0, info) : bad_info;
	if (!fault && mbi.flags & MB1_MODS)
		fault = parse_mb1_modules(mbi.mods_addr, mbi.mods_count, info);
	return fault;
}

static void parse_mb2_module(const u8 *tag, u32 size, struct boot_info *info)
{
	u32 range[2];
	char *string;

	memcpy(range, tag + 8, sizeof(range));
	string = add_module(info, range[0], range[1]);
	if (string)
		copy_string(info, string, CMDLINE_SIZE, (const char *)tag + 16, size - 16);
}

static void parse_mb2_fb(const u8 *tag, u32 size, struct boot_info *info)
{
	struct boot_framebuffer *fb = &info->fb;

	memcpy(fb, tag + FB_START, offsetof(struct boot_framebuffer, color));
	memcpy(fb->color, tag + FB_COLOR, min(size - FB_COLOR, (u32)sizeof(fb->color)));
}

/* One tag of t.size bytes, its header included. */
static const char *parse_mb2_tag(const u8 *tag, struct mb2_tag t, struct boot_info *info)
{
	u32 step;

	switch (t.type) {
	case MB2_CMDLINE:
		copy_string(info, info->cmdline, CMDLINE_SIZE, (const char *)tag + 8, t.size - 8);
		break;
	case MB2_LOADER:
		copy_string(info, info->loader, sizeof(info->loader),
			    (const char *)tag + 8, t.size - 8);
		break;
	case MB2_MODULE:
		if (t.size < 16)
			return bad_info;
		parse_mb2_module(tag, t.size, info);
		break;
	case MB2_MMAP:
		if (t.size < 16)
			return bad_info;
		memcpy(&step, tag + 8, sizeof(step));
		return step ? parse_mmap(tag + 16, t.size - 16, step, info) : bad_info;
	case MB2_FB:
		if (t.size < FB_COLOR)
			return bad_info;
		parse_mb2_fb(tag, t.size, info);
		break;
	case MB2_EFI32:
	case MB2_EFI64:
	case MB2_EFI_MMAP:
		info->efi = true;
		break;
	}
	return NULL;
}

static const char *parse_mb2(paddr_t pa, struct boot_info *info)
{
	const char *fault;
	struct mb2_tag t;
	u32 total, at;
	const u8 *p = boot_phys(pa, 8);

	if (!p)
		return bad_info;
	memcpy(&total, p, sizeof(total));
	p = boot_phys(pa, total);
	if (!p || total < 16)
		return bad_info;
	for (at = 8; total - at >= sizeof(t); at += ALIGN_UP(t.size, 8)) {
		memcpy(&t, p + at, sizeof(t));
		if (t.type == MB2_END)
			return info->nr_e820 ? NULL : no_map;
		if (t.size < sizeof(t) || t.size > total - at)
			return bad_info;
		fault = parse_mb2_tag(p + at, t, info);
		if (fault)
			return fault;
		if (ALIGN_UP(t.size, 8) > total - at)
			break;
	}
	return bad_info;
}

const char *boot_info_parse(u32 magic, paddr_t pa, struct boot_info *info)
{
	memset(info, 0, sizeof(*info));
	switch (magic) {
	case BOOT_MAGIC_MB1:
		return parse_mb1(pa, info);
	case BOOT_MAGIC_MB2:
		return parse_mb2(pa, info);
	}
	return "not loaded by a multiboot loader: use GRUB's multiboot or "
	       "multiboot2, or QEMU's -kernel";
}

static const char *skip_word(const char *s)
{
	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	return s;
}

const char *boot_arguments(const struct boot_info *info, const char *line)
{
	static const char placeholder[] = "placeholder";
	size_t n = sizeof(placeholder) - 1;
	bool grub2 = !strncmp(info->loader, "GRUB ", 5) && info->loader[5] >= '1';

	while (*line == ' ')
		line++;
	if (!grub2)
		return skip_word(line);
	if (!strncmp(line, placeholder, n) && (!line[n] || line[n] == ' '))
		return skip_word(line);
	return line;
}
