# SPDX-License-Identifier: GPL-2.0-or-later
"""The quirk table against the list of PCI ids, and against the guide for people."""

import fnmatch
import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TABLE = TOP / "initramfs/quirks/table.c"
GUIDE = TOP / "docs/hardware.md"
PCI_IDS = Path("/usr/share/misc/pci.ids")

# Devices newer than the pci.ids of Debian 12, and where else they are listed.
NEWER = {
    "10ec:8127": "github.com/TAPPaaS/TAPPaaS/issues/315",
    "8086:7d40": "include/drm/i915_pciids.h INTEL_MTL_M_IDS",
    "8086:7d60": "include/drm/i915_pciids.h INTEL_MTL_M_IDS",
    "8086:7d45": "include/drm/i915_pciids.h INTEL_MTL_P_IDS",
    "8086:7d55": "include/drm/i915_pciids.h INTEL_MTL_P_IDS",
    "8086:7dd5": "include/drm/i915_pciids.h INTEL_MTL_P_IDS",
}

# C: strings side by side are one
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
FIELD = re.compile(r'(?:"(?:[^"\\]|\\.)*"\s*)+')
ROW = re.compile(r'\{\s*(".*?")\s*\}', re.DOTALL)


def table_rows():
    """(match, policy, why, source) of each row."""
    text = TABLE.read_text()
    text = text[text.index("quirk_table[]"):]
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"SOURCE\((.*?)\)", r"\1", text, flags=re.DOTALL)
    return [tuple("".join(STRING.findall(field)) for field in FIELD.findall(row))
            for row in ROW.findall(text)]


def known_ids():
    """ "8086:153a" of every device in pci.ids; its section on classes is no devices."""
    ids, vendor = set(), None
    for line in PCI_IDS.read_text(encoding="utf-8", errors="replace").splitlines():
        if re.match(r"[0-9a-f]{4}  ", line):
            vendor = line[:4]
        elif re.match(r"\S", line) and not line.startswith("#"):
            vendor = None
        elif vendor and re.match(r"\t[0-9a-f]{4}  ", line):
            ids.add(f"{vendor}:{line[1:5]}")
    return ids


def table_ids():
    return sorted(term.removeprefix("pci:") for match, *_ in table_rows()
                  for term in match.split(",") if term.startswith("pci:"))


@pytest.fixture(scope="module")
def ids():
    assert PCI_IDS.exists(), "pci.ids is missing: run scripts/install-deps check"
    return known_ids()


def test_reads_every_row_of_the_table():
    rows = table_rows()
    assert len(rows) == TABLE.read_text().count("\n\t{ \"")
    assert len(rows) > 20
    assert all(len(row) == 4 for row in rows)


def test_reads_devices_and_no_subsystems(ids):
    assert "8086:153a" in ids
    assert "103c:323a" in ids
    assert "103c:324a" not in ids  # a board by its subsystem, of which hpsa.c speaks
    assert len(ids) > 10000


@pytest.mark.parametrize("pattern", table_ids())
def test_every_id_is_a_device(pattern, ids):
    assert fnmatch.filter(ids | NEWER.keys(), pattern), f"no device is {pattern}"


def test_every_newer_device_is_in_the_table():
    for name in NEWER:
        assert any(fnmatch.fnmatch(name, pattern) for pattern in table_ids()), name


def test_the_guide_has_the_rows_of_the_table_and_no_others():
    expected = {f"| `{match}` | `{policy}` | {why} | {source} |"
                for match, policy, why, source in table_rows()}
    found = {line for line in GUIDE.read_text().splitlines() if line.startswith("| `")
             and line.count("|") == 5}
    assert not expected - found, "docs/hardware.md lacks:\n" + "\n".join(expected - found)
    assert not found - expected, "table.c lacks:\n" + "\n".join(found - expected)


def by_device():
    return GUIDE.read_text().split("\n## By device\n")[1].split("\n## ")[0]


def words(term):
    """What the matches of the table have for this."""
    return sorted({word.removeprefix(term) for match, *_ in table_rows()
                   for word in match.split(",") if word.startswith(term)})


@pytest.mark.parametrize("driver", words("driver:"))
def test_the_guide_speaks_of_every_driver(driver):
    assert f"`{driver}`" in by_device()


@pytest.mark.parametrize("machine", words("dmi:"))
def test_the_guide_speaks_of_every_machine(machine):
    assert all(word in by_device() for word in machine.split(" "))
