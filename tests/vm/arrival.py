# SPDX-License-Identifier: GPL-2.0-or-later
"""A jump into a target that one can log in to, as into the old system."""

from payload import make_payload
from restored import by_mac, lasting, views

# Two more cards, besides that of ssh; nobody is at the other end.
CARDS = [word for card in (1, 2)
         for word in ("-netdev", f"hubport,id=more{card},hubid={card}",
                      "-device", f"virtio-net-pci,netdev=more{card},mac=52:54:00:00:00:0{card}")]

STAY = "target.stay=0"  # it runs until leave()


def make_target(folder, system, **options):
    """As make_payload(); system is one of make-tree's."""
    return make_payload(folder, append=STAY, system=system, **options)


def arrive(vm, command, nonce, user="root", timeout=240):
    """
    Run the tool, then log in to the target as root, by the key that opened the distro, where
    only the distro's host keys are taken for its; gives the target's facts.
    """
    vm.expect_these_host_keys(user)
    vm.run(command, timeout=timeout, user=user)
    vm.wait_unreachable()
    facts = vm.wait_verdict(nonce, timeout=timeout)
    vm.wait_ssh()
    assert vm.resets() == 0, "the machine was reset"
    return facts


def leave(vm):
    """The target's end; it has no disks to care for."""
    vm.run("poweroff -f", check=False)
    vm.wait_end()


def identity(vm):
    """What a machine is known by."""
    return vm.read("cat /etc/machine-id; for key in /etc/ssh/ssh_host_*_key.pub; do "
                   "cut -d' ' -f1,2 $key; done")


def network(vm):
    """To be compared with that of the same machine in another system."""
    return lasting(by_mac(vm, views(vm)))


def is_installer(vm):
    """As nixos-anywhere asks."""
    return "VARIANT_ID=installer" in vm.read("cat /etc/os-release").splitlines()
