# SPDX-License-Identifier: GPL-2.0-or-later
{
  description = "Boots another Linux from the running one, on machines where plain kexec hangs";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      pivot-kexec = pkgs: pkgs.pkgsStatic.callPackage ./packaging/nix/package.nix { };
      package = pivot-kexec nixpkgs.legacyPackages.x86_64-linux;
    in
    {
      packages.x86_64-linux = {
        default = package;
        pivot-kexec = package;
      };

      overlays.default = final: _previous: { pivot-kexec = pivot-kexec final; };

      nixosModules = {
        # system.build.pivotBundle: a tarball of the configuration
        bundle = ./packaging/nix/module.nix;
        # for the target: the network of the machine before
        network = ./packaging/nix/network.nix;
      };
    };
}
