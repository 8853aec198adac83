/*
 * Multiboot entry: paging off, at physical addresses. Builds the first page
 * directory, goes to the kernel's linear addresses and calls main.
 */
#define KERNBASE	0xf0000000
#define PHYS(x)		((x) - KERNBASE)
#define NKPT		16
#define KSTACK_TOP	0xefc00000
#define PG_VRW		3
#define CR0_PG_WP	0x80010000

	.section .multiboot, "a"
	.align	4
	.long	0x1badb002		/* magic */
	.long	2			/* memory information wanted */
	.long	-(0x1badb002 + 2)

	.text
	.globl	start
start:
	cld
	movl	%ebx, PHYS(boot_info)

	/* Page table 0 of the kernel: the first 4 MB of memory. */
	movl	$PHYS(kernel_pt), %edi
	movl	$PG_VRW, %eax
1:	movl	%eax, (%edi)
	addl	$4, %edi
	addl	$0x1000, %eax
	cmpl	$(0x400000 + PG_VRW), %eax
	jne	1b

	/* All kernel page tables, in the directory of every process to come. */
	movl	$PHYS(IdlePTD), %esi
	movl	$(PHYS(kernel_pt) + PG_VRW), %eax
	movl	%eax, (%esi)		/* where we run now, for a moment */
	xorl	%ecx, %ecx
2:	movl	%eax, 960*4(%esi,%ecx,4)
	addl	$0x1000, %eax
	incl	%ecx
	cmpl	$NKPT, %ecx
	jne	2b

	/* The directory is its own page table at slot 959. */
	leal	PG_VRW(%esi), %eax
	movl	%eax, 959*4(%esi)

	/* The user structure and kernel stack of process 0. */
	movl	$(PHYS(proc0_kstack_pt) + PG_VRW), 958*4(%esi)
	movl	$PHYS(proc0_kstack_pt), %edi
	movl	$(PHYS(proc0_upages) + PG_VRW), 1022*4(%edi)
	movl	$(PHYS(proc0_upages) + 0x1000 + PG_VRW), 1023*4(%edi)

	movl	%esi, %cr3
	movl	%cr0, %eax
	orl	$CR0_PG_WP, %eax
	movl	%eax, %cr0
	movl	$high, %eax
	jmp	*%eax

high:
	movl	$0, IdlePTD
	movl	%cr3, %eax
	movl	%eax, %cr3
	movl	$KSTACK_TOP, %esp
	xorl	%ebp, %ebp
	call	main
	hlt

	.bss
	.align	4096
	.globl	IdlePTD, kernel_pt, proc0_kstack_pt, proc0_upages, boot_info
IdlePTD:
	.skip	4096
kernel_pt:
	.skip	4096 * NKPT
proc0_kstack_pt:
	.skip	4096
proc0_upages:
	.skip	4096 * 2
boot_info:
	.skip	4

	.section .note.GNU-stack,"",@progbits
