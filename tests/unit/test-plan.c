// SPDX-License-Identifier: GPL-2.0-or-later

/* The plan that the tool prints, and that the init does as the plan says. */

#include "initramfs/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake-acts.h"
#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "initramfs/teardown/teardown.h"
#include "pivot/base/clock.h"
#include "unit.h"

static struct plan plan;
static struct devices devices;
static struct machine machine;

static struct handover planned;

static int build_with(const struct handover *handover)
{
	planned = *handover;
	int r = devices_read(fake_root(), &devices);

	machine_read(fake_root(), &machine);
	return r < 0 ? r : plan_build(fake_root(), &devices, &machine, handover, &plan);
}

static int build(enum takeover takeover)
{
	struct handover handover = handover_default();

	handover.takeover = takeover;
	return build_with(&handover);
}

/* As it is shown, without its brackets. */
static int number_of(enum teardown_stage stage)
{
	int number = 0;

	(void)sscanf(teardown_stage_number(&planned, stage), "[%d/", &number);
	return number;
}

/* One line an operation; in a static buffer. */
static const char *plan_text(void)
{
	static char text[16384];
	size_t n = 0;

	for (size_t i = 0; i < plan.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%d %s %s: %s\n",
				      number_of(plan.op[i].stage),
				      op_name(plan.op[i].kind), plan.op[i].object,
				      plan.op[i].reason);
	return text;
}

static void small_server(void)
{
	machine_start();
	machine_mount("/proc", "proc", "proc", "rw");
	machine_mount("/", "ext4", "/dev/mapper/vg0-root", "rw");
	machine_mount("/boot", "ext2", "/dev/vda1", "ro");
	machine_mount("/run", "tmpfs", "tmpfs", "rw");
	machine_mount("/srv", "xfs", "/dev/vdb", "rw");
	machine_swap("/dev/vda2");
	machine_dm("dm-0", "vg0-root");
	machine_link("lo", "0x9\n");
	machine_link("eth0", "0x1003\n");
	machine_virtual_link("eth0.7", "vlan", "eth0");
	machine_watchdog(.name = "watchdog0", .identity = "iTCO_wdt", .state = "active");
	machine_disk("0:0:0:0");
	machine_pci(.address = "0000:00:01.0", .class = 0x060400, .is_bus_master = true,
		    .driver = "pcieport", .has_header_of_bridge = true);
	machine_pci(.address = "0000:01:00.0", .below = "0000:00:01.0", .class = 0x010802,
		    .driver = "nvme", .is_bus_master = true, .resets = "flr bus\n");
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .driver = "e1000",
		    .is_bus_master = true);
	machine_pci(.address = "0000:00:04.0", .class = 0x0c0500); /* nothing to do */
	machine_pci(.address = "0000:00:05.0", .class = 0x040300, .is_bus_master = true);
}

/* clang-format off */
static const char small_plan[] =
	"1 end all: TERM, 10 s grace, KILL\n"
	"2 disarm watchdog0: iTCO_wdt\n"
	"3 enter /run/initramfs: by pivot_root\n"
	"4 swapoff /dev/vda2: swap\n"
	"4 unmount /srv: xfs on /dev/vdb\n"
	"4 unmount /boot: ext2 on /dev/vda1, read-only\n"
	"4 unmount /: ext4 on /dev/mapper/vg0-root\n"
	"4 release dm-0: vg0-root\n"
	"5 down eth0.7: is up\n"
	"5 delete eth0.7: vlan on eth0\n"
	"5 down eth0: is up\n"
	"6 set 0:0:0:0: else the disk spins down with its driver\n"
	"7 unbind 0000:01:00.0: nvme, nvme, 8086:10d3\n"
	"7 unbind 0000:00:03.0: network, e1000, 8086:10d3\n"
	"7 keep 0000:00:01.0: bridge, pcieport, 8086:10d3; bridge\n"
	"8 clear 0000:00:05.0: multimedia, 8086:10d3\n"
	"9 reset 0000:01:00.0: flr\n"
	"10 verify all: bus mastering, MSI, MSI-X, pending transactions\n";
/* clang-format on */

START_TEST(says_in_order_what_will_be_done)
{
	small_server();
	ck_assert_int_eq(build(TAKEOVER_SEIZE), 0);
	ck_assert_str_eq(plan_text(), small_plan);
	ck_assert_uint_eq(plan.n_dropped, 0);
	ck_assert_str_eq(fake_log(), "");
}
END_TEST

START_TEST(says_what_systemd_does_before_us)
{
	small_server();
	ck_assert_int_eq(build(TAKEOVER_SYSTEMD), 0);
	ck_assert_str_eq(plan.op[0].reason, "what systemd left: TERM, 10 s grace, KILL");
	ck_assert_str_eq(plan.op[2].reason, "by systemd");
}
END_TEST

/* The rest is for the middle kernel. */
START_TEST(says_how_little_is_done_where_the_jump_is_abrupt)
{
	struct handover handover = handover_default();

	small_server();
	handover.takeover = TAKEOVER_SEIZE;
	handover.hop = HOP_FIRST;
	handover.extent = EXTENT_ABRUPT;
	ck_assert_int_eq(build_with(&handover), 0);
	ck_assert_str_eq(plan_text(),
			 "1 end all: TERM, 10 s grace, KILL\n"
			 "2 disarm watchdog0: iTCO_wdt\n"
			 "3 enter /run/initramfs: by pivot_root\n"
			 "4 freeze /srv: xfs on /dev/vdb, stays mounted\n"
			 "4 freeze /: ext4 on /dev/mapper/vg0-root, stays mounted\n");
	for (enum teardown_stage stage = 0; stage < TEARDOWN_STAGES; stage++) {
		ck_assert(teardown_has_stage(&handover, stage) ==
			  (stage <= TEARDOWN_STORAGE && stage != TEARDOWN_FIRST_HOOKS));
		handover.extent = EXTENT_CLEAN;
		ck_assert(
			teardown_has_stage(&handover, stage) ==
			(stage != TEARDOWN_FIRST_HOOKS && stage != TEARDOWN_LAST_HOOKS));
		handover.extent = EXTENT_ABRUPT;
	}
}
END_TEST

START_TEST(plans_hooks_where_they_run)
{
	struct handover handover = handover_default();

	small_server();
	handover.n_hooks = 1;
	strcpy(handover.hook[0], "save.sh");
	ck_assert_int_eq(build_with(&handover), 0);
	ck_assert_ptr_nonnull(strstr(plan_text(),
				     "by systemd\n"
				     "4 run save.sh: teardown, 30 s at most\n"
				     "5 "));
	ck_assert_ptr_nonnull(
		strstr(plan_text(), "12 run save.sh: jump, 30 s at most\n"));
	handover.hop = HOP_FIRST;
	ck_assert_int_eq(build_with(&handover), 0);
	ck_assert_ptr_nonnull(strstr(plan_text(), "4 run save.sh: teardown"));
	ck_assert_ptr_null(strstr(plan_text(), "jump"));
}
END_TEST

START_TEST(plans_anew_each_time)
{
	small_server();
	ck_assert_int_eq(build(TAKEOVER_SEIZE), 0);
	ck_assert_int_eq(build(TAKEOVER_SEIZE), 0);
	ck_assert_str_eq(plan_text(), small_plan);
}
END_TEST

/* What the operation becomes in the log, from the stage's own root; "" where nothing. */
static void act_of(const struct op *op, char *line, size_t size)
{
	const char *o = op->object;

	line[0] = '\0';
	if (op->kind == OP_SWAPOFF)
		(void)snprintf(line, size, "swapoff %s\n", o);
	if (op->kind == OP_UNMOUNT)
		(void)snprintf(line, size, "umount /oldroot%s\n", o[1] ? o : "");
	if (op->kind == OP_RELEASE)
		(void)snprintf(line, size, "dm remove %s\n", op->reason);
	if (op->kind == OP_DOWN)
		(void)snprintf(line, size, "link down %s\n", o);
	if (op->kind == OP_DELETE)
		(void)snprintf(line, size, "link delete %s\n", o);
	if (op->kind == OP_DISARM)
		(void)snprintf(line, size, "watchdog stop /dev/%s\n", o);
	if (op->kind == OP_NO_SPINDOWN)
		(void)snprintf(
			line, size,
			"write /sys/class/scsi_disk/%s/manage_system_start_stop 0\n"
			"write /sys/class/scsi_disk/%s/manage_runtime_start_stop 0\n",
			o, o);
	if (op->kind == OP_UNBIND)
		(void)snprintf(line, size,
			       "write /sys/bus/pci/devices/%s/driver/unbind %s\n", o, o);
	if (op->kind == OP_CLEAR)
		(void)snprintf(line, size,
			       "write /sys/bus/pci/devices/%s/enable 1\n"
			       "write /sys/bus/pci/devices/%s/enable 0\n",
			       o, o);
	if (op->kind == OP_RESET)
		(void)snprintf(line, size,
			       "write /sys/bus/pci/devices/%s/reset_method %s\n"
			       "write /sys/bus/pci/devices/%s/reset 1\n",
			       o, op->reason, o);
}

static const char *acts_of_plan(void)
{
	static char text[16384];
	char line[1024];

	text[0] = '\0';
	for (size_t i = 0; i < plan.n; i++) {
		act_of(&plan.op[i], line, sizeof(line));
		strcat(text, line);
	}
	return text;
}

START_TEST(the_init_does_what_the_plan_says_in_its_order)
{
	static struct teardown teardown;
	char stage[128];
	int r;

	small_server();
	ck_assert_int_eq(build(TAKEOVER_SEIZE), 0);
	machine_mount("/run/initramfs", "tmpfs", "pivot-kexec", "rw");
	(void)snprintf(stage, sizeof(stage), "%s/run/initramfs", fake_root());
	teardown = (struct teardown){ .root = fake_root(),
				      .end_ms = clock_ms() + 20000,
				      .stage_path = stage,
				      .handover = handover_default() };
	teardown.handover.parallel = PARALLEL_NEVER; /* for the log's order */
	output_catch();
	r = teardown_run(&teardown);
	(void)output_caught();
	ck_assert_int_eq(r, 0);
	fake_log_hide(
		"umount /oldroot/run\n"); /* made up by the kernel: not in the plan */
	fake_log_hide("umount /oldroot/proc\n");
	ck_assert_str_eq(fake_log_of("watchdog|swapoff|umount|dm|link|write /sys"),
			 acts_of_plan());
}
END_TEST

static struct handover wishes;

/* Why the one device of the machine is kept, or NULL. */
static struct fate fate_of_one(void)
{
	const struct outlook outlook = { &devices, &machine, &wishes };
	struct fate fate;

	ck_assert_int_eq(devices_read(fake_root(), &devices), 0);
	machine_read(fake_root(), &machine);
	ck_assert_uint_eq(devices.n, 1);
	plan_fate(&outlook, &devices.device[0], &fate);
	return fate;
}

static const char *keep_reason(unsigned int class, const char *driver)
{
	struct fate fate;

	machine_pci(.address = "0000:00:09.0", .class = class, .driver = driver);
	fate = fate_of_one();
	fake_remove("/sys/bus/pci");
	fake_remove("/sys/devices");
	return fate.keep_reason;
}

START_TEST(keeps_what_people_look_at_and_others_stand_on)
{
	machine_start();
	wishes = handover_default();
	ck_assert_ptr_nonnull(keep_reason(0x060000, NULL));
	ck_assert_ptr_nonnull(keep_reason(0x060100, "lpc_ich"));
	ck_assert_ptr_nonnull(keep_reason(0x030000, "bochs-drm"));
	ck_assert_ptr_nonnull(keep_reason(0x038000, "virtio-pci"));
	ck_assert_str_eq(keep_reason(0x080020, NULL), "delivers interrupts");
	ck_assert_str_eq(keep_reason(0x080600, NULL), "IOMMU");
	ck_assert_str_eq(keep_reason(0x050210, "cxl_pci"), "memory");
	ck_assert_str_eq(keep_reason(0x080700, "pcieport"), "bridge");
	ck_assert_ptr_null(keep_reason(0x080501, "sdhci-pci"));
	ck_assert_ptr_null(keep_reason(0x020000, "e1000"));
	ck_assert_ptr_null(keep_reason(0x070002, "serial"));
	ck_assert_ptr_null(keep_reason(0x078000, "virtio-pci"));
	fake_file("tty0 -WU (E) 4:1\nhvc0 -W- (EC p) 229:0\n", "/proc/consoles");
	ck_assert_ptr_nonnull(keep_reason(0x078000, "virtio-pci"));
	ck_assert_ptr_null(keep_reason(0x078000, "mei_me"));
}
END_TEST

START_TEST(keeps_what_carries_a_console)
{
	machine_start();
	wishes = handover_default();
	machine_pci(.address = "0000:00:16.3", .class = 0x070002, .driver = "serial");
	machine_console("ttyS4", "0000:00:16.3");
	ck_assert_str_eq(fate_of_one().keep_reason, "carries the console");
}
END_TEST

START_TEST(keeps_whatever_has_functions_below_it)
{
	machine_start();
	wishes = handover_default();
	machine_pci(.address = "0000:00:0e.0", .class = 0x010400, .driver = "vmd");
	fake_directory("/sys/bus/pci/devices/0000:00:0e.0/pci10000:e0");
	ck_assert_str_eq(fate_of_one().keep_reason, "has functions below");
}
END_TEST

START_TEST(unbinds_a_display_for_who_says_so)
{
	machine_start();
	wishes = handover_default();
	ck_assert_str_eq(keep_reason(0x030000, "bochs-drm"), "display");
	wishes.display = DISPLAY_UNBIND;
	ck_assert_ptr_null(keep_reason(0x030000, "bochs-drm"));
	wishes.display = DISPLAY_AUTO;
	wishes.rules = (struct rules){ 1, { "driver:bochs-drm=unbind" } };
	ck_assert_ptr_null(keep_reason(0x030000, "bochs-drm"));
}
END_TEST

START_TEST(keeps_a_display_that_is_known_to_need_more_for_who_says_so)
{
	machine_start();
	wishes = handover_default();
	ck_assert_ptr_null(keep_reason(0x030000, "nouveau"));
	wishes.display = DISPLAY_KEEP;
	ck_assert_str_eq(keep_reason(0x030000, "nouveau"), "display");
}
END_TEST

/* Its module would take the other one along. */
START_TEST(unloads_no_module_that_a_kept_device_needs)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .driver = "blob");
	machine_pci(.address = "0000:00:04.0", .class = 0x020000, .driver = "blob");
	wishes = handover_default();
	wishes.rules =
		(struct rules){ 2, { "device:00:03.0=unload", "device:00:04.0=keep" } };
	ck_assert_int_eq(build_with(&wishes), 0);
	ck_assert_ptr_nonnull(strstr(plan_text(), "7 unbind 0000:00:03.0"));
	wishes.rules.n = 1;
	ck_assert_int_eq(build_with(&wishes), 0);
	ck_assert_ptr_nonnull(strstr(plan_text(), "7 unload 0000:00:03.0"));
}
END_TEST

START_TEST(keeps_what_the_user_wants_to_keep)
{
	machine_start();
	wishes = handover_default();
	wishes.rules = (struct rules){ 1, { "driver:e1000=keep" } };
	ck_assert_str_eq(keep_reason(0x020000, "e1000"), "as you say");
	wishes.rules = (struct rules){ 1, { "device:00:09.0=down-only" } };
	ck_assert_str_eq(keep_reason(0x020000, "e1000"), "as you say");
}
END_TEST

/* Its endpoints' requests would fail, and some machines hang on that. */
START_TEST(unbinds_a_bridge_for_nobody)
{
	machine_start();
	wishes = handover_default();
	wishes.rules = (struct rules){ 1, { "driver:pcieport=unbind" } };
	ck_assert_str_eq(keep_reason(0x060400, "pcieport"), "bridge");
}
END_TEST

START_TEST(keeps_a_device_whose_watchdog_is_to_stay_armed)
{
	machine_start();
	wishes = handover_default();
	machine_pci(.address = "0000:00:09.0", .class = 0x088000, .driver = "i6300ESB");
	machine_occupant("watchdog", "watchdog0", "0000:00:09.0");
	ck_assert_ptr_null(fate_of_one().keep_reason);
	wishes.watchdog_s = 300;
	ck_assert_str_eq(fate_of_one().keep_reason,
			 "may hold the watchdog that stays armed");
}
END_TEST

static const char *reset_of(const char *offered, const char *rule)
{
	struct fate fate;

	wishes.rules.n = rule != NULL;
	strcpy(wishes.rules.rule[0], rule ?: "");
	machine_pci(.address = "0000:00:09.0", .class = 0x020000, .driver = "e1000",
		    .resets = offered);
	fate = fate_of_one();
	fake_remove("/sys/bus/pci");
	fake_remove("/sys/devices");
	return fate.reset;
}

START_TEST(resets_only_by_what_is_safe_or_wanted)
{
	machine_start();
	wishes = handover_default();
	ck_assert_str_eq(reset_of("flr bus\n", NULL), "flr");
	ck_assert_str_eq(reset_of("pm bus\n", NULL), "pm");
	ck_assert_str_eq(reset_of("flr pm device_specific\n", NULL), "device_specific");
	ck_assert_ptr_null(reset_of("bus\n", NULL));
	ck_assert_str_eq(reset_of("flr bus\n", "driver:e1000=reset:bus"), "bus");
	ck_assert_str_eq(reset_of("flr pm\n", "driver:e1000=reset:pm"), "pm");
	ck_assert_ptr_null(reset_of("flr\n", "driver:e1000=reset:never"));
	wishes.reset = RESET_NEVER;
	ck_assert_ptr_null(reset_of("flr\n", NULL));
}
END_TEST

START_TEST(resets_what_nobody_drives_in_a_middle_kernel)
{
	machine_start();
	wishes = handover_default();
	wishes.rules.n = 0;
	machine_pci(.address = "0000:00:09.0", .class = 0x010802, .resets = "flr bus\n");
	ck_assert_ptr_null(fate_of_one().reset);
	wishes.hop = HOP_FIRST;
	ck_assert_ptr_null(fate_of_one().reset);
	wishes.hop = HOP_MIDDLE;
	ck_assert_str_eq(fate_of_one().reset, "flr");
}
END_TEST

START_TEST(says_how_long_a_device_has_where_a_rule_does)
{
	struct handover handover = handover_default();

	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "megaraid_sas",
		    .class = 0x010400);
	machine_pci(.address = "0000:00:04.0", .driver = "igb", .class = 0x020000,
		    .n_vfs = 2);
	machine_pci(.address = "0000:00:05.0", .driver = "ahci", .class = 0x010601);
	ck_assert_int_eq(rules_add(&handover.rules, "driver:igb=deadline:7"), 0);
	ck_assert_int_eq(build_with(&handover), 0);
	ck_assert_ptr_nonnull(strstr(plan_text(), "megaraid_sas, 8086:10d3; deadline "
						  "185 s; the controller writes out"));
	ck_assert_ptr_nonnull(
		strstr(plan_text(), "its 2 virtual functions; deadline 7 s\n"));
	ck_assert_ptr_nonnull(strstr(plan_text(), "igb, 8086:10d3; deadline 7 s\n"));
	ck_assert_ptr_nonnull(strstr(plan_text(), "ahci, 8086:10d3\n"));
}
END_TEST

START_TEST(takes_virtual_functions_before_their_card)
{
	machine_start();
	machine_pci(.address = "0000:00:02.0", .class = 0x060400, .driver = "pcieport",
		    .has_header_of_bridge = true);
	machine_pci(.address = "0000:01:00.0", .below = "0000:00:02.0", .class = 0x020000,
		    .driver = "igb", .n_vfs = 1, .is_bus_master = true);
	machine_pci(.address = "0000:01:10.0", .below = "0000:00:02.0", .class = 0x020000,
		    .driver = "igbvf", .physical = "0000:01:00.0", .is_bus_master = true);
	ck_assert_int_eq(build(TAKEOVER_SYSTEMD), 0);
	ck_assert_ptr_nonnull(
		strstr(plan_text(),
		       "7 unbind 0000:01:10.0: network, igbvf, 8086:10d3\n"
		       "7 no-vfs 0000:01:00.0: its 1 virtual functions\n"
		       "7 unbind 0000:01:00.0: network, igb, 8086:10d3\n"
		       "7 keep 0000:00:02.0: bridge, pcieport, 8086:10d3; bridge\n"));
}
END_TEST

START_TEST(orders_receivers_before_the_rest_and_addresses_last)
{
	static const char *const expected[] = { "0000:00:08.0", "0000:00:07.0",
						"0000:00:06.0", "0000:00:05.0",
						"0000:00:03.0", "0000:00:04.0" };

	machine_start();
	machine_pci(.address = "0000:00:04.0", .class = 0x080500, .driver = "sdhci");
	machine_pci(.address = "0000:00:03.0", .class = 0x0c0500, .driver = "i801");
	machine_pci(.address = "0000:00:05.0", .class = 0x040300, .driver = "hda");
	machine_pci(.address = "0000:00:06.0", .class = 0x0c0330, .driver = "xhci_hcd");
	machine_pci(.address = "0000:00:07.0", .class = 0x010601, .driver = "ahci");
	machine_pci(.address = "0000:00:08.0", .class = 0x020000, .driver = "e1000");
	ck_assert_int_eq(build(TAKEOVER_SYSTEMD), 0);
	ck_assert_uint_eq(plan.n, 3 + array_size(expected));
	for (size_t i = 0; i < array_size(expected); i++)
		ck_assert_str_eq(plan.op[2 + i].object, expected[i]);
}
END_TEST

START_TEST(takes_a_machine_without_pci_or_scsi)
{
	machine_start();
	ck_assert_int_eq(build(TAKEOVER_SEIZE), 0);
	ck_assert_uint_eq(plan.n, 3); /* all, the stage, verify */
}
END_TEST

START_TEST(says_why_it_cannot_plan)
{
	fake_start();
	ck_assert_int_eq(build(TAKEOVER_SEIZE), -ENOENT);
}
END_TEST

UNIT_MAIN("plan", plans_hooks_where_they_run, says_in_order_what_will_be_done,
	  says_what_systemd_does_before_us,
	  says_how_little_is_done_where_the_jump_is_abrupt, plans_anew_each_time,
	  the_init_does_what_the_plan_says_in_its_order,
	  keeps_what_people_look_at_and_others_stand_on, keeps_what_carries_a_console,
	  keeps_whatever_has_functions_below_it,
	  orders_receivers_before_the_rest_and_addresses_last,
	  takes_a_machine_without_pci_or_scsi, says_why_it_cannot_plan,
	  unbinds_a_display_for_who_says_so, keeps_what_the_user_wants_to_keep,
	  unbinds_a_bridge_for_nobody, keeps_a_device_whose_watchdog_is_to_stay_armed,
	  resets_only_by_what_is_safe_or_wanted,
	  resets_what_nobody_drives_in_a_middle_kernel,
	  says_how_long_a_device_has_where_a_rule_does,
	  takes_virtual_functions_before_their_card,
	  keeps_a_display_that_is_known_to_need_more_for_who_says_so,
	  unloads_no_module_that_a_kept_device_needs)
