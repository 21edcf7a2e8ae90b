// SPDX-License-Identifier: GPL-2.0-or-later
#include "tree.h"

#include "pivot/base/cleanup.h"
#include "pivot/base/pages.h"
#include "spool.h"

uint64_t tree_appended_at(const struct tree *tree)
{
	return pages_whole(tree->initrd_bytes);
}

uint64_t tree_initrd_bytes(const struct tree *tree)
{
	return tree->appended_bytes ? tree_appended_at(tree) + tree->appended_bytes
				    : tree->initrd_bytes;
}

int tree_join_appended(const struct tree *tree)
{
	struct spool spool = SPOOL_IN_MEMORY;
	auto_close int fd = spool_create(&spool);
	off_t at = 0;
	int r;

	if (fd < 0)
		return fd;
	if (ftruncate(fd, (off_t)tree_initrd_bytes(tree)) == 0)
		pages_keep_file(fd, tree_initrd_bytes(tree)); /* there are keys in it */
	r = spool_copy(&spool, tree->initrd_fd, 0, tree->initrd_bytes, fd, &at);
	at = (off_t)tree_appended_at(tree);
	if (r == 0)
		r = spool_copy(&spool, tree->appended_fd, 0, tree->appended_bytes, fd,
			       &at);
	return r < 0 ? r : spool_finish(take_fd(&fd));
}
