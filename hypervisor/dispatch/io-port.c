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
 * Strings are those of 64-bit code, with flat segments. REP is done in pieces of
 * MAX_ELEMENTS; the guest executes the instruction again for the rest,
 * interrupts in between. Memory is looked up before the device is touched.
 */
#include "dispatch/dispatch.h"
#include "dispatch/emulate.h"
#include "dispatch/entry.h"

#include "machine/cpu.h"
#include "machine/irq.h"
#include "machine/serial.h"
#include "state/guest-access.h"

#define MAX_ELEMENTS	512

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

/*
 * Only a double word goes to the address latch. Narrower accesses reach what
 * chip sets have in the same place (reset control, 0xcf9).
 */
static u32 pci_address_read(u16 port, unsigned int bytes)
{
	if (bytes == 4)
		return READ_ONCE(pci_latch);
	return port_in(port, bytes);
}

static void pci_address_write(u16 port, unsigned int bytes, u32 value)
{
	if (bytes == 4)
		WRITE_ONCE(pci_latch, value);
	else
		port_out(port, bytes, value);
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
		return port_in(port, bytes);
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
		port_out(port, bytes, value);
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
	bool user = regs_from_user(v->regs);

	if (v->iopl >= (user ? 3u : 1u))
		return true;
	return user && bitmap_permits(v, port, bytes);
}

/* The accumulator after a read: a double word clears the upper half. */
static u64 merge(u64 old, u32 value, unsigned int bytes)
{
	return bytes == 4 ? value : (old & ~(u64)all_ones(bytes)) | value;
}

static void string_fault(struct vcpu *v, u64 va, u64 error, bool store)
{
	inject_page_fault(v, va, error | (store ? PF_WRITE : 0) |
			  (regs_from_user(v->regs) ? PF_USER : 0));
}

/* Memory that the context itself could access so: false injects the fault. */
static bool byte_ready(struct vcpu *v, u64 va, bool store)
{
	struct guest_walk w;
	u64 error = 0;

	if (!guest_walk(v, va, &w)) {
		if ((w.user || !regs_from_user(v->regs)) &&
		    (w.writable || !store))
			return true;
		error = PF_PRESENT;
	}
	string_fault(v, va, error, store);
	return false;
}

static bool string_element(struct vcpu *v, const struct priv_insn *insn,
			   u16 port, u64 va)
{
	bool store = insn->op == PRIV_INS;
	u64 last = va + insn->bytes - 1;
	u32 value = 0;
	size_t left;

	if (!byte_ready(v, va, store))
		return false;
	if ((va ^ last) & PAGE_MASK && !byte_ready(v, last & PAGE_MASK, store))
		return false;
	if (store) {
		value = port_read(v->domain, port, insn->bytes);
		left = copy_to_guest(va, &value, insn->bytes);
	} else {
		left = copy_from_guest(&value, va, insn->bytes);
		if (!left)
			port_write(v->domain, port, insn->bytes, value);
	}
	/* Mapped, but not memory to be read or written like this. */
	if (left)
		string_fault(v, va, PF_PRESENT, store);
	return !left;
}

static enum emulated string_io(struct vcpu *v, const struct priv_insn *insn,
			       u16 port)
{
	struct regs *r = v->regs;
	u64 *index = insn->op == PRIV_INS ? &r->rdi : &r->rsi;
	u64 step = r->rflags & EFLAGS_DF ? -(u64)insn->bytes : insn->bytes;
	unsigned int n;

	for (n = 0; !insn->rep || r->rcx; n++) {
		if (n == MAX_ELEMENTS || !string_element(v, insn, port, *index))
			return EMUL_AGAIN;
		*index += step;
		if (!insn->rep)
			break;
		r->rcx--;
	}
	return EMUL_DONE;
}

/** emulate_port_io() - IN, OUT, INS or OUTS of the current vCPU */
enum emulated emulate_port_io(struct vcpu *v, const struct priv_insn *insn)
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
	return string_io(v, insn, port);
}
