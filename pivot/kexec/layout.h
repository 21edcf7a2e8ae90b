/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Where everything goes in the memory of the target: the kernel, the initrd, and the
 * control segment, by which the purgatory moves both there. Pure; physical addresses,
 * bytes.
 *
 * How large the control segment is depends on the moves, and they on where the payload
 * goes, so it is searched for in turns:
 *
 *	do {
 *		r = layout_payload(&request, &search, &layout, &lack);
 *		if (r < 0)
 *			return ...;
 *		... moves_plan() for this layout ...
 *		request.control_bytes = ...;
 *	} while (layout_control(&request, &layout) < 0);
 *
 * Sources: Documentation/arch/x86/boot.rst; arch/x86/boot/compressed/head_64.S.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pivot/kexec/kernel.h"
#include "pivot/kexec/spans.h"

/* Nothing is put behind it: what four levels of page tables reach, 256 TiB. */
#define LAYOUT_END (1ULL << 48)

/* As its header says. */
struct layout_kernel {
	uint64_t bytes;	    /* its protected-mode part */
	uint64_t init_size; /* as much it needs from its first byte on to unpack itself */
	uint64_t alignment; /* a power of two */
	uint64_t preferred; /* pref_address, the lowest where it is relocatable */
	bool is_relocatable;
};

struct layout_kernel layout_kernel_of(const struct kernel_image *kernel);

struct layout_request {
	/* RAM that the target may use, sorted, page aligned, from 1 MiB on; none touch */
	const struct spans *usable;
	const struct span *sources; /* of sources_collect() */
	size_t n_sources;
	struct layout_kernel kernel;
	uint64_t initrd_bytes; /* in whole pages; 0: none */
	uint64_t initrd_place; /* where it is to stay, usable or not; 0: anywhere */
	uint64_t control_bytes;
};

struct layout {
	struct span kernel; /* with all that it unpacks to */
	struct span initrd; /* empty: none */
	struct span control;
};

/* What is not to be had. */
enum layout_lack {
	LAYOUT_KERNEL,
	LAYOUT_INITRD,
	LAYOUT_CONTROL,
};

/* How far the search has come; { 0 } before the first turn. */
struct layout_search {
	unsigned int turns;
	uint64_t from;
};

/*
 * The next place for kernel and initrd, on sources or not. The kernel lies as low as it
 * may, the initrd as high as it goes, below 4 GiB if that is possible. In the first turn
 * that is all; in others, 64 at most, a stretch without sources is left to the control
 * segment, of the size that was too large in the turn before.
 *
 * 0; -EADDRNOTAVAIL, and *lack: there is no place for this, or none that leaves one for
 * the control segment; -EINVAL: an alignment that is no power of two.
 */
int layout_payload(const struct layout_request *request, struct layout_search *search,
		   struct layout *ret, enum layout_lack *lack);

/*
 * The lowest place for the control segment, where no source is, nor anything of the
 * layout; sets layout->control. 0 or -EADDRNOTAVAIL.
 */
int layout_control(const struct layout_request *request, struct layout *layout);
