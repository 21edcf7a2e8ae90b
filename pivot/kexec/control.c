// SPDX-License-Identifier: GPL-2.0-or-later
#include "control.h"

#include <string.h>
#include <sys/random.h>

#include "crc32c.h"
#include "page-tables.h"
#include "pivot/base/pages.h"

struct boot_request control_request(const struct host *host, const uint8_t *setup,
				    size_t setup_bytes, const char *command_line,
				    uint64_t initrd_bytes)
{
	struct boot_request request = {
		.setup = setup,
		.setup_bytes = setup_bytes,
		.map = &host->map,
		.firmware = &host->firmware,
		.command_line = command_line,
		.initrd_bytes = initrd_bytes,
	};

	/* where there is none yet the target makes do without */
	(void)!getrandom(request.seed, sizeof(request.seed), GRND_NONBLOCK);
	return request;
}

struct control control_measure(const struct host *host, const struct boot_request *boot,
			       size_t n_moves)
{
	struct control c = { .n_moves = n_moves };

	c.tables = purgatory_bytes();
	c.boot = c.tables + page_tables_bytes(&host->mapped, page_tables_has_1g());
	c.moves = c.boot + pages_whole(boot_block_bytes(boot));
	c.spare = c.moves + pages_whole(n_moves * sizeof(struct move));
	c.empty = c.spare + PAGE_BYTES;
	c.bytes = c.empty + PAGE_BYTES;
	return c;
}

struct move *control_moves(const struct control *control, void *data)
{
	return (struct move *)(void *)((char *)data + control->moves);
}

uint64_t control_spare(const struct control *control, uint64_t address)
{
	return (address + control->spare) / PAGE_BYTES;
}

/*
 * Without an initrd an EFI kernel takes the one of a table that an EFI stub has left,
 * which is long overwritten (drivers/firmware/efi/efi.c): it gets an empty one.
 */
static struct boot_request with_initrd(const struct boot_request *boot, uint64_t empty)
{
	struct boot_request request = *boot;

	if (!request.initrd_bytes && request.firmware->n_runtime) {
		request.initrd = empty;
		request.initrd_bytes = PAGE_BYTES;
	}
	return request;
}

void control_build(const struct control *control, const struct host *host,
		   const struct boot_request *boot, uint64_t kernel, uint64_t address,
		   void *data)
{
	struct boot_request request = with_initrd(boot, address + control->empty);
	const struct purgatory_job job = {
		.page_tables = address + control->tables,
		.moves = address + control->moves,
		.n_moves = control->n_moves,
		.moves_crc = crc32c(0, control_moves(control, data),
				    control->n_moves * sizeof(struct move)),
		.spare = control_spare(control, address),
		.entry = kernel + BOOT_ENTRY_64,
		.boot_params = address + control->boot,
		.serial_port = host->serial_port,
	};

	purgatory_place(data, &job);
	page_tables_build((char *)data + control->tables, address + control->tables,
			  &host->mapped, page_tables_has_1g());
	boot_block_build(&request, address + control->boot, (char *)data + control->boot);
	explicit_bzero(&request, sizeof(request));
}
