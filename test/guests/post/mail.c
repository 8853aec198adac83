/* Letters: written into the frame of somebody else's mailbox, read in one's own. */
#include "post.h"

void write_letter(struct thread *to, u32 seed)
{
	u32 *letter = kmap(to->mailbox);
	u32 sum = 0;
	for (int i = 0; i < LETTER - 1; i++) {
		u32 word = seed + i;
		letter[i] = word;
		sum += word;
	}
	letter[LETTER - 1] = sum;
	kunmap();
}

void read_letter(void)
{
	const volatile u32 *letter = (const u32 *)MAILBOX;
	u32 sum = 0;
	for (int i = 0; i < LETTER - 1; i++)
		sum += letter[i];
	if (sum != letter[LETTER - 1])
		panic("damaged letter to ", current->name, letter[0]);
}
