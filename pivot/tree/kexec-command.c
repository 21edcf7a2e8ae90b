// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/kexec-command.h"

#include <string.h>

#include "pivot/base/macros.h"

const char *kexec_command_base_name(const char *word)
{
	const char *slash = strrchr(word, '/');

	return slash ? slash + 1 : word;
}

/* Nothing but one expansion, such as "$@" or $kexec_extra_flags. */
static bool is_only_unknown(const char *word)
{
	const char *end;

	if (word[0] != SHELL_UNKNOWN)
		return false;
	end = strchr(word + 1, SHELL_UNKNOWN);
	return end && !end[1];
}

/* The long options of kexec(8) that want a value. */
static bool takes_value(const char *name, size_t n)
{
	static const char *const names[] = {
		"command-line", "append",      "initrd",  "ramdisk",	 "type",
		"entry",	"mem-min",     "mem-max", "dtb",	 "module",
		"image-size",	"page-offset", "serial",  "serial-baud",
	};

	for (size_t i = 0; i < array_size(names); i++) {
		if (strlen(names[i]) == n && !memcmp(names[i], name, n))
			return true;
	}
	return false;
}

static bool is_option(const char *name, size_t n, const char *wanted)
{
	return strlen(wanted) == n && !memcmp(name, wanted, n);
}

static void take_long_option(struct kexec_command *load, const char *name, size_t n,
			     const char *value)
{
	if (is_option(name, n, "load"))
		load->is_load = true;
	if (is_option(name, n, "reuse-cmdline") && !load->command_line)
		load->command_line = "\001--reuse-cmdline\001";
	if (!value)
		return;
	if (is_option(name, n, "initrd") || is_option(name, n, "ramdisk"))
		load->initrd = value;
	if (is_option(name, n, "command-line") || is_option(name, n, "append"))
		load->command_line = value;
}

/* Takes words[i], and its value where that is the next word. Returns the next i. */
static size_t take_option(struct kexec_command *load, char **words, size_t n, size_t i)
{
	const char *name = words[i] + 2;
	size_t length = strcspn(name, "=");
	const char *value = name[length] ? name + length + 1 : NULL;

	if (!value && takes_value(name, length) && i + 1 < n)
		value = words[++i];
	take_long_option(load, name, length, value);
	return i + 1;
}

static size_t take_short_options(struct kexec_command *load, char **words, size_t i)
{
	if (words[i][1] == 't')
		return i + (words[i][2] ? 1 : 2);
	if (strchr(words[i], 'l'))
		load->is_load = true;
	return i + 1;
}

static void take_operand(struct kexec_command *load, const char *word)
{
	if (!*word)
		return;
	if (!load->kernel || (is_only_unknown(load->kernel) && !is_only_unknown(word)))
		load->kernel = word;
}

static void read_kexec(struct kexec_command *load, char **words, size_t n)
{
	for (size_t i = 0; i < n;) {
		if (words[i][0] == '-' && words[i][1] == '-') {
			i = take_option(load, words, n, i);
		} else if (words[i][0] == '-') {
			i = take_short_options(load, words, i);
		} else {
			take_operand(load, words[i++]);
		}
	}
}

/* kexec, ${SCRIPT_DIR}/kexec, ./kexec-musl-x86_64, sudo kexec ... */
bool kexec_command_parse(const struct shell_command *command, struct kexec_command *ret)
{
	size_t i = 0;

	*ret = (struct kexec_command){ 0 };
	while (i < command->n &&
	       strncmp(kexec_command_base_name(command->words[i]), "kexec", 5) != 0)
		i++;
	if (i == command->n)
		return false;
	read_kexec(ret, command->words + i + 1, command->n - i - 1);
	return ret->is_load;
}
