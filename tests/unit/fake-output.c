// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-output.h"

#include <check.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
	int file, saved[2];
	char text[64 * 1024];
} output;

void output_catch(void)
{
	(void)fflush(NULL);
	output.file = memfd_create("output", MFD_CLOEXEC);
	ck_assert_int_ge(output.file, 0);
	for (int i = 0; i < 2; i++) {
		output.saved[i] = dup(i + 1);
		ck_assert_int_eq(dup2(output.file, i + 1), i + 1);
	}
}

const char *output_caught(void)
{
	ssize_t n;

	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(dup2(output.saved[i], i + 1), i + 1);
		(void)close(output.saved[i]);
	}
	n = pread(output.file, output.text, sizeof(output.text) - 1, 0);
	ck_assert_int_ge(n, 0);
	output.text[n] = '\0';
	(void)close(output.file);
	return output.text;
}
