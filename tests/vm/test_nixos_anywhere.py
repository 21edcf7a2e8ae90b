# SPDX-License-Identifier: GPL-2.0-or-later
"""
A bundle in the place of nixos-anywhere's own kexec tarball, with the commands that it gives over
ssh. Source: runKexec() in its src/nixos-anywhere.sh.
"""

import subprocess

import pytest

import networks

from arrival import CARDS, arrive, identity, is_installer, leave, make_target, network
from booted import booted
from payload import BINARY
from restored import assert_becomes

# The "|| true" is its own: by the sentence in the log it knows that all went well.
SCRIPT = r"""
# Run kexec commands with sudo if needed
{
	set -eu
	cd "$HOME/kexec"
	cat "$HOME/kexec/kexec-tarball.tar.gz" | tar -xv --gzip -C "$HOME/kexec"
	TMPDIR="$HOME/kexec" SUDO setsid --wait "$HOME/kexec/kexec/run" --kexec-extra-flags ''
} 2>&1 | tee "$HOME/kexec/nixos-anywhere.log" || true
if ! grep -q 'machine will boot into nixos' "$HOME/kexec/nixos-anywhere.log"; then
	exit 1
fi
"""

# What cloud images have: the user's key is not root's.
ADMIN = """
useradd --create-home --shell /bin/bash admin
install -d -m 700 -o admin ~admin/.ssh
install -m 600 -o admin /root/.ssh/authorized_keys ~admin/.ssh
echo 'admin ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/admin
sed -i 's/^/no-port-forwarding,command="echo log in as admin",no-pty /' /root/.ssh/authorized_keys
"""

def hand_over(vm, folder, user):
    """All but the last of its commands."""
    bundle = folder / "bundle.tar.gz"
    subprocess.run([BINARY, "bundle", folder / "result", "-o", bundle], check=True)
    script = SCRIPT.replace("SUDO", "sudo" if user != "root" else "")
    vm.run('mkdir -p "$HOME/kexec" && cat > "$HOME/kexec/nixos-anywhere-kexec.sh"', input=script,
           user=user)
    vm.run('cat > "$HOME/kexec/kexec-tarball.tar.gz"', input=bundle.read_bytes(), user=user,
           timeout=120)


@pytest.mark.parametrize("user", ["root", "admin"])
def test_the_machine_is_back_as_the_installer(tmp_path, user):
    nonce = make_target(tmp_path, "installer")
    with booted(payload=tmp_path, extra=CARDS) as vm:
        vm.run("bash -es", input=networks.STATIC)
        old, before = identity(vm), network(vm)
        if user != "root":
            vm.run(ADMIN)
            vm.wait_ssh()
            assert "log in as admin" in vm.run("true", check=False).stdout
        hand_over(vm, tmp_path, user)
        arrive(vm, 'bash "$HOME/kexec/nixos-anywhere-kexec.sh"', nonce, user=user)
        assert is_installer(vm)
        assert identity(vm) == old
        assert_becomes(before, lambda: network(vm))
        leave(vm)
