# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be as it was where nothing was changed."""

PARTS = {
    "boot_id": "cat /proc/sys/kernel/random/boot_id",
    "kexec_loaded": "cat /sys/kernel/kexec_loaded",
    "panic": "cat /proc/sys/kernel/panic",
    "mounts": "cat /proc/1/mounts",
    "files": "find /run /tmp /var/tmp /root /dev/shm -xdev "
             "-not -path '/run/systemd/*' -not -path '/run/udev/*' | sort",
    "processes": "pgrep -l pivot-kexec",
}


def state(vm):
    texts = vm.run("; echo ----; ".join(PARTS.values()), check=False).stdout.split("----\n")
    return {name: text.rstrip("\n") for name, text in zip(PARTS, texts, strict=True)}


def assert_armed(vm, is_loaded=False):
    """
    The jump is prepared, and waits: what there is to be undone.

    is_loaded -- already; else the target waits in the stage
    """
    now = state(vm)
    assert now["kexec_loaded"] == str(int(is_loaded))
    assert "pivot-kexec /run/initramfs tmpfs" in now["mounts"]
    payload = vm.run("test -s /run/initramfs/payload/seal", check=False)
    assert (payload.returncode == 0) != is_loaded
    assert len(now["processes"].splitlines()) == 1, now["processes"]


def assert_undone(vm, before):
    vm.wait_until("end of the waiter", "! pgrep pivot-kexec")
    assert state(vm) == before
    assert vm.read("systemctl is-active database ssh") == "active\nactive"
    vm.wait_life()
