// SPDX-License-Identifier: GPL-2.0-or-later

/* Stands in for pivot/embedded.c: the real image.list, and three small programs. */

#include "pivot/embedded.h"

#include <string.h>

#include "pivot/base/macros.h"

__asm__(".section .rodata\n"
	"fake_image_list: .incbin \"initramfs/image.list\"\n"
	"fake_image_list_end:\n"
	".previous\n");
extern const unsigned char fake_image_list[], fake_image_list_end[];

const struct embedded *embedded_find(const char *name)
{
	static struct embedded files[] = {
		{ "init", (const unsigned char *)"the init", 8 },
		{ "busybox", (const unsigned char *)"the busybox", 11 },
		{ "kexec", (const unsigned char *)"the kexec", 9 },
		{ "image.list", fake_image_list, 0 },
	};

	files[3].size = (size_t)(fake_image_list_end - fake_image_list);
	for (size_t i = 0; i < array_size(files); i++)
		if (strcmp(files[i].name, name) == 0)
			return &files[i];
	return NULL;
}
