/* Writing and checking the self-describing words of pattern.h. */
#include "pattern.h"

void
pattern_fill(uint32_t id, uint32_t gen, uint32_t offset, void *p, uint32_t len)
{
	uint32_t *w = p, *e = w + len / 4, v = pattern_word(id, gen, offset);

	while (w < e)
		*w++ = v++;
}

static void
corrupt(uint32_t id, uint32_t offset, uint32_t want, uint32_t got)
{
	printf("CORRUPT pid=%d file=%u offset=%u want=%08x got=%08x\n",
	    getpid(), id, offset, want, got);
}

/*
 * Returns 1 and reports the first wrong word, or 0. One line is enough: what
 * follows it is in the trace.
 */
int
pattern_check(uint32_t id, uint32_t gen, uint32_t offset, const void *p,
    uint32_t len)
{
	const volatile uint32_t *w = p, *end = w + len / 4;
	uint32_t got, v = pattern_word(id, gen, offset);

	for (; w < end; w++, v++) {
		got = *w;		/* once: a second look may differ */
		if (got != v) {
			corrupt(id, offset + ((uint32_t)w - (uint32_t)p), v, got);
			return 1;
		}
	}
	return 0;
}
