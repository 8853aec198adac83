/* Multiboot entry, the stubs of interrupts and faults, and the switch from thread to thread. */
	.section .multiboot, "a"
	.align	4
	.long	0x1badb002, 2, -0x1badb004

	.text
	.globl	start
start:
	cld
	movl	$boot_stack_top, %esp
	lgdt	gdt_pointer
	ljmp	$0x08, $1f
1:	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	pushl	%ebx
	call	main
	.size	start, . - start

	.globl	clock_entry
	.type	clock_entry, @function
clock_entry:
	pusha
	call	clock_interrupt
	popa
	iret
	.size	clock_entry, . - clock_entry

	.globl	page_fault_entry
	.type	page_fault_entry, @function
page_fault_entry:
	pusha
	pushl	36(%esp)
	call	page_fault
	.size	page_fault_entry, . - page_fault_entry

/* void switch_to(u32 *save_esp, u32 esp, u32 cr3) */
	.globl	switch_to
	.type	switch_to, @function
switch_to:
	movl	4(%esp), %eax
	movl	8(%esp), %edx
	movl	12(%esp), %ecx
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	%esp, (%eax)
	movl	%edx, %esp
	movl	%ecx, %cr3
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret
	.size	switch_to, . - switch_to

	.data
	.align	8
gdt:
	.quad	0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
	.word	23
	.long	gdt

	.bss
	.align	16
	.skip	4096
boot_stack_top:

	.section .note.GNU-stack,"",@progbits
