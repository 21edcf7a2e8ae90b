# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a server stacks on its network cards is taken apart top down, and its watchdogs do
not bark in the target.
"""

import json
import re
import shutil
import time

import pytest

import networks

from booted import booted
from console import said
from payload import BINARY, add_modules, make_payload
from restored import lasting, views

TOOL = "/mnt/payload/pivot-kexec"
TREE = "/mnt/payload/result"

HEARTBEAT_S = 10
STAY_S = 3 * HEARTBEAT_S  # of the target

CARDS = 3
# What the watchdogs do is told and not done: the machine runs on.
EXTRA = ["-device", "i6300esb", "-device", "i6300esb", "-action", "watchdog=none",
         "-device", "ipmi-bmc-sim,id=bmc", "-device", "isa-ipmi-kcs,bmc=bmc,irq=0"]
for card in range(CARDS):
    EXTRA += ["-netdev", f"hubport,id=net{card},hubid=1",
              "-device", f"virtio-net-pci,netdev=net{card}"]

# eth0 carries ssh; the names are the kernel's own, in the order of the slots.
STACK = """
set -e
modprobe -a bonding 8021q bridge tun vxlan wireguard ip_gre sit
ip link add bond0 type bond mode active-backup
for card in eth1 eth2; do
	ip link set $card down
	ip link set $card master bond0
done
ip link set bond0 up
ip link add link bond0 name bond0.10 type vlan id 10
ip link set bond0.10 up
ip link add br0 type bridge
ip tuntap add tap0 mode tap
ip link set bond0.10 master br0
ip link set tap0 master br0
ip link set tap0 up
ip link set br0 up
ip link add vxlan7 type vxlan id 7 dev bond0 dstport 4789
ip link set vxlan7 up
ip link add wg0 type wireguard
ip link set wg0 up
ip link add gre1 type gre remote 10.0.2.2 local 10.0.2.15
ip link set gre1 up
ip link set sit0 up
ip netns add blue
ip link add outside type veth peer name inside
ip link set inside netns blue
ip link set eth3 netns blue
ip -n blue link set inside up
ip -n blue link set eth3 up
ip link set outside up
"""

# Opening starts them; who has them open feeds them, and ends without a farewell. One of
# the two cards gets nowayout, and locks itself. The BMC's comes before the cards, since
# it is no good but as /dev/watchdog.
WATCHDOGS = rf"""
set -e
rmmod i6300esb
modprobe -a ipmi_si ipmi_watchdog
modprobe i6300esb heartbeat={HEARTBEAT_S}
cd /sys/class/watchdog
set -- $(grep -l i6300ESB */identity | cut -d/ -f1)
echo 1 > $2/nowayout
setsid -f perl -MIO::Handle -e '
	my @dogs = map {{ open(my $dog, ">", "/dev/$_") or die; $dog }} @ARGV;
	while (1) {{
		for (@dogs) {{ print $_ "\0"; $_->flush }}
		select(undef, undef, undef, 1);
	}}' $1 $2 watchdog < /dev/null > /dev/null 2>&1
for _ in $(seq 50); do grep -q ^active $2/state && break; sleep 0.1; done
grep -q ^active $1/state
grep -q ^active $2/state
echo $1 $2
"""

# reboot(LINUX_REBOOT_CMD_KEXEC), and nothing before it
BARE_JUMP = r"""
set -e
/mnt/payload/kexec-image load {tree}/bzImage {tree}/initrd.gz '{command_line}'
setsid -f sh -c 'sleep 1; exec perl -e "
	syscall(169, 0xfee1dead, 672274793, 0x45584543, 0)"' < /dev/null > /dev/null 2>&1
"""


@pytest.fixture
def payload(tmp_path):
    nonce = make_payload(tmp_path, append=f"target.stay={STAY_S}")
    return tmp_path, nonce


def barks(vm):
    """How often a watchdog found that nobody fed it."""
    if vm.qmp:
        vm.qmp.command("query-status")
        vm.events = vm.qmp.events
    return sum(event["event"] == "WATCHDOG" for event in vm.events)


def arm(vm):
    """Gives the names of the watchdog that can be stopped and of the one that cannot."""
    names = vm.read(WATCHDOGS).split()
    time.sleep(2 * HEARTBEAT_S)
    assert barks(vm) == 0, "they are not fed"
    return names


def order(story):
    """The interfaces in the order in which they were done with."""
    return re.findall(r"^ +(?:deleted )?(\S+) (?:is down|\(.*\))$", story, re.M)


def assert_before(names, *expected):
    positions = [names.index(name) for name in expected]
    assert positions == sorted(positions), names


def assert_taken_apart(story):
    names = order(story)
    assert_before(names, "br0", "bond0.10", "bond0", "eth1")
    assert_before(names, "br0", "tap0", "eth0")
    assert_before(names, "vxlan7", "bond0", "eth2")
    for name in ("br0 (bridge on ", "bond0.10 (vlan on bond0)", "vxlan7 (vxlan on bond0)",
                 "bond0 (bond on eth1, eth2)", "wg0 (wireguard)", "tap0 (", "gre1 ("):
        assert f"deleted {name}" in story, story
    for name in ("sit0", "gre0", "eth0", "inside"):
        assert f"deleted {name}" not in story, "no longer a fallback or a card?"
    assert "cannot take" not in story and "cannot delete" not in story, story


def test_takes_a_server_s_network_apart_and_disarms_its_watchdogs(payload):
    folder, nonce = payload
    with booted(payload=folder, extra=EXTRA) as vm:
        vm.run(STACK)
        mild, strict = arm(vm)
        start = len(vm.console_text())
        plan = vm.read(f"{TOOL} plan {TREE}")
        assert re.search(r"delete +bond0 +bond on eth1, eth2$", plan, re.M), plan
        assert re.search(rf"disarm +{mild} +i6300ESB timer$", plan, re.M), plan
        vm.run(f"{TOOL} --takeover=seize {TREE}")
        vm.wait_verdict(nonce, timeout=240)
        vm.wait_end(STAY_S + 60)
        story = "\n".join(said(vm.console_text()[start:]))
        assert_taken_apart(story)
        assert "watchdog (ipmi_watchdog) is disarmed" in story, story
        assert f"{mild} (i6300ESB timer) is disarmed" in story, story
        assert f"{strict} (i6300ESB timer) cannot be stopped" in story, story
        assert "the target has up to 600 s to take it over" in story, story
        assert " 0 left running" in story, story
        assert barks(vm) == 0, "a watchdog would have reset the target"
        assert vm.resets() == 0


def test_a_jump_that_disarms_nothing_is_barked_at(payload):
    """So that the silence above means something."""
    folder, nonce = payload
    command_line = f"console=ttyS0,115200 target.nonce={nonce} target.stay={STAY_S}"
    with booted(payload=folder, extra=EXTRA) as vm:
        arm(vm)
        vm.run(BARE_JUMP.format(tree=TREE, command_line=command_line))
        vm.wait_verdict(nonce, timeout=240)
        vm.wait_end(STAY_S + 60)
        # the kernel itself stops the other card at every reboot, and a kexec is one
        assert barks(vm) == 1


def test_says_of_bonds_and_vlans_and_tunnels_what_iproute2_says(tmp_path):
    """And of all else that tests/tool compares, on another kernel."""
    shutil.copy(BINARY, tmp_path)
    with booted(payload=tmp_path) as vm:
        for name in networks.ALL:
            output = vm.run("bash -es", input=networks.script(name, TOOL)).stdout
            assert networks.compare(output) == [], name


# A driver that hangs while it has the lock that every dump takes.
HOLD_S = 45
HELD = f"""
set -e
insmod /mnt/payload/modules/stuck.ko
setsid -f sh -c 'echo {HOLD_S} > /sys/module/stuck/parameters/rtnl' </dev/null >/dev/null 2>&1
sleep 1
cd /mnt/payload
timeout {HOLD_S - 5} ./pivot-kexec check --json result
! timeout {HOLD_S - 5} ./pivot-kexec network --json addr 2>&1 || exit 1
"""


def test_goes_on_without_a_network_that_the_kernel_does_not_tell(payload):
    folder, _ = payload
    add_modules(folder)
    with booted(payload=folder) as vm:
        check, said = vm.read(HELD, timeout=90).rsplit("\n", 1)
        check = json.loads(check)
        assert check["verdict"] == "clear", check
        found = {finding["id"]: finding["text"] for finding in check["findings"]
                 if finding["severity"] == "warn"}
        assert "where a driver hangs: nothing of it travels" in found["network-unread"], found
        assert "addrs.json" not in json.dumps(check)
        assert said == "pivot-kexec: cannot read the network of this machine: Connection timed out"


def write_files(vm, text):
    for part in text.split("# /etc/systemd/network/")[1:]:
        name, file = part.split("\n", 1)
        vm.run(f"cat > /etc/systemd/network/{name}", input=file)


def network(vm):
    return lasting(views(vm, f"{TOOL} network"))


def test_files_of_networkd_make_the_same_network_again(tmp_path):
    shutil.copy(BINARY, tmp_path)
    with booted(payload=tmp_path, extra=EXTRA) as vm:
        vm.run("bash -es", input=networks.SERVER)
        printed = vm.run(f"{TOOL} network --networkd")
        assert "left out, as these files have no word for them: docker0\n" in printed.stderr
        vm.run("bash -es", input="ip link del docker0\nip route del 10.6.0.0/16\n")
        before = network(vm)
        vm.run("bash -es", input=networks.SERVER_GONE.replace(" docker0", ""))
        assert network(vm) != before
        write_files(vm, printed.stdout)
        vm.run("systemctl restart systemd-networkd")
        deadline = time.monotonic() + 90
        while network(vm) != before and time.monotonic() < deadline:
            time.sleep(2)
        assert network(vm) == before, vm.read("journalctl -b -u systemd-networkd")
        assert vm.read(f"{TOOL} network --networkd") == printed.stdout.rstrip("\n")
