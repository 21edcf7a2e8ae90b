# SPDX-License-Identifier: GPL-2.0-or-later
# A NixOS module: makes of a configuration that has system.build.kexecTree, as nixpkgs'
# netboot modules give it, one tarball that nixos-anywhere takes with --kexec, and that a
# user unpacks and runs:
#
#     { modulesPath, ... }: {
#       imports = [
#         (modulesPath + "/installer/netboot/netboot-minimal.nix")
#         ./packaging/nix/module.nix
#       ];
#       pivot-kexec.bundle.options = [ "--watchdog=600" ];
#     }
#
# Then build config.system.build.pivotBundle.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.pivot-kexec.bundle;
  tree =
    config.system.build.kexecTree
      or (throw "pivot-kexec.bundle: this configuration has no system.build.kexecTree: import installer/netboot/netboot-minimal.nix of nixpkgs, or another module that makes one");
in
{
  options.pivot-kexec.bundle = {
    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.pkgsStatic.callPackage ./package.nix { };
      defaultText = lib.literalExpression "pkgs.pkgsStatic.callPackage ./package.nix { }";
      description = "The pivot-kexec that makes the bundle, and that goes into it.";
    };

    name = lib.mkOption {
      type = lib.types.str;
      default = "pivot-kexec-${pkgs.stdenv.hostPlatform.system}";
      defaultText = lib.literalExpression ''"pivot-kexec-''${pkgs.stdenv.hostPlatform.system}"'';
      description = "The name of the tarball, without its ending.";
    };

    compression = lib.mkOption {
      type = lib.types.enum [
        "gz"
        "xz"
        "zst"
      ];
      default = "gz";
      description = ''
        How the tarball is compressed. The machine it is for unpacks it with its own tar, and
        not every distribution has xz or zstd.
      '';
    };

    options = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [
        "--watchdog=600"
        "--no-keep-network"
      ];
      description = ''
        Options of pivot-kexec(8) that the bundle is to be run with, as if they were given
        each time.
      '';
    };
  };

  config.system.build.pivotBundle =
    pkgs.runCommand "pivot-kexec-bundle" { nativeBuildInputs = [ cfg.package ]; }
      ''
        mkdir "$out"
        pivot-kexec bundle ${tree} -o "$out"/${lib.escapeShellArg "${cfg.name}.tar.${cfg.compression}"} \
          ${lib.escapeShellArgs cfg.options}
      '';
}
