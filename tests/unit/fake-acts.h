/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Stands in for pivot/base/acts.c, acts-exec.c and pivot/image-unpack.c: every act
 *becomes a line of a log, children's too, and what fake-kernel.h makes of it on the fake
 *root.
 *
 *	umount /data
 *	umount -f /data = EBUSY
 *	write /sys/bus/pci/devices/0000:00:03.0/enable 0
 *	kill 310 TERM
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAKE_ALWAYS = 1 << 30 };

/* Makes the fake root and an empty log, and blocks SIGCHLD as the init does. */
void fake_start(void);

/* What becomes of the next acts, that many, whose line begins so, instead of the kernel's
 * part: failure; never coming back; success and no effect. */
void fake_fail(const char *beginning, int error, int times);
void fake_hang(const char *beginning, int times);
void fake_ignore(const char *beginning, int times);

/* How programs end from now on, and what they print. */
void fake_exit(int code, const char *said);

/* What else happens to the machine, once, right after an act whose line begins so. */
void fake_then(const char *beginning, void (*then)(void));
/* The rule that was made last holds only after so many acts that it would hold for. */
void fake_later(int skips);
/* From now on this process and its children cannot fork(2). There is no way back. */
void fake_fail_forks(void);

/* What kexec_load(2) was given last, in this process. */
struct fake_loaded {
	uint64_t entry;
	size_t n;
	struct fake_segment {
		uint64_t address;
		size_t bytes, mem_bytes;
		uint8_t *data; /* of mem_bytes, as the kernel would place it */
	} segment[8];
};

const struct fake_loaded *fake_loaded(void);

/* The log is empty again, and no rule holds. The machine stays as it is. */
void fake_forget(void);

/* The whole log. */
const char *fake_log(void);
/* Its lines without a failure that begin with one of the words, "|" between them; each
 * call anew in the same place. */
const char *fake_log_of(const char *words);
/* How many of its lines begin so, failed or not. */
int fake_count(const char *beginning);
/* Takes the line, newline and all, out of the log; the test ends where it is not there.
 */
void fake_log_hide(const char *line);
