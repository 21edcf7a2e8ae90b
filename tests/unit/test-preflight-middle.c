// SPDX-License-Identifier: GPL-2.0-or-later

/* What is known beforehand of a jump in two stages. */

#include <string.h>
#include <sys/mman.h>

#include "fake-preflight.h"
#include "fake-root.h"
#include "pivot/kexec/load.h"
#include "unit.h"

static struct fake_preflight *const f = &fake_preflight;

static struct middle middle;
static struct device devices[3];
static struct middle_device driven[3];
static struct middle_module modules[2];

/* An initrd with everything, which is not made yet; and drivers for all there is. */
static void begin(void)
{
	static const char *const names[] = { "0000:00:03.0", "0000:00:04.0",
					     "0000:00:05.0" };

	preflight_start();
	for (size_t i = 0; i < 3; i++) {
		strcpy(devices[i].name, names[i]);
		driven[i] = (struct middle_device){ &devices[i], MIDDLE_MODULE, "e1000" };
	}
	for (size_t i = 0; i < 2; i++)
		modules[i] = (struct middle_module){ .name = (char *)"e1000" };
	middle = (struct middle){
		.kernel = { .fd = -1,
			    .name = (char *)"/boot/vmlinuz-6.1.0-56-amd64",
			    .release = "6.1.0-56-amd64",
			    .image = { .init_size = 48 << 20 },
			    .modules = (char *)"/lib/modules/6.1.0-56-amd64" },
		.modules = { .n = 2,
			     .module = modules,
			     .n_devices = 3,
			     .device = driven,
			     .module_bytes = 3 << 20,
			     .firmware_bytes = 1 << 20 },
		.tree = { .kernel_name = (char *)"/boot/vmlinuz-6.1.0-56-amd64",
			  .kernel_bytes = 10 << 20,
			  .initrd_bytes = 90 << 20,
			  .initrd_fd = -1 },
	};
	f->preflight.middle = &middle;
	f->preflight.first = &middle.tree;
	f->preflight.first_kernel = &middle.kernel.image;
	f->preflight.loaders = 1U << LOADER_GATHER;
}

START_TEST(says_nothing_of_it_where_the_jump_has_one_hop)
{
	begin();
	f->preflight.middle = NULL;
	preflight_expect_no("middle");
	f->options.handover.extent = EXTENT_ABRUPT;
	preflight_expect_no("abrupt");
}
END_TEST

START_TEST(says_by_way_of_what)
{
	begin();
	preflight_expect(FINDING_NOTE, "middle",
			 "in two stages, by way of '/boot/vmlinuz-6.1.0-56-amd64' (Linux "
			 "6.1.0-56-amd64): 2 modules, 3.0 MiB; firmware, 1.0 MiB");
	ck_assert_str_eq(f->said, "");
	ck_assert_ptr_null(preflight_found("two-stages"));
	ck_assert_ptr_null(preflight_found("middle-built-in"));
	ck_assert_ptr_null(preflight_found("middle-no-driver"));
	ck_assert_ptr_null(preflight_found("middle-blacklisted"));
	ck_assert_ptr_null(preflight_found("middle-out-of-tree"));
	ck_assert_ptr_null(preflight_found("abrupt"));
}
END_TEST

START_TEST(says_what_asks_for_two_stages)
{
	begin();
	f->preflight.asks_for_two = &devices[1];
	preflight_expect(FINDING_NOTE, "two-stages",
			 "because of 0000:00:04.0: what is known of it asks for that "
			 "(--stages=1 overrides)");
}
END_TEST

START_TEST(warns_where_there_are_no_modules)
{
	begin();
	middle.kernel.modules = NULL;
	driven[0].driver = MIDDLE_NONE; /* which says no more then */
	preflight_expect(FINDING_WARN, "middle-built-in",
			 "(--middle-modules names a folder)");
	ck_assert_ptr_null(preflight_found("middle-no-driver"));
}
END_TEST

START_TEST(lists_what_has_no_driver_there)
{
	begin();
	driven[0].driver = driven[2].driver = MIDDLE_NONE;
	driven[1].driver = MIDDLE_BUILT_IN;
	preflight_expect(FINDING_NOTE, "middle-no-driver",
			 "no driver for 0000:00:03.0, 0000:00:05.0: of these only bus "
			 "mastering is cleared");
	ck_assert_ptr_null(preflight_found("middle-blacklisted"));
}
END_TEST

START_TEST(lists_what_this_system_forbids_a_driver)
{
	begin();
	driven[1].driver = MIDDLE_BLACKLISTED;
	preflight_expect(FINDING_NOTE, "middle-blacklisted",
			 "modprobe.d forbids the drivers of 0000:00:04.0:");
	ck_assert_ptr_null(preflight_found("middle-no-driver"));
}
END_TEST

/* More than a finding holds. */
START_TEST(cuts_a_list_that_is_too_long)
{
	static struct middle_device many[200];

	begin();
	for (size_t i = 0; i < 200; i++)
		many[i] = (struct middle_device){ &devices[i % 3], MIDDLE_NONE, "" };
	middle.modules.device = many;
	middle.modules.n_devices = 200;
	preflight_expect(FINDING_NOTE, "middle-no-driver", "0000:00:03.0, 0000:00:04.0,");
	ck_assert_ptr_nonnull(strstr(preflight_found("middle-no-driver")->text,
				     ": of these only bus mastering is cleared"));
}
END_TEST

START_TEST(names_modules_that_are_not_of_the_kernel)
{
	begin();
	modules[1] = (struct middle_module){ .name = (char *)"nvidia",
					     .is_out_of_tree = true };
	preflight_expect(FINDING_NOTE, "middle-out-of-tree",
			 "the module 'nvidia' is not of the kernel itself, and may hang "
			 "there as here");
}
END_TEST

/* In the middle kernel only a loader of ours can enter the target where it lies. */
START_TEST(refuses_where_kexec_load_is_not_to_be_had)
{
	begin();
	f->preflight.loaders = 1U << LOADER_FILE | 1U << LOADER_KEXEC_TOOLS;
	preflight_expect(FINDING_REFUSE, "middle-loader", "use --stages=1");
	f->preflight.loaders |= 1U << LOADER_LOAD;
	preflight_expect_no("middle-loader");
	f->preflight.loaders = 1U << LOADER_GATHER;
	preflight_expect_no("middle-loader");
}
END_TEST

START_TEST(warns_of_what_abrupt_means)
{
	begin();
	f->options.handover.extent = EXTENT_ABRUPT;
	preflight_expect(FINDING_WARN, "abrupt", "made read-only, and not unmounted");
}
END_TEST

/* --- memory: this kernel loads the middle one, with all behind it --- */

START_TEST(counts_the_memory_of_the_first_hop)
{
	begin();
	preflight_expect(FINDING_NOTE, "memory", "kernel and initrd once, 100 MiB;");
}
END_TEST

/* It is made in memory, and the other loaders copy it from there. */
START_TEST(counts_the_initrd_in_memory_beside_what_is_loaded)
{
	static const unsigned int copying[] = { 1U << LOADER_LOAD, 1U << LOADER_FILE,
						1U << LOADER_LOAD | 1U << LOADER_FILE };
	char words[512];

	begin();
	(void)preflight_memory(&f->preflight, words, sizeof(words));
	ck_assert_ptr_null(strstr(words, "the middle kernel's initrd"));
	for (size_t i = 0; i < 3; i++) {
		uint64_t with, without;

		f->preflight.loaders = copying[i];
		f->preflight.middle = NULL;
		without = preflight_memory(&f->preflight, words, sizeof(words));
		f->preflight.middle = &middle;
		with = preflight_memory(&f->preflight, words, sizeof(words));
		ck_assert_uint_eq(with - without, 90 << 20);
		ck_assert_ptr_nonnull(
			strstr(words, "; the middle kernel's initrd, 90 MiB"));
	}
}
END_TEST

START_TEST(refuses_a_first_hop_that_this_memory_does_not_hold)
{
	begin();
	f->preflight.loaders = 1U << LOADER_LOAD;
	middle.tree.initrd_bytes = 2ULL << 30;
	preflight_expect(FINDING_REFUSE, "memory-half", "kernel and initrd are 2.0 GiB");
}
END_TEST

/* What is unpacked there is the target's own initrd. */
START_TEST(tells_of_the_target_what_is_true_of_its_own_initrd)
{
	begin();
	preflight_expect(FINDING_NOTE, "target-memory", "the initrd, 64 MiB");
}
END_TEST

START_TEST(asks_for_the_signature_of_the_kernel_that_is_loaded_first)
{
	begin();
	f->preflight.loaders = 1U << LOADER_FILE | 1U << LOADER_LOAD;
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	f->kernel.is_signed = true; /* of no use */
	(void)preflight_run();
	ck_assert_ptr_nonnull(preflight_found("lockdown"));
	ck_assert_ptr_nonnull(
		strstr(preflight_found("lockdown")->text, "vmlinuz-6.1.0-56-amd64"));
}
END_TEST

/* One that cannot start with five levels does not lead to one that can. */
START_TEST(refuses_either_kernel_that_cannot_start_here)
{
	begin();
	fake_file("flags\t\t: fpu la57\n", "/proc/cpuinfo");
	f->kernel.can_5_level = middle.kernel.image.can_5_level = true;
	preflight_expect_no("five-levels");
	middle.kernel.image.can_5_level = false;
	preflight_expect(FINDING_REFUSE, "five-levels", "'/boot/vmlinuz-6.1.0-56-amd64'");
	f->kernel.can_5_level = false;
	middle.kernel.image.can_5_level = true;
	preflight_expect(FINDING_REFUSE, "five-levels", "'result/bzImage'");
}
END_TEST

UNIT_MAIN("preflight of two stages", says_nothing_of_it_where_the_jump_has_one_hop,
	  says_by_way_of_what, says_what_asks_for_two_stages,
	  warns_where_there_are_no_modules, lists_what_has_no_driver_there,
	  lists_what_this_system_forbids_a_driver, cuts_a_list_that_is_too_long,
	  names_modules_that_are_not_of_the_kernel,
	  refuses_where_kexec_load_is_not_to_be_had, warns_of_what_abrupt_means,
	  counts_the_memory_of_the_first_hop,
	  counts_the_initrd_in_memory_beside_what_is_loaded,
	  refuses_a_first_hop_that_this_memory_does_not_hold,
	  tells_of_the_target_what_is_true_of_its_own_initrd,
	  asks_for_the_signature_of_the_kernel_that_is_loaded_first,
	  refuses_either_kernel_that_cannot_start_here)
