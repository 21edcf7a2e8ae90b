# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian package, in a Debian."""

import re

import pytest

from payload import SOURCE

# In the machine of test_refusals.py, before it: afterwards all is as it was.
pytestmark = pytest.mark.xdist_group("refusals")

TREE = "/mnt/payload/result"


def files(vm):
    """All that a package may leave behind, by name."""
    return set(vm.read("find /etc /usr /var/lib /var/cache -xdev ! -path '/var/lib/dpkg/*-old' "
                       "! -path '/var/lib/systemd/*'").splitlines())


def test_the_package_is_installed_used_and_purged_with_nothing_left(vm):
    (package,) = (SOURCE / "build/deb").glob("*.deb")
    before = files(vm)
    vm.copy_in(package, "/run/package.deb")
    # all of it: the image leaves pages and documents out, as small servers do
    vm.run("dpkg --path-include='*' -i /run/package.deb")
    assert vm.read("dpkg-query -W -f '${db:Status-Abbrev}' pivot-kexec").strip() == "ii"
    assert not vm.read("dpkg --audit") and not vm.read("dpkg --verify pivot-kexec")

    assert vm.read("command -v pivot-kexec") == "/usr/sbin/pivot-kexec"
    version = re.search(r"_([0-9.]+)_", package.name)[1]
    assert vm.read("pivot-kexec --version").split()[-1] == version
    assert ".Dt PIVOT-KEXEC 8" in vm.read("zcat /usr/share/man/man8/pivot-kexec.8.gz")
    assert "unbind" in vm.read(f"pivot-kexec plan {TREE}")

    vm.run("dpkg --purge pivot-kexec && rm /run/package.deb")
    assert files(vm) == before
