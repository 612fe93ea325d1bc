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
#include "dispatch/emulate.h"
#include "dispatch/entry.h"

#include "machine/cpu.h"
#include "machine/irq.h"
#include "machine/serial.h"
#include "state/guest-access.h"

#define MAX_ELEMENTS	512

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
		return port >= r->first && port + bytes - 1 <= r->last ? r->kind : PORT_OWNED;
	}
	return PORT_REAL;
}

static u32 real_port(u16 port, unsigned int bytes, bool write, u32 value)
{
	if (!write)
		return port_in(port, bytes);
	port_out(port, bytes, value);
	return 0;
}

/*
 * Only a double word goes to the address latch. Narrower accesses reach what
 * chip sets have in the same place (reset control, 0xcf9).
 */
static u32 pci_address(u16 port, unsigned int bytes, bool write, u32 value)
{
	if (bytes != 4)
		return real_port(port, bytes, write, value);
	if (write)
		WRITE_ONCE(pci_latch, value);
	return READ_ONCE(pci_latch);
}

static u32 pci_data(u16 port, unsigned int bytes, bool write, u32 value)
{
	u32 latch = READ_ONCE(pci_latch), reg = (latch & 0xfc) | (port & 3);
	struct pci_dev dev = { .bus = latch >> 16, .devfn = latch >> 8 };

	/* Bits 24 to 30 of the address are reserved: such an address is nobody's. */
	if ((latch & 0xff000000) != PCI_ENABLE)
		return all_ones(bytes);
	if (!write)
		return pci_read(dev, reg, bytes);
	pci_write(dev, reg, bytes, value);
	return 0;
}

static u32 cmos(u16 port, bool write, u8 value)
{
	if (port == CMOS_DATA)
		outb(CMOS_INDEX, READ_ONCE(cmos_latch));
	else if (write)		/* NMIs are the hypervisor's */
		WRITE_ONCE(cmos_latch, value & ~CMOS_NMI_OFF);
	return port == CMOS_DATA ? real_port(port, 1, write, value) : READ_ONCE(cmos_latch);
}

/**
 * port_access() - a domain reads or writes a port
 * @bytes: 1, 2 or 4; the access does not wrap past port 0xffff
 *
 * Return: what was read, in the low @bytes bytes.
 */
u32 port_access(struct domain *d, u16 port, unsigned int bytes, bool write, u32 value)
{
	switch (d->is_hardware ? classify(port, bytes) : PORT_OWNED) {
	case PORT_REAL:
		return real_port(port, bytes, write, value);
	case PORT_PIT_CONTROL:
		if (write && (value & PIT_SELECT) == PIT_CHANNEL2)
			outb(port, value);
		break;
	case PORT_CMOS:
		if (bytes == 1)
			return cmos(port, write, value);
		break;
	case PORT_PCI_ADDRESS:
		return pci_address(port, bytes, write, value);
	case PORT_PCI_DATA:
		return pci_data(port, bytes, write, value);
	case PORT_OWNED:
		break;
	}
	return all_ones(bytes);
}

static bool bitmap_permits(const struct vcpu *v, u16 port, unsigned int bytes)
{
	u8 map[2];
	u32 bits;

	if (!v->iobmp || port + bytes > v->iobmp_limit)
		return false;
	/* Two bytes, as the CPU reads them; past the end are ones. */
	map[1] = 0xff;
	if (copy_from_guest(map, v->iobmp + port / 8, (port / 8 + 1u) * 8 < v->iobmp_limit ? 2 : 1))
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

static bool string_element(struct vcpu *v, const struct priv_insn *insn, u16 port, u64 va)
{
	bool store = insn->op == PRIV_INS;
	u32 value = 0;

	if (!memory_ready(v, va, insn->bytes, store))
		return false;
	if (store)
		value = port_access(v->domain, port, insn->bytes, false, 0);
	if (!memory_copy(v, va, &value, insn->bytes, store))
		return false;
	if (!store)
		port_access(v->domain, port, insn->bytes, true, value);
	return true;
}

static enum emulated string_io(struct vcpu *v, const struct priv_insn *insn, u16 port)
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
	if (insn->op == PRIV_IN)
		r->rax = merge(r->rax, port_access(v->domain, port, insn->bytes, false, 0),
			       insn->bytes);
	else if (insn->op == PRIV_OUT)
		port_access(v->domain, port, insn->bytes, true, r->rax);
	else
		return string_io(v, insn, port);
	return EMUL_DONE;
}
