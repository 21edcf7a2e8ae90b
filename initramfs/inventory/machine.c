// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine.h"

#include <errno.h>
#include <string.h>

#include "pivot/base/macros.h"
#include "pivot/base/read.h"

/* Digits as one part of a version; how many there are. */
static size_t parse_part(const char *text, unsigned int *ret)
{
	size_t n = 0;

	for (*ret = 0; text[n] >= '0' && text[n] <= '9'; n++)
		*ret = *ret < 255 ? *ret * 10 + (unsigned int)(text[n] - '0') : 255;
	if (*ret > 255)
		*ret = 255;
	return n;
}

int machine_parse_kernel(const char *release, unsigned int *ret)
{
	unsigned int major, minor, patch = 0;
	size_t n = parse_part(release, &major);

	if (n == 0 || release[n++] != '.' || parse_part(release + n, &minor) == 0)
		return -EINVAL;
	n += parse_part(release + n, &minor);
	if (release[n] == '.')
		(void)parse_part(release + n + 1, &patch); /* "6.12-rc1": none */
	*ret = major << 16 | minor << 8 | patch;
	return 0;
}

/* One attribute behind what is there already, a space between. */
static void add_dmi(char *dmi, size_t size, const char *root, const char *name)
{
	size_t at = strlen(dmi);
	ssize_t n;

	if (at > 0)
		at++;
	if (at + 1 >= size)
		return;
	n = read_text(dmi + at, size - at, root, "/sys/class/dmi/id/%s", name);
	if (n == 0 || (n < 0 && n != -EFBIG)) /* what fits is enough */
		dmi[at] = '\0';
	else if (at > 0)
		dmi[at - 1] = ' ';
}

void machine_read(const char *root, struct machine *ret)
{
	static const char *const names[] = { "sys_vendor", "product_name", "board_name" };
	char release[65]; /* struct new_utsname */

	*ret = (struct machine){ 0 };
	for (size_t i = 0; i < array_size(names); i++)
		add_dmi(ret->dmi, sizeof(ret->dmi), root, names[i]);
	if (read_text(release, sizeof(release), root, "/proc/sys/kernel/osrelease") > 0)
		(void)machine_parse_kernel(release, &ret->kernel); /* else 0 */
}
