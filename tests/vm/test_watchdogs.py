# SPDX-License-Identifier: GPL-2.0-or-later
"""A watchdog left armed leads home from a target that never takes it over."""

import pytest

from booted import booted
from payload import make_payload

TOOL = "/mnt/payload/pivot-kexec"
TREE = "/mnt/payload/result"

# By driver, what else the machine has: a card, which its bus takes away; a part of the board,
# below a bridge that keeps its driver.
HARDWARE = {"i6300esb": ("-device", "i6300esb"), "iTCO_wdt": ()}


def barks(vm):
    """How often a watchdog found that nobody fed it."""
    vm.qmp.command("query-status")
    return sum(event["event"] == "WATCHDOG" for event in vm.qmp.events)


@pytest.mark.parametrize("driver", HARDWARE)
def test_a_target_that_does_nothing_is_left_for_the_distro(tmp_path, driver):
    nonce = make_payload(tmp_path, append="target.stay=100000")
    with booted(payload=tmp_path, extra=HARDWARE[driver]) as vm:
        vm.run(f"modprobe {driver} && test -e /sys/class/watchdog/watchdog0")
        assert "arm      watchdog0" in vm.read(f"{TOOL} plan --watchdog=20 {TREE}")
        vm.run(f"{TOOL} --watchdog=20 {TREE}")
        vm.wait_verdict(nonce, timeout=240)
        start = len(vm.console_text())
        assert barks(vm) == 0, "it did not wait for the target"
        vm.wait_console("Linux version", timeout=400, start=start)
        assert barks(vm) == 1
