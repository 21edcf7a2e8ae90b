/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Does an initrd end too early? A half copied one begins well, and the target finds out
 * when there is no way back. Sources: Documentation/driver-api/early-userspace/
 * buffer-format.rst, init/initramfs.c; RFC 8878 (Zstandard).
 */

#include <stdint.h>

/*
 * 1: what stands in it goes on behind its end. 0: nothing speaks for that; only newc cpio
 * and zstd say how long they are, and nothing is unpacked to learn more. Negative errno
 * where it cannot be read. Reads a few bytes of each block, of a million at most.
 */
int initrd_is_cut(int fd, uint64_t file_bytes);
