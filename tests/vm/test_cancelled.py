# SPDX-License-Identifier: GPL-2.0-or-later
"""A jump that ends before the takeover is undone: all of it, and never half."""

import re

import pytest

from untouched import assert_armed, assert_undone, state

# In the machine of the refusals, before them.
pytestmark = pytest.mark.xdist_group("refusals")

TOOL = "/mnt/payload/pivot-kexec"
TREE = "/mnt/payload/result"
LONG = "--delay 600"

# Of what travels, how much the waiter keeps in memory, in KiB.
LOCKED = """awk '/payload\\/extra$/ { found = 1 } found && /^Locked:/ { print $2; exit }' \\
	/proc/$(pgrep -x pivot-kexec)/smaps"""

# How a caller may not care; {} is the command, and its exit code the last line.
CARELESS = {
    "nothing open": "{} <&- >&- 2>&-; echo $?",
    "no output open": "{} >&- 2>&-; echo $?",
    "reader gone": "{{ {{ sleep 1; {} 3>&-; echo $? >&3; }} | true; }} 3>&1",
    "reader of both gone": "{{ {{ sleep 1; {} 2>&1 3>&-; echo $? >&3; }} 2>&1 | true; }} 3>&1",
}


@pytest.mark.parametrize("way", [r"(kill \d+)", "then: (.* cancel) "])
def test_a_jump_in_its_delay_can_be_cancelled(vm, way):
    before = state(vm)
    output = vm.read(f"{TOOL} {LONG} {TREE}")
    assert_armed(vm)
    assert int(vm.read(LOCKED)) > 0, "what travels may be swapped out"
    second = vm.run(f"{TOOL} {TREE}", check=False)
    assert second.returncode == 1
    assert re.search("another pivot-kexec waits .*: .*end it", second.stderr), second.stderr
    assert_armed(vm)
    vm.run(re.search(way, output)[1])
    assert_undone(vm, before)


@pytest.mark.parametrize("answer, code", [("no", 1), ("yes", 0)])
def test_who_sits_at_a_terminal_is_asked(vm, answer, code):
    before = state(vm)
    said = "/root/said"
    result = vm.run(f"(until grep -qs 'go on: ' {said}; do sleep 0.2; done; echo {answer}) | "
                    f"TERM=xterm script -qefc '{TOOL} {LONG} {TREE}' {said}; "
                    f"code=$?; rm {said}; exit $code", check=False)
    assert result.returncode == code, result.stdout
    assert "goes into" in result.stdout and "Type 'yes' to go on: " in result.stdout
    if code == 0:
        assert_armed(vm)
        vm.run(f"{TOOL} cancel")
    else:
        assert "nothing was changed" in result.stdout
    assert_undone(vm, before)


@pytest.mark.parametrize("way", CARELESS)
def test_a_caller_who_does_not_listen_gets_all_or_nothing(vm, way):
    before = state(vm)
    code = vm.run(CARELESS[way].format(f"{TOOL} {LONG} {TREE}"), check=False).stdout.split()[-1]
    if code == "0":
        assert_armed(vm)
        vm.run(f"{TOOL} cancel")
    assert_undone(vm, before)


@pytest.mark.parametrize("after", [0.1, 0.3, 1])
def test_an_interrupt_undoes_everything_or_comes_too_late(vm, after):
    before = state(vm)
    result = vm.run(f"timeout --preserve-status --signal=INT {after} {TOOL} {LONG} {TREE}",
                    check=False)
    if result.returncode == 0:
        assert_armed(vm)
        vm.run(f"{TOOL} cancel")
    assert_undone(vm, before)


def test_what_a_killed_waiter_left_is_undone(vm):
    before = state(vm)
    vm.run(f"{TOOL} {LONG} {TREE}")
    assert_armed(vm)
    vm.run("kill -9 $(pgrep -x pivot-kexec)")
    vm.wait_until("end of the waiter", "! pgrep -x pivot-kexec")
    assert "what a killed pivot-kexec left is undone" in vm.read(f"{TOOL} cancel")
    assert_undone(vm, before)


def test_there_may_be_nothing_to_cancel(vm):
    result = vm.run(f"{TOOL} cancel", check=False)
    assert result.returncode == 1
    assert "no jump waits" in result.stderr
