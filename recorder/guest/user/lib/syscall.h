/*
 * System call numbers. Those below 200 are the 4.4BSD ones; sbrk, sleep and
 * kinfo are this guest's own.
 */
#ifndef SYSCALL_H
#define SYSCALL_H

#define SYS_exit	1
#define SYS_fork	2
#define SYS_read	3
#define SYS_write	4
#define SYS_open	5
#define SYS_close	6
#define SYS_wait4	7
#define SYS_unlink	10
#define SYS_lseek	19
#define SYS_getpid	20
#define SYS_execve	59
#define SYS_msync	65
#define SYS_sbrk	69
#define SYS_munmap	73
#define SYS_fsync	95
#define SYS_mmap	197
#define SYS_sleep	240
#define SYS_kinfo	241

#endif
