/* printf for the console: %d %u %x %s %c; and panic. */
#include "cpu.h"
#include "intr.h"
#include "proc.h"

static void
put_number(unsigned n, unsigned base)
{
	char digits[12];
	int i = 0;

	do
		digits[i++] = "0123456789abcdef"[n % base];
	while ((n /= base) != 0);
	while (i > 0)
		cnputc(digits[--i]);
}

static void
vprintf(const char *fmt, va_list ap)
{
	const char *s;
	int n;

	for (; *fmt != '\0'; fmt++) {
		if (*fmt != '%') {
			cnputc(*fmt);
			continue;
		}
		switch (*++fmt) {
		case 'd':
			n = va_arg(ap, int);
			if (n < 0)
				cnputc('-');
			put_number(n < 0 ? -(unsigned)n : (unsigned)n, 10);
			break;
		case 'u':
			put_number(va_arg(ap, unsigned), 10);
			break;
		case 'x':
			put_number(va_arg(ap, unsigned), 16);
			break;
		case 's':
			for (s = va_arg(ap, const char *); *s != '\0'; s++)
				cnputc(*s);
			break;
		case 'c':
			cnputc(va_arg(ap, int));
			break;
		}
	}
}

void
printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

void
panic(const char *fmt, ...)
{
	va_list ap;

	disable_intr();
	printf("panic: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	if (curproc != NULL)
		printf("\nrunning: pid %d (%s)", curproc->p_pid, curproc->p_comm);
	printf("\n");
	machine_exit(EXIT_PANIC);
}
