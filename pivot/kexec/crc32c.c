// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/kexec/crc32c.h"

#include <cpuid.h>
#include <stdbool.h>

#define POLYNOMIAL 0x82f63b78u /* the lowest bit is the highest power */

/* As much as one round of the instructions takes, at any alignment. */
struct block {
	uint64_t words[8];
} __attribute__((packed, may_alias));

struct word {
	uint64_t value;
} __attribute__((packed, may_alias));

static bool has_instruction(void)
{
	static enum { UNKNOWN, NO, YES } answer; /* cpuid is slow in a virtual machine */
	unsigned int a, b, c, d;

	if (answer == UNKNOWN) {
		__cpuid(1, a, b, c, d);
		answer = c & bit_SSE4_2 ? YES : NO;
	}
	return answer == YES;
}

static uint32_t by_instruction(uint32_t crc, const uint8_t *p, size_t n)
{
	uint64_t sum = crc;

	/* in assembly: no compiler flag is needed, and each compiler unrolls it */
	for (; n >= sizeof(struct block); n -= sizeof(struct block)) {
		__asm__("crc32q 0(%1), %0\n\t"
			"crc32q 8(%1), %0\n\t"
			"crc32q 16(%1), %0\n\t"
			"crc32q 24(%1), %0\n\t"
			"crc32q 32(%1), %0\n\t"
			"crc32q 40(%1), %0\n\t"
			"crc32q 48(%1), %0\n\t"
			"crc32q 56(%1), %0"
			: "+&r"(sum)
			: "r"(p), "m"(*(const struct block *)p));
		p += sizeof(struct block);
	}
	for (; n > 0; n--, p++)
		__asm__("crc32b %1, %k0" : "+r"(sum) : "m"(*p));
	return (uint32_t)sum;
}

/* tables[k][byte]: what a byte does to the checksum k bytes after it. */
static uint32_t tables[8][256];

static void make_tables(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		tables[0][i] = crc;
	}
	for (int k = 1; k < 8; k++) {
		for (int i = 0; i < 256; i++) {
			uint32_t before = tables[k - 1][i];

			tables[k][i] = before >> 8 ^ tables[0][before & 0xff];
		}
	}
}

uint32_t crc32c_by_tables(uint32_t crc, const void *data, size_t n)
{
	const uint8_t *p = data;

	if (tables[7][255] ==
	    0) /* the last one made; no entry but the first of each is 0 */
		make_tables();
	crc = ~crc;
	for (; n >= sizeof(struct word); n -= sizeof(struct word)) {
		uint64_t word = ((const struct word *)p)->value ^ crc;

		crc = tables[7][word & 0xff] ^ tables[6][word >> 8 & 0xff] ^
		      tables[5][word >> 16 & 0xff] ^ tables[4][word >> 24 & 0xff] ^
		      tables[3][word >> 32 & 0xff] ^ tables[2][word >> 40 & 0xff] ^
		      tables[1][word >> 48 & 0xff] ^ tables[0][word >> 56];
		p += sizeof(struct word);
	}
	for (; n > 0; n--, p++)
		crc = crc >> 8 ^ tables[0][(crc ^ *p) & 0xff];
	return ~crc;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t n)
{
	if (has_instruction())
		return ~by_instruction(~crc, data, n);
	return crc32c_by_tables(crc, data, n);
}
