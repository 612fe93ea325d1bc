// SPDX-License-Identifier: GPL-2.0
/*
 * The screen the boot loader left, for start_info.console.dom0 (xen/xen.h):
 * a linear frame buffer as a multiboot tag described it, or, under a BIOS that
 * told nothing else, text mode 3 with the cursor from the BIOS data area.
 */
#include "base/string.h"
#include "boot/dom0.h"

#define FB_RGB		1
#define FB_TEXT		2
#define BDA_CURSOR	0x450	/* column, row of page 0 */
#define TEXT_FONT	16

static void text_mode(struct dom0_vga_console_info *vga)
{
	const u8 *cursor = paddr_to_virt(BDA_CURSOR);

	vga->video_type = XEN_VGATYPE_TEXT_MODE_3;
	vga->u.text_mode_3.font_height = TEXT_FONT;
	vga->u.text_mode_3.cursor_x = cursor[0];
	vga->u.text_mode_3.cursor_y = cursor[1];
	vga->u.text_mode_3.rows = 25;
	vga->u.text_mode_3.columns = 80;
}

static void frame_buffer(const struct boot_info *info, struct dom0_vga_console_info *vga)
{
	const struct boot_framebuffer *fb = &info->fb;

	vga->video_type = info->efi ? XEN_VGATYPE_EFI_LFB : XEN_VGATYPE_VESA_LFB;
	vga->u.vesa_lfb.width = fb->width;
	vga->u.vesa_lfb.height = fb->height;
	vga->u.vesa_lfb.bytes_per_line = fb->pitch;
	vga->u.vesa_lfb.bits_per_pixel = fb->bpp;
	vga->u.vesa_lfb.lfb_base = (u32)fb->addr;
	vga->u.vesa_lfb.ext_lfb_base = fb->addr >> 32;
	vga->u.vesa_lfb.lfb_size = DIV_ROUND_UP((u64)fb->pitch * fb->height, 0x10000);
	vga->u.vesa_lfb.red_pos = fb->color[0];
	vga->u.vesa_lfb.red_size = fb->color[1];
	vga->u.vesa_lfb.green_pos = fb->color[2];
	vga->u.vesa_lfb.green_size = fb->color[3];
	vga->u.vesa_lfb.blue_pos = fb->color[4];
	vga->u.vesa_lfb.blue_size = fb->color[5];
}

bool dom0_console_info(const struct boot_info *info, struct dom0_vga_console_info *vga)
{
	memset(vga, 0, sizeof(*vga));
	if (info->fb.type == FB_RGB && info->fb.addr)
		frame_buffer(info, vga);
	else if (!info->efi && (!info->fb.type || info->fb.type == FB_TEXT))
		text_mode(vga);
	else
		return false;
	return true;
}
