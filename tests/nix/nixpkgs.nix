# SPDX-License-Identifier: GPL-2.0-or-later
# As much of nixpkgs as packaging/nix asks for: names that are missing, a wrong argument and
# a text that comes out wrong are seen with it; whether nixpkgs has what it is asked for, and
# whether anything builds, is not. A derivation is the set of what it was made from, and prints
# as a path of the store.
let
  inherit (builtins)
    attrNames
    elem
    filter
    foldl'
    functionArgs
    head
    intersectAttrs
    isAttrs
    isFunction
    mapAttrs
    replaceStrings
    ;

  # --- lib ---

  isStorePath = value: isAttrs value && value ? outPath;
  isTagged = tag: value: isAttrs value && value._type or null == tag;

  isPlainSet = value: isAttrs value && !isStorePath value;

  # Of two definitions: sets are joined, and lists; else the later counts. What is defined under
  # a condition that does not hold is null where nobody else defines it, so that no name depends
  # on a condition.
  merge =
    left: right:
    if isTagged "if" right then
      (if right.condition then merge left right.value else left)
    else if isPlainSet right then
      (if isPlainSet left then left else { })
      // mapAttrs (name: value: merge (left.${name} or null) value) right
    else if builtins.isList left && builtins.isList right then
      left ++ right
    else
      right;

  lib = {
    inherit elem head;
    assertMsg = condition: text: condition || throw text;
    cleanSourceFilter = path: _type: baseNameOf path != ".git";
    cleanSourceWith = arguments: arguments;
    escapeShellArg =
      word:
      if builtins.match "[[:alnum:],._+:@%/=-]+" word != null then
        word
      else
        "'${replaceStrings [ "'" ] [ "'\\''" ] word}'";
    escapeShellArgs = words: builtins.concatStringsSep " " (map lib.escapeShellArg words);
    getDev = package: "${package}-dev";
    getLib = package: "${package}-lib";
    licenses.gpl2Plus = "GPL-2.0-or-later";
    literalExpression = text: { inherit text; };
    mkDefault = value: value;
    mkIf = condition: value: {
      _type = "if";
      inherit condition value;
    };
    mkOption = option: option // { _type = "option"; };
    types = {
      enum = values: { check = value: elem value values; };
      listOf = type: { check = value: builtins.isList value && builtins.all type.check value; };
      package.check = isStorePath;
      str.check = builtins.isString;
    };
  };

  # --- packages ---

  derivation = name: arguments: arguments // {
    type = "derivation";
    inherit name;
    outPath = "/nix/store/00000000000000000000000000000000-${name}";
  };

  callPackageWith =
    packages: file: overrides:
    let
      function = import file;
    in
    function (intersectAttrs (functionArgs function) packages // overrides);

  packagesOf =
    isStatic:
    let
      prefix = if isStatic then "x86_64-unknown-linux-musl-" else "";
      packages = builtins.listToAttrs (
        map
          (name: {
            inherit name;
            value = derivation (name + (if isStatic then "-static" else "")) { };
          })
          [
            "acl"
            "busybox"
            "bzip2"
            "jansson"
            "kexec-tools"
            "kmod"
            "libarchive"
            "linuxHeaders"
            "musl-fts"
            "nettle"
            "xz"
            "zlib"
            "zstd"
          ]
      );
      stdenv = {
        cc.targetPrefix = prefix;
        hostPlatform = {
          inherit isStatic;
          system = "x86_64-linux";
        };
        mkDerivation = arguments: derivation "${arguments.pname}-${arguments.version}" arguments;
      };
    in
    packages
    // {
      inherit lib stdenv;
      callPackage = callPackageWith (
        packages
        // {
          inherit lib stdenv;
          buildPackages.python3 = derivation "python3" { };
        }
      );
      pkgsStatic = packagesOf true;
      runCommand = name: arguments: script: derivation name (arguments // { inherit script; });
    };

  pkgs = packagesOf false;

  # --- modules ---

  # what options say where nobody defines them
  defaults =
    options:
    if isTagged "option" options then
      options.default or (throw "an option has neither a value nor a default")
    else
      mapAttrs (_name: defaults) options;

  # throws where a value is not of its option's type
  checkTypes =
    options: config:
    if isTagged "option" options then
      options.type.check config || throw "a value is not of its option's type"
    else
      builtins.all (name: checkTypes options.${name} config.${name}) (attrNames options);

  # The configuration of modules: files, functions, or sets of definitions.
  evalModules =
    modules:
    let
      call = module: if isFunction module then module { inherit config lib pkgs; } else module;
      loaded = map (module: call (if builtins.isPath module then import module else module)) modules;
      options = foldl' merge { } (map (module: module.options or { }) loaded);
      definitions = map (module: module.config or (removeAttrs module [ "options" ])) loaded;
      config = foldl' merge (defaults options) definitions;
      failed = filter (entry: !entry.assertion) (config.assertions or [ ]);
    in
    assert checkTypes options config;
    if failed == [ ] then config else throw (head failed).message;
in
{
  inherit lib pkgs evalModules;
  # as a flake has it
  legacyPackages.x86_64-linux = pkgs;
}
