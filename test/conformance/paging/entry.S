/*
 * Multiboot entry, fault handlers, and the accesses under test. Every access goes by `attempt`: it returns when the
 * access is done, or when it faulted, or when user code came back by INT 80h.
 */
	.section .multiboot, "a"
	.align	4
	.long	0x1badb002, 0, -0x1badb002

	.text
	.globl	start
start:
	cld
	movl	$stack_top, %esp
	call	main
1:	hlt
	jmp	1b

	.globl	load_tables
load_tables:
	lgdt	gdt_pointer
	lidt	idt_pointer
	ljmp	$0x08, $1f
	/* User data everywhere but in SS: an IRET to user mode would take kernel data away. */
1:	movl	$0x23, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$0x10, %eax
	movl	%eax, %ss
	movl	$0x28, %eax
	ltr	%ax
	ret

/* void attempt(int access, unsigned address, unsigned value) */
	.globl	attempt
attempt:
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%ebp
	movl	%esp, resume_esp
	movl	20(%esp), %ecx
	movl	24(%esp), %edx
	movl	28(%esp), %eax
	movl	$0, fault_taken
	jmp	*accesses(,%ecx,4)
done:
	movl	%eax, result
resume:
	movl	resume_esp, %esp
	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	ret

kernel_read:
	movl	(%edx), %eax
	jmp	done
kernel_write:
	movl	%eax, (%edx)
	jmp	done
/* The page holds RET at 100h. */
kernel_execute:
	addl	$0x100, %edx
	call	*%edx
	jmp	done
user_read:
	movl	$(USER_TEXT + u_read - user_text), %ebx
	jmp	to_user
user_write:
	movl	$(USER_TEXT + u_write - user_text), %ebx
	jmp	to_user
/* The page holds INT 80h at 200h. */
user_execute:
	leal	0x200(%edx), %ebx
to_user:
	pushl	$0x23
	pushl	$0
	pushl	$0x2
	pushl	$0x1b
	pushl	%ebx
	iret

	.globl	page_fault, from_user, unexpected
page_fault:
	movl	$1, fault_taken
	movl	(%esp), %eax
	movl	%eax, fault_error
	movl	%cr2, %eax
	movl	%eax, fault_address
	jmp	resume
from_user:
	jmp	done
unexpected:
	call	give_up

	.section .rodata
accesses:
	.long	kernel_read, kernel_write, kernel_execute, user_read, user_write, user_execute

/* Seen by user code at USER_TEXT. */
	.section .user, "ax"
	.align	4096
	.globl	user_text
user_text:
u_read:
	movl	(%edx), %eax
	int	$0x80
u_write:
	movl	%eax, (%edx)
	int	$0x80

	.bss
	.align	4096
	.skip	4096
stack_top:
	.globl	resume_esp, fault_taken, fault_error, fault_address, result
resume_esp:	.skip	4
fault_taken:	.skip	4
fault_error:	.skip	4
fault_address:	.skip	4
result:		.skip	4

	.section .note.GNU-stack,"",@progbits
