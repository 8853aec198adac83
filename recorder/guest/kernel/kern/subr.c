/* Memory and strings. */
#include "param.h"

void
bcopy(const void *from, void *to, size_t len)
{
	size_t words = len / 4;

	len %= 4;
	__asm volatile("cld; rep movsl" : "+S" (from), "+D" (to), "+c" (words) : : "memory");
	__asm volatile("rep movsb" : "+S" (from), "+D" (to), "+c" (len) : : "memory");
}

void
bzero(void *to, size_t len)
{
	memset(to, 0, len);
}

void *
memcpy(void *to, const void *from, size_t len)
{
	bcopy(from, to, len);
	return to;
}

void *
memset(void *to, int c, size_t len)
{
	size_t words = len / 4;
	void *at = to;

	len %= 4;
	__asm volatile("cld; rep stosl" : "+D" (at), "+c" (words) :
	    "a" ((c & 0xff) * 0x01010101u) : "memory");
	__asm volatile("rep stosb" : "+D" (at), "+c" (len) : "a" (c) : "memory");
	return to;
}

int
strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return (uint8_t)*a - (uint8_t)*b;
}

size_t
strlen(const char *s)
{
	size_t len = 0;

	while (s[len] != '\0')
		len++;
	return len;
}

void
strlcpy(char *to, const char *from, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size && from[i] != '\0'; i++)
		to[i] = from[i];
	to[i] = '\0';
}
