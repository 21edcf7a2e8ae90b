# SPDX-License-Identifier: GPL-2.0-or-later
"""Jumps in two stages, as far as the tool goes without one: plan, check and build."""

import gzip
import json
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TOOL = TOP / "build/pivot-kexec"
RELEASE = "6.18.44"  # of the recorded machine
NETWORK, DISK = "0000:00:03.0", "0000:00:02.0"


def bzimage(release):
    """As Documentation/arch/x86/boot.rst lays its header out."""
    image = bytearray(5 * 512 + 4096)
    image[0x1F1] = 4  # setup_sects
    struct.pack_into("<I", image, 0x1F4, 4096 // 16)  # syssize
    struct.pack_into("<H", image, 0x1FE, 0xAA55)
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, 0x020F)
    struct.pack_into("<H", image, 0x20E, 0x400 - 0x200)  # kernel_version
    text = f"{release} (somebody) #1".encode()
    image[0x400:0x400 + len(text)] = text
    image[0x211] = 1  # loaded high
    struct.pack_into("<B", image, 0x234, 1)  # relocatable
    struct.pack_into("<H", image, 0x236, 0x3F)  # 64-bit, above 4 GiB
    struct.pack_into("<I", image, 0x238, 2047)  # cmdline_size
    struct.pack_into("<I", image, 0x260, 1 << 25)  # init_size
    return bytes(image)


def put_module(folder, name, *info):
    """The least that depmod and libkmod take for a module."""
    folder.mkdir(parents=True, exist_ok=True)
    source, path = folder / f"{name}.c", folder / f"{name}.ko"
    lines = [f"name={name}", "license=GPL", *info]
    source.write_text("".join(
        f'static const char i{i}[] __attribute__((section(".modinfo"), used)) = "{line}";\n'
        for i, line in enumerate(lines)))
    subprocess.run(["gcc", "-c", "-o", path, source], check=True)
    source.unlink()
    return path.read_bytes()


@pytest.fixture
def machine(tmp_path):
    """A recorded machine with what its kernel and its modules would be."""
    root = tmp_path / "machine"
    shutil.copytree(TOP / "tests/fixtures/cloud-virtio", root, symlinks=True)
    for device in (root / "sys/bus/pci/devices").iterdir():
        words = [(device / name).read_text().strip()[2:].upper()
                 for name in ("vendor", "device")]
        (device / "modalias").write_text(f"pci:v0000{words[0]}d0000{words[1]}sv0sd0bc0sc0i0\n")
    (root / "proc/cmdline").write_text("BOOT_IMAGE=/vmlinuz root=/dev/vda console=ttyS0 quiet\n")
    (root / "boot").mkdir()
    (root / f"boot/vmlinuz-{RELEASE}").write_bytes(bzimage(RELEASE))
    return root


@pytest.fixture
def modules(machine):
    """Below it: {name: bytes}."""
    folder = machine / "lib/modules" / RELEASE
    made = {
        "virtio_net": put_module(folder, "virtio_net", "alias=pci:v00001AF4d00001041sv*",
                                 "intree=Y", "firmware=vendor/net.fw"),
        "vendor_blk": put_module(folder, "vendor_blk", "alias=pci:v00001AF4d00001042sv*"),
    }
    (folder / "modules.order").write_text("virtio_net.ko\nvendor_blk.ko\n")
    (folder / "modules.builtin").write_text("kernel/lib/crc32.ko\n")
    (folder / "modules.builtin.modinfo").write_bytes(b"crc32.license=GPL\0")
    subprocess.run(["depmod", "-b", machine, RELEASE], check=True)
    (machine / "lib/firmware/vendor").mkdir(parents=True)
    (machine / "lib/firmware/vendor/net.fw").write_bytes(b"a firmware")
    return made


@pytest.fixture
def tree(tmp_path):
    tree = tmp_path / "result"
    tree.mkdir()
    (tree / "bzImage").write_bytes(bzimage("6.12.0-target"))
    (tree / "initrd").write_bytes(b"\x1f\x8b" + b"initrd" * 1000)
    return tree


def pivot(*arguments):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=30)


def options_of(tree):
    return ["--kernel", tree / "bzImage", "--initrd", tree / "initrd", "--command-line=init=/init"]


def read_middle(*arguments):
    result = pivot("plan", "--json", *arguments)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)["middle"]


def test_plan_says_by_way_of_what(machine, modules):
    text = pivot("plan", "--root", machine, "--two-stage")
    assert text.returncode == 0, text.stderr
    assert re.search(rf"^middle kernel +/boot/vmlinuz-{RELEASE}\n +Linux {RELEASE}\n"
                     r"command line +console=ttyS0 panic=10 retain_initrd$", text.stdout,
                     re.MULTILINE)
    assert re.search(r"^  module +virtio_net +[\d.]+ KiB$", text.stdout, re.MULTILINE)
    assert re.search(r"^  module +vendor_blk +[\d.]+ KiB, out of tree$", text.stdout, re.MULTILINE)
    assert re.search(r"^  firmware +vendor/net.fw +\S", text.stdout, re.MULTILINE)
    assert re.search(rf"^  device +{NETWORK} +virtio_net$", text.stdout, re.MULTILINE)
    assert re.search(rf"^  device +{DISK} +vendor_blk$", text.stdout, re.MULTILINE)
    assert re.search(r"^  device +0000:00:01.0 +no driver there", text.stdout, re.MULTILINE)
    assert "[10/10] verify" in text.stdout


def test_json_says_the_same(machine, modules):
    middle = read_middle("--root", machine, "--two-stage")
    assert set(middle) == {"kernel", "release", "command_line", "modules", "firmware", "devices"}
    assert set(middle["modules"][0]) == {"name", "bytes", "options", "out_of_tree"}
    assert middle["kernel"] == f"/boot/vmlinuz-{RELEASE}"
    assert middle["release"] == RELEASE
    assert middle["command_line"] == "console=ttyS0 panic=10 retain_initrd"
    assert {m["name"]: (m["bytes"], m["out_of_tree"]) for m in middle["modules"]} == {
        "virtio_net": (len(modules["virtio_net"]), False),
        "vendor_blk": (len(modules["vendor_blk"]), True),
    }
    assert middle["firmware"] == [{"name": "vendor/net.fw", "bytes": 10}]
    assert {d["name"]: (d["driver"], d["modules"]) for d in middle["devices"]} == {
        NETWORK: ("module", "virtio_net"),
        DISK: ("module", "vendor_blk"),
        "0000:00:01.0": ("none", ""),
        "0000:00:04.0": ("none", ""),
        "0000:00:05.0": ("none", ""),
    }


def test_plan_is_of_one_stage_where_nothing_asks_for_two(machine):
    assert read_middle("--root", machine) is None
    assert read_middle("--root", machine, "--stages=1") is None
    assert "middle kernel" not in pivot("plan", "--root", machine).stdout


def test_a_rule_asks_for_two_stages(machine):
    rule = ["--quirk", "driver:virtio-pci=two-stage"]
    assert read_middle("--root", machine, *rule)["release"] == RELEASE
    assert read_middle("--root", machine, *rule, "--stages=1") is None


def test_plan_of_an_abrupt_jump_ends_with_the_storage(machine):
    text = pivot("plan", "--root", machine, "--two-stage=abrupt").stdout
    assert "[4/10]" in text and "[5/10]" not in text
    assert re.search(r"^  freeze +/ +ext4 on /dev/vda, stays mounted$", text, re.MULTILINE)
    stages = json.loads(pivot("plan", "--json", "--root", machine, "--two-stage=abrupt").stdout)
    assert [len(stages["stages"]), stages["stages"][3]["operations"][0]["operation"]] == [
        4, "freeze"]


def test_names_the_places_where_the_running_kernel_is_not(machine):
    shutil.rmtree(machine / "boot")
    result = pivot("plan", "--root", machine, "--two-stage")
    assert result.returncode == 1 and result.stdout == ""
    for place in (f"/boot/vmlinuz-{RELEASE}", f"/lib/modules/{RELEASE}/vmlinuz",
                  "/run/booted-system/kernel", "loader/entries", "--middle-kernel"):
        assert place in result.stderr


def test_says_what_is_there_instead(machine):
    (machine / f"boot/vmlinuz-{RELEASE}").write_bytes(bzimage("6.1.0-other"))
    result = pivot("plan", "--root", machine, "--two-stage")
    assert result.returncode == 1
    assert f"'/boot/vmlinuz-{RELEASE}' is Linux 6.1.0-other" in result.stderr


def test_takes_another_middle_kernel_and_its_modules(machine, modules, tmp_path):
    kernel = tmp_path / "other"
    kernel.write_bytes(bzimage("6.1.0-other"))
    middle = read_middle("--root", machine, "--middle-kernel", kernel)
    assert (middle["kernel"], middle["release"]) == (str(kernel), "6.1.0-other")
    assert middle["modules"] == []
    result = pivot("plan", "--root", machine, "--middle-kernel", kernel, "--middle-modules",
                   machine / "lib/modules")
    assert result.returncode == 1 and "has no modules of 6.1.0-other" in result.stderr
    kernel.write_bytes(bzimage(RELEASE))
    middle = read_middle("--root", machine, "--middle-kernel", kernel, "--middle-modules", machine)
    assert sorted(m["name"] for m in middle["modules"]) == sorted(modules)


def test_takes_the_targets_kernel_in_the_middle(machine, modules, tree):
    middle = read_middle("--root", machine, "--middle-kernel=target", *options_of(tree))
    assert (middle["kernel"], middle["release"]) == (str(tree / "bzImage"), "6.12.0-target")
    assert middle["modules"] == []
    assert {d["driver"] for d in middle["devices"]} == {"none"}
    result = pivot("plan", "--root", machine, "--middle-kernel=target")
    assert result.returncode == 1
    assert "--middle-kernel=target needs a tree" in result.stderr


def test_plans_for_a_machine_recorded_without_its_command_line(machine):
    (machine / "proc/cmdline").unlink()
    assert read_middle("--root", machine, "--two-stage")["command_line"] == (
        "panic=10 retain_initrd")


def test_check_says_why_there_is_no_middle_kernel(tree, tmp_path):
    result = pivot("check", "--json", "--middle-kernel", tmp_path / "none", *options_of(tree))
    assert result.returncode == 1
    assert "none" in result.stderr
    findings = json.loads(result.stdout)["findings"]
    assert [f["severity"] for f in findings if f["id"] == "middle"] == ["refuse"]
    assert not [f for f in findings if "(null)" in f["text"]]


def test_check_notes_the_middle_kernel(tree):
    result = pivot("check", "--json", "--middle-kernel=target", *options_of(tree))
    findings = {f["id"]: f["text"] for f in json.loads(result.stdout)["findings"]}
    assert "Linux 6.12.0-target" in findings["middle"]
    assert "middle-built-in" in findings
    findings = json.loads(pivot("check", "--json", "--two-stage=abrupt", "--middle-kernel=target",
                                *options_of(tree)).stdout)["findings"]
    assert [f["severity"] for f in findings if f["id"] == "abrupt"] == ["warn"]


def contents(image, folder):
    folder.mkdir()
    subprocess.run(["bsdtar", "-C", folder, "--exclude", "dev/console", "-xf", image], check=True)
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}


def build(tree, output, *options):
    result = pivot("build", "-o", output, *options, *options_of(tree))
    assert result.returncode == 0, result.stderr
    return output


def test_builds_the_image_for_the_middle_kernel(tree, tmp_path):
    image = build(tree, tmp_path / "x.cpio", "--middle-kernel=target")
    one = contents(build(tree, tmp_path / "one.cpio"), tmp_path / "one")
    two = contents(image, tmp_path / "two")
    assert image.read_bytes()[:4] == b"\x1f\x8b\x08\0"
    assert gzip.decompress(image.read_bytes()).startswith(b"070701")
    assert set(two) - set(one) == {"modules/order"}
    assert two["init"] == one["init"]
    lines = two["handover"].decode().splitlines()
    assert "hop middle" in lines and "extent clean" in lines
    assert any(line.startswith("target Linux 6.12.0-target (") for line in lines)
    assert "hop only" in one["handover"].decode().splitlines()


def test_the_same_input_makes_the_same_image(tree, tmp_path):
    first = build(tree, tmp_path / "a.cpio", "--middle-kernel=target").read_bytes()
    assert build(tree, tmp_path / "b.cpio", "--middle-kernel=target").read_bytes() == first


@pytest.mark.parametrize("arguments, text", [
    (["--stages=3"], "--stages takes auto, 1 or 2, not '3'"),
    (["--two-stage=soon"], "--two-stage takes clean or abrupt, not 'soon'"),
    (["--two-stage=abrupt", "--stages=1"], "with --stages=1 there is no middle kernel"),
    (["--middle-kernel=x", "--stages=1"], "with --stages=1 there is no middle kernel"),
    (["--middle-kernel=target", "--middle-modules=x"], "has no modules"),
])
def test_refuses_what_makes_no_sense(arguments, text, tree):
    result = pivot(*arguments, *options_of(tree))
    assert result.returncode == 2
    assert text in result.stderr
