// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * What a shell cannot do, in the machines of scripts/bench-loading:
 *
 *	bench-helper mark	say in the kernel log what the TSC is
 *	bench-helper time CMD	run it; say how many ticks of the TSC that took
 *	bench-helper jump	reboot(LINUX_REBOOT_CMD_KEXEC)
 *
 * As /init it is the target: it says on the serial port that it is there, and whether
 * /payload is what /payload.crc says, and ends the machine.
 */

#include <fcntl.h>
#include <linux/reboot.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERIAL = 0x3f8, DEBUG_EXIT = 0xf4, BLOCK = 1 << 16 };

static uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static void say(const char *text)
{
	int fd = open("/dev/kmsg", O_WRONLY);

	(void)!write(fd, text, strlen(text));
	(void)close(fd);
}

static int mark(void)
{
	char text[64];
	int fd = open("/dev/kmsg", O_WRONLY);
	/* once before, so that nothing of it is cold */
	int n = snprintf(text, sizeof(text), "bench: mark 0");

	(void)!write(fd, text, (size_t)n);
	n = snprintf(text, sizeof(text), "bench: mark %llu", (unsigned long long)ticks());
	(void)!write(fd, text, (size_t)n);
	return close(fd);
}

static int take_time(char **argv)
{
	char text[64];
	int status = 0;
	uint64_t start = ticks();
	pid_t child = fork();

	if (child == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	(void)waitpid(child, &status, 0);
	(void)snprintf(text, sizeof(text), "bench: took %llu",
		       (unsigned long long)(ticks() - start));
	say(text);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int jump(void)
{
	say("bench: jumping");
	return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		       LINUX_REBOOT_CMD_KEXEC, 0) != 0;
}

/* --- the target --- */

/* Of zlib, so that Python knows it, too. */
static uint32_t crc32(uint32_t crc, const uint8_t *p, size_t n)
{
	static uint32_t table[256];

	if (!table[1])
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = i;

			for (int bit = 0; bit < 8; bit++)
				c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
			table[i] = c;
		}
	for (crc = ~crc; n > 0; n--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

static void put_text(const char *text)
{
	for (; *text; text++) {
		while (!(inb(SERIAL + 5) & 0x20))
			;
		outb(*text, SERIAL);
	}
}

static int is_whole(void)
{
	static uint8_t block[BLOCK];
	int fd = open("/payload", O_RDONLY), sum = open("/payload.crc", O_RDONLY);
	char text[16] = "";
	uint32_t crc = 0;
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0)
		crc = crc32(crc, block, (size_t)n);
	return read(sum, text, sizeof(text) - 1) > 0 && strtoul(text, NULL, 16) == crc;
}

__attribute__((noreturn)) static void be_target(void)
{
	(void)ioperm(SERIAL, 8, 1);
	(void)ioperm(DEBUG_EXIT, 1, 1);
	put_text("\nbench-target: started\n");
	put_text(is_whole() ? "\nbench-target: whole\n" : "\nbench-target: damaged\n");
	outb(0, DEBUG_EXIT);
	for (;;)
		(void)pause();
}

int main(int argc, char **argv)
{
	if (getpid() == 1)
		be_target();
	if (argc == 2 && strcmp(argv[1], "mark") == 0)
		return mark();
	if (argc > 2 && strcmp(argv[1], "time") == 0)
		return take_time(argv + 2);
	if (argc == 2 && strcmp(argv[1], "jump") == 0)
		return jump();
	return 2;
}
