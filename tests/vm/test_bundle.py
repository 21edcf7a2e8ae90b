# SPDX-License-Identifier: GPL-2.0-or-later
"""A bundle, unpacked and run as nixos-anywhere does it."""

import shlex
import subprocess

from booted import booted
from keep import KEY, kept, md5
from landing import assert_landed_clean, jump
from payload import BINARY

# Its remote part (src/nixos-anywhere.sh, runKexec): the log ends when nobody holds the pipe
# any more, and tells whether all went well.
PLAY = r"""
mkdir -p "$HOME/kexec" && cd "$HOME/kexec"
{
	set -eu
	tar -xv --gzip -C "$HOME/kexec" </mnt/payload/bundle.tar.gz
	TMPDIR="$HOME/kexec" setsid --wait "$HOME/kexec/kexec/run" --kexec-extra-flags FLAGS
	echo "ended with $?"
} 2>&1 | tee "$HOME/kexec/nixos-anywhere.log"
grep 'machine will boot into nixos' "$HOME/kexec/nixos-anywhere.log"
"""


def make_bundle(folder, *options):
    """Of the folder's tree, into it."""
    subprocess.run([BINARY, "bundle", folder / "result", "-o", folder / "bundle.tar.gz",
                    *options], check=True)


def play(flags=""):
    return f"bash -c {shlex.quote(PLAY.replace('FLAGS', shlex.quote(flags)))}"


def test_lands_out_of_a_bundle_as_nixos_anywhere_runs_it(payload, tmp_path_factory):
    folder, nonce = payload
    mine = tmp_path_factory.mktemp("mine")
    (mine / "key.pub").write_text(f"{KEY}\n")
    (mine / "files/extra/deep").mkdir(parents=True)
    (mine / "files/extra/deep/file").write_text("from far\n")
    (mine / "files/extra/deep/file").chmod(0o640)
    make_bundle(folder, "--no-keep-ssh", "--no-keep-network", "--ssh-key", mine / "key.pub",
                "--extra-files", mine / "files")
    with booted(payload=folder) as vm:
        # what is wrong is said before anything is changed, and without the sentence
        refused = vm.run(play("--mem-max=1"), check=False)
        assert refused.returncode != 0 and "unrecognized option" in refused.stdout
        assert "machine will boot" not in refused.stdout
        vm.run("test ! -e /run/initramfs/init")
        log = "/root/kexec/nixos-anywhere.log"
        command = (f"{play('--no-sync --append=target.stay=2')} && grep -x 'ended with 0' {log} && "
                   f"grep -x 'machine will boot into nixos in 6s...' {log} && "
                   f"grep \"'--no-sync' has nothing to do here\" {log}")
        console, facts = jump(vm, command, nonce)
        assert_landed_clean(vm, console, facts)
        assert "(pivot-kexec bundle)" in console
        assert facts["command_line"].endswith(" target.stay=2")
        assert kept(facts) == {"/ssh/authorized_keys": ("600", md5(f"{KEY}\n")),
                               "/extra/deep/file": ("640", md5("from far\n"))}
