// SPDX-License-Identifier: GPL-2.0
/*
 * A 16550 UART, polled for output.
 *
 * Owns the eight ports of one UART (com1 unless com1= says otherwise) and its
 * configuration. Output fills the 16-byte FIFO each time the transmitter has
 * run empty, so that a byte costs one port write rather than a poll and a
 * write. Every wait is bounded: a UART that is absent or stuck loses bytes,
 * never the machine.
 *
 * Locks: none of its own; console/ serialises writers and readers.
 * Layout of the registers: PC16550D data sheet.
 */
#include "machine/serial.h"
#include "base/string.h"
#include "machine/cpu.h"

#define UART_DATA	0	/* receive and transmit; divisor low if DLAB */
#define UART_IER	1	/* interrupt enable; divisor high if DLAB */
#define UART_FCR	2
#define UART_LCR	3
#define UART_MCR	4
#define UART_LSR	5
#define UART_SCRATCH	7

#define IER_RX		0x01
#define FCR_ENABLE	0x07	/* FIFOs on, both cleared */
#define LCR_8N1		0x03
#define LCR_DLAB	0x80
#define MCR_DTR_RTS	0x03
#define MCR_OUT2	0x08	/* lets the interrupt out of the chip */
#define LSR_RX		0x01
#define LSR_TX_EMPTY	0x20

#define UART_CLOCK	115200	/* 1.8432 MHz / 16 */
#define FIFO_DEPTH	16
#define TX_SPINS	200000	/* port reads: 0.2 s on hardware */

static struct {
	u16 port;
	u32 baud;		/* 0: as firmware left it */
	u32 irq;
	bool ready, absent;
	char last;		/* last byte sent, for the CR before LF */
	unsigned int room;	/* bytes the FIFO takes without a look */
} uart = { .port = 0x3f8, .baud = 115200, .irq = 4 };

/* A number up to @max in front of a comma or the end; none leaves *@v alone. */
static bool parse_field(const char **s, u64 max, u64 *v)
{
	const char *end;
	u64 n = parse_u64(*s, &end);

	if (end != *s && (!n || n > max))
		return false;
	if (end != *s)
		*v = n;
	*s = *end == ',' ? end + 1 : end;
	return *end == ',' || !*end;
}

/**
 * serial_configure() - take the text of com1=
 * @spec: "baud[,8n1[,port[,irq]]]", fields may be empty; baud may be "auto"
 *
 * Return: false, and nothing changed, if @spec is malformed.
 */
bool serial_configure(const char *spec)
{
	u64 baud = uart.baud, port = uart.port, irq = uart.irq;

	if (!strncmp(spec, "auto", 4)) {
		baud = 0;
		spec += 4;
	}
	if (!parse_field(&spec, UART_CLOCK, &baud))
		return false;
	if (!strncmp(spec, "8n1", 3))
		spec += 3;
	if (*spec == ',')
		spec++;
	if (!parse_field(&spec, 0xfff8, &port) || !parse_field(&spec, 15, &irq) || *spec)
		return false;
	uart.baud = baud;
	uart.port = port;
	uart.irq = irq;
	uart.ready = uart.absent = false;
	return true;
}

static void uart_init(void)
{
	u16 p = uart.port;

	uart.ready = true;
	outb(p + UART_SCRATCH, 0x5a);
	uart.absent = inb(p + UART_SCRATCH) != 0x5a;
	if (uart.absent)
		return;
	outb(p + UART_IER, 0);
	if (uart.baud) {
		u32 div = UART_CLOCK / uart.baud;

		outb(p + UART_LCR, LCR_8N1 | LCR_DLAB);
		outb(p + UART_DATA, div & 0xff);
		outb(p + UART_IER, div >> 8);
		outb(p + UART_LCR, LCR_8N1);
	}
	outb(p + UART_FCR, FCR_ENABLE);
	outb(p + UART_MCR, MCR_DTR_RTS);
}

static bool uart_present(void)
{
	if (!uart.ready)
		uart_init();
	return !uart.absent;
}

static bool uart_putc(char c)
{
	unsigned int spins = 0;

	if (!uart.room) {
		while (!(inb(uart.port + UART_LSR) & LSR_TX_EMPTY))
			if (++spins == TX_SPINS)
				return false;
		uart.room = FIFO_DEPTH;
	}
	uart.room--;
	outb(uart.port + UART_DATA, c);
	uart.last = c;
	return true;
}

/* A lone LF gets its CR: terminals on serial lines need both. */
void serial_write(const char *s, size_t n)
{
	if (!uart_present())
		return;
	/* How far the FIFO has drained since the last call is not known. */
	uart.room = 0;
	while (n--) {
		if (*s == '\n' && uart.last != '\r' && !uart_putc('\r'))
			return;
		if (!uart_putc(*s++))
			return;
	}
}

int serial_read(void)
{
	if (!uart_present() || !(inb(uart.port + UART_LSR) & LSR_RX))
		return -1;
	return inb(uart.port + UART_DATA);
}

u16 serial_port(void)
{
	return uart_present() ? uart.port : 0;
}

void serial_enable_irq(void)
{
	outb(uart.port + UART_MCR, MCR_DTR_RTS | MCR_OUT2);
	outb(uart.port + UART_IER, IER_RX);
}

u32 serial_irq(void)
{
	return uart.irq;
}
