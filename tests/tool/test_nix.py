# SPDX-License-Identifier: GPL-2.0-or-later
"""
What is in packaging/nix, evaluated by nix with the little of nixpkgs that is in
tests/nix/nixpkgs.nix. Nothing is built, and a real nixpkgs is not asked.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
NIX = TOP / "packaging/nix"
TREE = {"outPath": "/nix/store/x-kexec-tree"}

# Who does not package need not install it; CI does, and there a skip is a failure.
pytestmark = pytest.mark.skipif(not shutil.which("nix-instantiate"),
                                reason="no nix: scripts/install-deps package")


@pytest.fixture
def environment(tmp_path):
    """A store and a configuration of its own: none of this machine's."""
    folders = {f"NIX_{name}_DIR": str(tmp_path / "nix" / name.lower())
               for name in ("STORE", "STATE", "LOG", "CONF")}
    return {**os.environ, **folders, "HOME": str(tmp_path / "home"), "NIX_PATH": "",
            "NIX_CONFIG": "build-users-group =\nexperimental-features = nix-command flakes"}


@pytest.fixture
def evaluate(environment):
    def run(expression, fails=False):
        """The value of an expression in which 'nixpkgs' is the stub; or why there is none."""
        result = subprocess.run(
            ["nix-instantiate", "--eval", "--strict", "--json", "--expr",
             f"let nixpkgs = import {TOP}/tests/nix/nixpkgs.nix; in {expression}"],
            capture_output=True, text=True, env=environment, timeout=60)
        assert (result.returncode != 0) == fails, result.stderr
        return result.stderr if fails else json.loads(result.stdout)
    return run


def nix(value):
    """A value as an expression."""
    return f"(builtins.fromJSON ''{json.dumps(value)}'')"


def modules(*values):
    return f"(nixpkgs.evalModules [ {' '.join(values)} ])"


def package(scope):
    return f"(nixpkgs.{scope}.callPackage {NIX}/package.nix {{ }})"


# --- the package ---

def test_the_package_has_the_version_of_the_makefile(evaluate):
    version = evaluate(package("pkgs.pkgsStatic") + ".version")
    assert f"\nVERSION := {version}\n" in (TOP / "Makefile").read_text()


def test_the_package_sets_only_what_the_makefile_has(evaluate):
    flags = evaluate(package("pkgs.pkgsStatic") + ".makeFlags")
    makefile = (TOP / "Makefile").read_text()
    for name in (flag.split("=")[0] for flag in flags):
        assert f"$({name})" in makefile, name
    # without these make would fetch sources
    assert {"BUSYBOX", "KEXEC", "KMOD"} <= {flag.split("=")[0] for flag in flags}


def test_the_package_leaves_out_what_make_has_built(evaluate):
    def takes(name):
        return evaluate(package("pkgs.pkgsStatic") + f'.src.filter "{TOP}/{name}" "directory"')

    assert not takes("build") and not takes("result") and not takes(".git")
    assert takes("pivot") and takes("Makefile") and takes("tests/fixtures/build")


def test_the_package_is_static_or_says_how_it_becomes_so(evaluate):
    assert "pkgs.pkgsStatic.callPackage" in evaluate(package("pkgs") + ".name", fails=True)


# --- the module that makes a bundle ---

def bundle(*values):
    return modules(f"{NIX}/module.nix", *values) + ".system.build.pivotBundle"


def run_bundle_script(script, folder):
    """Run it with a pivot-kexec that says what it was called with."""
    tool = folder / "bin/pivot-kexec"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    tool.chmod(0o755)
    result = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True,
                            env={"PATH": f"{tool.parent}:{os.environ['PATH']}",
                                 "out": str(folder / "out")})
    assert (folder / "out").is_dir()
    return result.stdout.splitlines()


def test_a_bundle_is_made_of_the_configurations_tree(evaluate, tmp_path):
    script = evaluate(bundle(nix({"system": {"build": {"kexecTree": TREE}}})) + ".script")
    assert run_bundle_script(script, tmp_path) == [
        "bundle", TREE["outPath"], "-o", f"{tmp_path}/out/pivot-kexec-x86_64-linux.tar.gz"]


def test_a_bundle_has_options_baked_in(evaluate, tmp_path):
    options = ["--watchdog=600", "--append=a 'b' $c"]
    script = evaluate(bundle(nix({
        "system": {"build": {"kexecTree": TREE}},
        "pivot-kexec": {"bundle": {"name": "rescue", "compression": "xz", "options": options}},
    })) + ".script")
    assert run_bundle_script(script, tmp_path)[3:] == [f"{tmp_path}/out/rescue.tar.xz", *options]


def test_a_bundle_is_made_by_the_package_of_pkgs_static(evaluate):
    made_by = evaluate(bundle(nix({"system": {"build": {"kexecTree": TREE}}}))
                       + ".nativeBuildInputs")
    assert len(made_by) == 1 and "-pivot-kexec-" in made_by[0]


def test_a_configuration_without_a_tree_is_told_how_to_get_one(evaluate):
    said = evaluate(bundle() + ".script", fails=True)
    assert "no system.build.kexecTree" in said and "netboot-minimal.nix" in said


@pytest.mark.parametrize("values", [{"compression": "bz2"}, {"options": "--quiet"}, {"name": 1}])
def test_a_wrong_value_of_an_option_is_refused(values, evaluate):
    assert "not of its option's type" in evaluate(
        bundle(nix({"system": {"build": {"kexecTree": TREE}},
                    "pivot-kexec": {"bundle": values}})) + ".script", fails=True)


# --- the module for a target ---

def target(with_systemd, with_network_manager=False):
    return modules(f"{NIX}/network.nix", nix({
        "boot": {"initrd": {"systemd": {"enable": with_systemd}}},
        "networking": {"networkmanager": {"enable": with_network_manager}}}))


def copied(script, folder, *names):
    """What the script copies, with a folder for a root."""
    etc, run = folder / "etc/systemd/network", folder / "run/systemd/network"
    etc.mkdir(parents=True)
    for name in names:
        (etc / name).write_text(name)
    script = script.replace("/etc/", f"{folder}/etc/").replace("/run/", f"{folder}/run/")
    subprocess.run(["sh", "-euc", script], check=True)
    return sorted(path.name for path in run.iterdir())


def scripts_of(evaluate):
    """Those of a stage 1 with systemd, and of one without."""
    service = evaluate(target(True) + ".boot.initrd.systemd.services.pivot-kexec-network")
    return service["script"], evaluate(target(False) + ".boot.initrd.postMountCommands")


def test_the_network_that_has_travelled_is_handed_to_stage_2(evaluate, tmp_path):
    travelled = ["30-pivot-bond0.netdev", "30-pivot-eth0.network"]
    for index, script in enumerate(scripts_of(evaluate)):
        assert copied(script, tmp_path / str(index), "10-own.network", *travelled) == travelled


def test_where_no_network_has_travelled_nothing_is_copied(evaluate, tmp_path):
    for index, script in enumerate(scripts_of(evaluate)):
        assert copied(script, tmp_path / str(index), "10-own.network") == []


def test_either_stage_1_gets_one_script(evaluate):
    assert evaluate(target(True) + ".boot.initrd.postMountCommands") is None
    assert evaluate(target(False) + ".boot.initrd.systemd.services.pivot-kexec-network") is None


def test_the_files_that_are_copied_are_those_that_travel(evaluate):
    glob = evaluate(target(True) + ".boot.initrd.systemd.services.pivot-kexec-network"
                                   ".unitConfig.ConditionPathExistsGlob")
    prefix = glob.removeprefix("/etc/systemd/network/").removesuffix("*")
    assert f'"{prefix}%.15s.%s"' in (TOP / "pivot/network/networkd.c").read_text()


def test_a_second_manager_of_the_network_is_refused(evaluate):
    said = evaluate(target(True, with_network_manager=True) + ".boot", fails=True)
    assert "networking.networkmanager.enable = lib.mkForce false" in said


# --- the flake ---

def test_the_flake_shows_the_package_and_the_modules(environment, tmp_path):
    stub, top = tmp_path / "nixpkgs", tmp_path / "top"
    stub.mkdir()
    shutil.copy(TOP / "tests/nix/nixpkgs.nix", stub)
    (stub / "flake.nix").write_text("{ outputs = _: import ./nixpkgs.nix; }")
    shutil.copytree(TOP / "packaging", top / "packaging")
    for name in ("flake.nix", "Makefile"):
        shutil.copy(TOP / name, top)
    result = subprocess.run(
        ["nix", "--offline", "flake", "show", "--json", "--no-write-lock-file",
         "--override-input", "nixpkgs", f"path:{stub}", f"path:{top}"],
        capture_output=True, text=True, env=environment, timeout=60)
    assert result.returncode == 0, result.stderr
    shown = json.loads(result.stdout)
    assert set(shown["packages"]["x86_64-linux"]) == {"default", "pivot-kexec"}
    assert shown["packages"]["x86_64-linux"]["default"]["name"].startswith("pivot-kexec-")
    assert set(shown["nixosModules"]) == {"bundle", "network"}
