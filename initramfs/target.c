// SPDX-License-Identifier: GPL-2.0-or-later
#include "target.h"

#include <errno.h>

#include "pivot/base/acts.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"
#include "pivot/kexec/gather.h"
#include "pivot/kexec/payload.h"

enum { REPORT_BYTES = 1 << 20, TRIES = 3, PATH_BYTES = 128 };

static struct {
	bool is_here;
	struct payload payload;
	struct gather gather; /* its pages are pinned by this process */
} target;

int target_open(const char *stage_path)
{
	char folder[PATH_BYTES];
	int r = read_path(folder, sizeof(folder), stage_path ?: "", "%s", PAYLOAD_FOLDER);

	if (r < 0 || !read_exists("", "%s/seal", folder))
		return r;
	target.is_here = true;
	r = payload_open("", folder, -1, &target.payload);
	return r < 0 ? log_err(r, "cannot open the target's files in the stage") : 0;
}

bool target_is_here(void)
{
	return target.is_here;
}

/* The stage is the root by now, but where the distro lives in the rootfs. */
static int put_report(const char *stage_path, const void *data, size_t n)
{
	char path[PATH_BYTES];
	int r = read_path(path, sizeof(path), stage_path, PAYLOAD_FOLDER "/report");

	if (r == 0)
		r = act_create(path, 0600, data, n);
	return r < 0 ? r
		     : payload_map(stage_path, PAYLOAD_FOLDER, PAYLOAD_REPORT, -1,
				   &target.payload);
}

/* The jump does not depend on it. */
static void append_report(const struct teardown *teardown)
{
	static char data[REPORT_BYTES];
	size_t n = teardown_report_archive(teardown, data, sizeof(data));
	int r = n ? put_report(teardown->stage_path ?: "", data, n) : -EFBIG;

	if (r < 0)
		(void)log_warn(r, "the target gets no report");
}

static int gather(void)
{
	char why[GATHER_WHY_BYTES];
	int r;

	gather_done(&target.gather);
	r = gather_load("", &target.payload, &target.gather, why);
	return r < 0 ? log_err(r, "cannot load the target: %s", why) : 0;
}

int target_load(const struct teardown *teardown)
{
	/* pinned pages do not move; this spares the kernel the attempts */
	(void)act_write("/proc/sys/vm/compact_unevictable_allowed", "0");
	if (teardown->handover.report == REPORT_APPEND &&
	    !target.payload.file[PAYLOAD_REPORT].data)
		append_report(teardown);
	return gather();
}

int target_look_again(void)
{
	int r = 0;

	for (int i = 0; i < TRIES && r == 0 && !gather_is_true(&target.gather); i++) {
		(void)log_warn(0, "pages of the target have moved: loading it again");
		r = gather();
	}
	return r == 0 && !gather_is_true(&target.gather)
		       ? log_refuse(-EAGAIN,
				    "the target's pages do not stay where they are")
		       : r;
}
