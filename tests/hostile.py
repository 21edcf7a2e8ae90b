#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes tests/fixtures/hostile anew: trees by nobody sane, as far as git can hold them.

    tests/hostile.py FOLDER

Each maker's comment says what it is about. Every one of them must be refused."""

import bz2
import gzip
import io
import lzma
import os
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

MIB = 1 << 20
GIB = 1 << 30
noise = random.Random(1)
SCRIPT = ('kexec --load ./bzImage --initrd=./initrd --command-line "init=/i"\n')


def kernel(setup_sects=4, syssize=64, init_size=1 << 25, cmdline_size=2047):
    """A bzImage as far as its header goes (Documentation/arch/x86/boot.rst)."""
    image = bytearray(5 * 512 + 1024)
    image[0x1F1] = setup_sects
    struct.pack_into("<I", image, 0x1F4, syssize)
    struct.pack_into("<H", image, 0x1FE, 0xAA55)
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, 0x020F)
    image[0x211] = 1
    image[0x234] = 1
    struct.pack_into("<H", image, 0x236, 0x3F)
    struct.pack_into("<I", image, 0x238, cmdline_size)
    struct.pack_into("<I", image, 0x260, init_size)
    return bytes(image)


def unified(sections, count=None, lfanew=0x40):
    """A unified kernel image: a PE file with these sections, as UAPI.5 has them. Each is a
    name and its content, and where that is not the truth, (size, place in the file)."""
    at = lfanew + 24 + 240 + 40 * len(sections)
    head = bytearray(at)
    head[0:2] = b"MZ"
    struct.pack_into("<I", head, 0x3C, lfanew)
    struct.pack_into("<4sHHIIIHHH", head, lfanew, b"PE", 0x8664,
                     len(sections) if count is None else count, 0, 0, 0, 240, 0x22, 0x20B)
    body = b""
    for i, (name, content, *lie) in enumerate(sections):
        size, place = lie[0] if lie else (len(content), at + len(body))
        struct.pack_into("<8sIIII", head, lfanew + 24 + 240 + 40 * i, name.encode(),
                         size, 0x1000 * i, size, place)
        body += content
    return bytes(head) + body


def cpio(name=b"init", data=b"#!/bin/sh\n", size=None):
    """One entry of a newc archive, and the trailer."""
    def entry(name, data, size):
        fields = [1, 0o100755, 0, 0, 1, 0, size, 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name + b"\0"
        return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
    return entry(name, data, len(data) if size is None else size) + entry(b"TRAILER!!!", b"", 0)


def zstd(data):
    return subprocess.run(["zstd", "-q", "-19"], input=data, stdout=subprocess.PIPE,
                          check=True).stdout


def member(name, data=b"", type_=tarfile.REGTYPE, link="", size=None, pax=None):
    """One member of a tarball; data may be anything that can be written."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.pax_headers = type_, link, pax or {}
    info.size = len(data) if size is None else size
    head = info.tobuf(tarfile.PAX_FORMAT)
    return head + data + bytes(-len(data) % 512)


def tree_members(kernel_name="bzImage"):
    return (member("kexec/" + kernel_name, kernel()) + member("kexec/initrd", cpio())
            + member("kexec/kexec-boot", SCRIPT.encode()))


END = bytes(1024)


def zeros(n, compressor, head=b""):
    """What a compressor makes of head and n zeros, a piece at a time."""
    packed = compressor.compress(head)
    for _ in range(n // MIB):
        packed += compressor.compress(bytes(MIB))
    return packed + compressor.flush()


def tree(folder, **files):
    """A folder that would be a good tree, but for what is given. None: not there."""
    good = {"bzImage": kernel(), "initrd": cpio(), "kexec-boot": SCRIPT}
    folder.mkdir()
    for name, content in {**good, **{n.replace("__", "-"): c for n, c in files.items()}}.items():
        if isinstance(content, Path):
            (folder / name).symlink_to(content)
        elif content is not None:
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def make_kernels(top):
    # each claims more, or less, than there is
    tree(top / "kernel-claims-64-gib", bzImage=kernel(syssize=0xFFFFFFFF))
    tree(top / "kernel-is-setup-only", bzImage=kernel(setup_sects=255)[:0x300])
    tree(top / "kernel-unpacks-into-nothing", bzImage=kernel(init_size=0))
    tree(top / "kernel-takes-no-command-line", bzImage=kernel(cmdline_size=0))
    pe = bytearray(kernel())
    pe[0:2], pe[0x202:0x206] = b"MZ", b"none"
    struct.pack_into("<I", pe, 0x3C, 0xFFFFFFFE)
    tree(top / "kernel-pe-header-is-nowhere", bzImage=bytes(pe))
    pe[0x40:0x44] = b"PE\0\0"
    struct.pack_into("<I", pe, 0x3C, 0x40)
    struct.pack_into("<HHIIIHH", pe, 0x44, 0x8664, 0xFFFF, 0, 0, 0, 0xFFFF, 0)
    tree(top / "kernel-pe-of-65535-sections", bzImage=bytes(pe))
    tree(top / "kernel-of-another-machine", bzImage=b"MZ" + bytes(54) + b"ARM\x64" + bytes(64))
    tree(top / "kernel-is-the-initrd", bzImage=cpio(), initrd=kernel())
    tree(top / "kernel-is-a-web-page", bzImage="<!DOCTYPE html><title>404</title>")


def make_unified(top):
    linux, initrd = (".linux", kernel()), (".initrd", cpio())
    line = (".cmdline", b"init=/i")

    def put(name, *sections, **more):
        (top / f"uki-{name}.efi").write_bytes(unified(sections, **more))

    put("kernel-outside", line, (".linux", kernel(), (1 << 20, 0x400)))
    put("kernel-of-4-gib", line, (".linux", kernel(), (0xFFFFFFFF, 0xFFFFFFFF)))
    put("kernel-empty", line, (".linux", b"", (0, 0)))
    put("kernel-of-zeros", line, (".linux", bytes(4096)))
    put("kernel-cut", line, (".linux", kernel()[:1024]))
    put("kernel-is-itself", line, (".linux", kernel(), (1024, 0)))
    put("kernel-is-another-uki", line, (".linux", unified([linux, line])))
    put("kernel-of-another-machine", line, (".linux", bytes(56) + b"ARM\x64" + bytes(64)))
    put("two-kernels", line, linux, linux)
    put("kernel-in-a-profile", line, (".profile", b"ID=x"), linux)
    put("65535-sections", line, linux, count=0xFFFF)
    put("1000-kernels", *[(".linux", b"x")] * 1000)
    put("headers-far-away", line, linux, lfanew=0xFF00)
    put("parts-overlap", line, linux, (".initrd", cpio(), (256, 0x400)))
    put("initrd-outside", line, linux, (".initrd", cpio(), (256, 0xFFFFFF00)))
    put("initrd-cut", line, linux, (".initrd", cpio(data=bytes(2000))[:1000]))
    put("initrd-is-a-web-page", line, linux, (".initrd", b"<html>404"))
    put("microcode-is-text", line, linux, initrd, (".ucode", b"microcode"))
    put("no-command-line", linux, initrd)
    put("command-line-empty", linux, initrd, (".cmdline", b""))
    put("command-line-with-a-nul", linux, initrd, (".cmdline", b"init=/i\0quiet"))
    put("command-line-with-escapes", linux, initrd, (".cmdline", b"init=/i \033[2J"))
    put("command-line-of-66-kb", linux, initrd, (".cmdline", b"x " * 33000))
    put("name-without-end", (".linux", kernel()), (".cmdlineX", b"init=/i \""))
    put("add-on", line)
    tree(top / "uki-in-a-tree", bzImage=unified([(".linux", b"no kernel")]))


def make_initrds(top):
    tree(top / "initrd-cut-cpio", initrd=cpio(data=bytes(2000))[:1000])
    tree(top / "initrd-entry-of-4-gib", initrd=cpio(size=0xFFFFFFFF))
    packed = zstd(cpio(data=noise.randbytes(3000)))
    tree(top / "initrd-cut-zstd", initrd=packed[:-1])
    tree(top / "initrd-cut-behind-microcode", initrd=cpio(b"kernel") + packed[:2000])
    tree(top / "initrd-is-text", initrd="404 not found\n")
    tree(top / "initrd-empty", initrd=b"")


def make_links(top):
    tree(top / "link-to-itself", bzImage=Path("bzImage"))
    tree(top / "link-circle", initrd=Path("a"), a=Path("b"), b=Path("a"))
    # links to what never ends are made by the test: here somebody might follow them
    tree(top / "link-to-a-device", bzImage=Path("/dev/null"))
    tree(top / "link-to-a-folder", bzImage=Path("."))
    tree(top / "link-into-a-store-that-is-gone", bzImage=Path("/nix/store/gone/bzImage"))
    (top / "links-in-a-circle").mkdir()
    (top / "links-in-a-circle/a").symlink_to("b")
    (top / "links-in-a-circle/b").symlink_to("a")


def make_scripts(top):
    def script(name, text):
        tree(top / name, kexec__boot=text)

    script("script-never-closed", "kexec --load './bzImage --command-line x\n")
    script("script-nested-deep", "kexec --load ./bzImage --append " + '"$(' * 5000 + "\n")
    script("script-only-running-tells", SCRIPT.replace("init=/i", "init=/i $(id >/tmp/x)"))
    script("script-of-nuls", bytes(4096))
    script("script-with-our-own-marks", SCRIPT.replace("init=/i", "\1$1\1"))
    script("script-loads-different-kernels", SCRIPT + SCRIPT.replace("init=/i", "init=/j"))
    script("script-loads-a-device", SCRIPT.replace("./bzImage", "/dev/zero"))
    script("script-loads-another-folders-file", SCRIPT.replace("./bzImage", "../../README"))
    tree(top / "script-path-of-64-kib", bzImage=None,
         kexec__boot=SCRIPT.replace("./bzImage", "./" + "a/" * 32768))
    script("script-of-6000-variables", "".join(f"v{i}={i}\n" for i in range(6000)) + SCRIPT)
    script("command-line-with-escapes", SCRIPT.replace("init=/i", "init=/i \033]0;x\007"))
    script("command-line-with-an-open-quote", SCRIPT.replace('"init=/i"', "'a=\"b init=/i'"))
    script("command-line-of-100-kib", SCRIPT.replace("init=/i", "init=/i " + "x\n" * 51200))

    def params(name, content):
        tree(top / name, kexec__boot=None, kernel__params=content)

    params("params-with-a-nul", b"init=/i\0 quiet")
    params("params-of-100-kib", "init=/i " + "y " * 51200)
    params("params-with-escapes", "init=/i \033[2J\n")
    tree(top / "ipxe-expands-everything", kexec__boot=None,
         **{"netboot.ipxe": "#!ipxe\nkernel ${net0/url}${ init=${x} ${y\ninitrd ${z}\n"})


def sparse_map(entries):
    """GNU sparse 1.0: the map stands before the data."""
    pax = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "kexec/initrd",
           "GNU.sparse.realsize": str(1 << 60)}
    text = b"%d\n" % entries + b"0\n0\n" * entries
    return member("kexec/GNUSparseFile.0/initrd", text + bytes(-len(text) % 512), pax=pax)


def make_tarballs(top):
    def put(name, content):
        packed = gzip.compress(content, mtime=0)
        (top / f"{name}.tar.gz").write_bytes(packed)
        return packed

    put("climbs", tree_members() + member("../x", b"evil") + END)
    put("climbs-first", member("kexec/../../../../tmp/x", b"evil") + tree_members() + END)
    put("absolute", member("/tmp/bzImage/x", b"evil") + member("/etc/cron.d/x", b"evil") + END)
    # a link, and then a file through it
    put("through-a-link", member("kexec", type_=tarfile.SYMTYPE, link="/tmp") + tree_members() + END)
    put("link-climbs", member("kexec/bzImage", type_=tarfile.SYMTYPE, link="../../../etc/shadow")
        + tree_members("unused") + END)
    put("link-to-the-machine", tree_members() + member("kexec/bzImage", type_=tarfile.SYMTYPE,
                                                       link="/proc/kcore") + END)
    put("link-circle", tree_members() + member("kexec/initrd", type_=tarfile.SYMTYPE, link="a")
        + member("kexec/a", type_=tarfile.SYMTYPE, link="initrd") + END)
    put("hard-link-to-itself", tree_members() + member("kexec/initrd", type_=tarfile.LNKTYPE,
                                                       link="kexec/initrd") + END)
    put("hard-link-to-the-machine", tree_members() + member(
        "kexec/initrd", type_=tarfile.LNKTYPE, link="/etc/shadow") + END)
    put("hard-link-chain", tree_members() + b"".join(
        member(f"kexec/{i}", type_=tarfile.LNKTYPE, link=f"kexec/{i + 1}") for i in range(900))
        + member("kexec/initrd", type_=tarfile.LNKTYPE, link="kexec/0") + END)
    put("link-that-grows", tree_members() + member("kexec/g", type_=tarfile.SYMTYPE, link="g/g/g")
        + member("kexec/initrd", type_=tarfile.SYMTYPE, link="g/x") + END)
    put("fifo-for-a-kernel", tree_members() + member("kexec/bzImage", type_=tarfile.FIFOTYPE) + END)
    put("device-for-an-initrd", tree_members() + member("kexec/initrd", type_=tarfile.CHRTYPE) + END)
    put("2000-entries", b"".join(member(f"d{i}/", type_=tarfile.DIRTYPE) for i in range(2000)) + END)
    put("600-files", b"".join(member(f"f{i}", b"x") for i in range(600)) + END)
    put("900-folders", b"".join(member(f"d{i}/f", type_=tarfile.SYMTYPE, link="f")
                                for i in range(900)) + END)
    # names alike but for their end, through links: slow to look up for whoever compares them
    deep = "/".join(["a" * 100] * 30)
    put("long-names", b"".join(member(f"{deep}{i}", type_=tarfile.SYMTYPE, link=f"/{deep}{i + 1}")
                               for i in range(900))
        + tree_members() + member("kexec/initrd", type_=tarfile.SYMTYPE, link=f"/{deep}0") + END)
    put("folders-in-folders", member("a/" * 1500 + "bzImage", kernel()) + END)
    put("target-of-64-kib", tree_members() + member("kexec/initrd", type_=tarfile.SYMTYPE,
                                                    link="a/" * 32768) + END)
    put("no-name", tree_members("") + END)
    put("announces-1-tib", member("kexec/initrd", size=1 << 40) + END)
    put("announces-less-than-nothing", member("kexec/initrd", b"x").replace(
        b"%011o" % 1, b"-" + b"7" * 10) + END)
    put("hole-of-1-eib", tree_members() + sparse_map(0) + END)
    put("map-of-a-million-holes", tree_members() + sparse_map(1 << 20) + END)
    packed = put("cut", member("kexec/bzImage", kernel() + noise.randbytes(4096)) + tree_members() + END)
    (top / "cut.tar.gz").write_bytes(packed[:-300])
    packed = zstd(member("kexec/bzImage", kernel() + noise.randbytes(4096)) + tree_members() + END)
    (top / "cut.tar.zst").write_bytes(packed[:-300])
    packed = bytearray(lzma.compress(tree_members() + END))
    packed[len(packed) // 2] ^= 1
    (top / "damaged.tar.xz").write_bytes(packed)
    (top / "script").write_text("#!/bin/sh\nrm -rf /\n")
    (top / "empty").write_bytes(b"")
    (top / "zeros").write_bytes(bytes(1024))
    (top / "noise").write_bytes(noise.randbytes(1024))
    (top / "noise.gz").write_bytes(gzip.compress(noise.randbytes(1024), mtime=0))


def make_bombs(top):
    head = tree_members() + member("kexec/big", size=8 * GIB)
    (top / "bomb.tar.gz").write_bytes(zeros(24 * MIB, zlib.compressobj(9, wbits=31), head))
    (top / "bomb.tar.bz2").write_bytes(zeros(128 * MIB, bz2.BZ2Compressor(), head))
    # and one that asks for 1.5 GiB of memory: the byte in the block's header, and its CRC
    packed = bytearray(zeros(64 * MIB, lzma.LZMACompressor(), head))
    end = 12 + (packed[12] + 1) * 4
    packed[16] = 37
    packed[end - 4:end] = struct.pack("<I", zlib.crc32(packed[12:end - 4]))
    (top / "bomb.tar.xz").write_bytes(packed)
    (top / "bomb.tar.zst").write_bytes(zstd(head + bytes(128 * MIB)))
    # never kept, but it has to be got over
    skipped = member("link", type_=tarfile.DIRTYPE, size=8 * GIB)
    (top / "bomb-in-a-folder.tar.bz2").write_bytes(zeros(128 * MIB, bz2.BZ2Compressor(), skipped))
    # in the name
    name = member("././@LongLink", type_=tarfile.GNUTYPE_LONGNAME, size=4 * GIB)
    (top / "bomb-in-a-name.tar.bz2").write_bytes(zeros(128 * MIB, bz2.BZ2Compressor(), name))
    pax = member("x", type_=tarfile.XHDTYPE, size=512 * MIB)
    (top / "bomb-in-a-header.tar.bz2").write_bytes(zeros(128 * MIB, bz2.BZ2Compressor(), pax))
    # the inner layer says nothing, for ever
    nothing = gzip.compress(b"", mtime=0)
    (top / "bomb-of-nothing.tar.gz").write_bytes(gzip.compress(nothing * 200000, mtime=0))
    layers = bytes(64 * MIB)
    for _ in range(4):
        layers = gzip.compress(layers, mtime=0)
    (top / "bomb-in-layers.tar.gz").write_bytes(layers)


def make(top):
    for maker in (make_kernels, make_unified, make_initrds, make_links, make_scripts, make_tarballs, make_bombs):
        maker(top)


if __name__ == "__main__":
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    os.makedirs(sys.argv[1])
    make(Path(sys.argv[1]))
