# SPDX-License-Identifier: GPL-2.0-or-later
"""What a test machine finds at /mnt/payload: the tool, a tree, the other party."""

import gzip
import secrets
import shutil
import subprocess
from pathlib import Path

from machine import SCRIPTS

SOURCE = SCRIPTS.parent
BINARY = SOURCE / "build" / "pivot-kexec"


def make_payload(folder, append="", form="kexec-boot", binary=BINARY, kernel=None,
                 system="plain"):
    """Fill a folder; gives the nonce its tree will answer with."""
    folder = Path(folder)
    nonce = secrets.token_hex(8)
    shutil.copy(binary, folder / "pivot-kexec")
    subprocess.run(["musl-gcc", "-static", "-O2", "-idirafter", SOURCE / "build" / "uapi",
                    Path(__file__).with_name("kexec-image.c"), "-o", folder / "kexec-image"],
                   check=True)
    subprocess.run([SCRIPTS / "make-tree", "--nonce", nonce, "--form", form,
                    "--system", system,
                    *(["--append", append] if append else []),
                    *(["--kernel", kernel] if kernel else []), folder / "result"], check=True)
    return nonce


def add_to_initrd(folder, name):
    """A file of the folder, into its tree's: the kernel unpacks one archive after another."""
    archive = subprocess.run(["cpio", "--quiet", "--create", "--format=newc"], check=True,
                             cwd=folder, input=f"{name}\n".encode(),
                             stdout=subprocess.PIPE).stdout
    with open(Path(folder) / "result" / "initrd.gz", "ab") as initrd:
        initrd.write(gzip.compress(archive))


def add_modules(folder):
    """Those of tests/vm/modules, in a folder of that name."""
    modules = subprocess.run([SCRIPTS / "vm-modules"], check=True, stdout=subprocess.PIPE,
                             text=True).stdout.strip()
    shutil.copytree(modules, Path(folder) / "modules")
