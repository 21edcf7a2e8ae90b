// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Where the pages of a payload lie is up to the allocator, and what it can do nobody
 * knows. The input: the spare frame, 2 bytes; then parts, each the frame it goes to, 2
 * bytes, how many pages it has, 1 byte, and for each page a byte: less than 192, it lies
 * behind the page before; 192 and above, with the next byte, in that frame. In a frame
 * that is taken nothing else lies, unless the first bit of the input is set: then the
 * plan may have to refuse it.
 */

#include <stdint.h>
#include <stdlib.h>

#include "pivot/kexec/sources.h"
#include "tests/moves-model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAMES = MODEL_FRAMES - 1 };

static struct model model;
static uint8_t uses[MODEL_FRAMES]; /* as a source */

struct input {
	const uint8_t *data;
	size_t size;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static unsigned int take(struct input *in, size_t n)
{
	unsigned int value = 0;

	while (n--) {
		value = value << 8 | (in->size ? *in->data : 0);
		in->data += in->size > 0;
		in->size -= in->size > 0;
	}
	return value;
}

static unsigned int take_frame(struct input *in, unsigned int before)
{
	unsigned int jump = take(in, 1);

	if (jump < 192)
		return (before + 1) % FRAMES;
	return (jump << 8 | take(in, 1)) % FRAMES;
}

static void take_part(struct input *in, bool may_share)
{
	unsigned int to = take(in, 2) % FRAMES, n = take(in, 1) * 2, frame = 0;
	size_t room = FRAMES - moves_pages(model.part, model.n_parts);

	model_add_part(&model, to);
	if (n > room)
		n = (unsigned int)room;
	for (; n > 0 && to < FRAMES; n--, to++) {
		frame = take_frame(in, frame);
		while (uses[frame] && !may_share)
			frame = (frame + 1) % FRAMES;
		if (uses[frame] == UINT8_MAX)
			break;
		uses[frame]++;
		model_add_page(&model, frame);
	}
}

static void take_model(struct input *in)
{
	unsigned int first = take(in, 2);

	memset(uses, 0, sizeof(uses));
	model.frames = MODEL_FRAMES;
	model.n_parts = 0;
	model.spare = first % FRAMES;
	while (model.n_parts < MODEL_PARTS && in->size)
		take_part(in, first >> 15);
}

/* Is it what the plan has to refuse? */
static bool is_wrong(void)
{
	uint8_t writes[MODEL_FRAMES] = { 0 };

	for (size_t i = 0; i < model.n_parts; i++)
		for (size_t j = 0; j < model.part[i].pages; j++)
			if (writes[model.part[i].to + j]++)
				return true;
	for (size_t i = 0; i < MODEL_FRAMES; i++)
		if (uses[i] > 1 && writes[i])
			return true;
	return uses[model.spare] || writes[model.spare];
}

/* Two pages in one frame, wherever it is. */
static bool is_shared(void)
{
	for (size_t i = 0; i < MODEL_FRAMES; i++)
		if (uses[i] > 1)
			return true;
	return false;
}

static void fuzz_sources(void)
{
	static struct span spans[MODEL_FRAMES];
	ssize_t n = sources_collect(model.part, model.n_parts, spans, MODEL_FRAMES);
	size_t pages = 0;

	must((n == -EINVAL) == is_shared());
	for (ssize_t i = 0; i < n; i++) {
		must(!i || spans[i - 1].end < spans[i].start);
		for (uint64_t at = spans[i].start; at < spans[i].end; at += 4096, pages++)
			must(uses[at / 4096]);
	}
	must(n < 0 || pages == moves_pages(model.part, model.n_parts));
}

static void fuzz_refused(void)
{
	static uint32_t scratch[2 * MODEL_FRAMES];

	must(moves_plan(model.part, model.n_parts, model.spare, scratch, model.moves,
			MODEL_MOVES) == -EINVAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	take_model(&in);
	fuzz_sources();
	if (is_wrong())
		fuzz_refused();
	else
		must(model_is_right(&model));
	return 0;
}
