/*
 * What every file on this disk contains. Each 32-bit word names the place it
 * belongs to:
 *
 *	31     24 23  20 19                  0
 *	| file id |  gen | offset / 4        |
 *
 * so that a wrong word tells, in a hex dump or in the CORRUPT line, whose page
 * it came from, and a stale one which generation. mkfs.mjs writes /pub by the
 * same rule (gen 0). No word is zero, as file ids start at 1: an unfilled page
 * is recognised as well.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include "libc.h"

#define PUB_FILES	24		/* /pub/f01.dat ... f24.dat */
#define PUB_HOT		4		/* the first few, which all want */

/* Ids of the files the workloads write themselves. */
#define ID_UPLOAD	0x80		/* + server */
#define ID_PAGEIO	0xa0		/* + worker */
#define ID_PRIVATE	0xc0		/* memory private to a process */
#define ID_SELFTEST	0xe0

#define GENS		16

static inline uint32_t
pattern_word(uint32_t id, uint32_t gen, uint32_t offset)
{
	return id << 24 | (gen & (GENS - 1)) << 20 | offset >> 2;
}

void	pattern_fill(uint32_t id, uint32_t gen, uint32_t offset, void *p,
	    uint32_t len);
int	pattern_check(uint32_t id, uint32_t gen, uint32_t offset, const void *p,
	    uint32_t len);

#endif
