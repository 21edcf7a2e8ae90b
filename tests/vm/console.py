# SPDX-License-Identifier: GPL-2.0-or-later
"""What systemd and our init say on the console."""

import re

# What every image has in use, as let_go() names it.
IN_USE = {"swap /swapfile", "mount /srv/loop", "mount /srv/lvm", "mount /"}

SENTENCES = {
    r"Deactivated swap \S+ - (/\S+)\.$": "swap {}",
    r"Unmounted \S+ - (/srv/\S+)\.$": "mount {}",
    r"systemd-shutdown\[1\]: All (loop|DM) devices detached\.$": "every {} device",
    r"pivot-kexec: +swap off: (/\S+)$": "swap {}",
    r"pivot-kexec: +unmounted (/\S*) \((?:ext4|vfat) on /dev/": "mount {}",
    r"pivot-kexec: +released (\S+) \(": "{}",
}


def said(console):
    """The init's lines, without the kernel's time."""
    return re.findall(r"pivot-kexec: (.*)$", console, re.M)


def let_go(console):
    """What was let go of, by whom ever, in the order it was said."""
    found = {}
    for line in console.splitlines():
        for pattern, name in SENTENCES.items():
            match = re.search(pattern, line)
            if match:
                # after a seizure everything is below the old root
                what = re.sub(r"^/oldroot(?=/|$)", "", match[1]) or "/"
                found[name.format(what)] = True
    return list(found)
