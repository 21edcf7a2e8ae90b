# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys and files of the old system reach the target. By the other loaders: test_loading.py."""

import re

from booted import booted
from keep import KEY, OPTIONS, assert_kept, kept, md5, prepare
from landing import TOOL, TREE, assert_landed_clean, jump
from machine import Machine


def test_the_target_finds_them_behind_an_initrd_that_stays_where_it_is(payload):
    folder, nonce = payload
    with booted(payload=folder) as vm:
        expected = prepare(vm)
        vm.run(f"cp -r {TREE} /dev/shm/ && md5sum /dev/shm/result/* >/srv/before")
        command = (f"{TOOL} --delay 10 {OPTIONS} /dev/shm/result && sleep 2 && "
                   "md5sum --check --quiet /srv/before && test -L /run/initramfs/payload/initrd && "
                   "test $(stat -c %a /run/initramfs/payload/extra) = 600")
        console, facts = jump(vm, command, nonce)
        assert_landed_clean(vm, console, facts)
        assert_kept(facts, expected)


def test_the_target_finds_them_after_two_stages(payload):
    folder, nonce = payload
    with booted(payload=folder) as vm:
        expected = prepare(vm)
        vm.run("echo 'echo hook at the $1, Linux of $(cut -d. -f1 /proc/uptime) s' >/root/hook")
        console, facts = jump(vm, f"{TOOL} --two-stage --hook /root/hook {OPTIONS} {TREE}", nonce)
        hooks = re.findall(r"hook at the (\w+), Linux of (\d+) s", console)
        assert [point for point, _ in hooks] == ["teardown", "jump"]
        assert int(hooks[1][1]) < int(hooks[0][1]), "the second was to run in the middle kernel"
        assert_kept(facts, expected)


def test_the_target_finds_none_where_none_is_to_travel(payload):
    folder, nonce = payload
    (folder / "key.pub").write_text(f"{KEY}\n")
    with Machine(payload=folder, image="sysvinit") as vm:
        vm.boot()
        prepare(vm)
        command = f"{TOOL} --no-keep-ssh --no-keep-network --ssh-key /mnt/payload/key.pub {TREE}"
        console, facts = jump(vm, command, nonce)
        assert_landed_clean(vm, console, facts, ["dm-0"])
        assert kept(facts) == {"/ssh/authorized_keys": ("600", md5(f"{KEY}\n"))}
