/*
 * Buffers: a header and kernel addresses for the pages of one file system
 * block. The pages are the object's (merged VM/buffer cache).
 */
#ifndef BUF_H
#define BUF_H

#include "param.h"
#include "vm.h"

#define BLOCK_SIZE	8192u
#define BLOCK_PAGES	(BLOCK_SIZE / PAGE_SIZE)
#define SECTOR_SIZE	512u
#define NBUF		40

struct buf {
	struct link b_hash;
	struct link b_free;
	struct link b_queue;		/* of the disk driver */
	struct vnode *b_vp;
	uint32_t b_lblkno;		/* block of the file */
	uint32_t b_blkno;		/* block of the disk; 0 = not known */
	int	b_flags;
	vm_offset_t b_data;
	vm_page_t b_pages[BLOCK_PAGES];
	uint32_t b_ioff, b_ilen;	/* part of the block to transfer, bytes */
};

#define B_BUSY		0x001
#define B_WANTED	0x002
#define B_DELWRI	0x004		/* to be written before reuse */
#define B_ASYNC		0x008		/* released when done */
#define B_READ		0x010
#define B_DONE		0x020
#define B_ERROR		0x040
#define B_INVAL		0x080		/* contents are of no use */
#define B_RELBUF	0x100		/* give the pages up when released */

/* vfs/vfs_bio.c */
void	bufinit(void);
struct buf *getblk(struct vnode *, uint32_t lblkno);
struct buf *getblk_resident(struct vnode *, uint32_t lblkno);
int	bread(struct vnode *, uint32_t lblkno, struct buf **);
void	breada(struct vnode *, uint32_t lblkno);
void	brelse(struct buf *);
void	bdwrite(struct buf *);
void	bawrite(struct buf *);
int	bwrite(struct buf *);
int	biowait(struct buf *);
void	biodone(struct buf *);
void	buf_start(struct buf *, int flags, uint32_t first, uint32_t pages);
boolean_t buf_valid(struct buf *);
void	bufsync(struct vnode *, boolean_t wait);
void	vinvalbuf(struct vnode *);

/* dev/wd.c */
void	wdattach(void);
void	wdstrategy(struct buf *);

#endif
