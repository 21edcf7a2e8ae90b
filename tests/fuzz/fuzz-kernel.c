// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/kexec/kernel-kind.h"
#include "pivot/kexec/kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* exactly n bytes, so that reading one more is seen */
	uint8_t *head = malloc(n ? n : 1);
	struct kernel_image image = { 0 };
	char why_not[256] = "";
	int r;

	if (!head)
		return 0;
	memcpy(head, data, n);
	r = kernel_parse(head, n, n, &image, why_not, sizeof(why_not));
	if (r != 0 && (r != -ENOEXEC || !why_not[0]))
		abort();
	(void)kernel_parse(head, n, UINT64_MAX, &image, why_not, sizeof(why_not));
	if (strlen(image.release) >= sizeof(image.release))
		abort();
	(void)kernel_why_no_initrd(head, n);
	free(head);
	return 0;
}
