# SPDX-License-Identifier: GPL-2.0-or-later
"""What travels from the distro to the target, and whether it has arrived."""

import hashlib

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f you"
OPTIONS = "--extra-files /srv/extra"

PREPARE = f"""
cat >>/root/.ssh/authorized_keys <<'END'
no-pty,command="echo \\"no\\", no" {KEY}
nonsense
END
mkdir -p /srv/extra/extra/deep
echo from far >/srv/extra/extra/deep/file
chmod 640 /srv/extra/extra/deep/file
ln -s deep/file /srv/extra/extra/link
"""


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def prepare(vm):
    """
    Put something there that OPTIONS take along, and what they do not; gives what the target
    should find.
    """
    keys = vm.read("cat /root/.ssh/authorized_keys")
    vm.run(PREPARE)
    expected = {
        "/extra/deep/file": ("640", md5("from far\n")),
        "/ssh/authorized_keys": ("600", md5(f"{keys}\n{KEY}\n")),
    }
    sums = vm.read("md5sum /etc/ssh/ssh_host_* $(grep -xlE '[0-9a-f]{32}' /etc/machine-id)")
    for checksum, path in map(str.split, sums.splitlines()):
        name = path.removeprefix("/etc")
        modes = {".pub": "644", "-id": "444"}
        expected[name] = (next((modes[end] for end in modes if name.endswith(end)), "600"),
                          checksum)
    return expected


def kept(facts):
    """The same as the target found it."""
    words = [line.split() for line in facts["kept"].split(", ") if line]
    return {path: (mode, checksum) for mode, checksum, path in words
            if not path.endswith(".json")}


def assert_kept(facts, expected):
    assert kept(facts) == expected
    assert any(name.startswith("/ssh/ssh_host_") for name in expected), expected
