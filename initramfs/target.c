// SPDX-License-Identifier: GPL-2.0-or-later
#include "target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lost-pages.h"
#include "pivot/base/acts.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"
#include "pivot/kexec/gather.h"
#include "pivot/kexec/payload.h"

enum { REPORT_BYTES = PAYLOAD_ROOM_BYTES, TRIES = 3 };

static struct {
	bool is_here;
	char folder[128];
	struct payload payload;
	struct gather gather; /* its pages are pinned by this process */
} target;

int target_open(const char *stage_path)
{
	int r = read_path(target.folder, sizeof(target.folder), stage_path ?: "", "%s",
			  PAYLOAD_FOLDER);

	if (r < 0 || !read_exists("", "%s/seal", target.folder))
		return r;
	target.is_here = true;
	r = payload_open("", target.folder, -1, &target.payload);
	return r < 0 ? log_err(r, "cannot open the target's files in the stage") : 0;
}

bool target_is_here(void)
{
	return target.is_here;
}

/* What the first hop said, where this is the second. */
static void read_first_report(struct teardown *teardown)
{
	static char text[REPORT_BYTES / 4], json[REPORT_BYTES / 4];

	if (read_text(text, sizeof(text), teardown->root, REPORT_FOLDER "/report.txt") >
	    0)
		teardown->first_text = text;
	if (read_text(json, sizeof(json), teardown->root, REPORT_FOLDER "/report.json") >
	    0)
		teardown->first_json = json;
}

/* The jump does not depend on it. */
static void append_report(struct teardown *teardown)
{
	static char data[REPORT_BYTES];
	char path[sizeof(target.folder) + 8];
	size_t n;
	int r;

	if (teardown->handover.hop == HOP_MIDDLE)
		read_first_report(teardown);
	n = teardown_report_archive(teardown, data, sizeof(data));
	if (!n) { /* then of this hop alone */
		teardown->first_text = teardown->first_json = NULL;
		n = teardown_report_archive(teardown, data, sizeof(data));
	}
	r = n ? 0 : -EFBIG;

	/* where the distro lives in the rootfs the stage stays where it was */
	if (teardown->stage_path == NULL)
		strcpy(target.folder, PAYLOAD_FOLDER);
	(void)snprintf(path, sizeof(path), "%s/report", target.folder);
	if (r == 0)
		r = act_create(path, 0600, data, n);
	if (r == 0)
		r = payload_map("", target.folder, PAYLOAD_REPORT, -1, &target.payload);
	if (r < 0)
		(void)log_warn(r, "the target gets no report");
}

static int gather(void *data)
{
	char why[WHY_BYTES];
	int r;

	(void)data;
	gather_done(&target.gather);
	r = gather_load("", &target.payload, &target.gather, why);
	return r < 0 ? log_err(r, "cannot load the target: %s", why) : 0;
}

int target_load(struct teardown *teardown)
{
	/* pages that are locked and pinned do not move: this spares the kernel the
	 * attempts */
	(void)act_write("/proc/sys/vm/compact_unevictable_allowed", "0");
	if (teardown->handover.report == REPORT_APPEND &&
	    !target.payload.file[PAYLOAD_REPORT].data)
		append_report(teardown);
	return lost_pages_guard(gather, NULL);
}

static int look_again(void *data)
{
	int r = 0;

	(void)data;
	for (int i = 0; i < TRIES && r == 0 && !gather_is_true(&target.gather); i++) {
		(void)log_warn(0, "pages of the target have moved: loading it again");
		r = gather(NULL);
	}
	return r == 0 && !gather_is_true(&target.gather)
		       ? log_refuse(-EAGAIN,
				    "the target's pages do not stay where they are")
		       : r;
}

int target_look_again(void)
{
	return lost_pages_guard(look_again, NULL);
}
