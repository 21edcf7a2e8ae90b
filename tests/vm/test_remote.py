# SPDX-License-Identifier: GPL-2.0-or-later
"""--to: the tool on this host has the machine jump, by OpenSSH on both sides."""

import json
import os
import re
import subprocess

from arrival import identity, is_installer, leave, make_target
from booted import booted
from machine import PATIENCE
from payload import BINARY, make_payload

# The user's own configuration, by the name that the test says.
CONFIG = """
Host there
	HostName 127.0.0.1
	Port {port}
	IdentityFile {key}
	IdentitiesOnly yes
	UserKnownHostsFile {folder}/known_hosts
	StrictHostKeyChecking {host_keys}
	RemoteCommand exit 1
	ControlMaster auto
	ControlPath {folder}/theirs
"""


class Host:
    """Who sits here, before a machine."""

    def __init__(self, vm, folder):
        self.vm = vm
        self.folder = folder / "host"
        (self.folder / "bin").mkdir(parents=True)
        (self.folder / "bin/ssh").write_text(
            f'#!/bin/sh\nexec /usr/bin/ssh -F {self.folder}/config "$@"\n')
        (self.folder / "bin/ssh").chmod(0o755)
        (self.folder / "config").write_text(CONFIG.format(
            port=vm.port, key=vm.image.parent / "key", folder=vm.folder, host_keys=vm.host_keys))

    def run(self, *words, to="ssh://root@there", timeout=300):
        return subprocess.run(
            [BINARY, words[0], "--to", to, *words[1:]], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=timeout * PATIENCE,
            env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"})


def test_a_user_s_machine_goes_over_and_is_there_again(tmp_path):
    nonce = make_target(tmp_path, "installer")
    with booted() as vm:
        vm.expect_these_host_keys()
        before = identity(vm)
        host = Host(vm, tmp_path)
        planned = host.run("plan", "--json", tmp_path / "result")
        assert planned.returncode == 0, planned.stderr
        assert json.loads(planned.stdout)
        cached = vm.read("ls /root/.cache/pivot-kexec-to")
        assert vm.read("stat -c %a /root/.cache/pivot-kexec-to") == "700"
        assert host.run("check", tmp_path / "result").returncode == 0
        went = host.run("run", tmp_path / "result")
        assert went.returncode == 0, went.stdout + went.stderr
        assert "'there' has all of it already" in went.stderr
        assert re.search(r"away for \d+ s; the target answers: .*, Linux 6\.1\.", went.stdout)
        assert len(cached.splitlines()) == 6, cached
        vm.wait_verdict(nonce)
        vm.wait_ssh()
        assert is_installer(vm) and identity(vm) == before
        leave(vm)


def test_a_jump_that_leads_home_is_said_so_and_one_that_waits_is_cancelled(tmp_path):
    make_payload(tmp_path, append="panic=1 rdinit=/none init=/none")
    with booted() as vm:
        host = Host(vm, tmp_path)
        waits = host.run("run", "--delay=300", "--wait=0", tmp_path / "result")
        assert waits.returncode == 0, waits.stderr
        cancelled = host.run("cancel")
        assert cancelled.returncode == 0 and "nothing was changed" in cancelled.stdout
        went = host.run("run", tmp_path / "result", timeout=600)
        assert went.returncode == 3, went.stdout + went.stderr
        assert "the old system answers (Debian" in went.stderr


def test_a_target_without_ssh_does_not_answer_and_a_user_needs_sudo(tmp_path):
    nonce = make_payload(tmp_path, append="target.stay=0")
    with booted() as vm:
        host = Host(vm, tmp_path)
        vm.run("useradd -m -s /bin/sh me && mkdir ~me/.ssh && "
               "cp ~/.ssh/authorized_keys ~me/.ssh/ && chown -R me: ~me/.ssh")
        refused = host.run("run", tmp_path / "result", to="ssh://me@there")
        assert refused.returncode == 1
        assert "neither sudo nor doas" in refused.stderr
        went = host.run("run", "--wait=45", tmp_path / "result")
        assert went.returncode == 3, went.stdout + went.stderr
        assert "nobody has answered at 'there'" in went.stderr
        vm.wait_verdict(nonce)
