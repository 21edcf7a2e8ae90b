// SPDX-License-Identifier: GPL-2.0-or-later
#include "modules.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "folder.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"

static int pack_releases(struct pack *pack, const char *option, const char *folder,
			 const char *path)
{
	char from[PATH_MAX], to[PATH_MAX];
	int r;

	if (read_path(from, sizeof(from), folder, "/lib/modules") < 0)
		return log_err(-ENAMETOOLONG, "--%s: cannot take '%s'", option, folder);
	(void)snprintf(to, sizeof(to), "%s/lib", path);
	r = pack_folder(pack, path, 0700);
	if (r == 0)
		r = pack_folder(pack, to, 0755);
	(void)snprintf(to, sizeof(to), "%s/lib/modules", path);
	return r < 0 ? r : folder_pack(pack, option, from, to);
}

int modules_pack(struct pack *pack, const char *option, const char *folder,
		 const char *path)
{
	if (read_exists(folder, "/modules.dep.bin") ||
	    !read_exists(folder, "/lib/modules"))
		return folder_pack(pack, option, folder, path);
	return pack_releases(pack, option, folder, path);
}
