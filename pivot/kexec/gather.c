// SPDX-License-Identifier: GPL-2.0-or-later
#include "gather.h"

#include <errno.h>
#include <linux/kexec.h>
#include <string.h>

#include "control.h"
#include "moves.h"
#include "pivot/base/acts.h"
#include "pivot/base/macros.h"
#include "pivot/base/pages.h"
#include "sources.h"

enum { PART_KERNEL, PART_INITRD };

/* What is needed until it is loaded. */
struct loading {
	struct gather *gather;
	struct moves_part part[GATHER_PARTS];
	uint32_t *scratch;
	struct span *sources;
	struct layout_request request;
	struct boot_request boot;
	char command_line[PAYLOAD_COMMAND_LINE_MAX];
	struct control control;
	void *data; /* of the control segment */
	char *why;
};

static struct payload_file *part_file(const struct gather *gather, int part)
{
	return &gather->payload->file[PAYLOAD_KERNEL + part];
}

/* --- what there is --- */

static int read_kernel(struct loading *loading)
{
	struct gather *gather = loading->gather;
	const struct payload_file *setup = &gather->payload->file[PAYLOAD_SETUP];
	const struct payload_file *kernel = &gather->payload->file[PAYLOAD_KERNEL];

	int r = kernel_parse_setup(setup->data, setup->bytes, kernel->bytes,
				   &gather->kernel);

	return r < 0 ? why_fail(loading->why, r, "the kernel is none") : 0;
}

/* As moves_plan() wants it. */
static size_t scratch_bytes(const struct gather *gather)
{
	return gather->pages * 2 * sizeof(uint32_t);
}

static int get_memory(struct loading *loading)
{
	struct gather *gather = loading->gather;

	for (int i = 0; i < GATHER_PARTS; i++)
		gather->pages += payload_pages(part_file(gather, i));
	gather->frames = pages_get(gather->pages * sizeof(*gather->frames));
	loading->scratch = pages_get(scratch_bytes(gather));
	loading->sources = pages_get(gather->pages * sizeof(*loading->sources));
	if (!gather->frames || !loading->scratch || !loading->sources)
		return why_fail(loading->why, -ENOMEM, "no memory for the list of pages");
	return 0;
}

/* The frames of all parts, behind each other. */
static int read_frames(const struct gather *gather, uint64_t *ret)
{
	for (int i = 0; i < GATHER_PARTS; i++) {
		const struct payload_file *file = part_file(gather, i);
		int r = payload_frames(gather->root, file, ret);

		if (r < 0)
			return r;
		ret += payload_pages(file);
	}
	return 0;
}

/* Memory that a driver has added is not in the firmware's map, nor in our page tables. */
static bool are_mapped(const struct span *sources, size_t n, const struct spans *mapped)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		while (at < mapped->n && mapped->span[at].end <= sources[i].start)
			at++;
		if (at == mapped->n || sources[i].start < mapped->span[at].start ||
		    sources[i].end > mapped->span[at].end)
			return false;
	}
	return true;
}

static int pin(struct loading *loading)
{
	struct gather *gather = loading->gather;
	uint64_t *frames = gather->frames;
	ssize_t n;
	int r = 0;

	for (int i = 0; r == 0 && i < GATHER_PARTS; i++) {
		struct payload_file *file = part_file(gather, i);

		loading->part[i] = (struct moves_part){ .from = frames,
							.pages = payload_pages(file) };
		frames += loading->part[i].pages;
		r = payload_pin(file);
	}
	if (r < 0)
		return why_fail(loading->why, r, "cannot pin the target's pages");
	r = read_frames(gather, gather->frames);
	if (r < 0)
		return why_fail(loading->why, r,
				"cannot learn where the target's pages are");
	n = sources_collect(loading->part, GATHER_PARTS, loading->sources, gather->pages);
	if (n < 0)
		return why_fail(loading->why, (int)n, "cannot sort the target's pages");
	loading->request.n_sources = (size_t)n;
	if (!are_mapped(loading->sources, (size_t)n, &gather->host.mapped))
		return why_fail(
			loading->why, -EXDEV,
			"pages of the target lie in memory that the firmware does not list");
	return 0;
}

/* --- where it goes --- */

/* Each is an archive of its own, in whole pages: zeros may stand between them. */
static uint64_t initrd_bytes(const struct gather *gather)
{
	uint64_t pages = 0, bytes = 0;

	for (int i = PART_INITRD; i < GATHER_PARTS; i++) {
		const struct payload_file *file = part_file(gather, i);

		if (file->bytes)
			bytes = pages * PAGE_BYTES + file->bytes;
		pages += payload_pages(file);
	}
	return bytes;
}

static void make_requests(struct loading *loading)
{
	struct gather *gather = loading->gather;
	const struct payload_file *setup = &gather->payload->file[PAYLOAD_SETUP];
	const struct payload_file *line = &gather->payload->file[PAYLOAD_COMMAND_LINE];

	loading->request = (struct layout_request){
		.usable = &gather->host.usable,
		.sources = loading->sources,
		.n_sources = loading->request.n_sources,
		.kernel = layout_kernel_of(&gather->kernel),
		.initrd_bytes =
			(gather->pages - loading->part[PART_KERNEL].pages) * PAGE_BYTES,
		.initrd_place = part_file(gather, PART_INITRD)->retained,
	};
	if (line->bytes)
		memcpy(loading->command_line, line->data, line->bytes);
	loading->boot = control_request(&gather->host, setup->data, setup->bytes,
					loading->command_line, initrd_bytes(gather));
}

static int lacks_room(struct loading *loading, enum layout_lack lack)
{
	static const char *const what[] = {
		[LAYOUT_KERNEL] = "the kernel",
		[LAYOUT_INITRD] = "the initrd",
		[LAYOUT_CONTROL] = "the control segment",
	};

	return why_fail(loading->why, -EADDRNOTAVAIL,
			"no free stretch of memory is long enough for %s", what[lack]);
}

static int arrange(struct loading *loading)
{
	struct gather *gather = loading->gather;
	struct layout_search search = { 0 };
	struct layout *layout = &gather->layout;

	do {
		enum layout_lack lack = LAYOUT_KERNEL;
		int r = layout_payload(&loading->request, &search, layout, &lack);
		ssize_t n;

		if (r == -EADDRNOTAVAIL)
			return lacks_room(loading, lack);
		if (r < 0)
			return why_fail(loading->why, r,
					"the kernel's alignment makes no sense");
		loading->part[PART_KERNEL].to = layout->kernel.start / PAGE_BYTES;
		loading->part[PART_INITRD].to = layout->initrd.start / PAGE_BYTES;
		for (int i = PART_INITRD + 1; i < GATHER_PARTS; i++)
			loading->part[i].to =
				loading->part[i - 1].to + loading->part[i - 1].pages;
		n = moves_plan(loading->part, GATHER_PARTS, MOVES_NO_SPARE,
			       loading->scratch, NULL, 0);
		if (n < 0)
			return why_fail(loading->why, (int)n,
					"cannot order the target's pages");
		loading->control =
			control_measure(&gather->host, &loading->boot, (size_t)n);
		loading->request.control_bytes = loading->control.bytes;
	} while (layout_control(&loading->request, layout) < 0);
	loading->boot.initrd = layout->initrd.start;
	return 0;
}

/* --- what is loaded --- */

/* With the page behind it that goes to a frame. */
static uint32_t add_page_for(const struct loading *loading, uint64_t to, uint32_t crc)
{
	for (int i = 0; i < GATHER_PARTS; i++) {
		const struct moves_part *part = &loading->part[i];

		if (to >= part->to && to - part->to < part->pages)
			return payload_add_page(part_file(loading->gather, i),
						(size_t)(to - part->to), crc);
	}
	return crc; /* not for what moves_plan() makes */
}

/* The page that goes to the spare frame is known by the move that fetches it there. */
static uint64_t final_frame(const struct move *move, const struct move *end,
			    uint64_t spare)
{
	if (move->to != spare)
		return move->to;
	while (move < end && move->from != spare)
		move++;
	return move < end ? move->to : UINT64_MAX;
}

static void add_checksums(const struct loading *loading, struct move *moves, size_t n,
			  uint64_t spare)
{
	for (size_t i = 0; i < n; i++) {
		struct move *move = &moves[i];
		uint64_t to = final_frame(move, moves + n, spare);

		/* page by page: what is adjacent there need not be so here */
		for (uint32_t k = 0; k < move->pages; k++)
			move->crc = add_page_for(loading, to + k, move->crc);
	}
}

static int build(struct loading *loading)
{
	struct gather *gather = loading->gather;
	const struct control *control = &loading->control;
	const uint64_t address = gather->layout.control.start;
	const uint64_t spare = control_spare(control, address);
	struct move *moves;
	ssize_t n;
	int r;

	loading->data = pages_get(control->bytes);
	if (!loading->data)
		return why_fail(loading->why, -ENOMEM,
				"no memory for the control segment");
	moves = control_moves(control, loading->data);
	n = moves_plan(loading->part, GATHER_PARTS, spare, loading->scratch, moves,
		       control->n_moves);
	if (n < 0)
		return why_fail(loading->why, (int)n, "cannot order the target's pages");
	add_checksums(loading, moves, (size_t)n, spare);
	/* what the checksums were made of is what was sealed */
	r = payload_check(gather->payload);
	if (r < 0)
		return why_fail(loading->why, r, "the target's files changed in memory");
	control_build(control, &gather->host, &loading->boot, gather->layout.kernel.start,
		      address, loading->data);
	return 0;
}

static int give_to_kernel(struct loading *loading)
{
	const uint64_t address = loading->gather->layout.control.start;
	const struct kexec_segment segment = {
		.buf = loading->data,
		.bufsz = loading->control.bytes,
		.mem = (const void *)(uintptr_t)address,
		.memsz = loading->control.bytes,
	};
	int r = act_kexec_load(address, &segment, 1);

	return r < 0 ? why_fail(loading->why, r, "kexec_load") : 0;
}

static int load(struct loading *loading)
{
	struct gather *gather = loading->gather;
	const char *what;
	int r;

	if (gather->payload->file[PAYLOAD_COMMAND_LINE].bytes >=
	    sizeof(loading->command_line))
		return why_fail(loading->why, -E2BIG, "the command line is too long");
	r = host_read(gather->root, &gather->host, &what);
	if (r < 0)
		return why_fail(loading->why, r, "cannot read %s", what);
	r = read_kernel(loading);
	if (r == 0)
		r = get_memory(loading);
	if (r == 0)
		r = pin(loading);
	if (r < 0)
		return r;
	make_requests(loading);
	r = arrange(loading);
	if (r == 0)
		r = build(loading);
	return r < 0 ? r : give_to_kernel(loading);
}

int gather_load(const char *root, struct payload *payload, struct gather *gather,
		char why[WHY_BYTES])
{
	static struct loading loading; /* too large for a stack */
	int r;

	*gather = (struct gather){ .root = root, .payload = payload };
	loading = (struct loading){ .gather = gather, .why = why };
	why[0] = '\0';
	r = load(&loading);
	pages_free(loading.scratch, scratch_bytes(gather));
	pages_free(loading.sources, gather->pages * sizeof(*loading.sources));
	if (loading.data)
		explicit_bzero(loading.data, loading.control.bytes);
	pages_free(loading.data, loading.control.bytes);
	explicit_bzero(&loading.boot, sizeof(loading.boot));
	return r;
}

bool gather_is_true(const struct gather *gather)
{
	uint64_t *now = pages_get(gather->pages * sizeof(*now));
	bool is_true = now && read_frames(gather, now) == 0 &&
		       memcmp(now, gather->frames, gather->pages * sizeof(*now)) == 0;

	pages_free(now, gather->pages * sizeof(*now));
	return is_true;
}

void gather_done(struct gather *gather)
{
	pages_free(gather->frames, gather->pages * sizeof(*gather->frames));
	gather->frames = NULL;
}
