/*
 * Numbers: decimal input and the seeded generator. All the choices of a
 * workload come from (seed, stream), so two runs with one seed ask the kernel
 * for the same things in each process, whatever the interleaving.
 */
#include "libc.h"

int
atoi(const char *s)
{
	int value = 0;

	while (*s >= '0' && *s <= '9')
		value = value * 10 + *s++ - '0';
	return value;
}

/* Marsaglia's xorshift32; the state must not be zero. */
uint32_t
prng_next(struct prng *r)
{
	uint32_t x = r->state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return r->state = x;
}

void
prng_init(struct prng *r, uint32_t seed, uint32_t stream)
{
	int i;

	r->state = (seed * 0x9e3779b1u) ^ (stream * 0x85ebca6bu) ^ 0x1b873593u;
	if (r->state == 0)
		r->state = 1;
	for (i = 0; i < 8; i++)		/* spread neighbouring seeds apart */
		(void)prng_next(r);
}

uint32_t
prng_below(struct prng *r, uint32_t limit)
{
	return (prng_next(r) >> 8) % limit;
}
