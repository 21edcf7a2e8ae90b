// SPDX-License-Identifier: GPL-2.0-or-later
#include "journey.h"

#include <stdio.h>
#include <string.h>

#include "pivot/base/log.h"
#include "pivot/preflight.h"
#include "pivot/takeover/takeover.h"

static enum takeover choose_takeover(const struct options *options)
{
	if (options->takeover == CHOOSE_SYSTEMD)
		return TAKEOVER_SYSTEMD;
	if (options->takeover == CHOOSE_SEIZE)
		return TAKEOVER_SEIZE;
	return takeover_has_systemd(options->root) ? TAKEOVER_SYSTEMD : TAKEOVER_SEIZE;
}

static unsigned int identify_kernel(struct journey *journey)
{
	char why_not[256];

	if (kernel_read(journey->tree.kernel_fd, journey->tree.kernel_bytes,
			&journey->kernel, why_not, sizeof(why_not)) < 0)
		return log_refuse(1U, "'%s' %s", journey->tree.kernel_name, why_not);
	journey->has_kernel = true;
	return 0;
}

static void describe_target(struct journey *journey)
{
	const char *release = journey->kernel.release;
	int n = (int)strcspn(release,
			     " "); /* who built it, and when, is of no interest here */

	(void)snprintf(journey->handover.target, sizeof(journey->handover.target),
		       "Linux %.*s (%s)", n ?: 7, n ? release : "unknown",
		       journey->tree.form);
}

unsigned int journey_prepare(const struct options *options, struct journey *ret)
{
	unsigned int reasons = 0;

	*ret = (struct journey)JOURNEY_INIT;
	ret->options = options;
	ret->handover = handover_default;
	if (options->deadline_s > 0)
		ret->handover.deadline_ms = options->deadline_s * 1000;
	ret->handover.takeover = choose_takeover(options);
	if (tree_open(options->tree, &options->tree_options, &ret->tree) < 0)
		reasons++;
	if (ret->tree.kernel_fd >= 0)
		reasons += identify_kernel(ret);
	if (reasons == 0)
		describe_target(ret);
	if (image_build(&ret->handover, &ret->image) < 0)
		reasons++;
	return reasons;
}

unsigned int journey_check(const struct journey *journey)
{
	return preflight_check(&(struct preflight){
		.root = journey->options->root,
		.options = journey->options,
		.tree = &journey->tree,
		.kernel = journey->has_kernel ? &journey->kernel : NULL,
		.takeover = journey->handover.takeover,
		.image_bytes = journey->image.size,
	});
}

void journey_done(struct journey *journey)
{
	tree_done(&journey->tree);
	image_done(&journey->image);
}
