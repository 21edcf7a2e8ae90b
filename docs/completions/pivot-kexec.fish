# SPDX-License-Identifier: GPL-2.0-or-later
# pivot-kexec(8) itself knows what may come: "pivot-kexec complete WORD...".
# For /usr/share/fish/vendor_completions.d.

function __pivot_kexec_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l option (string match -r -- '^--[^=]*=' $word)
    for line in ($words[1] complete $words[2..-1] "$word" 2>/dev/null)
        switch $line
            case ':file'
                for path in (__fish_complete_path (string replace -- "$option" '' "$word"))
                    echo -- "$option$path"
                end
            case ':folder'
                for path in (__fish_complete_directories (string replace -- "$option" '' "$word"))
                    echo -- "$option$path"
                end
            case '*'
                echo $line
        end
    end
end

complete -c pivot-kexec -f -a '(__pivot_kexec_complete)'
