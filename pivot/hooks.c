// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/file.h"
#include "pivot/base/log.h"
#include "pivot/base/printable.h"
#include "pivot/middle/contents.h"

/* In the image, as the init knows them. */
static const char *const paths[HOOKS_MAX] = {
	"hooks/0", "hooks/1", "hooks/2", "hooks/3",
	"hooks/4", "hooks/5", "hooks/6", "hooks/7",
};

/* By its first line, which only says what it is meant for: "#!/usr/bin/env bash". */
static bool is_for_a_shell(const char *text, size_t n)
{
	static const char blanks[] = " \t\r";
	const char *newline = memchr(text, '\n', n);
	char line[256], *save = NULL;

	if (n < 2 || strncmp(text, "#!", 2) != 0)
		return true;
	n = (newline ? (size_t)(newline - text) : n) - 2;
	(void)snprintf(line, sizeof(line), "%.*s", n < 255 ? (int)n : 255, text + 2);
	for (char *word = strtok_r(line, blanks, &save); word;
	     word = strtok_r(NULL, blanks, &save)) {
		size_t length = strlen(word);

		if (length >= 2 && strcmp(word + length - 2, "sh") == 0)
			return true;
	}
	return false;
}

static int read_hook(const char *file, struct image_file *ret)
{
	struct contents contents;
	int r = contents_read(file, "", HOOK_MAX_BYTES, &contents);

	if (r == -EFBIG)
		return log_refuse(r, "--hook: '%s' has more than %d KiB", file,
				  HOOK_MAX_BYTES / 1024);
	if (r < 0)
		return log_err(r, "--hook: cannot read '%s'", file);
	ret->data = contents.data;
	ret->size = contents.size;
	if (memchr(contents.data, '\0', contents.size) ||
	    !is_for_a_shell(contents.data, contents.size))
		return log_refuse(
			-ENOEXEC,
			"--hook: '%s' is no shell script: busybox's sh runs it "
			"in the stage, where none of this system's programs are",
			file);
	return 0;
}

int hooks_read(const char *const *files, size_t n, struct handover *handover,
	       struct hooks *ret)
{
	*ret = (struct hooks){ 0 };
	for (size_t i = 0; i < n; i++) {
		const char *slash = strrchr(files[i], '/');
		int r;

		ret->file[i].path = paths[i];
		ret->n++;
		r = read_hook(files[i], &ret->file[i]);
		if (r < 0)
			return r;
		(void)snprintf(handover->hook[i], HOOK_NAME_BYTES, "%s",
			       slash ? slash + 1 : files[i]);
		printable_make(handover->hook[i]);
		handover->n_hooks = i + 1;
	}
	return 0;
}

void hooks_done(struct hooks *hooks)
{
	for (size_t i = 0; i < hooks->n; i++)
		free((void *)hooks->file[i].data);
	*hooks = (struct hooks){ 0 };
}
