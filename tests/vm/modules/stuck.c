// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that nothing ends: whoever writes to
 *
 *	/sys/module/stuck/parameters/wait
 *
 * waits in the kernel for an answer that does not come (state D), with all that it has
 * open, and holds nothing else. Whoever writes a number to
 *
 *	/sys/module/stuck/parameters/rtnl
 *
 * holds the lock of all network interfaces for so many seconds, as a driver that hangs
 * does for ever.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>

static int stuck_wait(const char *value, const struct kernel_param *parameter)
{
	DECLARE_COMPLETION_ONSTACK(answer);

	kernel_param_unlock(THIS_MODULE); /* others may do the same */
	wait_for_completion(&answer);
	kernel_param_lock(THIS_MODULE);
	return 0;
}

static const struct kernel_param_ops stuck_ops = { .set = stuck_wait };

module_param_cb(wait, &stuck_ops, NULL, 0200);
MODULE_PARM_DESC(wait, "who writes here does not come back");

static int stuck_rtnl(const char *value, const struct kernel_param *parameter)
{
	unsigned int seconds;
	int r = kstrtouint(value, 10, &seconds);

	if (r < 0)
		return r;
	kernel_param_unlock(THIS_MODULE);
	rtnl_lock();
	msleep(seconds * 1000);
	rtnl_unlock();
	kernel_param_lock(THIS_MODULE);
	return 0;
}

static const struct kernel_param_ops rtnl_ops = { .set = stuck_rtnl };

module_param_cb(rtnl, &rtnl_ops, NULL, 0200);
MODULE_PARM_DESC(rtnl, "holds the lock of all network interfaces, so many seconds");

static int __init stuck_init(void)
{
	return 0;
}

/* no module_exit(): who waits is in this code */
module_init(stuck_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("processes in state D");
