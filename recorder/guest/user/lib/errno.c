/*
 * Last error of a system call; each process has its own copy after fork. It is
 * initialised so that every program has a data segment with bytes in the file,
 * and the kernel never meets a segment of memory alone.
 */
#include "libc.h"

int errno __attribute__((section(".data"))) = 0;
