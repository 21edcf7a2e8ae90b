// SPDX-License-Identifier: GPL-2.0-or-later

/* The stage that takes the network apart, on a machine that acts as the kernel would. */

#include "initramfs/teardown/teardown.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fake-acts.h"
#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "initramfs/teardown/stages.h"
#include "pivot/base/clock.h"
#include "unit.h"

static struct teardown teardown;
static const char *said;

static void run(void)
{
	teardown = (struct teardown){ .root = fake_root(),
				      .handover = { .unbind_ms = 3000 },
				      .end_ms = clock_ms() + 20000 };
	output_catch();
	ck_assert_int_eq(network_take_apart(&teardown), 0);
	said = output_caught();
}

#define assert_said(text)     ck_assert_msg(strstr(said, text), "said: %s", said)
#define assert_not_said(text) ck_assert_msg(!strstr(said, text), "said: %s", said)

START_TEST(takes_a_server_s_network_apart_top_down)
{
	machine_start();
	machine_link("lo", "0x49\n");
	machine_link("eth0", "0x1003\n");
	machine_link("eth1", "0x1803\n");
	machine_link("eth2", "0x1803\n");
	machine_virtual_link("bond0", "bond", "eth1 eth2");
	machine_virtual_link("bond0.10", "vlan", "bond0");
	machine_virtual_link("tap0", NULL, "");
	machine_virtual_link("br0", "bridge", "tap0 eth0 bond0.10");
	run();
	ck_assert_str_eq(fake_log(), "link down br0\n"
				     "link delete br0\n"
				     "link down tap0\n"
				     "link delete tap0\n"
				     "link down bond0.10\n"
				     "link delete bond0.10\n"
				     "link down bond0\n"
				     "link delete bond0\n"
				     "link down eth2\n"
				     "link down eth1\n"
				     "link down eth0\n");
	assert_said("deleted bond0 (bond on eth1, eth2)\n");
	assert_said("deleted tap0 (virtual)\n");
	assert_said("eth2 is down\n");
}
END_TEST

START_TEST(deletes_what_is_down_already)
{
	machine_start();
	machine_virtual_link("dummy0", NULL, "");
	fake_file("0x82\n", "/sys/class/net/dummy0/flags");
	run();
	ck_assert_str_eq(fake_log(), "link delete dummy0\n");
}
END_TEST

START_TEST(takes_a_kind_that_cannot_be_deleted_for_no_failure)
{
	machine_start();
	machine_virtual_link("ovs-system", NULL, "");
	fake_file("", "/sys/class/net/ovs-system/no_ops");
	run();
	ck_assert_str_eq(fake_log(), "link down ovs-system\n"
				     "link delete ovs-system = EOPNOTSUPP\n");
	assert_not_said("cannot");
	assert_not_said("deleted");
}
END_TEST

/* sit0 comes with its module: the kernel says it deleted it, and did not. */
START_TEST(does_not_claim_to_have_deleted_what_stays)
{
	machine_start();
	machine_virtual_link("sit0", NULL, "");
	fake_file("", "/sys/class/net/sit0/fallback");
	run();
	ck_assert_int_eq(fake_count("link delete sit0"), 1);
	assert_said("sit0 is down");
	assert_not_said("deleted");
}
END_TEST

static void lose_tap(void)
{
	fake_remove("/sys/class/net/tap0");
}

START_TEST(minds_nothing_that_goes_by_itself)
{
	machine_start();
	machine_virtual_link("tap0", NULL, "");
	machine_virtual_link("br0", "bridge", "tap0");
	fake_then("link delete br0", lose_tap);
	run();
	assert_not_said("cannot");
	assert_not_said("tap0 is");
}
END_TEST

START_TEST(says_what_it_could_not_do_and_goes_on)
{
	machine_start();
	machine_link("eth0", "0x1003\n");
	machine_virtual_link("wg0", "wireguard", "");
	fake_fail("link down wg0", EPERM, FAKE_ALWAYS);
	fake_fail("link delete wg0", EBUSY, FAKE_ALWAYS);
	run();
	assert_said("cannot take wg0 down: Operation not permitted");
	assert_said("cannot delete wg0: Device or resource busy");
	ck_assert_int_eq(fake_count("link down eth0"), 1);
}
END_TEST

START_TEST(tries_no_other_link_after_one_that_hangs)
{
	machine_start();
	machine_link("eth0", "0x1003\n");
	machine_virtual_link("bond0", "bond", "eth0");
	fake_hang("link delete bond0", FAKE_ALWAYS);
	run();
	ck_assert_str_eq(fake_log(), "link down bond0\nlink delete bond0 = hangs\n");
	assert_said("cannot delete bond0: Connection timed out");
}
END_TEST

/* An oops kills the child, and the lock of all links is never let go. */
static void die(void)
{
	(void)raise(SIGKILL);
}

START_TEST(tries_no_other_link_after_an_oops)
{
	machine_start();
	machine_link("eth0", "0x1003\n");
	machine_virtual_link("bond0", "bond", "eth0");
	fake_then("link down bond0", die);
	run();
	ck_assert_str_eq(fake_log(), "link down bond0\n");
}
END_TEST

START_TEST(takes_a_machine_without_network)
{
	machine_start();
	fake_remove("/sys/class/net");
	run();
	ck_assert_str_eq(fake_log(), "");
	assert_said("cannot read the network interfaces");
}
END_TEST

UNIT_MAIN("network", takes_a_server_s_network_apart_top_down,
	  deletes_what_is_down_already,
	  takes_a_kind_that_cannot_be_deleted_for_no_failure,
	  does_not_claim_to_have_deleted_what_stays, minds_nothing_that_goes_by_itself,
	  says_what_it_could_not_do_and_goes_on, tries_no_other_link_after_one_that_hangs,
	  tries_no_other_link_after_an_oops, takes_a_machine_without_network)
