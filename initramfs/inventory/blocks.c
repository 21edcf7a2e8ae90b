// SPDX-License-Identifier: GPL-2.0-or-later
#include "blocks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mounts.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

void swaps_parse(char *text, struct swaps *ret)
{
	char *save = NULL, *line = strtok_r(text, "\n", &save); /* the heading */

	ret->n = 0;
	while (ret->n < SWAPS_MAX && (line = strtok_r(NULL, "\n", &save))) {
		size_t n = strcspn(line, " \t");

		if (n == 0 || n >= sizeof(ret->path[0]))
			continue;
		line[n] = '\0';
		mounts_unescape(line);
		strcpy(ret->path[ret->n++], line);
	}
}

int swaps_read(const char *root, struct swaps *ret)
{
	char text[SWAPS_MAX * 320];
	ssize_t n = read_text(text, sizeof(text), root, "/proc/swaps");

	ret->n = 0;
	if (n == -ENOENT) /* a kernel without swap */
		return 0;
	if (n < 0 && n != -EFBIG)
		return (int)n;
	swaps_parse(text, ret);
	return 0;
}

/* An attribute that only an active device of that kind has, and that tells people more.
 */
static const struct {
	const char *prefix, *attribute;
} kinds[] = {
	[BLOCK_DM] = { "dm-", "dm/name" },
	[BLOCK_MD] = { "md", "md/level" },
	[BLOCK_LOOP] = { "loop", "loop/backing_file" },
};

static bool block_read(const char *root, const char *device, struct block *ret)
{
	for (size_t kind = 0; kind < array_size(kinds); kind++) {
		ssize_t n;

		if (strncmp(device, kinds[kind].prefix, strlen(kinds[kind].prefix)) != 0)
			continue;
		n = read_text(ret->detail, sizeof(ret->detail), root, "/sys/block/%s/%s",
			      device, kinds[kind].attribute);
		if ((n < 0 && n != -EFBIG) || strlen(device) >= sizeof(ret->device))
			return false;
		ret->kind = (enum block_kind)kind;
		strcpy(ret->device, device);
		return true;
	}
	return false;
}

bool block_is_active(const char *root, const struct block *block)
{
	return read_exists(root, "/sys/block/%s/%s", block->device,
			   kinds[block->kind].attribute);
}

int blocks_read(const char *root, struct blocks *ret)
{
	struct dir dir;

	ret->n = 0;
	ret->has_more = false;
	dir_for_each (&dir, name, root, "/sys/block") {
		if (ret->n == BLOCKS_MAX)
			ret->has_more = true;
		else if (block_read(root, name, &ret->block[ret->n]))
			ret->n++;
	}
	return dir.error;
}
