// SPDX-License-Identifier: GPL-2.0-or-later
#include "quote.h"

/* Between single quotes nothing is special but the quote itself. */
void quote_word(FILE *out, const char *word)
{
	(void)fputc('\'', out);
	for (; *word; word++) {
		if (*word == '\'')
			(void)fputs("'\\''", out);
		else
			(void)fputc(*word, out);
	}
	(void)fputc('\'', out);
}
