// SPDX-License-Identifier: GPL-2.0-or-later
#include "extra-flags.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/tree/shell.h"

struct kexec_flag {
	const char *letter; /* or NULL */
	const char *name;
	bool has_value;
	const char *ours; /* what it is here; NULL: nothing */
};

static const struct kexec_flag kexec_flags[] = {
	{ .letter = "-s", .name = "--kexec-file-syscall", .ours = "--loader=file" },
	{ .letter = "-c", .name = "--kexec-syscall", .ours = "--loader=load" },
	{ .letter = "-a", .name = "--kexec-syscall-auto", .ours = "--loader=auto" },
	/* the old system ends in order, and filesystems are written out, in any case */
	{ .letter = "-f" },
	{ .letter = "-x", .name = "--no-ifdown" },
	{ .letter = "-y", .name = "--no-sync" },
	/* what kexec's purgatory checks and says; ours always checks */
	{ .letter = "-i", .name = "--no-checks" },
	{ .letter = "-d", .name = "--debug" },
	{ .name = "--reset-vga" },
	{ .name = "--console-vga" },
	{ .name = "--console-serial" },
	{ .name = "--serial", .has_value = true },
	{ .name = "--serial-baud", .has_value = true },
};

static bool is_flag(const char *word, const struct kexec_flag *flag)
{
	size_t n = flag->name ? strlen(flag->name) : 0;

	if (flag->letter && strcmp(word, flag->letter) == 0)
		return true;
	return n && strncmp(word, flag->name, n) == 0 &&
	       (!word[n] || (flag->has_value && word[n] == '='));
}

static const struct kexec_flag *find_flag(const char *word)
{
	for (size_t i = 0; i < array_size(kexec_flags); i++)
		if (is_flag(word, &kexec_flags[i]))
			return &kexec_flags[i];
	return NULL;
}

static int add(struct extra_flags *flags, size_t *used, const char *word)
{
	size_t n = strlen(word) + 1;

	if (flags->n == EXTRA_FLAGS_MAX || n > sizeof(flags->text) - *used)
		return log_refuse(-EINVAL, "--kexec-extra-flags: too much text");
	flags->word[flags->n++] = memcpy(flags->text + *used, word, n);
	*used += n;
	return 0;
}

/* 1, 0 where there is none any more; or negative errno, logged. */
static int next_word(struct shell *shell, char **ret)
{
	int r;

	shell->at += strspn(shell->at, " \t\r\n");
	if (!*shell->at)
		return 0;
	r = strchr(";&|<>()", *shell->at) ? -EINVAL : shell_read_word(shell, ret);
	if (r == 0 && strchr(*ret, SHELL_UNKNOWN))
		r = -EINVAL;
	return r < 0 ? log_refuse(-EINVAL,
				  "--kexec-extra-flags takes words, with quotes "
				  "that are closed and nothing else of a shell's")
		     : 1;
}

static int read_words(struct shell *shell, struct extra_flags *flags)
{
	size_t used = 0;
	char *word;
	int r;

	while ((r = next_word(shell, &word)) == 1) {
		const struct kexec_flag *flag = find_flag(word);

		if (flag && !flag->ours)
			log_notice("--kexec-extra-flags: '%s' has nothing to do here",
				   word);
		if (flag && flag->has_value && !strchr(word, '='))
			r = next_word(shell, &word);
		else if (!flag || flag->ours)
			r = add(flags, &used, flag ? flag->ours : word);
		if (r < 0)
			return r;
	}
	return r;
}

int extra_flags_read(const char *text, char *program, struct extra_flags *ret)
{
	auto_free struct shell *shell = calloc(1, sizeof(*shell));

	if (!shell)
		return log_err(-ENOMEM, "cannot read --kexec-extra-flags");
	shell->at = text;
	*ret = (struct extra_flags){ .word = { program }, .n = 1 };
	return read_words(shell, ret);
}
