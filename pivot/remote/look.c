// SPDX-License-Identifier: GPL-2.0-or-later
#include "look.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/parse.h"
#include "pivot/base/printable.h"

/* bootloader_type is the loader's number and four bits of its version. Source:
 * Documentation/admin-guide/sysctl/kernel.rst, Documentation/arch/x86/boot.rst. */
enum { LOADER_SHIFT = 4, LOADER_KEXEC = 0xd, LOADER_MAX = UINT16_MAX };

static bool is_boot_id(const char *line)
{
	static const char form[] = "00000000-0000-0000-0000-000000000000";

	if (strlen(line) != strlen(form) ||
	    strspn(line, "0123456789abcdef-") < strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++)
		if ((form[i] == '-') != (line[i] == '-'))
			return false;
	return true;
}

/* PRETTY_NAME="NixOS 24.11": os-release(5) */
static bool take_name(char *line, struct look *look)
{
	static const char key[] = "PRETTY_NAME=";
	char *value = line + strlen(key);

	if (strncmp(line, key, strlen(key)) != 0)
		return false;
	value += strspn(value, "\"'");
	value[strcspn(value, "\"'")] = '\0';
	(void)snprintf(look->name, sizeof(look->name), "%s", printable_make(value));
	return true;
}

static char *next_line(char **text)
{
	return strsep(text, "\n");
}

int look_parse(char *text, struct look *ret)
{
	struct look look = { .name = "a system without a name" };
	char *boot_id, *loader, *release, *command_line, *line;
	uint64_t type;

	do
		boot_id = next_line(&text);
	while (boot_id && !is_boot_id(boot_id));
	loader = next_line(&text);
	release = next_line(&text);
	command_line = next_line(&text);
	if (!command_line || parse_u64(loader, 10, LOADER_MAX, &type) < 0)
		return -EBADMSG;
	while ((line = next_line(&text)) && !take_name(line, &look))
		;
	look.is_by_kexec = type >> LOADER_SHIFT == LOADER_KEXEC;
	(void)snprintf(look.boot_id, sizeof(look.boot_id), "%s", boot_id);
	(void)snprintf(look.release, sizeof(look.release), "%s", printable_make(release));
	(void)snprintf(look.command_line, sizeof(look.command_line), "%s", command_line);
	*ret = look;
	return 0;
}

bool look_is_target(const struct look *before, const struct look *now,
		    const char *tree_command_line)
{
	if (!now->is_by_kexec)
		return false;
	return !before->is_by_kexec || strstr(now->command_line, tree_command_line);
}
