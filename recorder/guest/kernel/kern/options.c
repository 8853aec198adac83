/* Boot options, from the Multiboot command line. */
#include "param.h"
#include "variant.h"

boolean_t kernel_fixed;
char	boot_workload[16] = "ftpd";
char	boot_seed[16] = "1";
char	boot_scale[16];
int	boot_maxpages = 384;

static int
number(const char *s)
{
	int n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + *s - '0';
	return n;
}

static void
option(const char *name, const char *value)
{
	if (strcmp(name, "kernel") == 0)
		kernel_fixed = strcmp(value, "fixed") == 0;
	else if (strcmp(name, "workload") == 0)
		strlcpy(boot_workload, value, sizeof boot_workload);
	else if (strcmp(name, "seed") == 0)
		strlcpy(boot_seed, value, sizeof boot_seed);
	else if (strcmp(name, "scale") == 0)
		strlcpy(boot_scale, value, sizeof boot_scale);
	else if (strcmp(name, "maxpages") == 0)
		boot_maxpages = max(number(value), 128);
#ifdef VARIANTS
	else if (strcmp(name, "variant") == 0)
		set_variant(value);
	else if (strcmp(name, "transfer") == 0)
		boot_transfer = number(value);
#endif
}

void
parse_options(const char *cmdline)
{
	char name[16], value[24], *to;
	size_t room;

	while (*cmdline != '\0') {
		while (*cmdline == ' ')
			cmdline++;
		for (to = name, room = sizeof name - 1; *cmdline != '\0' &&
		    *cmdline != ' ' && *cmdline != '='; cmdline++)
			if (room > 0)
				*to++ = *cmdline, room--;
		*to = '\0';
		to = value;
		if (*cmdline == '=')
			for (cmdline++, room = sizeof value - 1;
			    *cmdline != '\0' && *cmdline != ' '; cmdline++)
				if (room > 0)
					*to++ = *cmdline, room--;
		*to = '\0';
		option(name, value);
	}
}
