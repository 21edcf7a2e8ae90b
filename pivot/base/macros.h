/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#define printf_like(format_at, args_at) \
	__attribute__((format(printf, format_at, args_at)))
#define array_size(a) (sizeof(a) / sizeof((a)[0]))
