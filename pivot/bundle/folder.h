/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "pack.h"

/*
 * All that is below a folder of the user's, in the order of names: files, folders and
 * links as they are, with their modes; anything else is refused. Set-ID bits stay with
 * what is root's. option is what named it, for people. 0 or negative errno, logged.
 */
int folder_pack(struct pack *pack, const char *option, const char *folder,
		const char *path);

/* A regular file of the user's, with its mode. 0 or negative errno, logged. */
int folder_pack_file(struct pack *pack, const char *option, const char *file,
		     const char *path);
