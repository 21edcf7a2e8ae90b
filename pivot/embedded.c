// SPDX-License-Identifier: GPL-2.0-or-later
#include "embedded.h"

#include <string.h>

#include "pivot/base/macros.h"

/* The paths come from the Makefile; the assembler reads the files. */
#define EMBED(symbol, path)                                    \
	__asm__(".section .rodata\n"                           \
		".balign 16\n"                                 \
		".globl embedded_" #symbol "\n"                \
		"embedded_" #symbol ": .incbin \"" path "\"\n" \
		".globl embedded_" #symbol "_end\n"            \
		"embedded_" #symbol "_end:\n"                  \
		".previous\n");                                \
	extern const unsigned char embedded_##symbol[], embedded_##symbol##_end[]

EMBED(init, EMBED_INIT);
EMBED(busybox, EMBED_BUSYBOX);
EMBED(kexec, EMBED_KEXEC);
EMBED(image_list, EMBED_IMAGE_LIST);
EMBED(there_sh, EMBED_THERE_SH);

const struct embedded *embedded_find(const char *name)
{
	static struct embedded files[] = {
		{ "init", embedded_init, 0 },
		{ "busybox", embedded_busybox, 0 },
		{ "kexec", embedded_kexec, 0 },
		{ "image.list", embedded_image_list, 0 },
		{ "there.sh", embedded_there_sh, 0 },
	};

	/* not constants to the compiler: the linker knows them */
	files[0].size = (size_t)(embedded_init_end - embedded_init);
	files[1].size = (size_t)(embedded_busybox_end - embedded_busybox);
	files[2].size = (size_t)(embedded_kexec_end - embedded_kexec);
	files[3].size = (size_t)(embedded_image_list_end - embedded_image_list);
	files[4].size = (size_t)(embedded_there_sh_end - embedded_there_sh);
	for (size_t i = 0; i < array_size(files); i++)
		if (strcmp(files[i].name, name) == 0)
			return &files[i];
	return NULL;
}
