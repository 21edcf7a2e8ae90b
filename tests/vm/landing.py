# SPDX-License-Identifier: GPL-2.0-or-later
"""A jump that lands, and what must be so then."""

import json
import re

from console import IN_USE, let_go, said
from machine import IN_THE_WIRE

TOOL = "/mnt/payload/pivot-kexec"
TREE = "/mnt/payload/result"


def jump(vm, command, nonce, last_breath=1, timeout=240):
    """
    Run the tool, wait for the target; gives the console since then and the facts.

    last_breath -- the stage after which nothing of the distro runs, here or in the target
    """
    start = len(vm.console_text())
    vm.run(command, timeout=timeout)
    vm.wait_console(rf"pivot-kexec: \[{last_breath + 1}/\d+\]", timeout=240, start=start)
    signs = vm.signs_of_life()
    facts = vm.wait_verdict(nonce, timeout=timeout)
    vm.wait_end()
    assert vm.signs_of_life() - signs <= IN_THE_WIRE, "the distro ran on"
    assert vm.resets() == 0, "the machine was reset"
    return vm.console_text()[start:], facts


def assert_landed_clean(vm, console, facts, also=(), has_report=True, stages=10):
    """
    also       -- what was in use besides
    stages     -- that were gone through
    has_report -- of what was done to the machine, for the target
    """
    story = "\n".join(said(console))
    assert (IN_USE | set(also)) - set(let_go(console)) == set(), story
    assert " 0 left running" in console, story
    assert not re.search(" remain|hangs|cannot ", story), story
    assert vm.rows_acknowledged() > 0
    assert vm.disk_problems() == []
    assert int(facts["acpi_tables"]) > 3
    if has_report:
        assert_has_report(facts, stages)
    else:
        assert "report" not in facts


def assert_has_report(facts, stages=10):
    """Both of its forms, and they say the same."""
    report = json.loads(facts["report_json"])
    states = [device["state"] for device in report["devices"]]
    assert report["running"] == 0 and states.count("at rest") == report["at_rest"] > 0
    assert facts["report"].startswith(f"{report['at_rest']} devices at rest"), facts["report"]
    assert len(report["stages"]) == stages and report["takeover"] in ("systemd", "seize")


def assert_sees_efi(facts):
    assert int(facts["efi_variables"]) > 20
    assert re.fullmatch("( [0-9a-f]{4})+", facts["efi_boot_order"]), facts
