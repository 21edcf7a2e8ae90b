# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts of the user's in the stage. In two stages: test_keep.py; that go home: test_way_home.py."""

from booted import booted
from landing import TOOL, TREE, assert_landed_clean, jump

SAVE = """#!/bin/sh
test "$1" = teardown || exit 0
test -s $OLDROOT/etc/os-release || exit 9
mount -o remount,rw $OLDROOT # as systemd has left it
dmesg | grep "in control as PID 1" >$OLDROOT/srv/saved
"""
HANG = """
test "$1" = jump || exit 3
echo "at the jump: $(ls /sys/bus/pci/drivers/virtio-pci | grep -c :) devices"
sleep 1000 &
setsid sleep 2000
"""


def test_hooks_run_around_the_teardown_and_stop_nothing(payload):
    folder, nonce = payload
    (folder / "save.sh").write_text(SAVE)
    (folder / "hang.sh").write_text(HANG)
    with booted(payload=folder) as vm:
        command = (f"{TOOL} --hook /mnt/payload/save.sh --hook /mnt/payload/hang.sh "
                   f"--hook-timeout 3 {TREE}")
        console, facts = jump(vm, command, nonce)
        assert "[4/12] run hooks (teardown)" in console
        assert "the hook 'hang.sh' ended with exit code 3" in console
        assert "at the jump: 0 devices" in console
        assert "the hook 'hang.sh' did not come to its end" in console
        assert "cannot be killed" not in console
        assert vm.read_file("/srv/saved", vm.folder / "saved")
        assert_landed_clean(vm, console.replace("the hook", ""), facts, stages=12)
