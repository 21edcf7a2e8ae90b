# SPDX-License-Identifier: GPL-2.0-or-later
"""
Networks to compare with what iproute2 says of them: scripts for a namespace that has
nothing but lo, which is down. $1 is a process in a second namespace.

As a program: networks.py --record FOLDER [NAME]... records them for the unit tests, as
root and with iproute2 of Debian 12: NAME.dumps and what ip says of it.
"""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]

ADDRESSES = """
ip link set lo up
ip link add name va type veth peer name vb
ip link set va up
ip link set vb up
ip addr add 192.0.2.10/24 dev va
ip addr add 192.0.2.11/24 brd + dev va label va:more
ip addr add 192.0.2.12/25 brd 192.0.2.127 dev va metric 77
ip addr add 198.51.100.1 peer 198.51.100.2/32 dev va
ip addr add 198.51.100.3/30 dev va noprefixroute scope link
ip addr add 203.0.113.1/32 dev lo scope host
ip addr add 203.0.113.2/32 dev lo
ip addr add 203.0.113.9/28 dev vb valid_lft 3000 preferred_lft 2000
ip addr add 203.0.113.10/28 dev vb valid_lft 3000 preferred_lft 0
ip addr add 203.0.113.40/28 dev vb scope 42
ip addr add 239.1.2.3/32 dev va autojoin
ip addr add 2001:db8::1/64 dev va
ip addr add 2001:db8::2/64 dev va nodad
ip addr add 2001:db8::3/128 dev va home nodad preferred_lft 0
ip addr add 2001:db8:1::1/64 dev va valid_lft 5000 preferred_lft 4000 mngtmpaddr nodad
ip addr add 2001:db8:1::2/64 dev va valid_lft 5000 preferred_lft 0 noprefixroute
ip addr add 2001:db8:2::1 peer 2001:db8:2::2/128 dev va metric 5
ip addr add 2001:db8:3::1/64 dev va optimistic
ip addr add ff05::123/128 dev va autojoin
"""

# They stay so, for as long as is needed here.
TENTATIVE = """
ip link add name va type veth peer name vb
ip link add name vc type veth peer name vd
for link in va vb vc; do echo 100 > /proc/sys/net/ipv6/conf/$link/dad_transmits; done
for link in va vb vc; do ip link set $link up; done
ip addr add 2001:db8::1/64 dev va
ip addr add 2001:db8::2/64 dev vc
"""

ROUTES_V4 = """
ip link set lo up
ip link add name va type veth peer name vb
ip link add name vc type veth peer name vd
ip link add name ve type veth peer name vf
for link in va vb vc vd ve; do ip link set $link up; done
ip addr add 192.0.2.10/24 dev va
ip addr add 192.0.2.11/24 dev va
ip addr add 198.51.100.10/24 dev vc
ip addr add 203.0.113.10/24 dev ve
ip route add default via 192.0.2.1
ip route add default via 192.0.2.2 metric 100 proto dhcp src 192.0.2.11
ip route add default via 172.31.1.1 dev va onlink metric 200 proto static
ip route add 172.31.1.1 dev va scope link
ip route add 10.1.0.0/16 via inet6 fe80::1 dev va
ip route add 10.2.0.0/16 via 192.0.2.1 mtu lock 1400 advmss 1300 window 9000 rtt 200ms \\
	rttvar 50ms initcwnd 20 initrwnd 30 quickack 1 features ecn ssthresh 40 cwnd lock 50 \\
	reordering 5 hoplimit 7 rto_min 300ms congctl reno fastopen_no_cookie 1
ip route add 10.3.0.0/16 nexthop via 192.0.2.1 weight 3 nexthop via 198.51.100.1 dev vc \\
	nexthop via 172.16.0.1 dev va onlink nexthop via inet6 fe80::5 dev vc weight 256
ip route add 10.4.0.0/16 proto bird nexthop via 203.0.113.1 nexthop via 198.51.100.1
ip route add 10.5.0.0/16 dev va scope link proto ra
ip route add 10.6.0.0/16 dev va scope host proto 77
ip route add 10.6.1.0/24 dev va scope 42 proto openr
ip route add 10.7.0.0/16 via 192.0.2.1 tos 0x10
ip route add 10.7.0.0/16 via 192.0.2.1 tos 0x08 metric 9
ip route add 10.8.0.0/16 via 192.0.2.1 realm 5
ip route add 10.8.1.0/24 via 192.0.2.1 realms 7/8
ip route add 10.8.2.0/24 nexthop via 192.0.2.1 realm 9 nexthop via 198.51.100.1
ip route add 10.9.9.9 via 192.0.2.1
ip route add unreachable 10.10.0.0/16
ip route add blackhole 10.11.0.0/16 metric 4000
ip route add prohibit 10.12.0.0/16
ip route add throw 10.13.0.0/16
ip route add local 10.14.0.0/16 dev lo table main
ip route add broadcast 10.15.255.255 dev va table main
ip route add multicast 239.0.0.0/8 dev va
ip route add 10.16.0.0/16 via 203.0.113.1
ip nexthop add id 1 via 192.0.2.1 dev va
ip nexthop add id 2 via 198.51.100.1 dev vc
ip nexthop add id 10 group 1,5/2,7
ip route add 10.17.0.0/16 nhid 1
ip route add 10.18.0.0/16 nhid 10
ip route add 10.99.0.0/16 via 192.0.2.1 table 99
ip route add default via 192.0.2.77 table default
ip rule add from 192.0.2.11 table 99
"""

# What has no carrier any more, and what is down.
DEAD = ROUTES_V4 + """
ip link set dev vf down
ip link set vd down
ip -6 route add 2001:db8:9::/64 dev ve metric 3
"""

ROUTES_V6 = """
ip link set lo up
ip link add name va type veth peer name vb
ip link add name vc type veth peer name vd
for link in va vb vc vd; do ip link set $link up; done
ip addr add 2001:db8::10/64 dev va nodad
ip addr add 2001:db8:1::10/64 dev vc nodad
ip -6 route add default via fe80::1 dev va proto ra metric 1024 expires 1800 pref high
ip -6 route add default via 2001:db8::1 metric 2048 pref low
ip -6 route add default metric 4096 nexthop via 2001:db8::1 weight 5 nexthop via 2001:db8:1::1
ip -6 route add 2001:db8:10::/48 via 2001:db8::1 src 2001:db8::10 proto static mtu 1400 \\
	advmss 1200 hoplimit 33
ip -6 route add 2001:db8:11::/48 via fe80::9 dev vc onlink
ip -6 route add 2001:db8:12::/48 from 2001:db8::/64 via 2001:db8::1
ip -6 route add 2001:db8:12:1::/64 from 2001:db8::10 via 2001:db8::1
ip -6 route add 2001:db8:13::5 dev va
ip -6 route add unreachable 2001:db8:14::/48
ip -6 route add blackhole 2001:db8:15::/48
ip -6 route add prohibit 2001:db8:16::/48
ip -6 route add throw 2001:db8:17::/48
ip -6 route add local 2001:db8:18::1 dev lo table main
ip -6 route add 2001:db8:19::/48 dev va proto kernel expires 100
ip -6 route add 2001:db8:20::/48 proto bird nexthop via fe80::1 dev va nexthop via fe80::2 \\
	dev vc weight 9
ip -6 route add multicast ff0e::/16 dev va
ip -6 nexthop add id 1 via 2001:db8::7 dev va
ip -6 nexthop add id 2 via fe80::7 dev vc
ip nexthop add id 10 group 1/2,3
ip -6 route add 2001:db8:21::/48 nhid 1
ip -6 route add 2001:db8:22::/48 nhid 10
ip -6 route add 2001:db8:99::/48 via 2001:db8::1 table 99
ip -6 rule add from 2001:db8::10 table 99
ip link set vd down
"""

LINKS = """
ip link set lo up
ip link add name va type veth peer name vb
ip link set va up
ip link set vb up group 7 mtu 1280 alias 'a "link"'
ip link property add dev va altname another-name altname ensomething0
ip link add name away type veth peer name far
ip link set far netns $1
ip link set away up
ip link add name br0 type bridge stp_state 1
ip link add name vc type veth peer name vd
ip link set vc master br0 up
ip link set br0 up promisc on
ip link add link vb name mv0 type macvlan mode bridge
ip link add link vd name mv1 type macvlan mode private
ip link set mv1 address 02:00:00:00:00:77
ip link set vd up
ip link set mv1 up
ip link set vd down
ip link add link va name mvt0 type macvtap
ip link add name ifb7 type ifb
ip link set ifb7 txqueuelen 0 arp off multicast off
ip tuntap add mode tun tun7
ip addr add 10.200.0.1 peer 10.200.0.2/32 dev tun7
ip link set tun7 up
ip tuntap add mode tap tap7
ip link add name vx0 type vxlan id 3 dstport 4789 local 192.0.2.1 dev va
ip link set dev mv0 protodown on
ip link set dev mv0 protodown_reason 3 on
ip link set vb allmulticast on
"""

# What not every kernel is built with.
STACK = """
ip link set lo up
ip link add name dummy0 type dummy
ip link set dummy0 up
ip addr add 192.0.2.200/32 dev dummy0
ip link add name va type veth peer name vb
ip link add name vc type veth peer name vd
ip link add name bond7 type bond mode 802.3ad miimon 100 lacp_rate fast \\
	xmit_hash_policy layer3+4
ip link set va master bond7
ip link set vc master bond7
for link in va vb vc vd bond7; do ip link set $link up; done
ip link add link bond7 name bond7.10 type vlan id 10
ip link add link bond7 name service type vlan id 11 protocol 802.1ad
ip link set bond7.10 up mtu 1400
ip addr add 192.0.2.10/24 dev bond7.10
ip addr add 2001:db8::10/64 dev bond7.10 nodad
ip route add default via 192.0.2.1
ip -6 route add default via fe80::1 dev bond7.10
ip link add name br0 type bridge stp_state 1 vlan_filtering 1 forward_delay 200
ip link set service master br0 up
ip link set br0 up
ip addr add 198.51.100.10/24 dev br0
ip link add name vrf0 type vrf table 10
ip link set vrf0 up
ip link add name ve type veth peer name vf
ip link set ve master vrf0 up
ip addr add 203.0.113.10/24 dev ve
ip link add name tun4 type ipip local 192.0.2.10 remote 192.0.2.20
ip link set tun4 up
ip addr add 10.200.0.1 peer 10.200.0.2 dev tun4
ip link add name gre4 type gre local 192.0.2.10 remote 192.0.2.20 ttl 64
ip link add name six4 type sit local 192.0.2.10 remote 192.0.2.20
ip link add name gre6 type ip6gre local 2001:db8::10 remote 2001:db8::20
ip link add name ip6 type ip6tnl local 2001:db8::10 remote 2001:db8::20
ip link add link dummy0 name mv0 type macvlan mode bridge
ip link add link vf name ipv0 type ipvlan mode l2
"""

# For a machine of its own: eth0 has its address by DHCP, eth1 to eth3 are free.
SERVER = """
ip link add name bond0 type bond mode active-backup miimon 100 updelay 200 \
	primary_reselect failure
for card in eth1 eth2; do
	ip link set $card down
	ip link set $card master bond0
done
ip link set bond0 type bond primary eth2
ip link set bond0 up
ip link add link bond0 name bond0.10 type vlan id 10
ip link set bond0.10 up mtu 1400
ip addr add 192.0.2.10/24 dev bond0.10
ip addr add 192.0.2.11/24 dev bond0.10
ip addr add 2001:db8::10/64 dev bond0.10
ip route add default via 192.0.2.1 metric 500
ip route add 10.1.0.0/16 via 192.0.2.1 src 192.0.2.11 mtu 1300 proto static
ip route add 10.2.0.0/16 via inet6 fe80::1 dev bond0.10 proto static
ip route add 10.3.0.0/16 proto static nexthop via 192.0.2.2 dev bond0.10 weight 3 \
	nexthop via 192.0.2.3 dev bond0.10
ip -6 route add default via fe80::1 dev bond0.10 metric 2000
ip link add name br0 type bridge stp_state 1 forward_delay 400 priority 4096 vlan_filtering 1
ip link set eth3 master br0 up
ip link set br0 up
bridge vlan del vid 1 dev eth3
bridge vlan add vid 7 dev eth3 pvid untagged
bridge vlan add vid 20-22 dev eth3
bridge vlan add vid 30 dev eth3
bridge vlan add vid 7 dev br0 self pvid untagged
ip addr add 198.51.100.10/32 dev br0
ip route add 172.31.1.1 dev br0 scope link proto static
ip route add 10.4.0.0/16 via 172.31.1.1 dev br0 onlink proto static
ip addr add 198.51.100.20 peer 198.51.100.21/32 dev br0
ip link add name dummy0 type dummy
ip link set dummy0 up
ip addr add 203.0.113.1/32 dev dummy0
ip addr add 203.0.113.2/32 dev lo
ip route add blackhole 10.5.0.0/16 proto static
ip route add 10.6.0.0/16 via 192.0.2.4 proto bird
ip link add name docker0 type bridge
ip addr add 172.17.0.1/16 dev docker0
ip link set docker0 up
"""
# And all of it gone again.
SERVER_GONE = """
for link in bond0.10 bond0 br0 dummy0 docker0; do ip link del $link; done
for card in eth1 eth2 eth3; do ip link set $card down; done
ip addr del 203.0.113.2/32 dev lo
ip route del blackhole 10.5.0.0/16
"""

# For a machine whose eth0 stands before QEMU's user network, and has had its address by DHCP. All
# of it is what the installer of nixos-images makes again.
STATIC = """
systemctl stop systemd-networkd.socket systemd-networkd
ip -4 addr flush dev eth0
ip -6 addr flush dev eth0 scope global
for address in 10.0.2.15/24 10.0.2.16/24 192.0.2.10/32 fec0::15/64 fec0::16/64 2001:db8::10/128; do
	ip addr add $address dev eth0
done
ip route add default via 10.0.2.2
ip route add 172.31.1.1 dev eth0 proto static
ip route add 10.1.0.0/16 via 172.31.1.1 proto static
ip route add 10.2.0.0/16 via 172.31.9.9 dev eth0 onlink proto static
ip route add 10.3.0.0/16 via inet6 fe80::2 dev eth0 proto static
ip -6 route add default via fe80::2 dev eth0
ip -6 route add 2001:db8:1::/48 via fec0::2 proto static
ip -6 route add 2001:db8:2::1 dev eth0 proto static
ip -6 route add 2001:db8:3::/48 via 2001:db8:2::1 proto static
ip link set eth1 up
ip addr add 203.0.113.5/24 dev eth1
ip route add 10.4.0.0/16 via 203.0.113.1 proto static
"""

# The same machine, with more cards: one reaches the user network by a bridge, over a bond.
STACKED = """
systemctl stop systemd-networkd.socket systemd-networkd
modprobe -a bonding 8021q bridge
echo 0 >/proc/sys/net/ipv6/conf/default/accept_ra
ip -4 addr flush dev eth0
ip link add name bond0 type bond mode active-backup miimon 100
for card in eth0 eth1; do
	ip link set $card down
	ip link set $card master bond0
done
ip link set bond0 type bond primary eth0
ip link add name br0 type bridge
ip link set bond0 master br0 up
ip link set br0 up
ip addr add 10.0.2.15/24 dev br0
ip addr add fec0::15/64 dev br0
ip route add default via 10.0.2.2 proto static
ip -6 route add default via fec0::2 proto static
ip link add link br0 name br0.10 type vlan id 10
ip link set br0.10 up mtu 1400
ip addr add 192.0.2.10/24 dev br0.10
ip addr add 2001:db8::10/64 dev br0.10
ip route add 10.1.0.0/16 via 192.0.2.1 proto static mtu 1300
ip -6 route add 2001:db8:1::/48 via 2001:db8::1 proto static
ip link set eth2 mtu 9000 up
ip link add link eth2 name storage type vlan id 20
ip link set storage up
ip addr add 198.51.100.10/24 dev storage
udevadm settle
printf '%s\\n' 'search example.org' 'nameserver 10.0.2.3' 'nameserver fec0::3' >/etc/resolv.conf
"""

ANYWHERE = {"nothing": "", "addresses": ADDRESSES, "tentative": TENTATIVE, "links": LINKS,
            "routes-v4": ROUTES_V4, "dead": DEAD, "routes-v6": ROUTES_V6}
ALL = {**ANYWHERE, "stack": STACK}

VIEWS = ("addr", "-4 route", "-6 route")
QUOTED_VIEWS = " ".join(f"'{view}'" for view in VIEWS)

# Prints for each view a line of iproute2 and one of ours; both take the same words.
COMPARE = """
unshare -n sleep 100 &
far=$!
trap 'kill $far' EXIT
while [ /proc/$far/ns/net -ef /proc/self/ns/net ]; do sleep 0.1; done
unshare -n bash -es $far <<'END'
{setup}
for _ in $(seq {patience}); do ip -6 addr show tentative | grep -q . || break; sleep 0.1; done
{before}
for view in {views}; do
	ip --json $view
	{tool} network --json $view
done
END
"""

# They count down while the two programs look one after the other.
TIMES = ("valid_life_time", "preferred_life_time", "expires")
TOLERANCE_S = 1


def script(name, tool, before=""):
    """For bash, as root; without the prompts of a terminal."""
    return COMPARE.format(setup=ALL[name], tool=tool, before=before,
                          patience=0 if name == "tentative" else 50,
                          views=QUOTED_VIEWS)


def differences(left, right, where=""):
    """Where two values of JSON differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            if key not in left or key not in right:
                yield f"{where}.{key}: {left.get(key)} and {right.get(key)}"
            elif key not in TIMES or abs(left[key] - right[key]) > TOLERANCE_S:
                yield from differences(left[key], right[key], f"{where}.{key}")
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for i, pair in enumerate(zip(left, right)):
            yield from differences(*pair, f"{where}[{i}]")
    elif left != right:
        yield f"{where}: {left} and {right}"


def compare(output):
    """What the script printed: all differences."""
    lines = output.splitlines()
    assert len(lines) == 2 * len(VIEWS), output
    return [f"{view}{difference}"
            for view, left, right in zip(VIEWS, lines[::2], lines[1::2])
            for difference in differences(json.loads(left), json.loads(right))]


def build_recorder(path):
    """One static file, that runs in a machine of any distro."""
    subprocess.run(["gcc", "-static", "-O2", "-std=gnu17", "-D_GNU_SOURCE", "-I", TOP, "-o", path,
                    TOP / "tests/unit/record-network.c", TOP / "pivot/base/netlink.c",
                    TOP / "pivot/network/dumps.c"], check=True)


# For all of one second, when it comes to what counts down.
RECORD = """
for view in {views}; do ip --json $view; done
{recorder} | base64 -w0
echo
"""


def record(folder, name, recorder, tool, run):
    """run(script) gives the output; recorder and tool are paths where it runs."""
    before = RECORD.format(views=QUOTED_VIEWS, recorder=recorder)
    for _ in range(20):
        lines = run(script(name, tool, before)).splitlines()
        said, after = lines[:len(VIEWS)], lines[len(VIEWS) + 1:]
        if said == after[::2]:
            break
    else:
        sys.exit(f"{name}: something moves all the time")
    (folder / f"{name}.dumps").write_bytes(base64.b64decode(lines[len(VIEWS)]))
    (folder / f"{name}.json").write_text("\n".join(said) + "\n")


def main(folder, names):
    def run(text):
        return subprocess.run(["bash", "-ec", text], check=True, stdout=subprocess.PIPE,
                              text=True).stdout

    with tempfile.TemporaryDirectory() as work:
        recorder = f"{work}/record-network"
        build_recorder(recorder)
        for name in names or ALL:
            record(folder, name, recorder, TOP / "build/pivot-kexec", run)


if __name__ == "__main__":
    if sys.argv[1:2] != ["--record"] or len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    main(Path(sys.argv[2]), sys.argv[3:])
