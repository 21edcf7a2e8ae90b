# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/troubleshooting.md against the program: each finding is there, each message is real."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
GUIDE = (TOP / "docs/troubleshooting.md").read_text()
SOURCES = sorted([*(TOP / "pivot").rglob("*.c"), *(TOP / "initramfs").rglob("*.c")])

STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
# strings side by side are one
TEXT = re.compile(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+')
FINDING = re.compile(r"\b(?:find_(?:refusal|warning|note)|findings_add_said)\((.*?)\);", re.S)
ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def without_comments(text):
    return re.sub(r"/\*.*?\*/|^#include.*?$|//.*?$", "", text, flags=re.S | re.M)


def unescaped(text):
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text)


def texts(source):
    """Each string in it."""
    for match in TEXT.finditer(without_comments(source)):
        yield unescaped("".join(STRING.findall(match[0])))


def ids_of(source):
    """What is found under which name: of each call the words before its first sentence."""
    for call in FINDING.findall(without_comments(source)):
        for text in texts(call):
            if not ID.fullmatch(text):
                break
            yield text


PROGRAM = [text for path in SOURCES for text in texts(path.read_text())]
IDS = sorted({name for path in SOURCES for name in ids_of(path.read_text())})


def rows():
    """(cells of the row) of each table."""
    for line in GUIDE.splitlines():
        if line.startswith("| ") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def quoted():
    """Every message that is said to be ours: the code in the first cell of its row."""
    ours = GUIDE.split("\n## What other programs say")[0]
    for line in ours.splitlines():
        if line.startswith("| `"):
            yield from re.findall(r"`([^`]*)`", line.split(" | ")[0])


def is_said(message):
    """Is it a part of one of the program's texts, with something for each '…'?"""
    parts = [part.strip() for part in message.split("…") if part.strip()]
    pattern = re.compile(".*?".join(re.escape(part) for part in parts), re.S)
    return any(pattern.search(text) for text in PROGRAM)


def test_the_sources_are_read():
    assert len(IDS) > 60
    for name in ("not-root", "tdx-guest", "sev-guest", "panic-timeout", "keep", "hardware"):
        assert name in IDS
    assert is_said("the handover is damaged")
    assert is_said("no kernel is loaded: somebody unloaded it")
    assert is_said("too little memory: … needed, … available")
    assert not is_said("nobody says this")


@pytest.mark.parametrize("name", IDS)
def test_every_finding_is_explained(name):
    explained = {cell for row in rows() if len(row) == 3
                 for cell in re.findall(r"`([^`]*)`", row[1])}
    assert name in explained, f"docs/troubleshooting.md lacks the finding '{name}'"


def test_no_other_finding_is_explained():
    explained = {cell for row in rows() if len(row) == 3
                 for cell in re.findall(r"`([^`]*)`", row[1])}
    assert explained - set(IDS) == set()


@pytest.mark.parametrize("message", sorted(set(quoted())))
def test_every_message_is_the_programs(message):
    assert is_said(message), f"pivot-kexec says nothing like '{message}'"
