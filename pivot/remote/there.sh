# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What pivot-kexec --to has the other machine do, in any POSIX shell. It goes to 'sh -s',
# with a call of one of its functions behind it, whose standard input must be another.
# What they find they print, a line each, for copy.c.
set -u
LC_ALL=C
export LC_ALL
umask 077

refuse() {
	printf 'refused %s\n' "$*"
	exit 0
}

find_become() {
	user=$(id -u)
	become=
	[ "$user" != 0 ] || return 0
	for become in 'sudo -n' 'doas -n'; do
		if $become true 2>/dev/null; then
			return 0
		fi
	done
	refuse 'root is needed, and neither sudo nor doas gives it without a password:' \
		'name root, as in ssh://root@HOST'
}

check_machine() {
	machine="$(uname -s) $(uname -m)"
	[ "$machine" = 'Linux x86_64' ] ||
		refuse "that machine is '$machine', and this runs on Linux x86_64 only"
	command -v sha256sum >/dev/null ||
		refuse 'sha256sum is missing over there: install coreutils or busybox'
	find_become
}

# --- the folder ---

# Why this folder will not do
complain() {
	complaints="$complaints${complaints:+; }'$folder' $*"
	return 1
}

# A link, or a folder that somebody else may write to, would be a trap.
is_ours() {
	# shellcheck disable=SC2012,SC2046 # words of ls: mode, links, owner
	set -- $(ls -nd "$folder" 2>/dev/null) - - -
	case $1 in
	drwx------*) [ "$3" = "$user" ] ;;
	*) false ;;
	esac
}

# As it is not where nothing may be executed, or on a network filesystem that knows no root
can_execute() {
	printf '#!/bin/sh\nexit 0\n' >"$folder/.try" && chmod 700 "$folder/.try" &&
		$become "$folder/.try" 2>/dev/null
	could=$?
	rm -f "$folder/.try"
	return $could
}

is_usable() {
	case $folder in
	[!/]* | *[!A-Za-z0-9/._@+-]*)
		complain 'has a name that not every shell takes'
		return
		;;
	esac
	mkdir -p "$folder" 2>/dev/null
	is_ours || complain 'is not a folder of this user alone' || return
	can_execute 2>/dev/null || complain 'cannot be written to, or nothing may be executed there'
}

size_of() {
	if [ -f "$1" ]; then
		echo $(($(wc -c <"$1")))
	else
		echo 0
	fi
}

# A name that ends as ours do, with a checksum: whatever else is there is somebody else's.
has_checksum() {
	sum=${1%.part} sum=${sum%.new} sum=${sum%.d}
	sum=${sum##*-}
	case $sum in
	*[!0-9a-f]*) false ;;
	*) [ ${#sum} = 64 ] ;;
	esac
}

# remove_others [NAME BYTES]...: what earlier jumps have left
remove_others() {
	for path in "$folder"/*-*; do
		is_wanted=no
		has_checksum "$path" || continue
		for name; do
			case $path in
			"$folder/$name" | "$folder/$name.part") is_wanted=yes ;;
			esac
		done
		[ $is_wanted = yes ] || $become rm -rf "$path"
	done
}

# has_room [NAME BYTES]...: 16 MiB more than what is missing
has_room() {
	missing=16777216
	while [ $# -gt 0 ]; do
		[ "$(size_of "$folder/$1.part")" -le "$2" ] || rm -f "$folder/$1.part"
		[ "$(size_of "$folder/$1")" = "$2" ] ||
			missing=$((missing + $2 - $(size_of "$folder/$1.part")))
		shift 2
	done
	missing=$((missing / 1024))
	free=$(df -Pk "$folder" | sed -n '2s/^.* \([0-9][0-9]*\)  *[0-9-]*% .*$/\1/p')
	[ "${free:-$missing}" -ge $missing ] ||
		complain "has room for $free KiB, and $missing are needed"
}

# --- what is called ---

# prepare REMOVES [NAME BYTES]...: where the files go, and which of them are there
prepare() {
	removes=$1
	complaints=
	found=no
	shift
	check_machine
	for folder in "${HOME:-}/.cache/pivot-kexec-to" "/var/tmp/pivot-kexec-$user"; do
		is_usable || continue
		[ "$removes" = no ] || remove_others "$@"
		if has_room "$@"; then
			found=yes
			break
		fi
	done
	[ $found = yes ] || refuse "there is no folder for the files over there: $complaints"
	printf 'user %s\nbecome %s\nfolder %s\n' "$user" "$become" "$folder"
	while [ $# -gt 0 ]; do
		if [ "$(size_of "$folder/$1")" = "$2" ]; then
			printf 'whole %s\n' "$1"
		else
			: >>"$folder/$1.part" # of this umask, whatever the login shell has
			printf 'part %s %s\n' "$(size_of "$folder/$1.part")" "$1"
		fi
		shift 2
	done
}

# finish FOLDER NAME...: a name ends with the checksum of what is in it; only what is so
# bears it. Those of earlier are looked at, too: a disk may have lost them with the power.
# What there is one of gets a name that people can read.
finish() {
	folder=$1
	shift
	for name; do
		path=$folder/$name
		[ ! -f "$path.part" ] || mv -f "$path.part" "$path.new"
		[ -f "$path.new" ] || mv -f "$path" "$path.new"
		sum=$(sha256sum <"$path.new")
		if [ "${sum%% *}" = "${name##*-}" ]; then
			mv -f "$path.new" "$path"
		else
			rm -f "$path.new"
			printf 'bad %s\n' "$name"
			continue
		fi
		case $name in
		pivot-kexec-*) chmod 700 "$path" ;;
		esac
		case $name in
		pivot-kexec-* | kernel-* | initrd-*) ln -sf "$name" "$folder/${name%-*}" ;;
		esac
	done
}

# forget FOLDER: files of the user's for the target may be secret
forget() {
	rm -f "$1"/extra-files-*
}

unpack() {
	for name; do
		$become rm -rf "$folder/$name.d"
		$become mkdir "$folder/$name.d" &&
			$become tar -xpf "$folder/$name" -C "$folder/$name.d" || return 1
	done
}

run_tool() {
	$become "$folder/pivot-kexec" "$@"
}

# execute FOLDER BECOME KEEPS 'NAME...' WORD...: unpacks these, and runs the tool; does not
# forget where it is to run once more. However that goes, nothing unpacked stays.
execute() {
	folder=$1 become=$2 keeps=$3 archives=$4
	shift 4
	# shellcheck disable=SC2086 # they are words
	unpack $archives && run_tool "$@"
	code=$?
	for name in $archives; do
		$become rm -rf "$folder/$name.d"
	done
	[ "$keeps" = yes ] || forget "$folder"
	return $code
}
