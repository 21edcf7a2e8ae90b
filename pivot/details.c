// SPDX-License-Identifier: GPL-2.0-or-later
#include "details.h"

#include <stdio.h>
#include <string.h>

#include "pivot/base/pages.h"
#include "pivot/kexec/host.h"
#include "pivot/kexec/layout-text.h"
#include "pivot/kexec/load.h"

static const char *join_loaders(unsigned int loaders, const char *between,
				char text[DETAILS_LOADERS_BYTES])
{
	size_t used = 0;

	text[0] = '\0';
	for (enum loader i = 0; i < LOADERS; i++)
		if (loaders & 1U << i)
			used += (size_t)snprintf(text + used,
						 DETAILS_LOADERS_BYTES - used, "%s%s",
						 used ? between : "", loader_name(i));
	return text;
}

const char *details_loaders(unsigned int loaders, char text[DETAILS_LOADERS_BYTES])
{
	return join_loaders(loaders, ", else ", text);
}

static void print_left_out(const struct journey *journey)
{
	const unsigned int left_out = ~journey->loaders & ((1U << LOADERS) - 1);
	char text[DETAILS_LOADERS_BYTES];

	if (left_out && journey->loaders_why)
		(void)printf("not tried     %s: %s\n", join_loaders(left_out, ", ", text),
			     journey->loaders_why);
}

/* As it would be now; the control segment is placed when it is known where the pages are.
 */
static void print_layout(const struct journey *journey)
{
	static struct host host; /* too large for a stack */
	char text[LAYOUT_TEXT_BYTES];
	struct layout_search search = { 0 };
	struct layout_request request;
	enum layout_lack lack;
	struct layout layout;
	const char *what;
	int r = host_read(journey->options->root, &host, &what);

	(void)printf("\nmemory, as it would be now\n");
	if (r < 0) {
		(void)printf("  not known: cannot read %s: %s\n", what, strerror(-r));
		return;
	}
	request = (struct layout_request){
		.usable = &host.usable,
		.kernel = layout_kernel_of(&journey->kernel),
		.initrd_bytes = pages_whole(tree_initrd_bytes(&journey->tree)),
	};
	if (layout_payload(&request, &search, &layout, &lack) < 0)
		(void)printf("  %s\n", layout_lack_text(&request, lack, text));
	else
		(void)printf("%s", layout_text(&request, &layout, text));
}

void details_print(const struct journey *journey)
{
	print_left_out(journey);
	if (journey->has_kernel)
		print_layout(journey);
}
