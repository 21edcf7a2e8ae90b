// SPDX-License-Identifier: GPL-2.0-or-later
#include "layout-text.h"

#include <stdio.h>
#include <string.h>

#include "pivot/base/human.h"
#include "pivot/base/macros.h"

struct line {
	const char *name;
	struct span span;
	uint64_t unpacks_to; /* 0: it does not */
};

static void swap(struct line *a, struct line *b)
{
	struct line line = *a;

	*a = *b;
	*b = line;
}

static void sort(struct line lines[3])
{
	for (size_t i = 0; i < 3; i++)
		for (size_t j = i + 1; j < 3; j++)
			if (lines[j].span.start < lines[i].span.start)
				swap(&lines[i], &lines[j]);
}

/* How long it became. */
static size_t print(const struct line *line, char *buf, size_t size)
{
	const struct span *span = &line->span;
	char bytes[HUMAN_BYTES], unpacks[40] = "";

	if (line->unpacks_to)
		(void)snprintf(unpacks, sizeof(unpacks), ", unpacks to 0x%012llx",
			       (unsigned long long)line->unpacks_to);
	(void)snprintf(buf, size, "%-8s 0x%012llx-0x%012llx  %s%s\n", line->name,
		       (unsigned long long)span->start, (unsigned long long)span->end,
		       human_bytes(span->end - span->start, bytes), unpacks);
	return strnlen(buf, size);
}

const char *layout_text(const struct layout_request *request, const struct layout *layout,
			char buf[LAYOUT_TEXT_BYTES])
{
	uint64_t start = layout->kernel.start;
	struct line lines[] = {
		{ "kernel",
		  { start, start + request->kernel.bytes },
		  layout->kernel.end },
		{ "initrd", layout->initrd, 0 },
		{ "control", layout->control, 0 },
	};
	size_t n = 0;

	buf[0] = '\0';
	sort(lines);
	for (size_t i = 0; i < array_size(lines); i++)
		if (lines[i].span.start < lines[i].span.end)
			n += print(&lines[i], buf + n, LAYOUT_TEXT_BYTES - n);
	return buf;
}

static const char *no_kernel(const struct layout_kernel *kernel, char *buf)
{
	char bytes[HUMAN_BYTES];

	(void)human_bytes(kernel->init_size > kernel->bytes ? kernel->init_size
							    : kernel->bytes,
			  bytes);
	if (kernel->is_relocatable)
		(void)snprintf(buf, LAYOUT_TEXT_BYTES,
			       "no free stretch of %s for the kernel", bytes);
	else
		(void)snprintf(buf, LAYOUT_TEXT_BYTES,
			       "no %s free at 0x%llx, the only place for this kernel",
			       bytes, (unsigned long long)kernel->preferred);
	return buf;
}

const char *layout_lack_text(const struct layout_request *request, enum layout_lack lack,
			     char buf[LAYOUT_TEXT_BYTES])
{
	bool is_initrd = lack == LAYOUT_INITRD;
	char bytes[HUMAN_BYTES];

	if (lack == LAYOUT_KERNEL)
		return no_kernel(&request->kernel, buf);
	(void)human_bytes(is_initrd ? request->initrd_bytes : request->control_bytes,
			  bytes);
	(void)snprintf(buf, LAYOUT_TEXT_BYTES, "no free stretch of %s for the %s", bytes,
		       is_initrd ? "initrd" : "control segment");
	return buf;
}
