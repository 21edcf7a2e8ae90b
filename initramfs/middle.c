// SPDX-License-Identifier: GPL-2.0-or-later
#include "middle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"

enum { LOOK_EVERY_MS = 20 };

struct module {
	char path[128];
	const char *parameters;
};

static int load(const void *argument)
{
	const struct module *module = argument;
	int r = act_load_module(module->path, module->parameters);

	return r == -EEXIST ? 0 : r;
}

/* A driver's probe may hang; then the others have their turn all the same. */
static bool load_one(char *line, unsigned int timeout_ms)
{
	struct module module = { .parameters = "" };
	char *space = strchr(line, ' ');
	int r;

	if (space) {
		*space = '\0';
		module.parameters = space + 1;
	}
	(void)snprintf(module.path, sizeof(module.path), "%s/%s", MIDDLE_MODULES, line);
	r = child_run(load, &module, timeout_ms);
	if (r == -ENODEV) /* an accelerator of crc or ciphers, on another processor */
		log_info("      '%s' is not for this machine", module.path);
	else if (r < 0)
		(void)log_warn(r, "cannot load '%s'", module.path);
	return r == 0;
}

static void load_all(const char *root, unsigned int timeout_ms)
{
	static char order[MIDDLE_ORDER_BYTES];
	size_t loaded = 0, all = 0;
	char *save = NULL;

	if (read_text(order, sizeof(order), root, MIDDLE_MODULES "/order") < 0)
		return; /* what is built in is all there is */
	for (char *line = strtok_r(order, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), all++)
		loaded += load_one(line, timeout_ms);
	log_info("      %zu of %zu modules loaded", loaded, all);
}

/* Drivers probe, and buses are scanned, in threads of the kernel, each of which says so.
 */
static void settle(const char *root, const struct middle_times *times)
{
	const uint64_t end = clock_ms() + times->settle_ms;
	uint64_t quiet_since = clock_ms(), seen = 0, now;

	while (clock_ms() < end && clock_ms() - quiet_since < times->quiet_ms) {
		if (read_u64(&now, 10, root, "/sys/kernel/uevent_seqnum") == 0 &&
		    now != seen) {
			seen = now;
			quiet_since = clock_ms();
		}
		clock_sleep_ms(LOOK_EVERY_MS);
	}
}

void middle_bind(const char *root, const struct middle_times *times)
{
	const uint64_t start = clock_ms();

	log_notice("[middle] give the devices their drivers");
	load_all(root, times->load_ms);
	settle(root, times);
	log_info("      done in %u ms", (unsigned int)(clock_ms() - start));
}
