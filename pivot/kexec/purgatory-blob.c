// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/kexec/purgatory.h"

#include <string.h>

#include "pivot/kexec/purgatory/head.h"

/* The path comes from the Makefile; the assembler reads the file. */
__asm__(".section .rodata\n"
	".balign 8\n"
	".globl purgatory_blob\n"
	"purgatory_blob: .incbin \"" PURGATORY "\"\n"
	".globl purgatory_blob_end\n"
	"purgatory_blob_end:\n"
	".previous\n");
extern const unsigned char purgatory_blob[], purgatory_blob_end[];

size_t purgatory_bytes(void)
{
	size_t bytes = ((const struct purgatory_head *)purgatory_blob)->bytes;

	return (bytes + 4095) & ~(size_t)4095;
}

void purgatory_place(void *buffer, const struct purgatory_job *job)
{
	unsigned char *to = buffer;

	memcpy(to, purgatory_blob, (size_t)(purgatory_blob_end - purgatory_blob));
	memcpy(to + offsetof(struct purgatory_head, job), job, sizeof(*job));
}
