# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/evidence.svg is the table of docs/evidence.md, cell for cell."""

import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "scripts/evidence.d"))

import picture  # noqa: E402

DOCUMENT = TOP / "docs/evidence.md"
SVG = "{http://www.w3.org/2000/svg}"


def draw(text):
    return xml.fromstring(picture.draw(text))


def shapes(svg, kind):
    return svg.findall(f".//{SVG}rect[@class='{kind}']")


@pytest.fixture(scope="module")
def first():
    return next(picture.chapters(DOCUMENT.read_text()))


def test_the_picture_is_the_documents():
    assert (TOP / "docs/evidence.svg").read_text() == picture.draw(DOCUMENT.read_text()), \
        "run scripts/evidence --picture"


def test_the_script_draws_it_without_measuring(tmp_path):
    (tmp_path / "evidence.md").write_text(DOCUMENT.read_text())
    subprocess.run([TOP / "scripts/evidence", "--picture", "--output", tmp_path / "evidence.md"],
                   check=True, stdout=subprocess.PIPE)
    assert (tmp_path / "evidence.svg").read_text() == (TOP / "docs/evidence.svg").read_text()


def test_every_device_has_a_cell_in_every_row(first):
    _, ways, devices = first
    svg = draw(DOCUMENT.read_text())
    cells = sum(len(shapes(svg, kind)) for kind in ("runs", "may", "rest", "used", "none"))
    assert len(devices) == 47
    assert cells == len(ways) * len(devices) + len(picture.LEGEND)


def test_every_device_is_named_and_every_row_counted(first):
    _, ways, devices = first
    said = [text.text for text in draw(DOCUMENT.read_text()).iter(f"{SVG}text")]
    for name in devices:
        assert picture.short(name) in said, name
    for row, way in enumerate(ways):
        assert way in said
        assert picture.count(devices, row) in said


def test_a_sign_goes_with_each_colour():
    """Who tells no colours apart sees a circle, a triangle or a dash."""
    svg = draw(DOCUMENT.read_text())
    for kind, sign in (("runs", "circle"), ("may", "path"), ("rest", "rect")):
        assert len(svg.findall(f".//{SVG}{sign}[@class='{kind}-sign']")) == len(shapes(svg, kind))


def test_what_runs_is_drawn_so():
    text = DOCUMENT.read_text()
    line = next(line for line in text.splitlines() if line.startswith("| e1000 |"))
    worse = text.replace(line, line.replace("| - | - | - |", "| TX | MSI | - |"), 1)
    before, after = draw(text), draw(worse)
    assert len(shapes(after, "runs")) == len(shapes(before, "runs")) + 1
    assert len(shapes(after, "may")) == len(shapes(before, "may")) + 1


def test_what_shows_up_only_after_the_jump_is_not_hidden():
    text = DOCUMENT.read_text()
    line = next(line for line in text.splitlines() if line.startswith("| i6300esb |"))
    worse = text.replace(line, line.replace("| - | - |", "| - | MSI |", 1), 1)
    assert len(shapes(draw(worse), "may")) == len(shapes(draw(text), "may")) + 1


def test_it_needs_nothing_from_elsewhere():
    text = (TOP / "docs/evidence.svg").read_text()
    assert text.count("http") == 1  # the namespace
    for word in ("<script", "href", "url(", "@import"):
        assert word not in text
