# SPDX-License-Identifier: GPL-2.0-or-later
"""What travels is enough to log in to the target, and to have the network there again."""

import networks

from arrival import CARDS, arrive, identity, is_installer, leave, make_target, network
from booted import booted
from landing import TOOL, TREE
from restored import assert_becomes


def assert_reaches(vm, *gateways):
    for gateway in gateways:
        vm.wait_until(f"answer of {gateway}", f"ping -c 1 -W 2 {gateway}")


def test_the_installer_s_addresses_and_routes_are_the_old_ones(tmp_path):
    nonce = make_target(tmp_path, "installer")
    with booted(payload=tmp_path, extra=CARDS) as vm:
        vm.run("bash -es", input=networks.STATIC)
        old, before = identity(vm), network(vm)
        assert not is_installer(vm)
        arrive(vm, f"{TOOL} {TREE}", nonce)
        assert is_installer(vm)
        assert identity(vm) == old
        assert_becomes(before, lambda: network(vm))
        assert_reaches(vm, "10.0.2.2", "fec0::2")
        leave(vm)


def test_networkd_in_the_target_stacks_up_the_same_network(tmp_path):
    nonce = make_target(tmp_path, "networkd")
    with booted(payload=tmp_path, extra=CARDS) as vm:
        vm.run("bash -es", input=networks.STACKED)
        before = network(vm)
        arrive(vm, f"{TOOL} {TREE}", nonce)
        assert_becomes(before, lambda: network(vm))
        assert_reaches(vm, "10.0.2.2", "fec0::2")
        said = vm.read("cat /run/systemd/netif/state").splitlines()
        assert {"DNS=10.0.2.3 fec0::3", "DOMAINS=example.org"} <= set(said), said
        leave(vm)


def test_an_address_of_dhcp_is_asked_for_again_after_two_stages(tmp_path):
    nonce = make_target(tmp_path, "installer")
    with booted(payload=tmp_path) as vm:
        old, addresses = identity(vm), network(vm)[0]
        arrive(vm, f"{TOOL} --two-stage {TREE}", nonce)
        assert identity(vm) == old
        assert_becomes(addresses, lambda: network(vm)[0])
        assert_reaches(vm, "10.0.2.2")
        leave(vm)


def test_a_target_that_no_address_came_along_to_is_not_reached(tmp_path):
    """So that the other tests mean something."""
    nonce = make_target(tmp_path, "installer")
    with booted(payload=tmp_path) as vm:
        vm.run(f"{TOOL} --no-keep-network {TREE}")
        vm.wait_unreachable()
        vm.wait_verdict(nonce, timeout=240)
        assert not vm.answers()
