# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a network is the same again."""

import json
import time

from machine import PATIENCE
from networks import VIEWS, differences


def views(vm, ip="ip"):
    """What it says of addresses, of IPv4 routes and of IPv6 routes."""
    return [json.loads(vm.read(f"{ip} --json {view}")) for view in VIEWS]


def by_mac(vm, said):
    """The same with cards called by their MAC address: another system names them otherwise."""
    addr, *routes = said
    cards = vm.read("cd /sys/class/net && ls -d */device | cut -d/ -f1").split()
    names = {link["ifname"]: link.get("permaddr", link["address"])
             for link in addr if link["ifname"] in cards}
    for entry in (entry for view in (addr, *routes) for entry in view):
        for key in {"ifname", "link", "master", "dev"} & entry.keys():
            entry[key] = names.get(entry[key], entry[key])
    return said


def lasting(said):
    """What does not depend on when it is looked at, or who has set it up."""
    addr, *routes = said
    links = {link["ifname"]: [link.get(key) for key in ("link", "master", "mtu")]
             + [link["address"] if link["ifname"] != "dummy0" else None]
             + sorted(([one.get(key) for key in ("local", "address", "prefixlen", "scope",
                                                 "secondary")]
                       for one in link["addr_info"] if not one["local"].startswith("fe80:")),
                      key=str)
             for link in addr}
    for route in (route for table in routes for route in table):
        route["flags"] = [flag for flag in route["flags"] if flag != "linkdown"]
        if route["dst"] == "default":
            route.pop("protocol", None)
    return [links] + [sorted(json.dumps(route, sort_keys=True) for route in table
                             if route["dst"] != "fe80::/64") for table in routes]


def assert_becomes(before, look, timeout=30):
    """look() gives what lasting() does; it may take a while until that is as before."""
    deadline = time.monotonic() + timeout * PATIENCE
    while (now := look()) != before and time.monotonic() < deadline:
        time.sleep(1)
    assert now == before, "\n".join(differences(before, now))
