/* Strings and memory. The compiler also calls memcpy and memset on its own. */
#include "libc.h"

void *
memcpy(void *dst, const void *src, size_t len)
{
	void *d = dst;
	size_t words = len >> 2, rest = len & 3;

	__asm__ volatile("cld; rep movsl; movl %3, %%ecx; rep movsb"
	    : "+D"(d), "+S"(src), "+&c"(words) : "r"(rest) : "memory", "cc");
	return dst;
}

void *
memset(void *dst, int c, size_t len)
{
	void *d = dst;

	__asm__ volatile("cld; rep stosb"
	    : "+D"(d), "+c"(len) : "a"(c) : "memory", "cc");
	return dst;
}

int
memcmp(const void *a, const void *b, size_t len)
{
	const unsigned char *p = a, *q = b;

	for (; len != 0; len--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

size_t
strlen(const char *s)
{
	const char *p = s;

	while (*p != '\0')
		p++;
	return p - s;
}

int
strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}
