/*
 * printf with %d %u %x %s %c %%, a width and zero padding: what the reports
 * need. A line is formatted whole and written by one system call, so that the
 * lines of concurrent processes stay whole on the console.
 */
#include "libc.h"

#define LINEMAX	256

struct sink {
	char	*buf;
	size_t	size;
	size_t	len;		/* characters wanted, stored or not */
};

static void
put(struct sink *s, char c)
{
	if (s->len + 1 < s->size)
		s->buf[s->len] = c;
	s->len++;
}

static void
put_number(struct sink *s, uint32_t value, unsigned base, int width, char pad)
{
	char digits[10];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	for (; width > n; width--)
		put(s, pad);
	while (n > 0)
		put(s, digits[--n]);
}

static void
format(struct sink *s, const char *fmt, va_list ap)
{
	const char *str;
	int value, width;
	char pad;

	for (; *fmt != '\0'; fmt++) {
		if (*fmt != '%') {
			put(s, *fmt);
			continue;
		}
		pad = ' ';
		width = 0;
		if (*++fmt == '0')
			pad = *fmt++;
		while (*fmt >= '0' && *fmt <= '9')
			width = width * 10 + *fmt++ - '0';
		switch (*fmt) {
		case 'd':
			value = va_arg(ap, int);
			if (value < 0) {
				put(s, '-');
				value = -value;
			}
			put_number(s, value, 10, width, pad);
			break;
		case 'u':
			put_number(s, va_arg(ap, uint32_t), 10, width, pad);
			break;
		case 'x':
			put_number(s, va_arg(ap, uint32_t), 16, width, pad);
			break;
		case 's':
			for (str = va_arg(ap, const char *); *str != '\0'; str++)
				put(s, *str);
			break;
		case 'c':
			put(s, va_arg(ap, int));
			break;
		case '\0':
			return;
		default:
			put(s, *fmt);
		}
	}
}

int
snprintf(char *buf, size_t size, const char *fmt, ...)
{
	struct sink s = { buf, size, 0 };
	va_list ap;

	va_start(ap, fmt);
	format(&s, fmt, ap);
	va_end(ap);
	if (size != 0)
		buf[s.len < size ? s.len : size - 1] = '\0';
	return s.len;
}

int
printf(const char *fmt, ...)
{
	char line[LINEMAX];
	struct sink s = { line, sizeof line, 0 };
	va_list ap;

	va_start(ap, fmt);
	format(&s, fmt, ap);
	va_end(ap);
	return write(1, line, s.len < sizeof line ? s.len : sizeof line - 1);
}
