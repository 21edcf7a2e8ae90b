# SPDX-License-Identifier: GPL-2.0-or-later
# A NixOS module for the target: it gets the network of the machine it was booted from,
# with bonds, VLANs, bridges, DNS servers and MTUs.
#
# pivot-kexec puts the network into the target's initrd, as files of systemd-networkd,
# /etc/systemd/network/30-pivot-*. A networkd of stage 1 (boot.initrd.systemd.network.enable)
# reads them there by itself. For stage 2 they are copied to /run, which outlives stage 1, and
# the files of this configuration come before them where their names do. Where none have
# travelled, nothing changes.
{ config, lib, ... }:

let
  files = "/etc/systemd/network/30-pivot-*";
  copy = ''
    mkdir -p /run/systemd/network
    for file in ${files}; do
      if [ -e "$file" ]; then
        cp "$file" /run/systemd/network/
      fi
    done
  '';
  hasSystemd = config.boot.initrd.systemd.enable;
in
{
  networking.useNetworkd = lib.mkDefault true;
  systemd.network.enable = true;

  assertions = [
    {
      assertion = !config.networking.networkmanager.enable;
      message = ''
        pivot-kexec's network.nix hands the network to systemd-networkd, and NetworkManager would
        set it up a second time: set networking.networkmanager.enable = lib.mkForce false, or
        do without the module.
      '';
    }
  ];

  boot.initrd.systemd.services.pivot-kexec-network = lib.mkIf hasSystemd {
    description = "Hand the network of the machine before over to stage 2";
    wantedBy = [ "initrd.target" ];
    before = [ "initrd.target" ];
    unitConfig = {
      DefaultDependencies = false;
      ConditionPathExistsGlob = files;
    };
    serviceConfig.Type = "oneshot";
    script = copy;
  };

  # a stage 1 of shell scripts
  boot.initrd.postMountCommands = lib.mkIf (!hasSystemd) copy;
}
