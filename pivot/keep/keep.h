/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What travels from this machine to the target, so that who could reach this one reaches
 * that one: an archive that is appended to the initrd. Its names are those that the
 * initrd of nixos-images' installer restores; others leave such files alone.
 *
 *	ssh/authorized_keys		of root and of who became root
 *	ssh/ssh_host_*			so that the target is known by its clients
 *	machine-id			by which DHCP knows a machine
 *	addrs.json, routes-v4.json, routes-v6.json
 *	etc/systemd/network/30-pivot-*	the same, and what these have no word for
 *
 * and behind these, and in the place of any of them, the user's extra files.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "authorized-keys.h"
#include "pivot/network/network.h"

enum { KEEP_SSH_KEYS_MAX = 16, KEEP_USERS = 2 };

/* What the command line says of it. */
struct keep_choice {
	bool has_no_ssh;     /* keys and host keys of this machine stay here */
	bool has_no_network; /* as does what the network knows it by */
	const char *ssh_keys[KEEP_SSH_KEYS_MAX]; /* files, which travel in any case */
	size_t n_ssh_keys;
	const char *extra_files; /* a folder, or NULL */
};

struct keep_request {
	const char *root;
	const char *users[KEEP_USERS]; /* who became root, by sudo and by doas; or NULL */
	const struct keep_choice *choice;
	const struct network_texts *network; /* or NULL */
};

struct keep_file {
	const char *path; /* in the archive, without a "/" before it */
	mode_t mode;
	const char *source; /* for people, and where what has no data is read; or NULL */
	const char *target; /* of a link, or NULL */
	const void *data;   /* NULL: it is read when the archive is written */
	uint64_t bytes;
	dev_t device; /* what has no data: which file it was, and when it changed last */
	ino_t inode;
	struct timespec changed;
};

/* A file that was searched for keys; or one of the machine's own that cannot be read. */
struct keep_source {
	char *name;
	struct key_counts counts;
	int error; /* why it could not be read, or 0 */
};

struct keep {
	struct keep_file *file; /* in the order of the archive */
	size_t n;
	size_t n_ssh; /* those that ssh is about; behind them those of the network */
	size_t n_own; /* both; behind them the extra files */
	struct keep_source *source;
	size_t n_sources;
	struct authorized_keys keys;
	size_t n_host_keys; /* files */
	uint64_t extra_bytes;
	uint64_t bytes; /* of the archive; 0: nothing travels */
};

/*
 * Finds what travels, and holds all of it but the content of the extra files; changes
 * nothing. What cannot be read of the machine's own is in source[], or is not there. 0 or
 * negative errno, logged: what the user named cannot be taken. *ret needs keep_done()
 * either way.
 */
int keep_read(const struct keep_request *request, struct keep *ret);

/* Writes the archive, keep->bytes long. 0; -ESTALE: an extra file changed; or negative
 * errno, logged. */
int keep_write(const struct keep *keep, int fd);

void keep_done(struct keep *keep);
