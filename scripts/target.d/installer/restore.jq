# SPDX-License-Identifier: GPL-2.0-or-later
# Input: ip --json link. $addrs, $routes_v4, $routes_v6: what has come along, each in a list
# (--slurpfile). $what: "addresses -4", "routes -6" and so on: lines for ip -batch; or "dhcp".
#
# As the installer of nixos-images has it: an interface is known by its MAC address alone, and of
# a route only its destination and its gateway are taken.

def is_card: .link_type != "loopback" and .address != null;
def family: if $what | endswith("-6") then "inet6" else "inet" end;

(map(select(is_card) | {(.address): .ifname}) | add // {}) as $here
| [$addrs[0][] | select(is_card) | select($here[.address]) | . + {here: $here[.address]}] as $links
| ($links | map({(.ifname): .here}) | add // {}) as $names

# What the old system had from elsewhere it gets from there again.
| def addresses:
	$links[] | "link set \(.here) up",
	(.here as $dev | .addr_info[]
		| select(.family == family and .scope != "link" and (.dynamic | not))
		| "addr add \(.local)/\(.prefixlen) dev \($dev)");

def via: if .gateway then "via \(.gateway)" elif .via then "via \(.via.family) \(.via.host)" else "" end;
def onlink: if (.flags // []) | index("onlink") then "onlink" else "" end;

# First those through which the others' gateways are reached.
def routes:
	if family == "inet" then $routes_v4[0] else $routes_v6[0] end
	| map(select((.protocol | IN("kernel", "dhcp", "ra") | not) and $names[.dev // ""]))
	| sort_by(has("gateway") or has("via"))[]
	| "route add \(.dst) \(via) dev \($names[.dev]) \(onlink) proto static";

def dhcp:
	$links[] | .here as $dev
	| first(.addr_info[] | select(.family == "inet" and .dynamic)) | "\($dev) \(.local)";

if $what == "dhcp" then dhcp elif $what | startswith("addresses") then addresses else routes end
