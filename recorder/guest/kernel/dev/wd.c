/*
 * The disk: first ATA channel, PIO, one block (up to 16 sectors) an interrupt.
 * Requests wait in a queue sorted by block, served in one direction.
 */
#include "buf.h"
#include "cpu.h"
#include "intr.h"
#include "proc.h"
#include "vnode.h"

#define WD		0x1f0
#define WD_ERROR	1
#define WD_COUNT	2
#define WD_LBA		3
#define WD_DRIVE	6
#define WD_COMMAND	7
#define WD_STATUS	7

#define BSY		0x80
#define DRQ		0x08
#define ERR		0x01
#define DRIVE_LBA	0xe0

#define READ_MULTIPLE	0xc4
#define WRITE_MULTIPLE	0xc5
#define SET_MULTIPLE	0xc6
#define MULTIPLE	(BLOCK_SIZE / SECTOR_SIZE)

static struct link queue;		/* the first is in progress */
static boolean_t active;
static uint32_t head;			/* where the last request was */

static uint32_t
sector_of(struct buf *bp)
{
	return bp->b_blkno * (BLOCK_SIZE / SECTOR_SIZE) + bp->b_ioff / SECTOR_SIZE;
}

static int
wait_while_busy(void)
{
	int status;

	while ((status = inb(WD + WD_STATUS)) & BSY)
		;
	return status;
}

static void
wdstart(void)
{
	struct buf *bp = list_entry(queue.next, struct buf, b_queue);
	uint32_t sector = sector_of(bp);

	active = 1;
	head = sector;
	wait_while_busy();
	outb(WD + WD_COUNT, bp->b_ilen / SECTOR_SIZE);
	outb(WD + WD_LBA, sector & 0xff);
	outb(WD + WD_LBA + 1, sector >> 8 & 0xff);
	outb(WD + WD_LBA + 2, sector >> 16 & 0xff);
	outb(WD + WD_DRIVE, DRIVE_LBA | (sector >> 24 & 15));
	outb(WD + WD_COMMAND, bp->b_flags & B_READ ? READ_MULTIPLE : WRITE_MULTIPLE);
	if (bp->b_flags & B_READ)
		return;
	while (!(wait_while_busy() & (DRQ | ERR)))
		;
	outsw(WD, (char *)bp->b_data + bp->b_ioff, bp->b_ilen / 2);
}

static void
wdintr(void *frame)
{
	int status = inb(WD + WD_STATUS);
	struct buf *bp;

	(void)frame;
	if (!active || status & BSY)
		return;
	bp = list_entry(queue.next, struct buf, b_queue);
	if (status & ERR) {
		printf("wd0: error %x at block %u\n", inb(WD + WD_ERROR), bp->b_blkno);
		bp->b_flags |= B_ERROR;
	} else if (bp->b_flags & B_READ)
		insw(WD, (char *)bp->b_data + bp->b_ioff, bp->b_ilen / 2);
	list_remove(&bp->b_queue);
	active = 0;
	if (!list_empty(&queue))
		wdstart();
	biodone(bp);
}

/* One sweep upwards, then the next from below (disksort). */
static boolean_t
comes_before(struct buf *a, struct buf *b)
{
	boolean_t a_next = sector_of(a) < head, b_next = sector_of(b) < head;

	return a_next != b_next ? b_next : sector_of(a) < sector_of(b);
}

/* Starts the transfer that b_flags, b_ioff and b_ilen describe. */
void
wdstrategy(struct buf *bp)
{
	struct link *l;
	int s = splbio();

	l = active ? queue.next->next : queue.next;
	for (; l != &queue; l = l->next)
		if (comes_before(bp, list_entry(l, struct buf, b_queue)))
			break;
	list_append(l, &bp->b_queue);
	if (!active)
		wdstart();
	splx(s);
}

void
wdattach(void)
{
	list_init(&queue);
	if (inb(WD + WD_STATUS) == 0xff)
		panic("wd0: no disk");
	outb(WD + WD_DRIVE, DRIVE_LBA);
	wait_while_busy();
	outb(WD + WD_COUNT, MULTIPLE);
	outb(WD + WD_COMMAND, SET_MULTIPLE);
	wait_while_busy();
	register_intr(IRQ_DISK, wdintr, bio_imask);
}
