# SPDX-License-Identifier: GPL-2.0-or-later
# The package, for callPackage of nixpkgs' pkgsStatic: everything in it is static, with musl.
# docs/packaging.md says what of this could be tried.
{
  lib,
  stdenv,
  buildPackages,
  acl,
  busybox,
  bzip2,
  jansson,
  kexec-tools,
  kmod,
  libarchive,
  linuxHeaders,
  musl-fts,
  nettle,
  xz,
  zlib,
  zstd,
}:

assert lib.assertMsg stdenv.hostPlatform.isStatic
  "pivot-kexec is one static binary: pkgs.pkgsStatic.callPackage makes it";

let
  top = ../..;
  prefix = stdenv.cc.targetPrefix;
in
stdenv.mkDerivation {
  pname = "pivot-kexec";
  version = lib.head (
    builtins.match ".*\nVERSION := ([0-9.]+)\n.*" (builtins.readFile (top + "/Makefile"))
  );

  # what make leaves behind is not its source
  src = lib.cleanSourceWith {
    src = top;
    filter =
      path: type:
      lib.cleanSourceFilter path type
      && !lib.elem path (map (name: toString (top + "/${name}")) [ "build" "result" ]);
  };

  buildInputs = [
    acl
    bzip2
    jansson
    libarchive
    musl-fts
    nettle
    xz
    zlib
    zstd
  ];

  # glibc has it, and Debian's musl
  env.NIX_LDFLAGS = "-lfts";

  # The Makefile has its own for each part: the init is built for size, and what runs between
  # two kernels for no address and without a library.
  hardeningDisable = [ "all" ];
  enableParallelBuilding = true;

  # libkmod's helpers have everyday names, which it hides in a shared library only
  preBuild = ''
    mkdir kmod
    cp ${lib.getDev kmod}/include/libkmod.h kmod
    $LD -r --whole-archive ${lib.getLib kmod}/lib/libkmod.a -o kmod/all.o
    $OBJCOPY --localize-hidden kmod/all.o
    $AR rcs kmod/libkmod.a kmod/all.o
  '';

  makeFlags = [
    "CC=${prefix}cc"
    "MUSL_CC=${prefix}cc"
    "AR=${prefix}ar"
    "OBJCOPY=${prefix}objcopy"
    "READELF=${prefix}readelf"
    "STRIP=${prefix}strip"
    "PYTHON=${buildPackages.python3}/bin/python3"
    "UAPI=${linuxHeaders}/include"
    "BUSYBOX=${busybox}/bin/busybox"
    "KEXEC=${kexec-tools}/bin/kexec"
    "KMOD=kmod"
    "prefix=${placeholder "out"}"
  ];

  meta = {
    description = "Boots another Linux from the running one, past drivers that kexec breaks";
    license = lib.licenses.gpl2Plus;
    platforms = [ "x86_64-linux" ];
    mainProgram = "pivot-kexec";
  };
}
