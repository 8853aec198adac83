/*
 * System call stubs, 4.4BSD convention: number in eax, arguments where the
 * caller pushed them (the kernel skips the return address), result in eax,
 * carry set on error with the errno in eax.
 */
#include "syscall.h"

#define SYSCALL(name, number)	\
	.globl	name;		\
name:	movl	$number, %eax;	\
	int	$0x80;		\
	jc	cerror;		\
	ret

	.text
cerror:
	movl	%eax, errno
	movl	$-1, %eax
	ret

SYSCALL(exit, SYS_exit)
SYSCALL(fork, SYS_fork)
SYSCALL(read, SYS_read)
SYSCALL(write, SYS_write)
SYSCALL(open, SYS_open)
SYSCALL(close, SYS_close)
SYSCALL(wait4, SYS_wait4)
SYSCALL(unlink, SYS_unlink)
SYSCALL(lseek, SYS_lseek)
SYSCALL(getpid, SYS_getpid)
SYSCALL(execve, SYS_execve)
SYSCALL(msync, SYS_msync)
SYSCALL(sbrk, SYS_sbrk)
SYSCALL(munmap, SYS_munmap)
SYSCALL(fsync, SYS_fsync)
SYSCALL(mmap, SYS_mmap)
SYSCALL(sleep, SYS_sleep)
SYSCALL(kinfo, SYS_kinfo)

	.section .note.GNU-stack,"",@progbits
