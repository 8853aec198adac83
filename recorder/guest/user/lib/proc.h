/*
 * Children and their verdicts. A process ends with the count of corruptions
 * it and its children saw, so the verdict travels up the tree by exit status
 * alone and needs no memory the kernel under test could spoil.
 */
#ifndef PROC_H
#define PROC_H

#include "libc.h"

struct verdict {
	int	corrupt;
	int	died;
	int	refused;	/* forks the kernel had no room for */
};

int	fork_retry(struct verdict *v);
int	reap(struct verdict *v);
void	finish(const struct verdict *v) __attribute__((noreturn));
int	summary(const char *name, int units, const char *unit,
	    const struct verdict *v);

#endif
