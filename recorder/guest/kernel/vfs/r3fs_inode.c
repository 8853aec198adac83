/* R3FS on the disk: superblock, inodes, the map of free blocks. */
#include "buf.h"
#include "proc.h"
#include "vnode.h"

#define MAGIC		0x53463352
#define SUPERBLOCK	1
#define INODES_PER_BLOCK (BLOCK_SIZE / sizeof(struct dinode))
#define POINTERS	(BLOCK_SIZE / 4)

struct superblock {
	uint32_t magic, nblocks, ninodes, bitmap_start, bitmap_blocks;
	uint32_t inode_start, inode_blocks, data_start;
};

static struct superblock fs;

void
r3fs_mount(void)
{
	struct buf *bp;

	if (bread(devvp, SUPERBLOCK, &bp) != 0 ||
	    ((struct superblock *)bp->b_data)->magic != MAGIC)
		panic("no R3FS on the disk");
	fs = *(struct superblock *)bp->b_data;
	brelse(bp);
}

static struct dinode *
dinode_in(struct buf *bp, uint32_t ino)
{
	return (struct dinode *)bp->b_data + ino % INODES_PER_BLOCK;
}

int
r3fs_load(struct vnode *vp)
{
	struct buf *bp;
	int error = bread(devvp, fs.inode_start + vp->v_ino / INODES_PER_BLOCK, &bp);

	vp->v_inode = *dinode_in(bp, vp->v_ino);
	vp->v_dirty = 0;
	brelse(bp);
	return error;
}

void
r3fs_store(struct vnode *vp)
{
	struct buf *bp;

	vp->v_dirty = 0;
	bread(devvp, fs.inode_start + vp->v_ino / INODES_PER_BLOCK, &bp);
	*dinode_in(bp, vp->v_ino) = vp->v_inode;
	bdwrite(bp);
}

/* A free inode, now of `mode'; 0 when there is none. */
uint32_t
r3fs_ialloc(int mode)
{
	struct dinode *di;
	struct buf *bp;
	uint32_t ino;

	for (ino = ROOT_INO; ino < fs.ninodes; ino++) {
		bread(devvp, fs.inode_start + ino / INODES_PER_BLOCK, &bp);
		di = dinode_in(bp, ino);
		if (di->di_mode == MODE_FREE) {
			bzero(di, sizeof *di);
			di->di_mode = mode;
			bdwrite(bp);
			return ino;
		}
		brelse(bp);
	}
	return 0;
}

/* A free block; 0 when the disk is full. */
uint32_t
r3fs_balloc(void)
{
	uint32_t blkno, byte;
	struct buf *bp;
	uint8_t *map;

	bread(devvp, fs.bitmap_start, &bp);
	map = (uint8_t *)bp->b_data;
	for (blkno = fs.data_start; blkno < fs.nblocks; blkno++) {
		byte = map[blkno / 8];
		if (byte & 1 << blkno % 8)
			continue;
		map[blkno / 8] = byte | 1 << blkno % 8;
		bdwrite(bp);
		return blkno;
	}
	brelse(bp);
	return 0;
}

void
r3fs_bfree(uint32_t blkno)
{
	struct buf *bp;

	bread(devvp, fs.bitmap_start, &bp);
	((uint8_t *)bp->b_data)[blkno / 8] &= ~(1 << blkno % 8);
	bdwrite(bp);
}

/* Block of the disk behind a block of a file; 0 for a hole, or a full disk. */
uint32_t
r3fs_bmap(struct vnode *vp, uint32_t lblkno, boolean_t alloc)
{
	uint32_t *slot, blkno;
	struct buf *bp = NULL;

	if (vp == devvp)
		return lblkno;
	if (lblkno < NDIRECT)
		slot = &vp->v_inode.di_direct[lblkno];
	else {
		if (lblkno - NDIRECT >= POINTERS)
			return 0;
		if (vp->v_inode.di_indirect == 0) {
			if (!alloc || (blkno = r3fs_balloc()) == 0)
				return 0;
			bp = getblk(devvp, blkno);
			bzero((void *)bp->b_data, BLOCK_SIZE);
			bp->b_pages[0]->valid = bp->b_pages[1]->valid = 1;
			bdwrite(bp);
			vp->v_inode.di_indirect = blkno;
			vp->v_dirty = 1;
		}
		bread(devvp, vp->v_inode.di_indirect, &bp);
		slot = (uint32_t *)bp->b_data + (lblkno - NDIRECT);
	}
	blkno = *slot;
	if (blkno == 0 && alloc && (blkno = r3fs_balloc()) != 0) {
		*slot = blkno;
		vp->v_dirty = 1;
		if (bp != NULL) {
			bdwrite(bp);
			return blkno;
		}
	}
	if (bp != NULL)
		brelse(bp);
	return blkno;
}

/* Frees all blocks. The caller has thrown buffers and pages away. */
void
r3fs_truncate(struct vnode *vp)
{
	uint32_t lblkno, blkno, blocks;

	blocks = (vp->v_inode.di_size + BLOCK_SIZE - 1) / BLOCK_SIZE;
	for (lblkno = 0; lblkno < blocks; lblkno++)
		if ((blkno = r3fs_bmap(vp, lblkno, 0)) != 0)
			r3fs_bfree(blkno);
	if (vp->v_inode.di_indirect != 0)
		r3fs_bfree(vp->v_inode.di_indirect);
	bzero(vp->v_inode.di_direct, sizeof vp->v_inode.di_direct);
	vp->v_inode.di_indirect = 0;
	vp->v_inode.di_size = 0;
	vp->v_dirty = 1;
}
