/*
 * What every file needs: types, page arithmetic, lists, messages.
 */
#ifndef PARAM_H
#define PARAM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t vm_offset_t;		/* a linear or physical address */
typedef int	boolean_t;

#define PAGE_SIZE	4096u
#define PAGE_SHIFT	12
#define PAGE_MASK	(PAGE_SIZE - 1)
#define PDR_SHIFT	22

#define trunc_page(x)	((vm_offset_t)(x) & ~PAGE_MASK)
#define round_page(x)	(((vm_offset_t)(x) + PAGE_MASK) & ~PAGE_MASK)
#define btop(x)		((vm_offset_t)(x) >> PAGE_SHIFT)
#define ptob(x)		((vm_offset_t)(x) << PAGE_SHIFT)
#define min(a, b)	((a) < (b) ? (a) : (b))
#define max(a, b)	((a) > (b) ? (a) : (b))

#define HZ		100
#define NPROC		48
#define NOFILE		16

#define EPERM		1
#define ENOENT		2
#define EIO		5
#define ENOEXEC		8
#define EBADF		9
#define ECHILD		10
#define ENOMEM		12
#define EFAULT		14
#define EEXIST		17
#define ENOTDIR		20
#define EISDIR		21
#define EINVAL		22
#define EMFILE		24
#define EFBIG		27
#define ENOSPC		28
#define ENAMETOOLONG	63
#define ENOSYS		78
#define EAGAIN		35

/* Doubly linked lists with a head that is a link. */
struct link {
	struct link *next, *prev;
};

#define list_entry(l, type, member) \
	((type *)((char *)(l) - offsetof(type, member)))
#define list_foreach(l, head) \
	for ((l) = (head)->next; (l) != (head); (l) = (l)->next)

static inline void
list_init(struct link *head)
{
	head->next = head->prev = head;
}

static inline boolean_t
list_empty(const struct link *head)
{
	return head->next == head;
}

static inline void
list_append(struct link *head, struct link *l)
{
	l->next = head;
	l->prev = head->prev;
	head->prev->next = l;
	head->prev = l;
}

static inline void
list_prepend(struct link *head, struct link *l)
{
	list_append(head->next, l);
}

static inline void
list_remove(struct link *l)
{
	l->next->prev = l->prev;
	l->prev->next = l->next;
	l->next = l->prev = NULL;
}

void	panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void	printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	bcopy(const void *from, void *to, size_t len);
void	bzero(void *to, size_t len);
void	*memcpy(void *to, const void *from, size_t len);
void	*memset(void *to, int c, size_t len);
int	strcmp(const char *a, const char *b);
size_t	strlen(const char *s);
void	strlcpy(char *to, const char *from, size_t size);

void	*malloc(size_t size);
void	free(void *p);

/* Boot options (kern/options.c). */
extern boolean_t kernel_fixed;		/* kernel=fixed */
extern char	boot_workload[16];	/* workload=NAME */
extern char	boot_seed[16];		/* seed=N */
extern char	boot_scale[16];		/* scale=PERCENT, "" without */
extern int	boot_maxpages;		/* maxpages=N: pages for files */
void	parse_options(const char *cmdline);

#endif
