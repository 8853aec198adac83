/*
 * Virtual memory: pages, objects (files), anonymous pages, maps.
 */
#ifndef VM_H
#define VM_H

#include "param.h"
#include "pmap.h"

struct vnode;
struct proc;

typedef struct vm_object {
	int	ref_count;		/* mappings and the vnode */
	int	paging_in_progress;
	struct vnode *handle;
	struct link memq;		/* its resident pages */
} *vm_object_t;

typedef struct vm_page {
	struct link pageq;		/* free, active, inactive or cache */
	struct link listq;		/* pages of the object */
	struct link hashq;
	vm_object_t object;
	uint32_t pindex;
	vm_offset_t phys_addr;
	struct pv_entry *pv_list;
	uint16_t wire_count;
	uint8_t	busy;			/* I/Os in progress */
	uint8_t	flags;
	uint8_t	queue;
	uint8_t	valid;			/* contents are the object's */
	uint8_t	dirty;			/* newer than the disk's */
} *vm_page_t;

#define PG_BUSY		0x01		/* someone has it to himself */
#define PG_WANTED	0x02
#define PG_MAPPED	0x04
#define PG_WRITEABLE	0x08
#define PG_REFERENCED	0x10

#define PQ_NONE		0
#define PQ_FREE		1
#define PQ_ACTIVE	2
#define PQ_INACTIVE	3
#define PQ_CACHE	4

/* vm/vm_page.c */
void	vm_page_startup(vm_offset_t first, vm_offset_t end);
vm_page_t PHYS_TO_VM_PAGE(vm_offset_t pa);
vm_page_t vm_page_alloc(vm_object_t, uint32_t pindex);
vm_page_t vm_page_lookup(vm_object_t, uint32_t pindex);
void	vm_page_free(vm_page_t);
void	vm_page_wire(vm_page_t);
void	vm_page_unwire(vm_page_t);
void	vm_page_activate(vm_page_t);
void	vm_page_deactivate(vm_page_t);
void	vm_page_cache(vm_page_t);
void	vm_page_protect(vm_page_t, int prot);
void	vm_page_test_dirty(vm_page_t);
void	vm_page_set_validclean(vm_page_t);
void	vm_page_busy(vm_page_t);
void	vm_page_flash(vm_page_t);
void	vm_page_wakeup(vm_page_t);
int	vm_page_count_free(void);
void	vm_wait(void);
boolean_t vm_page_shortage(void);
extern struct link vm_page_queue_active, vm_page_queue_inactive;
extern int vm_file_pages;

/* vm/vm_object.c */
vm_object_t vm_object_allocate(struct vnode *);
void	vm_object_reference(vm_object_t);
void	vm_object_deallocate(vm_object_t);
void	vm_object_page_clean(vm_object_t, boolean_t sync);
void	vm_object_page_remove(vm_object_t);

/* vm/vm_anon.c: private pages, shared until written to. */
struct vm_anon {
	int	an_ref;
	vm_page_t an_page;
};
struct vm_anon *anon_alloc(void);
void	anon_release(struct vm_anon *);

struct vm_map_entry {
	struct link link;
	vm_offset_t start, end;
	int	protection;
	boolean_t private;		/* writes go to anonymous copies */
	vm_object_t object;		/* or NULL */
	uint32_t pindex;		/* of the object's page at start */
	struct vm_anon **anon;		/* one for each page; private only */
};

struct vmspace {
	struct pmap vm_pmap;
	struct link vm_entries;		/* by address */
	vm_offset_t vm_break, vm_break_start;
};

/* vm/vm_map.c */
struct vmspace *vmspace_alloc(void);
void	vmspace_free(struct vmspace *);
void	vmspace_clear(struct vmspace *);
boolean_t vmspace_copy(struct vmspace *from, struct vmspace *to);
struct vm_map_entry *vm_map_lookup(struct vmspace *, vm_offset_t va);
int	vm_map_insert(struct vmspace *, vm_offset_t start, vm_offset_t size,
	    int prot, boolean_t private, vm_object_t, uint32_t pindex);
void	vm_map_remove(struct vmspace *, vm_offset_t start, vm_offset_t end);
vm_offset_t vm_map_findspace(struct vmspace *, vm_offset_t size);
int	vm_map_grow(struct vm_map_entry *, vm_offset_t end);

/* vm/vm_fault.c */
int	vm_fault(struct vmspace *, vm_offset_t va, int prot);
boolean_t vm_ptpage_wire(pmap_t, vm_offset_t va);

/* vm/vm_glue.c */
boolean_t vm_fork(struct proc *parent, struct proc *child);
void	vm_waitproc(struct proc *);

/* vm/vm_pageout.c */
void	vm_pageout(void);
void	pagedaemon_wakeup(void);

/* vm/vnode_pager.c */
int	vnode_pager_getpage(vm_object_t, uint32_t pindex);
void	vnode_pager_putpage(vm_page_t, boolean_t sync);

#endif
