// SPDX-License-Identifier: GPL-2.0
/*
 * Port I/O. The real IOPL is 0 and the TSS has no bitmap, so every access of a
 * guest arrives here.
 *
 * May it: ring 1 at virtual IOPL >= 1, ring 3 at virtual IOPL 3 or where the
 * bitmap of set_iobitmap has clear bits (read at the time of the access; what
 * cannot be read is forbidden). Otherwise #GP.
 *
 * What it reaches: the service domain has the machine's ports, except what the
 * hypervisor drives (interrupt controllers, its UART, timer channels 0 and 1,
 * A20 and INIT#): those read all ones and drop writes. An access that only
 * touches such a port is treated as a whole like one to it. Every other domain
 * reads all ones and writes nothing, never a fault.
 *
 * PCI configuration (0xcf8 to 0xcff) has a virtual address latch; data goes
 * through pci_read() and pci_write(), whose lock keeps it apart from the
 * hypervisor's own accesses. CMOS has a virtual index; the hypervisor reads
 * CMOS at boot only. Both latches serve the one hardware domain, whose kernel
 * serialises its accesses as it must on hardware.
 *
 * REP is done in pieces of at most BUFFER bytes within a page; the guest
 * executes the instruction again for the rest, interrupts in between. Memory is
 * looked up before the device is touched.
 */
#include "dispatch/dispatch.h"
#include "dispatch/emulate.h"

#include "machine/cpu.h"
#include "machine/irq.h"
#include "machine/serial.h"
#include "state/guest-access.h"

#define BUFFER	512

#define PF_PRESENT	BIT(0)
#define PF_WRITE	BIT(1)
#define PF_USER		BIT(2)

#define PCI_ADDRESS	0xcf8
#define PCI_DATA	0xcfc
#define PCI_ENABLE	BIT(31)
#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71
#define CMOS_NMI_OFF	0x80
#define PIT_CONTROL	0x43
#define PIT_SELECT	0xc0	/* control word: the channel it is for */
#define PIT_CHANNEL2	0x80

enum port_kind {
	PORT_REAL,
	PORT_OWNED,	/* the hypervisor's */
	PORT_PIT_CONTROL,
	PORT_CMOS,
	PORT_PCI_ADDRESS,
	PORT_PCI_DATA,
};

struct port_range {
	u16 first, last;
	enum port_kind kind;
};

static const struct port_range special_ports[] = {
	{ 0x20, 0x21, PORT_OWNED },		/* PIC */
	{ 0x40, 0x41, PORT_OWNED },		/* PIT channels 0 and 1 */
	{ PIT_CONTROL, PIT_CONTROL, PORT_PIT_CONTROL },
	{ CMOS_INDEX, CMOS_DATA, PORT_CMOS },
	{ 0x92, 0x92, PORT_OWNED },		/* A20, fast reset */
	{ 0xa0, 0xa1, PORT_OWNED },		/* PIC */
	{ 0xf0, 0xf1, PORT_OWNED },		/* IGNNE# */
	{ 0x4d0, 0x4d1, PORT_OWNED },		/* ELCR */
	{ PCI_ADDRESS, PCI_ADDRESS + 3, PORT_PCI_ADDRESS },
	{ PCI_DATA, PCI_DATA + 3, PORT_PCI_DATA },
};

static u32 pci_latch;
static u8 cmos_latch;

static u32 all_ones(unsigned int bytes)
{
	return bytes == 4 ? ~0u : (1u << (8 * bytes)) - 1;
}

static bool overlaps(u16 port, unsigned int bytes, u16 first, u16 last)
{
	return port <= last && port + bytes - 1 >= first;
}

/* An access that lies in one range has its kind; one that only touches: owned. */
static enum port_kind classify(u16 port, unsigned int bytes)
{
	u16 uart = serial_port();
	unsigned int i;

	if (uart && overlaps(port, bytes, uart, uart + 7))
		return PORT_OWNED;
	for (i = 0; i < ARRAY_SIZE(special_ports); i++) {
		const struct port_range *r = &special_ports[i];

		if (!overlaps(port, bytes, r->first, r->last))
			continue;
		return port >= r->first && port + bytes - 1 <= r->last ?
			r->kind : PORT_OWNED;
	}
	return PORT_REAL;
}

static u32 real_read(u16 port, unsigned int bytes)
{
	return bytes == 1 ? inb(port) : bytes == 2 ? inw(port) : inl(port);
}

static void real_write(u16 port, unsigned int bytes, u32 value)
{
	if (bytes == 1)
		outb(port, value);
	else if (bytes == 2)
		outw(port, value);
	else
		outl(port, value);
}

/*
 * Only a double word goes to the address latch. Narrower accesses reach what
 * chip sets have in the same place (reset control, 0xcf9).
 */
static u32 pci_address_read(u16 port, unsigned int bytes)
{
	if (bytes == 4)
		return READ_ONCE(pci_latch);
	return real_read(port, bytes);
}

static void pci_address_write(u16 port, unsigned int bytes, u32 value)
{
	if (bytes == 4)
		WRITE_ONCE(pci_latch, value);
	else
		real_write(port, bytes, value);
}

/* Bits 24 to 30 of the address are reserved: such an address is nobody's. */
static bool pci_selected(u32 latch)
{
	return (latch & 0xff000000) == PCI_ENABLE;
}

static u32 pci_data_read(u16 port, unsigned int bytes)
{
	u32 latch = READ_ONCE(pci_latch);

	if (!pci_selected(latch))
		return all_ones(bytes);
	return pci_read(0, latch >> 16, latch >> 8, (latch & 0xfc) | (port & 3),
			bytes);
}

static void pci_data_write(u16 port, unsigned int bytes, u32 value)
{
	u32 latch = READ_ONCE(pci_latch);

	if (pci_selected(latch))
		pci_write(0, latch >> 16, latch >> 8,
			  (latch & 0xfc) | (port & 3), bytes, value);
}

static u32 cmos_read(u16 port)
{
	if (port == CMOS_INDEX)
		return READ_ONCE(cmos_latch);
	outb(CMOS_INDEX, READ_ONCE(cmos_latch));
	return inb(CMOS_DATA);
}

static void cmos_write(u16 port, u8 value)
{
	if (port == CMOS_INDEX) {
		/* NMIs are the hypervisor's. */
		WRITE_ONCE(cmos_latch, value & ~CMOS_NMI_OFF);
		return;
	}
	outb(CMOS_INDEX, READ_ONCE(cmos_latch));
	outb(CMOS_DATA, value);
}

/**
 * port_read() - what a domain reads from a port
 * @bytes: 1, 2 or 4; the access does not wrap past port 0xffff
 *
 * Return: the value, in the low @bytes bytes.
 */
u32 port_read(struct domain *d, u16 port, unsigned int bytes)
{
	if (!d->is_hardware)
		return all_ones(bytes);
	switch (classify(port, bytes)) {
	case PORT_REAL:
		return real_read(port, bytes);
	case PORT_CMOS:
		return bytes == 1 ? cmos_read(port) : all_ones(bytes);
	case PORT_PCI_ADDRESS:
		return pci_address_read(port, bytes);
	case PORT_PCI_DATA:
		return pci_data_read(port, bytes);
	default:
		return all_ones(bytes);
	}
}

/** port_write() - a domain writes a port; arguments as port_read() */
void port_write(struct domain *d, u16 port, unsigned int bytes, u32 value)
{
	if (!d->is_hardware)
		return;
	switch (classify(port, bytes)) {
	case PORT_REAL:
		real_write(port, bytes, value);
		break;
	case PORT_PIT_CONTROL:
		if ((value & PIT_SELECT) == PIT_CHANNEL2)
			outb(port, value);
		break;
	case PORT_CMOS:
		if (bytes == 1)
			cmos_write(port, value);
		break;
	case PORT_PCI_ADDRESS:
		pci_address_write(port, bytes, value);
		break;
	case PORT_PCI_DATA:
		pci_data_write(port, bytes, value);
		break;
	case PORT_OWNED:
		break;
	}
}

static bool bitmap_permits(const struct vcpu *v, u16 port, unsigned int bytes)
{
	u8 map[2];
	u32 bits;

	if (!v->iobmp || port + bytes > v->iobmp_limit)
		return false;
	/* Two bytes, as the CPU reads them; past the end are ones. */
	map[1] = 0xff;
	if (copy_from_guest(map, v->iobmp + port / 8,
			    (port / 8 + 1u) * 8 < v->iobmp_limit ? 2 : 1))
		return false;
	bits = (map[0] | map[1] << 8) >> (port & 7);
	return !(bits & ((1u << bytes) - 1));
}

static bool permitted(const struct vcpu *v, u16 port, unsigned int bytes)
{
	bool user = (v->regs->cs & 3) == 3;

	if (v->iopl >= (user ? 3u : 1u))
		return true;
	return user && bitmap_permits(v, port, bytes);
}

/* The accumulator after a read: a double word clears the upper half. */
static u64 merge(u64 old, u32 value, unsigned int bytes)
{
	return bytes == 4 ? value : (old & ~(u64)all_ones(bytes)) | value;
}

static u64 address_mask(const struct priv_insn *insn)
{
	return insn->addr_bytes == 8 ? ~0ULL :
	       insn->addr_bytes == 4 ? 0xffffffffULL : 0xffff;
}

static u64 masked_merge(u64 old, u64 value, u64 mask)
{
	/* A 32-bit result clears the upper half, a 16-bit one keeps the rest. */
	return mask == 0xffff ? (old & ~mask) | (value & mask) : value & mask;
}

static int data_segment(struct vcpu *v, const struct priv_insn *insn,
			struct segment *seg)
{
	u16 sel;

	if (insn->op == PRIV_INS || insn->segment == 0x26) {
		__asm__ __volatile__("mov %%es, %0" : "=r"(sel));
	} else if (insn->segment == 0x2e) {
		sel = v->regs->cs;
	} else if (insn->segment == 0x36) {
		sel = v->regs->ss;
	} else {
		__asm__ __volatile__("mov %%ds, %0" : "=r"(sel));
	}
	return segment_read(v, sel, seg);
}

/*
 * Linear address of the first element. 64-bit code has flat segments; FS and
 * GS, whose bases it has, are not on the white list.
 */
static int string_address(struct vcpu *v, const struct priv_insn *insn,
			  bool code64, u64 offset, u64 bytes, u64 *va)
{
	struct segment seg;

	if (insn->op == PRIV_OUTS &&
	    (insn->segment == 0x64 || insn->segment == 0x65))
		return -EINVAL;
	if (code64) {
		*va = offset;
		return 0;
	}
	if (data_segment(v, insn, &seg) || offset > seg.limit ||
	    seg.limit - offset < bytes - 1)
		return -EINVAL;
	*va = (u32)(seg.base + offset);
	return 0;
}

/* Memory that the context itself could access so: false injects the fault. */
static bool byte_ready(struct vcpu *v, u64 va, bool store)
{
	bool user = (v->regs->cs & 3) == 3;
	u64 error = (user ? PF_USER : 0) | (store ? PF_WRITE : 0);
	struct guest_walk w;

	if (!guest_walk(v, va, &w)) {
		if ((w.user || !user) && (w.writable || !store))
			return true;
		error |= PF_PRESENT;
	}
	inject_page_fault(v, va, error);
	return false;
}

/* A piece lies in one page, or is one element in two. */
static bool memory_ready(struct vcpu *v, u64 va, u64 bytes, bool store)
{
	u64 last = va + bytes - 1;

	if (!byte_ready(v, va, store))
		return false;
	return (va & PAGE_MASK) == (last & PAGE_MASK) ||
	       byte_ready(v, last & PAGE_MASK, store);
}

/* How many elements now: one if backwards or across a page, else a buffer. */
static u64 piece(u64 va, u64 count, unsigned int bytes, bool down)
{
	u64 room = (PAGE_SIZE - (va & (PAGE_SIZE - 1))) / bytes;

	if (down || !room)
		return 1;
	return min(count, min(room, (u64)BUFFER / bytes));
}

static u32 element(const u8 *buf, unsigned int bytes)
{
	u32 value = 0;
	unsigned int i;

	for (i = 0; i < bytes; i++)
		value |= (u32)buf[i] << (8 * i);
	return value;
}

static void set_element(u8 *buf, unsigned int bytes, u32 value)
{
	unsigned int i;

	for (i = 0; i < bytes; i++)
		buf[i] = value >> (8 * i);
}

/* @n elements between the port and memory that memory_ready() found good. */
static bool transfer(struct vcpu *v, const struct priv_insn *insn, u16 port,
		     u64 va, unsigned int n)
{
	unsigned int bytes = insn->bytes, i;
	u8 buf[BUFFER];

	if (insn->op == PRIV_OUTS) {
		if (copy_from_guest(buf, va, n * bytes))
			return false;
		for (i = 0; i < n; i++)
			port_write(v->domain, port, bytes,
				   element(buf + i * bytes, bytes));
		return true;
	}
	for (i = 0; i < n; i++)
		set_element(buf + i * bytes, bytes,
			    port_read(v->domain, port, bytes));
	return !copy_to_guest(va, buf, n * bytes);
}

static enum emulated string_io(struct vcpu *v, const struct priv_insn *insn,
			       bool code64, u16 port)
{
	struct regs *r = v->regs;
	bool store = insn->op == PRIV_INS, down = r->rflags & EFLAGS_DF;
	u64 mask = address_mask(insn), *index = store ? &r->rdi : &r->rsi;
	u64 count = insn->rep ? r->rcx & mask : 1, n, va, moved;

	if (!count)
		return EMUL_DONE;
	if (string_address(v, insn, code64, *index & mask, insn->bytes, &va))
		return EMUL_REFUSED;
	n = code64 ? piece(va, count, insn->bytes, down) : 1;
	if (!memory_ready(v, va, n * insn->bytes, store))
		return EMUL_AGAIN;
	if (!transfer(v, insn, port, va, n)) {
		/* Mapped, but not memory to be read or written like this. */
		inject_page_fault(v, va, PF_PRESENT | (store ? PF_WRITE : 0) |
				  ((r->cs & 3) == 3 ? PF_USER : 0));
		return EMUL_AGAIN;
	}
	moved = n * insn->bytes;
	*index = masked_merge(*index, down ? *index - moved : *index + moved,
			      mask);
	if (insn->rep)
		r->rcx = masked_merge(r->rcx, count - n, mask);
	return insn->rep && count > n ? EMUL_AGAIN : EMUL_DONE;
}

/**
 * emulate_port_io() - IN, OUT, INS or OUTS of the current vCPU
 * @code64: it is in a 64-bit code segment
 */
enum emulated emulate_port_io(struct vcpu *v, const struct priv_insn *insn,
			      bool code64)
{
	struct regs *r = v->regs;
	u16 port = insn->port_imm ? insn->imm : (u16)r->rdx;

	if (port + insn->bytes > 0x10000 || !permitted(v, port, insn->bytes))
		return EMUL_REFUSED;
	if (insn->op == PRIV_IN) {
		r->rax = merge(r->rax, port_read(v->domain, port, insn->bytes),
			       insn->bytes);
		return EMUL_DONE;
	}
	if (insn->op == PRIV_OUT) {
		port_write(v->domain, port, insn->bytes, r->rax);
		return EMUL_DONE;
	}
	return string_io(v, insn, code64, port);
}
