// SPDX-License-Identifier: GPL-2.0
/*
 * platform_op: the machine itself, for the service domain.
 *
 * The structure is read once. The interface version is checked first (-EACCES);
 * dispatch has checked the privilege already.
 *
 * ABI: xen/platform.h; what is served and what refused stands in
 * hypercall-abi/hypercalls.tbl.
 */
#include "console/printk.h"
#include "evtchn/evtchn.h"
#include "machine/acpi.h"
#include "machine/cpu-features.h"
#include "machine/cpu.h"
#include "state/guest-access.h"

#include <xen/platform.h>

#define NS_PER_SEC	1000000000u
#define ACPI_S5		5
#define PM1_SLP_SHIFT	10	/* ACPI 4.8.3.2.1 */

#define MSR_MTRRCAP	0xfe
#define MSR_MTRR_BASE(n) (0x200 + 2 * (n))
#define MSR_MTRR_MASK(n) (0x201 + 2 * (n))
#define MTRR_VALID	BIT(11)

static long set_time(u64 sec, u32 nsec, u64 system_time)
{
	if (nsec >= NS_PER_SEC)
		return -EINVAL;
	domain_wallclock_set(current_vcpu->domain, sec, nsec, system_time);
	return 0;
}

/* Number of variable MTRRs. */
static u32 nr_mtrrs(void)
{
	u32 r[4];

	cpuid_count(1, 0, r);
	return r[3] & BIT(12) ? rdmsr(MSR_MTRRCAP) & 0xff : 0;
}

static long read_memtype(struct xenpf_read_memtype *op)
{
	u64 base, mask, phys = BIT(cpu_features.phys_bits) - 1;

	if (op->reg >= nr_mtrrs())
		return -EINVAL;
	base = rdmsr(MSR_MTRR_BASE(op->reg));
	mask = rdmsr(MSR_MTRR_MASK(op->reg));
	op->mfn = op->nr_mfns = op->type = 0;
	if (mask & MTRR_VALID) {
		op->mfn = (base & phys) >> PAGE_SHIFT;
		op->nr_mfns = ((~mask & phys) >> PAGE_SHIFT) + 1;
		op->type = base & 0xff;
	}
	return 0;
}

static long get_cpuinfo(struct xenpf_pcpuinfo *op)
{
	const struct pcpu *p;
	u32 i;

	if (op->xen_cpuid >= MAX_PCPUS)
		return -EINVAL;
	op->max_present = nr_pcpus - 1;
	op->flags = XEN_PCPU_FLAGS_INVALID;
	op->apic_id = op->acpi_id = 0;
	if (op->xen_cpuid >= nr_pcpus)
		return 0;
	p = pcpu_table[op->xen_cpuid];
	op->flags = XEN_PCPU_FLAGS_ONLINE;
	op->apic_id = p->apic_id;
	for (i = 0; i < acpi.nr_cpus; i++)
		if (acpi.cpu[i].apic_id == p->apic_id)
			op->acpi_id = acpi.cpu[i].acpi_id;
	return 0;
}

static long enter_acpi_sleep(const struct xenpf_enter_acpi_sleep *op)
{
	if (op->sleep_state != ACPI_S5 || (op->flags & ~XENPF_ACPI_SLEEP_EXTENDED))
		return -EINVAL;
	/* The guest has interpreted \_S5, and runs the machine in ACPI mode. */
	if (!(op->flags & XENPF_ACPI_SLEEP_EXTENDED)) {
		acpi.s5_a = op->val_a >> PM1_SLP_SHIFT & 7;
		acpi.s5_b = op->val_b >> PM1_SLP_SHIFT & 7;
		acpi.has_s5 = true;
	}
	printk(LOG_INFO, "the service domain powers the machine off");
	machine_poweroff();
}

/**
 * do_platform_op() - hypercall platform_op
 * @arg: guest address of struct xen_platform_op
 */
long do_platform_op(u64 arg)
{
	struct xen_platform_op op;
	long rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return -EACCES;
	switch (op.cmd) {
	case XENPF_settime64:
		return op.u.settime64.mbz ? -EINVAL :
		       set_time(op.u.settime64.secs, op.u.settime64.nsecs,
				op.u.settime64.system_time);
	case XENPF_enter_acpi_sleep:
		return enter_acpi_sleep(&op.u.enter_acpi_sleep);
	case XENPF_read_memtype:
		rc = read_memtype(&op.u.read_memtype);
		break;
	case XENPF_get_cpuinfo:
		rc = get_cpuinfo(&op.u.pcpu_info);
		break;
	default:
		return -ENOSYS;
	}
	if (!rc && copy_to_guest(arg, &op, sizeof(op)))
		rc = -EFAULT;
	return rc;
}
