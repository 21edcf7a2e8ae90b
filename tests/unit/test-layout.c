// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/kexec/layout.h"

#include <errno.h>
#include <stdio.h>

#include "pivot/kexec/layout-text.h"
#include "unit.h"

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

static struct spans usable;
static struct span sources[64];
static struct layout_request request;
static struct layout layout;
static enum layout_lack lack;

/* A machine of so much memory, and a NixOS to put there. */
static void machine(uint64_t bytes)
{
	usable = (struct spans){ .n = 1, .span = { { MIB(1), bytes } } };
	request = (struct layout_request){
		.usable = &usable,
		.sources = sources,
		.kernel = {
			.bytes = MIB(12),
			.init_size = MIB(46),
			.alignment = MIB(2),
			.preferred = MIB(16),
			.is_relocatable = true,
		},
		.initrd_bytes = MIB(300),
		.control_bytes = MIB(1),
	};
}

static void memory(uint64_t start, uint64_t end)
{
	usable.span[usable.n++] = (struct span){ start, end };
}

static void source(uint64_t start, uint64_t end)
{
	sources[request.n_sources++] = (struct span){ start, end };
}

/* As the caller does it. */
static int search(void)
{
	struct layout_search search = { 0 };
	int r;

	do {
		r = layout_payload(&request, &search, &layout, &lack);
		if (r < 0)
			return r;
	} while (layout_control(&request, &layout) < 0);
	return 0;
}

static const char *in_mib(struct span span)
{
	static char text[2][48];
	static unsigned int n;
	char *buf = text[n++ % 2];

	(void)snprintf(buf, sizeof(text[0]), "%llu-%llu",
		       (unsigned long long)span.start >> 20,
		       (unsigned long long)span.end >> 20);
	return buf;
}

START_TEST(puts_the_kernel_low_and_the_initrd_high)
{
	machine(GIB(1));
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.kernel), "16-62");
	ck_assert_str_eq(in_mib(layout.initrd), "724-1024");
	ck_assert_str_eq(in_mib(layout.control), "1-2");
}
END_TEST

START_TEST(needs_no_initrd)
{
	machine(GIB(1));
	request.initrd_bytes = 0;
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.initrd), "0-0");
	ck_assert_str_eq(in_mib(layout.kernel), "16-62");
}
END_TEST

START_TEST(aligns_the_kernel_as_it_asks)
{
	machine(GIB(1));
	usable.span[0].start = MIB(17);
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.kernel), "18-64");
	ck_assert_str_eq(in_mib(layout.control), "17-18");
	request.kernel.alignment = MIB(16);
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.kernel), "32-78");
	request.kernel.alignment = MIB(3);
	ck_assert_int_eq(search(), -EINVAL);
	request.kernel.alignment = 0;
	ck_assert_int_eq(search(), -EINVAL);
}
END_TEST

/* It unpacks from LOAD_PHYSICAL_ADDR on if it lies lower, onto whatever is there. */
START_TEST(keeps_a_relocatable_kernel_above_its_preferred_address)
{
	machine(MIB(100));
	memory(MIB(200), MIB(300));
	request.initrd_bytes = MIB(20);
	request.kernel.preferred = MIB(64);
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.kernel), "200-246");
}
END_TEST

START_TEST(puts_other_kernels_where_they_must_be)
{
	machine(GIB(1));
	request.kernel.is_relocatable = false;
	request.kernel.preferred = MIB(33);
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.kernel), "33-79");
	usable.span[0].start = MIB(34);
	ck_assert_int_eq(search(), -EADDRNOTAVAIL);
	ck_assert_int_eq(lack, LAYOUT_KERNEL);
}
END_TEST

START_TEST(puts_the_initrd_below_4_gib_if_it_fits)
{
	machine(GIB(3));
	memory(GIB(4), GIB(9));
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.initrd), "2772-3072");
	request.initrd_bytes = GIB(4);
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.initrd), "5120-9216");
	usable.span[1].start = GIB(3) + MIB(1);
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.initrd), "5120-9216");
	request.initrd_bytes = MIB(1000);
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.initrd), "3096-4096");
}
END_TEST

START_TEST(moves_the_kernel_where_it_is_in_the_initrds_way)
{
	machine(MIB(350));
	memory(MIB(400), MIB(450));
	request.initrd_bytes = MIB(330);
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.kernel), "400-446");
	ck_assert_str_eq(in_mib(layout.initrd), "20-350");
}
END_TEST

START_TEST(puts_the_initrd_below_the_kernel_too)
{
	machine(MIB(64));
	request.initrd_bytes = MIB(12);
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.kernel), "16-62");
	ck_assert_str_eq(in_mib(layout.initrd), "4-16");
}
END_TEST

START_TEST(puts_the_control_segment_where_no_source_is)
{
	machine(GIB(1));
	source(0, MIB(1) + KIB(4));
	source(MIB(2), MIB(2) + KIB(4));
	source(MIB(3), MIB(15) + KIB(8));
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.control), "62-63");
	request.control_bytes = KIB(1020);
	ck_assert_int_eq(search(), 0);
	ck_assert_uint_eq(layout.control.start, MIB(1) + KIB(4));
	request.control_bytes = KIB(1020) - 100;
	ck_assert_int_eq(search(), 0);
	ck_assert_uint_eq(layout.control.end, MIB(2));
}
END_TEST

/* All is full of sources but what kernel or initrd would be put on. */
START_TEST(leaves_the_last_clear_stretch_to_the_control_segment)
{
	machine(MIB(420));
	source(MIB(1), MIB(30));
	source(MIB(32), MIB(420));
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.control), "30-31");
	ck_assert_uint_ge(layout.kernel.start, MIB(31) + KIB(128));
	ck_assert_str_eq(in_mib(layout.kernel), "32-78");
	sources[0].end = MIB(418);
	sources[1].start = MIB(419);
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.control), "418-419");
	ck_assert_str_eq(in_mib(layout.initrd), "118-418");
}
END_TEST

/* Around it the moves are others than in the turn before, and may be more. */
START_TEST(leaves_the_control_segment_an_eighth_more)
{
	struct layout_search search = { 0 };

	machine(MIB(420));
	request.kernel.alignment = KIB(4);
	request.kernel.preferred = MIB(1);
	source(MIB(1), MIB(30));
	source(MIB(32), MIB(420));
	ck_assert_int_eq(layout_payload(&request, &search, &layout, &lack), 0);
	ck_assert_str_eq(in_mib(layout.kernel), "1-47");
	ck_assert_int_eq(layout_control(&request, &layout), -EADDRNOTAVAIL);
	ck_assert_int_eq(layout_payload(&request, &search, &layout, &lack), 0);
	ck_assert_uint_eq(layout.kernel.start, MIB(31) + KIB(128));
	request.control_bytes += KIB(128);
	ck_assert_int_eq(layout_control(&request, &layout), 0);
	ck_assert_uint_eq(layout.control.end, layout.kernel.start);
}
END_TEST

/* The first clear stretch is the only place of this kernel. */
START_TEST(tries_one_clear_stretch_after_the_other)
{
	machine(MIB(420));
	request.kernel.is_relocatable = false;
	source(MIB(1), MIB(30));
	source(MIB(32), MIB(400));
	source(MIB(402), MIB(420));
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.control), "400-401");
	ck_assert_str_eq(in_mib(layout.initrd), "100-400");
}
END_TEST

START_TEST(says_what_does_not_fit)
{
	char text[LAYOUT_TEXT_BYTES];

	machine(MIB(360));
	request.initrd_bytes = MIB(299);
	ck_assert_int_eq(search(), -EADDRNOTAVAIL);
	ck_assert_int_eq(lack, LAYOUT_INITRD);
	ck_assert_str_eq(layout_lack_text(&request, lack, text),
			 "no free stretch of 299 MiB for the initrd");
	request.initrd_bytes = MIB(298);
	ck_assert_int_eq(search(), 0);
	source(MIB(1), MIB(360));
	ck_assert_int_eq(search(), -EADDRNOTAVAIL);
	ck_assert_int_eq(lack, LAYOUT_CONTROL);
	ck_assert_str_eq(layout_lack_text(&request, lack, text),
			 "no free stretch of 1.0 MiB for the control segment");
	machine(MIB(40));
	ck_assert_int_eq(search(), -EADDRNOTAVAIL);
	ck_assert_str_eq(layout_lack_text(&request, lack, text),
			 "no free stretch of 46 MiB for the kernel");
	request.kernel.is_relocatable = false;
	ck_assert_int_eq(search(), -EADDRNOTAVAIL);
	ck_assert_str_eq(layout_lack_text(&request, lack, text),
			 "no 46 MiB free at 0x1000000, the only place for this kernel");
}
END_TEST

START_TEST(does_not_believe_absurd_sizes)
{
	machine(GIB(1));
	request.initrd_bytes = UINT64_MAX;
	ck_assert_int_eq(search(), -EADDRNOTAVAIL);
	request.initrd_bytes = MIB(1);
	request.control_bytes = UINT64_MAX;
	ck_assert_int_eq(search(), -EADDRNOTAVAIL);
	request.control_bytes = MIB(1);
	request.kernel.preferred = UINT64_MAX;
	ck_assert_int_eq(search(), -EADDRNOTAVAIL);
	request.kernel.preferred = MIB(16);
	request.kernel.init_size = UINT64_MAX;
	ck_assert_int_eq(search(), -EADDRNOTAVAIL);
	request.kernel.init_size = 0;
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(in_mib(layout.kernel), "16-28");
	usable.span[0] = (struct span){ LAYOUT_END - MIB(4), LAYOUT_END + GIB(1) };
	ck_assert_int_eq(search(), -EADDRNOTAVAIL);
}
END_TEST

START_TEST(shows_the_map)
{
	char text[LAYOUT_TEXT_BYTES];

	machine(GIB(2));
	request.control_bytes = KIB(512);
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(
		layout_text(&request, &layout, text),
		"control  0x000000100000-0x000000180000  512 KiB\n"
		"kernel   0x000001000000-0x000001c00000  12 MiB, unpacks to 0x000003e00000\n"
		"initrd   0x00006d400000-0x000080000000  300 MiB\n");
}
END_TEST

START_TEST(leaves_an_initrd_where_it_is_to_stay)
{
	machine(MIB(512));
	request.initrd_place = MIB(150);
	ck_assert_int_eq(search(), 0);
	ck_assert_uint_eq(layout.initrd.start, MIB(150));
	ck_assert_uint_eq(layout.initrd.end, MIB(450));
	ck_assert_uint_eq(layout.kernel.start, MIB(16));
	/* nobody but its owner may use that memory */
	usable.span[0].end = MIB(150);
	memory(MIB(450), MIB(512));
	ck_assert_int_eq(search(), 0);
	ck_assert_uint_eq(layout.initrd.start, MIB(150));
	/* in the kernel's way */
	machine(MIB(512));
	request.initrd_place = MIB(40);
	ck_assert_int_eq(search(), 0);
	ck_assert_uint_eq(layout.initrd.start, MIB(40));
	ck_assert_uint_eq(layout.kernel.start, MIB(340));
	ck_assert(layout.control.end <= MIB(40) ||
		  layout.control.start >= layout.kernel.end);
}
END_TEST

UNIT_MAIN("layout", puts_the_kernel_low_and_the_initrd_high, needs_no_initrd,
	  aligns_the_kernel_as_it_asks,
	  keeps_a_relocatable_kernel_above_its_preferred_address,
	  puts_other_kernels_where_they_must_be, puts_the_initrd_below_4_gib_if_it_fits,
	  moves_the_kernel_where_it_is_in_the_initrds_way,
	  puts_the_initrd_below_the_kernel_too,
	  puts_the_control_segment_where_no_source_is,
	  leaves_the_last_clear_stretch_to_the_control_segment,
	  leaves_the_control_segment_an_eighth_more,
	  tries_one_clear_stretch_after_the_other, says_what_does_not_fit,
	  does_not_believe_absurd_sizes, shows_the_map,
	  leaves_an_initrd_where_it_is_to_stay)
