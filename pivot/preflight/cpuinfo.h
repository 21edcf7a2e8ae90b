/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Stands the text as words in the line "NAME  : ..." of the first processor in
 * <root>/proc/cpuinfo? Source: arch/x86/kernel/cpu/proc.c */
bool cpuinfo_has(const char *root, const char *name, const char *text);
