/* Reading and writing files through the buffers. */
#include "buf.h"
#include "proc.h"
#include "vnode.h"

static int
move_out(const void *from, void *to, size_t len, boolean_t user)
{
	if (user)
		return copyout(from, to, len);
	bcopy(from, to, len);
	return 0;
}

/* `user' tells whose address `to' is. */
int
vn_read(struct vnode *vp, uint32_t offset, void *to, size_t len, size_t *done, boolean_t user)
{
	uint32_t lblkno, at, size;
	struct buf *bp;
	int error = 0;

	*done = 0;
	while (*done < len && offset < vp->v_inode.di_size && error == 0) {
		lblkno = offset / BLOCK_SIZE;
		at = offset % BLOCK_SIZE;
		size = min(len - *done, BLOCK_SIZE - at);
		size = min(size, vp->v_inode.di_size - offset);
		error = bread(vp, lblkno, &bp);
		if (error == 0 && vp->v_lastread + 1 == lblkno &&
		    (lblkno + 1) * BLOCK_SIZE < vp->v_inode.di_size)
			breada(vp, lblkno + 1);
		vp->v_lastread = lblkno;
		if (error == 0)
			error = move_out((char *)bp->b_data + at,
			    (char *)to + *done, size, user);
		brelse(bp);
		offset += size;
		*done += size;
	}
	return error;
}

/* The buffer to write `size' bytes at `at' of a block to. */
static int
block_for_write(struct vnode *vp, uint32_t lblkno, uint32_t at, uint32_t size, struct buf **bpp)
{
	boolean_t beyond = lblkno * BLOCK_SIZE >= vp->v_inode.di_size;
	uint32_t blkno = r3fs_bmap(vp, lblkno, 1);
	int error;

	if (blkno == 0)
		return ENOSPC;
	if (!beyond && (at != 0 || size != BLOCK_SIZE)) {
		if ((error = bread(vp, lblkno, bpp)) != 0)
			brelse(*bpp);
		return error;
	}
	*bpp = getblk(vp, lblkno);
	if (size != BLOCK_SIZE)
		bzero((void *)(*bpp)->b_data, BLOCK_SIZE);
	return 0;
}

int
vn_write(struct vnode *vp, uint32_t offset, const void *from, size_t len, size_t *done)
{
	uint32_t lblkno, at, size;
	struct buf *bp;
	int error = 0;

	vlock(vp);
	*done = 0;
	while (*done < len && error == 0) {
		lblkno = offset / BLOCK_SIZE;
		at = offset % BLOCK_SIZE;
		size = min(len - *done, BLOCK_SIZE - at);
		if ((error = block_for_write(vp, lblkno, at, size, &bp)) != 0)
			break;
		error = copyin((const char *)from + *done, (char *)bp->b_data + at, size);
		bp->b_pages[0]->valid = bp->b_pages[1]->valid = 1;
		if (offset + size > vp->v_inode.di_size) {
			vp->v_inode.di_size = offset + size;
			vp->v_dirty = 1;
		}
		/* A full block is not coming back soon. */
		if (at + size == BLOCK_SIZE)
			bawrite(bp);
		else
			bdwrite(bp);
		offset += size;
		*done += size;
	}
	vunlock(vp);
	return *done > 0 ? 0 : error;
}
