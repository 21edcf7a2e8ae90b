# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# pivot-kexec(8) itself knows what may come: "pivot-kexec complete WORD...".
# For /usr/share/bash-completion/completions/pivot-kexec, or to be sourced.

_pivot_kexec() {
	local line=${COMP_LINE:0:COMP_POINT} words word drop='' candidate found=()

	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	word=${words[-1]}
	# of a word with "=" or ":" readline has the part behind it only
	[[ $COMP_WORDBREAKS == *=* && $word == *=* ]] && drop=${word%"${word##*=}"}
	[[ $COMP_WORDBREAKS == *:* && $word == *:* ]] && drop=${word%"${word##*:}"}
	while IFS=$'\t' read -r candidate _; do
		case $candidate in
		:file) mapfile -t -O "${#found[@]}" found < <(compgen -f -- "${word#--*=}") ;;
		:folder) mapfile -t -O "${#found[@]}" found < <(compgen -d -- "${word#--*=}") ;;
		*)
			found+=("${candidate#"$drop"}")
			continue
			;;
		esac
		compopt -o filenames 2>/dev/null
	done < <("${words[0]/#~\//$HOME/}" complete "${words[@]:1}" 2>/dev/null)
	COMPREPLY=("${found[@]}")
}

complete -F _pivot_kexec pivot-kexec
