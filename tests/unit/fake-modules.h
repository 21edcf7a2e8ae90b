/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Kernel modules below the fake root, as depmod(8) indexes them. */

#include <stddef.h>

#define MODULES_RELEASE "6.1.0-test"
#define MODULES_FOLDER	"/lib/modules/" MODULES_RELEASE

struct fake_module {
	const char *path;    /* "kernel/e1000.ko.xz": compressed so. depmod lists those
				that claim the same in the order they are made */
	const char *info;    /* "alias=pci:*\0softdep=pre: a\0": its .modinfo; or NULL */
	const char *exports; /* a symbol that others may need, or NULL */
	const char *needs;   /* a symbol of another's, or NULL */
};

void fake_module_add(const struct fake_module *module);
/* fake_module("kernel/a.ko", .info = "alias=pci:*\0"); what is in tree says so. */
#define fake_module(module_path, ...) \
	fake_module_add(&(struct fake_module){ .path = module_path, __VA_ARGS__ })

/* The bytes of a module that is not compressed; valid until the next one is made. */
const void *fake_module_bytes(const struct fake_module *module, size_t *n);

/* A file compressed by what its name ends in: ".gz", ".xz", ".zst". */
void fake_packed(const void *data, size_t n, const char *path);

/* Part of the kernel, the only one: its info is "a.alias=pci:*\0a.license=GPL". */
void fake_built_in(const char *path, const char *info, size_t n);

/* Makes the indexes of what is there; where there is nothing too. */
void fake_depmod(void);
