// SPDX-License-Identifier: GPL-2.0
/*
 * Consoles of guests: from the ring to the log and to whoever is attached, and
 * back. A guest prints TICK_BYTES a tick at most; its ring then stays full and
 * its own kernel waits, nobody else.
 */
#include "guest.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <xenevtchn.h>
#include <xen/xen.h>
#include <xen/io/ring.h>
#include <xen/io/console.h>

#include "hyp.h"

#define TICK_BYTES	(64 * 1024)

int guest_console_open(struct serve *s, struct guest *guest)
{
	struct guest_console *c = &guest->console;
	struct xencons_interface *page;
	int rc = log_open(&c->log, "/var/log/ringlet", guest->name, s->log_max);

	if (rc)
		log_line(&s->log, "%s: no log file: %s", guest->name,
			 strerror(-rc));
	page = hyp_map(s->hyp, guest->domid, PROT_READ | PROT_WRITE, 1,
		       &guest->console_mfn);
	if (!page) {
		rc = -errno;
		log_line(&s->log, "%s: its console cannot be mapped: %s",
			 guest->name, strerror(-rc));
		return rc;
	}
	ring_open(&c->ring, page);
	c->budget = TICK_BYTES;
	c->port = xenevtchn_bind_interdomain(s->evtchn, guest->domid,
					     guest->console_port);
	if (c->port >= 0) {
		guest_console_work(s, guest);
		return 0;
	}
	rc = -errno;
	log_line(&s->log, "%s: its console's event channel %u: %s", guest->name,
		 guest->console_port, strerror(-rc));
	guest_console_close(s, guest);
	return rc;
}

/* Foreign mappings keep a domain from going: they go first. */
void guest_console_close(struct serve *s, struct guest *guest)
{
	struct guest_console *c = &guest->console;

	if (c->port >= 0)
		xenevtchn_unbind(s->evtchn, c->port);
	c->port = -1;
	if (c->ring.page)
		hyp_unmap(s->hyp, c->ring.page, 1);
	c->ring.page = NULL;
	log_close(&c->log);
	clients_close(s, guest->domid);
}

/* Returns whether the guest must be told of room in its ring. */
static bool print(struct serve *s, struct guest *guest)
{
	struct guest_console *c = &guest->console;
	char data[2048];
	bool wrong = false, moved = false;
	size_t n;

	while (c->budget) {
		n = ring_take(&c->ring, data, sizeof(data), &wrong);
		if (wrong)
			log_line(&s->log, "%s: its console ring is not sound",
				 guest->name);
		if (!n)
			break;
		c->budget -= n < c->budget ? n : c->budget;
		log_write(&c->log, data, n);
		clients_output(s, guest->domid, data, n);
		moved = true;
	}
	if (wrong)
		c->budget = 0;		/* one line about it a tick */
	c->throttled = !c->budget;
	return moved;
}

static bool type(struct guest_console *c)
{
	size_t n = c->nr_input ? ring_put(&c->ring, c->input, c->nr_input) : 0;

	c->nr_input -= n;
	memmove(c->input, c->input + n, c->nr_input);
	return n;
}

void guest_console_work(struct serve *s, struct guest *guest)
{
	struct guest_console *c = &guest->console;
	bool moved;

	if (!c->ring.page || c->port < 0)
		return;
	moved = print(s, guest);
	moved |= type(c);
	if (moved)
		xenevtchn_notify(s->evtchn, c->port);
	/* The next event comes only after this. */
	if (!c->throttled)
		xenevtchn_unmask(s->evtchn, c->port);
}

bool guest_console_tick(struct serve *s)
{
	struct guest *guest;
	bool any = false;

	for (guest = s->guests; guest; guest = guest->next) {
		guest->console.budget = TICK_BYTES;
		if (!guest->console.throttled)
			continue;
		guest_console_work(s, guest);
		any |= guest->console.throttled;
	}
	return any;
}
