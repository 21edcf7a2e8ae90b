/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Whoever has a mapped file open for writing can cut it off, and memory can fail: reading
 * what is gone is SIGBUS, which ends PID 1, and with it the kernel.
 *
 * work(data), which may end anywhere then: it holds no lock, and nothing of what it was
 * about is used any more. What it returned; or -EFAULT, logged.
 */
int lost_pages_guard(int (*work)(void *data), void *data);
