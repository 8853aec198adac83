/* Kernel addresses, by the page: first fit from where the last search ended. */
#include "intr.h"
#include "pmap.h"

#define NPAGES		((KVA_MAX - KVA_MIN) / PAGE_SIZE)

static uint8_t taken[NPAGES];
static unsigned rotor;

vm_offset_t
kva_alloc(int pages)
{
	unsigned tries, i, at;

	for (tries = 0; tries < NPAGES; tries++) {
		at = rotor;
		rotor = (rotor + 1) % NPAGES;
		if (at + pages > NPAGES)
			continue;
		for (i = 0; i < (unsigned)pages && !taken[at + i]; i++)
			;
		if (i < (unsigned)pages)
			continue;
		memset(taken + at, 1, pages);
		rotor = (at + pages) % NPAGES;
		return KVA_MIN + ptob(at);
	}
	panic("kva_alloc: out of kernel addresses");
}

void
kva_free(vm_offset_t va, int pages)
{
	memset(taken + btop(va - KVA_MIN), 0, pages);
}
