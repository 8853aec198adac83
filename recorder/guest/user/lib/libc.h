/*
 * The mini libc: system calls, strings, printf, a seeded generator. There is
 * no malloc: a program that wants heap calls sbrk and knows where its pages are.
 */
#ifndef LIBC_H
#define LIBC_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* System calls (lib/syscall.S). All return -1 and set errno on error. */

#define O_RDONLY	0
#define O_WRONLY	1
#define O_RDWR		2
#define O_CREAT		0x200
#define O_TRUNC		0x400

#define SEEK_SET	0
#define SEEK_CUR	1
#define SEEK_END	2

#define PROT_READ	1
#define PROT_WRITE	2
#define MAP_SHARED	1
#define MAP_PRIVATE	2
#define MAP_ANON	0x1000
#define MAP_FAILED	((void *)-1)

#define MS_ASYNC	1
#define MS_SYNC		0

#define KINFO_SEED	0
#define KINFO_FREEPAGES	1

#define ENOENT		2
#define EBADF		9
#define ECHILD		10
#define ENOMEM		12
#define EAGAIN		35

/* wait4 status: exit code in the second byte, signal in the low seven bits. */
#define WIFEXITED(s)	(((s) & 0x7f) == 0)
#define WEXITSTATUS(s)	(((s) >> 8) & 0xff)

extern int errno;

void	exit(int status) __attribute__((noreturn));
int	fork(void);
int	read(int fd, void *buf, size_t len);
int	write(int fd, const void *buf, size_t len);
int	open(const char *path, int flags, int mode);
int	close(int fd);
int	wait4(int pid, int *status, int options, void *rusage);
int	unlink(const char *path);
int	lseek(int fd, int offset, int whence);
int	getpid(void);
int	execve(const char *path, char *const argv[], char *const envp[]);
int	msync(void *addr, size_t len, int flags);
void	*sbrk(int incr);
int	munmap(void *addr, size_t len);
int	fsync(int fd);
void	*mmap(void *addr, size_t len, int prot, int flags, int fd, int offset);
int	sleep(int ticks);
int	kinfo(int what);

/* Strings (lib/string.c). */

void	*memcpy(void *dst, const void *src, size_t len);
void	*memset(void *dst, int c, size_t len);
int	memcmp(const void *a, const void *b, size_t len);
size_t	strlen(const char *s);
int	strcmp(const char *a, const char *b);

/* Output (lib/stdio.c). One call is one write, so lines do not interleave. */

int	snprintf(char *buf, size_t size, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
int	printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Numbers (lib/stdlib.c). */

struct prng {
	uint32_t state;
};

int	atoi(const char *s);
void	prng_init(struct prng *r, uint32_t seed, uint32_t stream);
uint32_t prng_next(struct prng *r);
uint32_t prng_below(struct prng *r, uint32_t limit);

#endif
