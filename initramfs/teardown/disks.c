// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>
#include <stdio.h>

#include "pivot/base/acts.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

/*
 * The first before Linux 6.6, the others since, stable kernels included; what is not
 * there, or only to be read, is not needed. SATA disks of those later kernels go to
 * standby all the same, because libata sends them there when its port is removed
 * (ata_eh_unload()): they spin up again at the target's first access.
 */
static const char *const attributes[] = {
	"manage_start_stop",
	"manage_system_start_stop",
	"manage_runtime_start_stop",
};

int disks_keep_spinning(struct teardown *teardown)
{
	struct dir dir;

	dir_for_each (&dir, name, teardown->root, "/sys/class/scsi_disk") {
		for (size_t i = 0; i < array_size(attributes); i++) {
			char path[128];
			int r = read_path(path, sizeof(path), "",
					  "/sys/class/scsi_disk/%s/%s", name,
					  attributes[i]);

			if (r == 0)
				r = act_write(path, "0");
			if (r < 0 && r != -ENOENT && r != -EACCES)
				(void)log_warn(r, "cannot write '%s'", path);
		}
	}
	return 0; /* a disk that spins down spins up again */
}
