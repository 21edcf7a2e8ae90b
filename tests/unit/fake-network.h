/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Networks that tests/networks.py has recorded, in tests/unit/networks. */

#include "pivot/network/state.h"

/* The dumps of NAME.dumps. */
void fake_network(const char *name, struct network_dumps *ret);

/* A file of that folder, to be freed. */
char *fake_network_text(const char *file);
