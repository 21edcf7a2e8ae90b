/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A verb on another machine: all that it needs is copied there first. */

struct options;
struct verb;

/* An exit code. */
int remote_run(const struct options *options, const struct verb *verb);
