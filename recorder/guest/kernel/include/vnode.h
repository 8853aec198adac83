/*
 * Files: vnodes with their R3FS inode, and open files.
 */
#ifndef VNODE_H
#define VNODE_H

#include "param.h"
#include "vm.h"

#define NDIRECT		12
#define ROOT_INO	1
#define MODE_FREE	0
#define MODE_FILE	1
#define MODE_DIR	2
#define NAME_LEN	28

/* As on the disk; docs/guest.md has the layout. */
struct dinode {
	uint16_t di_mode, di_nlink;
	uint32_t di_size;
	uint32_t di_direct[NDIRECT];
	uint32_t di_indirect;
	uint8_t	di_spare[128 - 8 - (NDIRECT + 1) * 4];
};

struct dirent {
	uint32_t d_ino;
	char	d_name[NAME_LEN];
};

struct vnode {
	int	v_usecount;
	uint32_t v_ino;			/* 0: the disk itself */
	struct dinode v_inode;
	boolean_t v_dirty;		/* inode differs from the disk's */
	boolean_t v_locked, v_wanted;
	uint32_t v_lastread;		/* block, to tell sequential reads */
	vm_object_t v_object;
};

struct file {
	int	f_count;
	int	f_flags;
	uint32_t f_offset;
	struct vnode *f_vnode;		/* NULL: the console */
};

#define O_WRONLY	1
#define O_RDWR		2
#define O_ACCMODE	3
#define O_CREAT		0x200
#define O_TRUNC		0x400

/* vfs/vnode.c */
void	vnode_init(void);
struct vnode *vget(uint32_t ino);
void	vref(struct vnode *);
void	vput(struct vnode *);
void	vlock(struct vnode *);
void	vunlock(struct vnode *);
extern struct vnode *devvp;
void	vfs_sync(void);
void	vfs_update(void);		/* a process: writes back now and then */

/* vfs/r3fs_*.c */
void	r3fs_mount(void);
int	r3fs_load(struct vnode *);
void	r3fs_store(struct vnode *);
uint32_t r3fs_bmap(struct vnode *, uint32_t lblkno, boolean_t alloc);
uint32_t r3fs_balloc(void);
void	r3fs_bfree(uint32_t blkno);
uint32_t r3fs_ialloc(int mode);
void	r3fs_truncate(struct vnode *);
int	r3fs_lookup(const char *path, struct vnode **);
int	r3fs_create(const char *path, struct vnode **);
int	r3fs_unlink(const char *path);
extern uint32_t fs_ninodes, fs_inode_start;

/* vfs/vnode_io.c: whole transfers, through the buffers */
int	vn_read(struct vnode *, uint32_t offset, void *to, size_t len, size_t *done, boolean_t user);
int	vn_write(struct vnode *, uint32_t offset, const void *from, size_t len, size_t *done);

/* vfs/file.c */
struct file *console_file(void);
void	fd_copy(struct proc *from, struct proc *to);
void	fd_close_all(struct proc *);
int	sys_open(const char *path, int flags, int *fd);
int	sys_close(int fd);
int	sys_read(int fd, char *to, size_t len, int *done);
int	sys_write(int fd, const char *from, size_t len, int *done);
int	sys_lseek(int fd, int offset, int whence, int *at);
int	sys_unlink(const char *path);
int	sys_fsync(int fd);
int	file_vnode(int fd, struct vnode **, int *flags);

#endif
