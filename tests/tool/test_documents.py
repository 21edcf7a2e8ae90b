# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds the documents together: links lead somewhere, options exist."""

import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TOOL = TOP / "build/pivot-kexec"
DOCUMENTS = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]

FENCE = re.compile(r"^```.*?^```", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")
RULE = re.compile(r"--quirk '([^'\n]+)'")
OPTION = re.compile(r"`(--[a-z][a-z-]*)")

# Of other programs, named alone.
OTHERS = {
    "--quick", "--full", "--resume",  # of scripts/
    "--option",  # of a script that is spoken of
}


def names(path):
    return str(path.relative_to(TOP))


def prose(path):
    return FENCE.sub("", path.read_text())


def anchors(path):
    """As GitHub makes them of headings."""
    for heading in re.findall(r"^#+ (.*)$", prose(path), re.M):
        kept = re.sub(r"[^\w\- ]", "", heading.lower())
        yield kept.replace(" ", "-")


def inner_links(path):
    return [link for link in LINK.findall(prose(path)) if "://" not in link]


@pytest.mark.parametrize("path", DOCUMENTS, ids=names)
def test_links_lead_somewhere(path):
    for link in inner_links(path):
        file, _, anchor = link.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), link
        assert not anchor or anchor in anchors(there), link


def test_the_readme_leads_to_every_document():
    linked = {(TOP / link.partition("#")[0]).resolve() for link in inner_links(TOP / "README.md")}
    assert {path for path in DOCUMENTS[1:] if path not in linked} == set()


@pytest.fixture(scope="module")
def options():
    said = subprocess.run([TOOL, "--help"], check=True, stdout=subprocess.PIPE, text=True).stdout
    found = set(re.findall(r"--[a-z][a-z-]*", said))
    assert len(found) > 20
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=names)
def test_options_are_the_programs(path, options):
    assert set(OPTION.findall(prose(path))) - options - OTHERS == set()


def rules():
    """Each that is given as an example, with something where the reader puts it."""
    for path in DOCUMENTS:
        for rule in RULE.findall(path.read_text()):
            if rule != "MATCH=POLICY":
                yield rule.replace("ADDRESS", "0000:00:1f.2").replace("NAME", "igb")


@pytest.mark.parametrize("rule", sorted(set(rules())))
def test_rules_are_understood(rule):
    subprocess.run([TOOL, "plan", "--root", TOP / "tests/fixtures/qemu-server", "--quirk", rule],
                   check=True, stdout=subprocess.PIPE)
