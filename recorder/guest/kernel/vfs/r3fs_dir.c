/* R3FS directories: names to files. */
#include "buf.h"
#include "proc.h"
#include "vnode.h"

#define ENTRIES		(BLOCK_SIZE / sizeof(struct dirent))

/*
 * Finds `name' in a directory, or with a name of "" a free entry. The buffer
 * of the entry is returned busy; NULL when there is no such entry.
 */
static struct dirent *
search(struct vnode *dir, const char *name, struct buf **bpp)
{
	uint32_t block, blocks = dir->v_inode.di_size / BLOCK_SIZE;
	struct dirent *d;
	unsigned i;

	for (block = 0; block < blocks; block++) {
		if (bread(dir, block, bpp) == 0) {
			d = (struct dirent *)(*bpp)->b_data;
			for (i = 0; i < ENTRIES; i++, d++)
				if (name[0] == '\0' ? d->d_ino == 0 :
				    d->d_ino != 0 && strcmp(d->d_name, name) == 0)
					return d;
		}
		brelse(*bpp);
	}
	return NULL;
}

/* Takes the next component off a path; false at its end. */
static boolean_t
component(const char **path, char *name)
{
	int n = 0;

	while (**path == '/')
		++*path;
	while (**path != '\0' && **path != '/') {
		if (n < NAME_LEN - 1)
			name[n++] = **path;
		++*path;
	}
	name[n] = '\0';
	return n > 0;
}

/*
 * Walks a path. The last name may be missing: then *found is NULL. The
 * directory it would be in comes back referenced in any case.
 */
static int
walk(const char *path, struct vnode **dirp, char *name, struct vnode **found)
{
	struct vnode *dir = vget(ROOT_INO), *vp = NULL;
	char next[NAME_LEN];
	struct dirent *d;
	struct buf *bp;
	uint32_t ino;

	name[0] = '\0';
	if (!component(&path, name)) {
		*dirp = dir;
		vref(dir);
		*found = dir;
		return 0;
	}
	for (;;) {
		if (dir->v_inode.di_mode != MODE_DIR) {
			vput(dir);
			return ENOTDIR;
		}
		vlock(dir);
		d = search(dir, name, &bp);
		ino = d != NULL ? d->d_ino : 0;
		if (d != NULL)
			brelse(bp);
		vunlock(dir);
		vp = ino != 0 ? vget(ino) : NULL;
		if (!component(&path, next))
			break;
		vput(dir);
		if (vp == NULL)
			return ENOENT;
		dir = vp;
		strlcpy(name, next, NAME_LEN);
	}
	*dirp = dir;
	*found = vp;
	return 0;
}

int
r3fs_lookup(const char *path, struct vnode **vpp)
{
	char name[NAME_LEN];
	struct vnode *dir;
	int error = walk(path, &dir, name, vpp);

	if (error != 0)
		return error;
	vput(dir);
	return *vpp == NULL ? ENOENT : 0;
}

/* A free entry of a directory, in a new block if need be. */
static struct dirent *
free_entry(struct vnode *dir, struct buf **bpp)
{
	struct dirent *d = search(dir, "", bpp);
	uint32_t block = dir->v_inode.di_size / BLOCK_SIZE;

	if (d != NULL)
		return d;
	if (r3fs_bmap(dir, block, 1) == 0)
		return NULL;
	*bpp = getblk(dir, block);
	bzero((void *)(*bpp)->b_data, BLOCK_SIZE);
	(*bpp)->b_pages[0]->valid = (*bpp)->b_pages[1]->valid = 1;
	dir->v_inode.di_size += BLOCK_SIZE;
	dir->v_dirty = 1;
	return (struct dirent *)(*bpp)->b_data;
}

/* Opens a file, new if there is none of that name. */
int
r3fs_create(const char *path, struct vnode **vpp)
{
	char name[NAME_LEN];
	struct vnode *dir, *vp;
	struct dirent *d;
	struct buf *bp;
	uint32_t ino;
	int error = walk(path, &dir, name, vpp);

	if (error != 0)
		return error;
	if (*vpp != NULL) {
		vput(dir);
		return 0;
	}
	vlock(dir);
	ino = r3fs_ialloc(MODE_FILE);
	d = ino == 0 ? NULL : free_entry(dir, &bp);
	if (d == NULL) {
		vunlock(dir);
		vput(dir);
		return ENOSPC;
	}
	d->d_ino = ino;
	strlcpy(d->d_name, name, NAME_LEN);
	bdwrite(bp);
	vp = vget(ino);
	vp->v_inode.di_mode = MODE_FILE;
	vp->v_inode.di_nlink = 1;
	vp->v_dirty = 1;
	vunlock(dir);
	vput(dir);
	*vpp = vp;
	return 0;
}

int
r3fs_unlink(const char *path)
{
	char name[NAME_LEN];
	struct vnode *dir, *vp;
	struct dirent *d;
	struct buf *bp;
	int error = walk(path, &dir, name, &vp);

	if (error != 0)
		return error;
	if (vp == NULL) {
		vput(dir);
		return ENOENT;
	}
	if (vp->v_inode.di_mode == MODE_DIR) {
		vput(vp);
		vput(dir);
		return EISDIR;
	}
	vlock(dir);
	d = search(dir, name, &bp);
	if (d != NULL) {
		d->d_ino = 0;
		bzero(d->d_name, NAME_LEN);
		bdwrite(bp);
		vp->v_inode.di_nlink--;
		vp->v_dirty = 1;
	}
	vunlock(dir);
	vput(vp);
	vput(dir);
	return d == NULL ? ENOENT : 0;
}
