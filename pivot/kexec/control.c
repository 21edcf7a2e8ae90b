// SPDX-License-Identifier: GPL-2.0-or-later
#include "control.h"

#include "crc32c.h"
#include "page-tables.h"

enum { PAGE = 4096 };

static size_t whole_pages(size_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

struct control control_measure(const struct host *host, const struct boot_request *boot,
			       size_t n_moves)
{
	struct control c = { .n_moves = n_moves };

	c.tables = purgatory_bytes();
	c.boot = c.tables + page_tables_bytes(&host->mapped, page_tables_has_1g());
	c.moves = c.boot + whole_pages(boot_block_bytes(boot));
	c.spare = c.moves + whole_pages(n_moves * sizeof(struct move));
	c.bytes = c.spare + PAGE;
	return c;
}

struct move *control_moves(const struct control *control, void *data)
{
	return (struct move *)(void *)((char *)data + control->moves);
}

uint64_t control_spare(const struct control *control, uint64_t address)
{
	return (address + control->spare) / PAGE;
}

void control_build(const struct control *control, const struct host *host,
		   const struct boot_request *boot, uint64_t entry, uint64_t address,
		   void *data)
{
	const struct purgatory_job job = {
		.page_tables = address + control->tables,
		.moves = address + control->moves,
		.n_moves = control->n_moves,
		.moves_crc = crc32c(0, control_moves(control, data),
				    control->n_moves * sizeof(struct move)),
		.spare = control_spare(control, address),
		.entry = entry,
		.boot_params = address + control->boot,
		.serial_port = host->serial_port,
	};

	purgatory_place(data, &job);
	page_tables_build((char *)data + control->tables, address + control->tables,
			  &host->mapped, page_tables_has_1g());
	boot_block_build(boot, address + control->boot, (char *)data + control->boot);
}
