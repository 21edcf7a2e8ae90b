// SPDX-License-Identifier: GPL-2.0-or-later
#include "restart.h"

#include <linux/reboot.h>
#include <signal.h>
#include <unistd.h>

#include "acts.h"
#include "clock.h"

enum { SETTLE_MS = 2000 };

void restart_by_sysrq(int sysrq_fd)
{
	act_sysrq(sysrq_fd, 'u');
	clock_sleep_ms(SETTLE_MS);
	act_sysrq(sysrq_fd, 'b');
}

int restart_machine(int sysrq_fd)
{
	int r;

	/* 's' and 'u' only ask the kernel's workers: they help where they can */
	act_sysrq(sysrq_fd, 's');
	/*
	 * On a filesystem made read-only fsync(2) does nothing and says that it is done
	 * (ext4_sync_file()): nobody may go on and believe it.
	 */
	(void)act_kill(-1, SIGSTOP);
	(void)act_kill(getppid(), SIGCONT);
	restart_by_sysrq(sysrq_fd);
	r = act_reboot(LINUX_REBOOT_CMD_RESTART);
	(void)act_kill(-1, SIGCONT); /* then they may as well go on */
	return r;
}
