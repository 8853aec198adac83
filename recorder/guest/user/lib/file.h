/* Fetching and checking the patterned files, by mmap and by read. */
#ifndef FILE_H
#define FILE_H

#include "pattern.h"

#define PAGE	4096u
#define FSBLOCK	8192u

/* A file mapped whole; addr is NULL when it could not be. */
struct mapping {
	uint8_t	*addr;
	uint32_t len;
};

int	open_or_complain(const char *path, int flags);
int	open_pub(int id);
int	file_size(int fd);
struct mapping map_file(int fd, int prot);
int	get_mapped(int fd, int id, uint32_t gen, struct prng *r);
int	get_read(int fd, int id, uint32_t gen);
int	put_file(int fd, int id, uint32_t gen, uint32_t len);

#endif
