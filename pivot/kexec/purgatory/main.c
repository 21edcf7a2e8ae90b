// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Freestanding, and at an address that only the loader knows: no library, and no pointer
 * that is initialised (purgatory.ld, the Makefile).
 */

#include <stdint.h>

#include "pivot/kexec/page-tables.h"
#include "pivot/kexec/purgatory.h"
#include "pivot/kexec/purgatory/head.h"
#include "pivot/kexec/purgatory/moves.h"

/* What entry.S goes on with, in rax and rdx. */
struct next {
	uint64_t entry, boot_params;
};

struct next purgatory_main(void);

extern const struct purgatory_job purgatory_job; /* entry.S */

static void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

/* The port of power-on self-tests, which nobody minds: about a microsecond on a PC. */
static void wait(unsigned int us)
{
	while (us-- > 0)
		(void)in(0x80);
}

/* --- the serial port: a 16550, as the running kernel has set it up --- */

enum {
	LINE_STATUS = 5,
	HOLDING_EMPTY = 0x20,
	ALL_SENT = 0x40,
	PATIENCE = 50000, /* reads, each a microsecond: ten characters at 2400 baud */
};

/* A port that is never ready does not keep us: what is lost is the line. */
static void wait_for(uint16_t port, uint8_t status)
{
	for (int i = 0; i < PATIENCE; i++)
		if (in(port + LINE_STATUS) & status)
			return;
}

static void put(uint16_t port, char c)
{
	wait_for(port, HOLDING_EMPTY);
	out(port, (uint8_t)c);
}

static void put_text(uint16_t port, const char *text)
{
	while (*text)
		put(port, *text++);
}

static void put_hex(uint16_t port, uint64_t value)
{
	int shift = 60;

	while (shift > 0 && value >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put(port, "0123456789abcdef"[value >> shift & 15]);
}

static void complain(uint16_t port, const struct move *move)
{
	if (port == 0)
		return;
	put_text(port, "\r\npivot-kexec: a page of the target changed before the jump ");
	if (move) {
		put_text(port, "(frame 0x");
		put_hex(port, move->from);
		put_text(port, " or behind)");
	} else {
		put_text(port, "(the list of them)");
	}
	put_text(port, ": resetting\r\n");
	wait_for(port, ALL_SENT);
}

/* --- the reset --- */

enum {
	RESET_CONTROL = 0xcf9, /* of the chipset */
	KEYBOARD_STATUS = 0x64,
	KEYBOARD_INPUT_FULL = 0x02,
};

/* By all that native_machine_emergency_restart() (arch/x86/kernel/reboot.c) tries. */
static void __attribute__((noreturn)) reset(void)
{
	out(RESET_CONTROL, 0x02); /* of the whole system */
	wait(50);
	out(RESET_CONTROL, 0x06); /* now */
	wait(100000);
	for (int i = 0; i < PATIENCE && in(KEYBOARD_STATUS)&KEYBOARD_INPUT_FULL; i++)
		;
	out(KEYBOARD_STATUS, 0xfe); /* pulse the reset line */
	wait(100000);
	/* no IDT: a triple fault */
	__asm__ volatile("ud2");
	__builtin_unreachable();
}

/* The number of levels cannot be changed in long mode. */
static void use_page_tables(uint64_t address)
{
	enum { LA57 = 1 << 12 };
	uint64_t cr4;

	__asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
	address += cr4 & LA57 ? PAGE_TABLES_ROOT_5 : PAGE_TABLES_ROOT_4;
	__asm__ volatile("movq %0, %%cr3" : : "r"(address) : "memory");
}

struct next purgatory_main(void)
{
	const struct purgatory_job *job = &purgatory_job;
	const struct move *changed;

	if (job->page_tables != 0)
		use_page_tables(job->page_tables);
	if (!purgatory_check(job, &changed)) {
		complain(job->serial_port, changed);
		reset();
	}
	purgatory_move(job);
	return (struct next){ job->entry, job->boot_params };
}

_Static_assert(sizeof(struct purgatory_job) == 56, "entry.S leaves room for it");
_Static_assert(offsetof(struct purgatory_head, job) == 16, "entry.S puts it there");
