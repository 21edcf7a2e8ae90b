// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The NIS domain name ends with its kernel. What it says of faults goes on by the middle
 * kernel's command line: a word that the kernel does not know itself is in the
 * environment of its init. Linked into the tool (ld --wrap).
 */

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "pivot/middle/command-line.h"

typeof(middle_command_line) __real_middle_command_line, __wrap_middle_command_line;

int __wrap_middle_command_line(const char *running, const char *append, char *ret,
			       size_t size)
{
	char word[sizeof(((struct utsname *)0)->domainname)];
	struct utsname name;

	if (append || uname(&name) < 0 || strncmp(name.domainname, "faults ", 7) != 0)
		return __real_middle_command_line(running, append, ret, size);
	(void)snprintf(word, sizeof(word), "faults=%s", name.domainname + 7);
	for (char *c = word; *c; c++)
		if (*c == ' ')
			*c = ',';
	return __real_middle_command_line(running, word, ret, size);
}
