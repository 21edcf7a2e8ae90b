# SPDX-License-Identifier: GPL-2.0-or-later
"""The build with a fault point at every act: none is forgotten, and none is in a normal one."""

import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
ACTS = sorted((BUILD / "tool/pivot/base").glob("acts*.o"))


def symbols(path, kinds):
    lines = subprocess.run(["nm", path], check=True, stdout=subprocess.PIPE,
                           text=True).stdout.splitlines()
    return {line.split()[-1] for line in lines if line.split()[-2] in kinds}


def test_every_act_has_a_fault_point():
    acts = set().union(*(symbols(path, "T") for path in ACTS))
    assert len(acts) > 20
    assert all(name.startswith("act_") for name in acts)
    assert acts == {name.removeprefix("__wrap_")
                    for name in symbols(BUILD / "faulty/tool-acts-faulty.o", "T")}


def calls(path):
    """Who is called in the code, {caller: names}."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    found = {}
    for line in text.splitlines():
        if head := re.match(r"[0-9a-f]+ <(\w+)[^>]*>:$", line):
            caller = head[1]
        elif call := re.search(r"\b(?:call|jmp|j\w+)\s+[0-9a-f]+ <(\w+)>$", line):
            found.setdefault(caller, set()).add(call[1])
    return found


@pytest.mark.parametrize("program", ["pivot-kexec", "init"])
def test_nobody_gets_to_an_act_around_its_fault_point(program):
    found = calls(BUILD / f"faulty/{program}.debug")
    around = [(caller, name) for caller, names in found.items() for name in names
              if name.startswith("act_") and not caller.startswith(("act_", "__wrap_"))
              and caller != name]
    assert around == []
    assert sum(name.startswith("__wrap_act_") for names in found.values() for name in names) > 5


@pytest.mark.parametrize("program", ["pivot-kexec", "init", "faulty/pivot-kexec"])
def test_a_normal_build_knows_nothing_of_it(program):
    has_it = b"pivot-fault" in (BUILD / program).read_bytes()
    assert has_it == program.startswith("faulty/")
