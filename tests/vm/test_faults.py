# SPDX-License-Identifier: GPL-2.0-or-later
"""A sample of scripts/check-faults: a fault at one act, and a machine that is not stranded."""

import re

import pytest

import faults
from booted import going_on
from faults import HOME, LANDED, REFUSED, STRANDED, Fault

# One machine, set back to its snapshot for each.
pytestmark = pytest.mark.xdist_group("faults")

SAMPLE = {
    "seize tool 1 EPERM kexec_load 1": LANDED,  # by another loader
    "seize tool 1 ENOSPC copy /run/initramfs/payload/initrd": REFUSED,
    "seize tool 1 kill execute /run/initramfs/init probe": REFUSED,
    "seize tool 1 EPERM make_exec pid-1 /run/initramfs/init": REFUSED,
    "systemd tool 1 ENOMEM mount pivot-kexec /run/initramfs tmpfs 0x2": REFUSED,
    "seize init 0 EBUSY umount /oldroot/srv/lvm 8": LANDED,
    "seize init 1 kill swapoff /oldroot/swapfile": LANDED,
    "seize init 1 slow sync": LANDED,
    "seize init 1 EINVAL reboot kexec": HOME,
    "two-stage middle 1 kill load_module /modules/ahci.ko": LANDED,
    "two-stage middle 1 hang load_module /modules/ahci.ko": LANDED,
    "two-stage middle 1 hang write /sys/bus/pci/devices/0000:00:02.0/driver/unbind 0000:00:02.0":
        HOME,
    "two-stage middle 1 kill reboot kexec": HOME,
}


@pytest.fixture(scope="module")
def vm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("payload")
    nonce = faults.make_faulty_payload(folder)
    with faults.FaultyMachine(nonce, payload=folder, **going_on()) as machine:
        machine.prepare()
        machine.homes = 1  # test_way_home.py waits for whole boots
        yield machine


@pytest.mark.parametrize("line", SAMPLE)
def test_ends_as_it_should(vm, line):
    result = faults.run_fault(vm, Fault.parse(line))
    assert result, "the act was not done"
    assert (result.outcome, result.why) == (SAMPLE[line], ""), vm._tail()


def test_a_page_that_changes_before_the_jump_leads_home(vm):
    """Nobody looks at the target's pages any more but the purgatory, between the kernels."""
    vm.homes = 0  # it is waited for until its database takes rows
    result = faults.run_fault(vm, Fault.parse("seize init 1 corrupt reboot kexec"))
    assert result and (result.outcome, result.why) == (HOME, ""), vm._tail()
    assert re.search(r"pivot-kexec: jumping into .*"
                     r"^pivot-kexec: a page of the target changed before the jump \(frame 0x\w+ "
                     r"or behind\): resetting$.*Linux version", vm.console_text(), re.M | re.S)


def test_sees_a_machine_that_is_stranded(vm, monkeypatch):
    """The check can fail: here for who does not wait until the tool gives up."""
    monkeypatch.setattr(faults, "TOOL_ENDS_S", 20)
    fault = Fault.parse("seize tool 1 hang kexec_load 1")
    result = faults.run_fault(vm, fault)
    assert result.outcome == STRANDED and vm.is_hit(fault)
