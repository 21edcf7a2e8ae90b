/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Keys out of files as authorized_keys(5) describes them, without the options before
 * them. Pure. Sources: sshd(8), "AUTHORIZED_KEYS FILE FORMAT"; RFC 4253, section 6.6.
 */

#include <stddef.h>

enum { AUTHORIZED_KEYS_MAX_BYTES = 256 << 10 }; /* of a file: thousands of keys */

/* The keys so far, a line "TYPE BASE64 COMMENT" each. */
struct authorized_keys {
	char *text; /* NULL: none yet */
	size_t bytes;
	size_t n;
};

/* What a text adds to them, by lines. */
struct key_counts {
	size_t n_keys; /* of which are new: */
	size_t n_new;
	size_t n_stripped; /* of the new ones, how many had options */
	size_t n_no_keys;  /* neither keys nor comments nor empty */
};

/*
 * Adds the keys that are not there yet. The options of a certificate authority stay: they
 * say that it is one. 0 or -ENOMEM; *ret is written either way.
 */
int authorized_keys_add(struct authorized_keys *keys, const char *text, size_t bytes,
			struct key_counts *ret);

void authorized_keys_done(struct authorized_keys *keys);
