# SPDX-License-Identifier: GPL-2.0-or-later
"""The matrix of docs/evidence.md as a picture: a row for each way, a column for each device.

It is drawn from the document's own tables, so that it cannot say anything else than they.
Each cell has a colour and a sign of its own shape: who sees no colours loses nothing.
"""

import re
from html import escape

CELL, PITCH, GAP = 14, 16, 10  # a cell, from one to the next, between two kinds
LABEL, HEAD, MARGIN = 230, 112, 16  # the rows' names, the columns' names
COUNT = 74

# By the driver; the first that matches. Drivers of virtio say nothing, names do.
KINDS = [
    ("network", r"e1000e?|igb(vf)?|8139cp|ne2k-pci|pcnet32|e100|tulip|vmxnet3|virtio-net.*"),
    ("disks", r"nvme|megaraid_sas|mptsas|sym53c8xx|vmw_pvscsi|am53c974|ahci|ata_piix|sdhci-pci"
              r"|virtio-(blk|scsi).*"),
    ("USB", r"[xeu]hci[_-].*|ohci-pci"),
    ("sound", r"snd_.*"),
    ("other", r".*"),
]

# In config space; any other word is an engine of the device, or its firmware.
MAY = {"BME", "MSI", "MSI-X", "VFs", "transactions pending"}

STYLE = """\
text { font: 12px "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: bold; }
.name { font-size: 11px; }
.kind { font-size: 11px; fill: #59636e; }
.bold { font-weight: bold; }
.paper { fill: #ffffff; stroke: #d1d9e0; }
.line { stroke: #d1d9e0; }
.runs { fill: #c4420a; } .runs-sign { fill: #ffffff; }
.may { fill: #f0b429; } .may-sign { fill: #1f2328; }
.rest { fill: #d3e9f7; } .rest-sign { fill: #3d6f93; }
.used { fill: #8a939d; } .used-sign { fill: #ffffff; }
.none { fill: none; stroke: #a4adb7; stroke-dasharray: 2 2; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.kind { fill: #9da7b1; }
.paper { fill: #0d1117; stroke: #3d444d; }
.line { stroke: #3d444d; }
.runs { fill: #e0561a; }
.rest { fill: #173a52; } .rest-sign { fill: #8ec5ea; }
.used { fill: #5b646e; }
.none { stroke: #6a737d; }
}
"""


def tables(chapter):
    """(head, rows) of each table."""
    for block in re.findall(r"(?:^\|.*\n)+", chapter, re.M):
        head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")]
                          for line in block.splitlines()]
        yield head, rows


def chapters(document):
    """(release, ways, {device: (driver, [what of each way])}) of each kernel; the first of
    the ways is what was seen before the jump."""
    for part in re.split(r"^## Linux ", document, flags=re.M)[1:]:
        head, rows = next(tables(part))
        yield part.split("\n")[0].strip(), head[2:], {
            row[0]: (row[1], [[] if cell == "-" else cell.split(", ") for cell in row[2:]])
            for row in rows if not row[0].startswith("**")}


def kind_of(name, driver):
    what = name if driver == "virtio-pci" else driver
    return next(kind for kind, pattern in KINDS if re.fullmatch(pattern, what))


def short(name):
    return name.replace("-pci", "").replace(" (of the board)", "")


def release_short(release):
    return ".".join(release.split(".")[:2])


def state(words):
    if not words:
        return "rest"
    return "may" if set(words) <= MAY else "runs"


def cell(x, y, kind, sign):
    """kind -- its colour; sign -- its shape"""
    middle_x, middle_y = x + CELL / 2, y + CELL / 2
    yield f'<rect class="{kind}" x="{x}" y="{y}" width="{CELL}" height="{CELL}" rx="2"/>'
    if sign == "runs":
        yield f'<circle class="{kind}-sign" cx="{middle_x}" cy="{middle_y}" r="3.6"/>'
    elif sign == "may":
        yield (f'<path class="{kind}-sign" d="M{middle_x} {y + 3}l4.4 8h-8.8z"/>')
    elif sign == "rest":
        yield f'<rect class="{kind}-sign" x="{x + 4}" y="{middle_y - 1}" width="6" height="2"/>'


def text(x, y, what, kind="", anchor="start", turn=0):
    turned = f' transform="rotate({turn} {x} {y})"' if turn else ""
    styled = f' class="{kind}"' if kind else ""
    return f'<text{styled} x="{x}" y="{y}" text-anchor="{anchor}"{turned}>{escape(what)}</text>'


def places(devices):
    """[(kind, [(x, name)])]: where each column stands."""
    x = MARGIN + LABEL
    for kind, _ in KINDS:
        names = [name for name, (driver, _) in devices.items() if kind_of(name, driver) == kind]
        yield kind, [(x + i * PITCH, name) for i, name in enumerate(names)]
        x += len(names) * PITCH + GAP


def columns(groups, devices, n_ways):
    top = MARGIN + 26 + HEAD
    for kind, group in groups:
        middle = (group[0][0] + group[-1][0] + CELL) / 2
        below = top + n_ways * PITCH + 22
        yield (f'<path class="line" d="M{group[0][0]} {below - 10}H{group[-1][0] + CELL}"/>')
        yield text(middle, below + 4, kind, "kind", "middle")
        for x, name in group:
            yield text(x + 11, top - 6, short(name), "name", turn=-60)
            before, *after = devices[name][1]
            for row, words in enumerate([before, *after]):
                y = top + row * PITCH + (6 if row else 0)
                if not before and not words:
                    yield from cell(x, y, "none", "")
                elif row == 0:
                    yield from cell(x, y, "used", state(words))
                else:
                    yield from cell(x, y, state(words), state(words))


def rows(ways, devices, right):
    top = MARGIN + 26 + HEAD
    for row, way in enumerate(ways):
        y = top + row * PITCH + (6 if row else 0) + 11
        yield text(MARGIN + LABEL - 10, y, way, "bold" if "pivot" in way else "", "end")
        yield text(right, y, count(devices, row), "bold" if row else "", "end")


LEGEND = [
    ("runs", "runs", "an engine runs on, or firmware serves the old driver"),
    ("may", "may", "may still interrupt (MSI, MSI-X)"),
    ("rest", "rest", "nothing is left"),
    ("used", "runs", "in use, before the jump"),
    ("none", "", "shows nothing even in use"),
]


def legend(y):
    x = MARGIN
    for kind, sign, what in LEGEND:
        yield from cell(x, y, kind, sign)
        yield text(x + CELL + 6, y + 11, what, "name")
        x += CELL + 22 + 5.9 * len(what)


def sameness(all_chapters):
    """Of the other kernels: in how many cells they differ from the first."""
    (_, ways, devices), *others = all_chapters
    for release, their_ways, theirs in others:
        n = sum(theirs[name][1][their_ways.index(way)] != devices[name][1][ways.index(way)]
                for name in devices for way in their_ways)
        yield (f"Linux {release_short(release)}, without the ways it was not tried in: "
               + (f"{n} cells differ" if n else "the same, cell for cell"))


def count(devices, row):
    return f"{sum(bool(what[row]) for _, what in devices.values())} of {len(devices)}"


def in_words(ways, devices):
    return "Something is left of: " + ", ".join(
        f"{count(devices, row)} ({way})" for row, way in enumerate(ways))


def draw(document):
    """The picture, as the text of an SVG file."""
    everything = list(chapters(document))
    release, ways, devices = everything[0]
    qemu = re.search(r"in QEMU (\S+)", document)[1]
    groups = list(places(devices))
    right = groups[-1][1][-1][0] + CELL + COUNT
    bottom = MARGIN + 26 + HEAD + len(ways) * PITCH + 48
    width, height = right + MARGIN, bottom + CELL + 34
    title = f"What is left of {len(devices)} devices in use when the next kernel starts"
    notes = [f"Linux {release_short(release)} in QEMU {qemu}", *sameness(everything)]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(in_words(ways, devices))}</desc>",
        "<!-- SPDX-License-Identifier: GPL-2.0-or-later; drawn by scripts/evidence -->",
        f"<style>\n{STYLE}</style>",
        f'<rect class="paper" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>',
        text(MARGIN, MARGIN + 12, title, "title"),
        *columns(groups, devices, len(ways)),
        *rows(ways, devices, right),
        *legend(bottom),
        text(MARGIN, bottom + CELL + 20, "; ".join(notes), "kind"),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"
