# SPDX-License-Identifier: GPL-2.0-or-later
"""
What may be going on in a machine when it jumps: a random load, drawn from a seed, and a
jump out of it. The same disk is booted again for the next one.
"""

import random
import subprocess

from machine import Machine
from payload import make_payload

TOOL = "/mnt/payload/pivot-kexec"
TREE = "/mnt/payload/result"

# Each is a shell command with a {count}; (what it is called, least, most, command). They
# leave processes of their own behind, outside of any service.
LOADS = [
    ("writers", 1, 4, """
        for i in $(seq {count}); do
            setsid -f sh -c "while :; do
                head -c 1M /dev/urandom > /srv/lvm/writer.$i; sync /srv/lvm/writer.$i
            done" < /dev/null > /dev/null 2>&1
        done"""),
    ("log writers that ignore SIGTERM", 1, 4, """
        for i in $(seq {count}); do
            setsid -f sh -c "trap '' TERM HUP INT; while :; do
                date >> /srv/stubborn.$i; sleep 0.1
            done" < /dev/null > /dev/null 2>&1
        done"""),
    ("tmpfs and bind mounts, nested", 5, 60, """
        mkdir -p /srv/nest && mount -t tmpfs nest /srv/nest
        for i in $(seq {count}); do
            mkdir -p /srv/nest/$i/below /srv/nest/$i/bound
            mount -t tmpfs below /srv/nest/$i/below
            mount --bind /srv/lvm /srv/nest/$i/bound
        done"""),
    ("overlays", 1, 10, """
        for i in $(seq {count}); do
            mkdir -p /srv/over/$i/u /srv/over/$i/w /srv/over/$i/m
            mount -t overlay over -o lowerdir=/etc,upperdir=/srv/over/$i/u,workdir=/srv/over/$i/w \
                /srv/over/$i/m
            date > /srv/over/$i/m/file
        done"""),
    ("containers by unshare", 1, 12, """
        mkdir -p /srv/container
        for i in $(seq {count}); do
            setsid -f unshare --mount --pid --fork --net --uts --ipc --mount-proc --cgroup sh -c \
                "mount -t tmpfs inner /srv/container; sleep 1000000 & while :; do
                    date >> /srv/lvm/container.$i; sleep 0.3
                done" < /dev/null > /dev/null 2>&1
        done"""),
    ("user namespaces", 1, 8, """
        for i in $(seq {count}); do
            setsid -f unshare --user --map-root-user --mount --pid --fork sh -c \
                "mount -t tmpfs x /mnt; sleep 1000000" < /dev/null > /dev/null 2>&1
        done"""),
    ("zombies", 10, 200, """
        setsid -f perl -e 'for (1..{count}) {{ fork or exit }} sleep 1000000' \
            < /dev/null > /dev/null 2>&1"""),
    ("processes in D state on a frozen filesystem", 1, 4, """
        mkdir -p /srv/frozen && truncate -s 8M /srv/frozen.img && mkfs.ext4 -qF /srv/frozen.img
        mount -o loop /srv/frozen.img /srv/frozen && fsfreeze --freeze /srv/frozen
        for i in $(seq {count}); do
            setsid -f sh -c "echo x > /srv/frozen/$i" < /dev/null > /dev/null 2>&1
        done"""),
    ("processes in D state on a suspended device", 1, 4, """
        truncate -s 8M /srv/suspended.img
        dmsetup create stuck --table "0 16384 linear $(losetup -f --show /srv/suspended.img) 0"
        dmsetup suspend stuck
        for i in $(seq {count}); do
            setsid -f dd if=/dev/mapper/stuck of=/dev/null bs=4k count=1 iflag=direct \
                < /dev/null > /dev/null 2>&1
        done"""),
    ("loop mounts", 20, 300, """
        modprobe loop; mkdir -p /srv/many; udevadm control --stop-exec-queue
        test -e /srv/many.img || {{ truncate -s 1M /srv/many.img; mkfs.ext4 -qF /srv/many.img; }}
        for i in $(seq {count}); do
            cp --sparse=always /srv/many.img /srv/many/$i.img && mkdir -p /srv/many/$i
            mount -o loop /srv/many/$i.img /srv/many/$i
        done; udevadm control --start-exec-queue"""),
    ("files open and deleted", 1, 40, """
        setsid -f perl -e 'for (1..{count}) {{ open(my $f, ">", "/srv/lvm/gone.$_") or die;
            print $f "x" x 65536; unlink "/srv/lvm/gone.$_"; push @f, $f }} sleep 1000000' \
            < /dev/null > /dev/null 2>&1"""),
    ("interfaces", 1, 10, """
        ip link add bridge0 type bridge && ip link set bridge0 up
        for i in $(seq {count}); do
            ip link add veth$i type veth peer name peer$i
            ip link set veth$i master bridge0 up; ip link set peer$i up
        done"""),
]


class StressedMachine(Machine):
    """Switched off and on again with the same disks."""

    def again(self):
        """What was read from the disks is of the last time."""
        for name in ("root.ext4", "loop.img", "events.db", "events.db-wal"):
            (self.folder / name).unlink(missing_ok=True)
        for name in ("console", "verdict", "rows"):
            log = self.folder / f"{name}.log"
            log.rename(self.folder / f"last-{name}.log")
        (self.folder / "qmp").unlink(missing_ok=True)
        self._start()


def drawn(seed):
    """[(what, count)] of one jump, in an order of its own, and its takeover."""
    draw = random.Random(seed)
    loads = draw.sample(LOADS, draw.randint(3, 7))
    return ([(what, command, draw.randint(least, most)) for what, least, most, command in loads],
            draw.choice(["systemd", "seize"]))


def put_on(vm, loads):
    for _, command, count in loads:
        vm.run(command.format(count=count), timeout=900)


def jump(vm, nonce, takeover):
    vm.run(f"{TOOL} --delay 1 --takeover={takeover} {TREE}")
    vm._wait("end of the jump", 600, lambda: f"nonce={nonce}" in vm.verdict_text() or vm.resets())
    assert vm.resets() == 0, "the machine was reset"
    vm.wait_end()
    assert vm.resets() == 0, "the machine was reset"


def make_stress_payload(folder):
    return make_payload(folder, append="target.stay=5")


def prepare(vm):
    """As many loop devices as anybody could want, and room for what the load writes."""
    vm.boot()
    vm.run("rm -rf /srv/many /srv/over /srv/nest /srv/frozen* /srv/suspended* /srv/stubborn.* "
           "/srv/lvm/writer.* /srv/lvm/container.*; sync")


def space(vm):
    return subprocess.run(["du", "-sh", vm.folder], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.split()[0]
