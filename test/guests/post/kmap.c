/* The temporary mapping slot: one page through which the kernel reaches a frame that it does not map. */
#include "post.h"

u32 kmap_table[1024] __attribute__((aligned(4096)));

void *kmap(u32 frame)
{
	kmap_table[0] = frame | PRESENT_WRITABLE;
	__asm__ volatile("invlpg (%0)" : : "r"(KMAP) : "memory");
	return (void *)KMAP;
}

/* Lazy: the next kmap takes the slot anyway. */
void kunmap(void) {}
