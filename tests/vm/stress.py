# SPDX-License-Identifier: GPL-2.0-or-later
"""
What may be going on in a machine when it jumps: a random load, drawn from a seed, and a
jump out of it. The same disk is booted again for the next one.
"""

import random
import subprocess

from machine import Filesystem, Machine
from payload import make_payload

TOOL = "/mnt/payload/pivot-kexec"
TREE = "/mnt/payload/result"

# Three programs for each of hundreds of mounts take minutes in an emulated machine.
ATTACH = r"""
use constant { SYS_mount => 165, MS_BIND => 4096 };
sub attach {
    my ($source, $place, $type, $flags, $options) = @_;
    $options //= "";
    syscall(SYS_mount, $source, $place, $type, $flags, $options) == 0 or die "$place: $!";
}
"""

NESTED = ATTACH + r"""
my $nest = "/srv/nest";
mkdir($nest) or die $!;
attach("nest", $nest, "tmpfs", 0);
for my $place (map { "$nest/$_" } 1 .. $ARGV[0]) {
    mkdir($place) && mkdir("$place/below") && mkdir("$place/bound") or die $!;
    attach("below", "$place/below", "tmpfs", 0);
    attach("/srv/lvm", "$place/bound", "none", MS_BIND);
}
"""

# As "mount -o loop" does; see linux/loop.h. It runs before others, since systemd reads the
# whole list of mounts again after each.
LOOP_MOUNTS = ATTACH + r"""
use constant { LOOP_CTL_GET_FREE => 0x4C82, LOOP_CONFIGURE => 0x4C0A, LO_FLAGS_AUTOCLEAR => 4,
               BLOCK => 4096 };
open(my $control, "+<", "/dev/loop-control") or die $!;
open(my $template, "<", "/srv/many.img") or die $!;
my %block;
for (my $at = 0; sysread($template, my $block, BLOCK); $at += BLOCK) {
    $block{$at} = $block if $block =~ /[^\0]/;
}
mkdir("/srv/many") or die $!;
for my $place (map { "/srv/many/$_" } 1 .. $ARGV[0]) {
    open(my $image, "+>", "$place.img") or die $!;
    for (keys %block) { sysseek($image, $_, 0); syswrite($image, $block{$_}) or die $! }
    truncate($image, -s $template) && mkdir($place) or die $!;
    my $device = "/dev/loop" . int(ioctl($control, LOOP_CTL_GET_FREE, 0));
    open(my $loop, "+<", $device) or die $!;
    my $config = pack("L2 x52 L x176 x64", fileno($image), 0, LO_FLAGS_AUTOCLEAR);
    ioctl($loop, LOOP_CONFIGURE, $config) or die "$device: $!";
    attach($device, $place, "ext4", 0);
}
"""

# Each is a shell command with a {count}; (what it is called, least, most, command[, what it
# reads]). They leave processes of their own behind, outside of any service.
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
    ("tmpfs and bind mounts, nested", 5, 60, "perl - {count}", NESTED),
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
        modprobe loop
        truncate -s 1M /srv/many.img; mkfs.ext4 -qF /srv/many.img
        trap 'udevadm control --start-exec-queue' EXIT; udevadm control --stop-exec-queue
        chrt --fifo 1 perl - {count}""", LOOP_MOUNTS),
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


# Filesystems of the load, where it had them: the frozen one, some of the many.
IMAGES = ["/srv/frozen.img", *(f"/srv/many/{number}.img" for number in (1, 20, 270))]


class StressedMachine(Machine):
    """Switched off and on again with the same disks."""

    def disk_problems(self):
        found = super().disk_problems()
        for image in IMAGES:
            copy = self.folder / "load.img"
            copy.unlink(missing_ok=True)
            if self.read_file(image, copy):
                found += [f"{image}: {problem}" for problem in Filesystem(copy).problems()]
        return found

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
    """[(what, count, command...)] of one jump, in an order of its own, and its takeover."""
    draw = random.Random(seed)
    loads = draw.sample(LOADS, draw.randint(3, 7))
    return ([(what, draw.randint(least, most), *command) for what, least, most, *command in loads],
            draw.choice(["systemd", "seize"]))


def put_on(vm, loads):
    for _, count, command, *script in loads:
        vm.run("set -e\n" + command.format(count=count), input="".join(script), timeout=300)


def jump(vm, nonce, takeover):
    vm.run(f"{TOOL} --delay 1 --takeover={takeover} {TREE}", timeout=300)
    vm._wait("end of the jump", 600, lambda: f"nonce={nonce}" in vm.verdict_text() or vm.resets())
    assert vm.resets() == 0, "the machine was reset"
    vm.wait_end()
    assert vm.resets() == 0, "the machine was reset"


def make_stress_payload(folder):
    return make_payload(folder, append="target.stay=5")


# Else systemd runs an umount(8) for each, hundreds at once, and leaves none to its own end
# or to our init; udev looks into each loop device several times; and who ignores SIGTERM is
# waited for one and a half minutes.
QUICK = """
test -e /etc/udev/rules.d/00-stress.rules && exit
for mounts in many nest over; do
    mkdir -p /etc/systemd/system/srv-$mounts-.mount.d
    printf '[Unit]\\nDefaultDependencies=no\\n' \
        > /etc/systemd/system/srv-$mounts-.mount.d/stress.conf
done
echo 'KERNEL=="loop*", OPTIONS+="nowatch", ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}="1"' \
    > /etc/udev/rules.d/00-stress.rules
mkdir -p /etc/systemd/system.conf.d
printf '[Manager]\\nDefaultTimeoutStopSec=10s\\n' > /etc/systemd/system.conf.d/stress.conf
systemctl daemon-reexec
"""


def prepare(vm):
    """What makes the load quick, and room for what it writes."""
    vm.boot()
    vm.run(QUICK)
    vm.run("rm -rf /srv/many /srv/over /srv/nest /srv/frozen* /srv/suspended* /srv/stubborn.* "
           "/srv/lvm/writer.* /srv/lvm/container.*; sync")


def space(vm):
    return subprocess.run(["du", "-sh", vm.folder], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.split()[0]
