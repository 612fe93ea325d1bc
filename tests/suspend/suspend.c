// SPDX-License-Identifier: GPL-2.0
/*
 * ringlet_suspend: put all devices of a guest to sleep and wake them, as Linux's
 * do_suspend() (drivers/xen/manage.c) does around the hypercall, which is left out:
 * a suspend that is called off.
 *
 *	insmod ringlet_suspend.ko & ...; echo 0 > /sys/module/ringlet_suspend/parameters/hold
 *
 * Devices sleep until hold is 0; then insmod ends. Programs go on meanwhile, which
 * Linux would not let them: a device that takes requests while it sleeps is found.
 * The interrupts stay on, since that write comes by the console.
 */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/pm.h>

static bool hold = true;
module_param(hold, bool, 0600);
MODULE_PARM_DESC(hold, "Devices sleep as long as this is set");

static int __init suspend_init(void)
{
	int rc = dpm_suspend_start(PMSG_FREEZE);

	if (rc)
		pr_err("ringlet_suspend: a device does not go to sleep (%d)\n", rc);
	while (!rc && READ_ONCE(hold))
		msleep(20);
	dpm_resume_end(rc ? PMSG_RECOVER : PMSG_THAW);
	return rc;
}
module_init(suspend_init);

static void __exit suspend_exit(void)
{
}
module_exit(suspend_exit);

MODULE_DESCRIPTION("Put devices to sleep and wake them");
MODULE_LICENSE("GPL");
