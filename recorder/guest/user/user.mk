# The userland: a mini libc and one program per file. Included by ../Makefile
# with the guest directory as the working directory; also stands alone:
#	make -f user/user.mk user-disk

USER_CC ?= gcc
USER_OBJ = user/obj
USER_CFLAGS = -m32 -march=i386 -std=gnu11 -O2 -g0 -Wall -Wextra -Werror \
	-ffreestanding -nostdlib -nostdinc -fno-pic -fno-pie -static \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
	-fno-ident -fno-tree-loop-distribute-patterns -mno-sse -mno-mmx -msoft-float \
	-isystem $(shell $(USER_CC) -print-file-name=include) -Iuser/lib
USER_LDFLAGS = -m32 -static -no-pie -nostdlib -Wl,--build-id=none \
	-Wl,-T,user/user.ld -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
	-Wl,--no-warn-rwx-segments

USER_PROGS = init ftpd forkstorm pageio selftest archive squeeze
USER_LIB = $(addprefix $(USER_OBJ)/,crt0.o syscall.o errno.o string.o stdio.o \
	stdlib.o pattern.o proc.o file.o)
USER_BINS = $(addprefix $(USER_OBJ)/,$(USER_PROGS))
USER_DISK = images/disk.img.gz
# Disks with a program that the first came too early for: the blocks that differ.
USER_LATER = images/later-disk.gz images/squeeze-disk.gz

.PHONY: user user-disk user-check user-clean
.SECONDARY: $(USER_LIB) $(addsuffix .o,$(USER_BINS))

user: $(USER_BINS)

user-disk: $(USER_DISK) $(USER_LATER)

user-check: $(USER_DISK)
	node fsck.mjs $(USER_DISK)

# The plain image, for emulators which cannot read the compressed one.
images/disk.img: $(USER_DISK)
	node -e 'const fs = require("fs"); fs.writeFileSync("$@", require("zlib").gunzipSync(fs.readFileSync("$<")))'

user-clean:
	rm -rf $(USER_OBJ)

$(USER_DISK): mkfs.mjs $(USER_BINS)
	node mkfs.mjs $(USER_OBJ) $@

images/later-disk.gz: PROGRAM = archive
images/squeeze-disk.gz: PROGRAM = squeeze
$(USER_LATER): $(USER_DISK) mkfs.mjs $(USER_BINS)
	node mkfs.mjs $(USER_OBJ) $(USER_DISK) $@ $(PROGRAM)

$(USER_OBJ)/%.o: user/lib/%.S user/user.mk
	@mkdir -p $(USER_OBJ)
	$(USER_CC) $(USER_CFLAGS) -c -o $@ $<

$(USER_OBJ)/%.o: user/lib/%.c $(wildcard user/lib/*.h) user/user.mk
	@mkdir -p $(USER_OBJ)
	$(USER_CC) $(USER_CFLAGS) -c -o $@ $<

$(USER_OBJ)/%.o: user/%.c $(wildcard user/*.h user/lib/*.h) user/user.mk
	@mkdir -p $(USER_OBJ)
	$(USER_CC) $(USER_CFLAGS) -c -o $@ $<

$(USER_BINS): $(USER_OBJ)/%: $(USER_OBJ)/%.o $(USER_LIB) user/user.ld
	$(USER_CC) $(USER_LDFLAGS) -o $@ $(USER_LIB) $<
