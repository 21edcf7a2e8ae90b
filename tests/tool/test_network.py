# SPDX-License-Identifier: GPL-2.0-or-later
"""
How this machine is connected, beside Debian's own ip, in namespaces that are gone when
their script ends. tests/vm has what this kernel may not be built with.
"""

import configparser
import ctypes
import json
import os
import re
import struct
import subprocess
import time
from pathlib import Path

import pytest

import hostile
import networks

TOP = Path(__file__).resolve().parents[2]
TOOL = TOP / "build/pivot-kexec"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for namespaces")


def run(script, **options):
    result = subprocess.run(["bash", "-ec", script], capture_output=True, text=True,
                            timeout=60, **options)
    assert result.returncode == 0 and not result.stderr, result.stderr
    return result.stdout


@pytest.mark.parametrize("name", networks.ANYWHERE)
def test_prints_what_ip_prints(name):
    output = run(networks.script(name, TOOL))
    assert networks.compare(output) == []
    if name != "nothing":
        assert any(len(json.loads(line)) > 3 for line in output.splitlines())


@pytest.mark.parametrize("view", networks.VIEWS)
def test_is_no_other_for_jq(view):
    """As anybody may see on his machine."""
    run(f"diff <(ip --json {view} | jq -S .) <({TOOL} network --json {view} | jq -S .)")


def test_prints_files_of_networkd():
    """networkd has nothing that checks them: see that they are of its syntax, at least."""
    text = run(f"{TOOL} network --networkd")
    parts = re.split(r"^# /etc/systemd/network/(\S+)\n", text, flags=re.M)
    assert parts[0] == ""
    for name, file in zip(parts[1::2], parts[2::2]):
        assert re.fullmatch(r"30-pivot-\S+\.(network|netdev)", name)
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str
        parser.read_string(file)
        assert parser.sections()[0] in ("Match", "NetDev")


def test_says_which_links_have_no_files():
    result = subprocess.run(["unshare", "-n", "bash", "-es"], text=True, capture_output=True,
                            input=networks.ADDRESSES + f"{TOOL} network --networkd")
    assert result.returncode == 0
    assert result.stderr == ("pivot-kexec: left out, as these files have no word for them: "
                             "vb, va\n")
    assert "Name=lo\n" in result.stdout and "Address=203.0.113.2/32\n" in result.stdout


# check refuses where this machine's kernel has no kexec, as its exit code then says: what it found
# is asserted. More routes than travel, most of them learned; one of a neighbour that leads everywhere.
ROUTER = """
ip link add name va type veth peer name vb
ip link set va up
ip link set vb up
ip addr add 192.0.2.10/24 dev va
ip route add default via 192.0.2.1 proto bgp
ip route add 198.51.100.0/24 via 192.0.2.1 proto static
for i in $(seq 0 10049); do
	echo "route add 10.$((i / 250)).$((i % 250)).0/24 via 192.0.2.1 proto bird"
done | ip -batch -
{tool} check --json {tree} || true
echo
{tool} network --json route
{tool} plan --json {tree} 2>/dev/null
"""


def test_takes_what_a_router_has_learned_along_as_far_as_is_sane(tmp_path):
    hostile.tree(tmp_path / "tree")
    text = run("unshare -n bash -es", input=ROUTER.format(tool=TOOL, tree=tmp_path / "tree"))
    decoder, values = json.JSONDecoder(), []
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        values.append(value)
        text = text[end:]
    check, routes, plan = values
    warned = {finding["id"]: finding["text"] for finding in check["findings"]}
    assert "the default ones travel alone, and 10050 stay here" in warned["routes"]
    assert len(routes) == 10053, "all that ip prints"
    bytes_of = {file["path"]: file["bytes"] for file in plan["appended"]["files"]}
    assert 0 < bytes_of["routes-v4.json"] < 1000
    assert not any("30-pivot" in path and size > 2000 for path, size in bytes_of.items())


class Filter(ctypes.Structure):
    """struct sock_fprog, and what it points to."""
    _fields_ = [("n", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def never_send():
    """From now on sendto(2) waits for an answer that nobody gives: seccomp_unotify(2)."""
    set_no_new_privs, seccomp, set_mode_filter, new_listener, sendto = 38, 317, 1, 8, 44
    load, equal, give, ask, allow = 0x20, 0x15, 0x06, 0x7fc00000, 0x7fff0000
    code = struct.pack("HBBI" * 4, load, 0, 0, 0, equal, 0, 1, sendto, give, 0, 0, ask,
                       give, 0, 0, allow)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(set_no_new_privs, 1, 0, 0, 0) == 0
    listener = libc.syscall(seccomp, set_mode_filter, new_listener,
                            ctypes.byref(Filter(4, code)))
    assert listener >= 0, os.strerror(ctypes.get_errno())
    os.set_inheritable(listener, True)


def test_does_not_wait_for_a_kernel_that_does_not_answer(tmp_path):
    """As where a driver hangs that has the lock of all interfaces: tests/vm has that, too."""
    hostile.tree(tmp_path / "tree")
    start = time.monotonic()
    result = subprocess.run([TOOL, "check", "--json", tmp_path / "tree"], text=True,
                            capture_output=True, timeout=60, close_fds=False,
                            preexec_fn=never_send)
    assert 14 < time.monotonic() - start < 25
    found = {finding["id"]: finding["text"] for finding in json.loads(result.stdout)["findings"]}
    assert "as where a driver hangs: nothing of it travels" in found["network-unread"]
    assert "addrs.json" not in found.get("keep-network", "")


def test_sees_a_difference():
    """Else the others would prove nothing."""
    lines = run(networks.script("routes-v4", TOOL)).splitlines()
    lines[3] = lines[3].replace('"metric":100,', "")
    assert networks.compare("\n".join(lines)) == ["-4 route[1].metric: 100 and None"]


# As above, check may refuse for another reason: what it says of ip= is asserted.
WAY_OUT = """
ip link add name eth0 type veth peer name peer
ip link set peer up
ip link set eth0 up
ip addr add 192.0.2.7/24 dev eth0
ip route add default via 192.0.2.1
{tool} check --ip=ens3 {tree} || true
{tool} check --ip --append ip=dhcp {tree} || true
"""


def test_puts_the_way_out_before_the_command_line(tmp_path):
    hostile.tree(tmp_path / "tree")
    text = run("unshare -n bash -es", input=WAY_OUT.format(tool=TOOL, tree=tmp_path / "tree"))
    assert "put before the command line: ip=192.0.2.7::192.0.2.1:255.255.255.0::ens3:none" in text
    assert "has an ip= of its own: leave --ip out" in text
