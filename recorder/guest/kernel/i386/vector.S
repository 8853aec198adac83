/*
 * Ways into the kernel and out again: traps, system calls, interrupts.
 */
#define KDSEL		0x10
#define ICU_EOI		0x20

/*
 * For debuggers: how to get from here to the code that was interrupted, as if
 * it had been the kernel's. ENTRY begins with `size' bytes on the stack: EIP,
 * CS and EFLAGS, and what was pushed since. They are part of a frame.
 */
	.cfi_sections .debug_frame
#define ENTRY(size) \
	.cfi_startproc; .cfi_signal_frame; \
	.cfi_def_cfa %esp, size; .cfi_offset %eip, -12
#define SAVED \
	.cfi_offset %eax, -24; .cfi_offset %ecx, -28; .cfi_offset %edx, -32; \
	.cfi_offset %ebx, -36; .cfi_offset %ebp, -44; .cfi_offset %esi, -48; \
	.cfi_offset %edi, -52
#define UNSAVED \
	.cfi_restore %eax; .cfi_restore %ecx; .cfi_restore %edx; \
	.cfi_restore %ebx; .cfi_restore %ebp; .cfi_restore %esi; \
	.cfi_restore %edi
#define PUSHED		.cfi_adjust_cfa_offset 4
#define POPPED		.cfi_adjust_cfa_offset -4

#define PUSH_FRAME \
	pushal; .cfi_adjust_cfa_offset 32; SAVED; \
	pushl %ds; PUSHED; pushl %es; PUSHED; \
	movl $KDSEL, %eax; movl %eax, %ds; movl %eax, %es; cld
#define POP_FRAME \
	popl %es; POPPED; popl %ds; POPPED; \
	popal; .cfi_adjust_cfa_offset -32; UNSAVED; \
	addl $8, %esp; .cfi_adjust_cfa_offset -8

/* Offset of the saved code selector in a frame. */
#define TF_CS		52

	.text

/* --- Traps ---------------------------------------------------------------- */

#define TRAP(n) \
	.globl trap##n; trap##n: ENTRY(12); \
	pushl $0; PUSHED; pushl $n; PUSHED; jmp alltraps; .cfi_endproc
#define TRAP_CODE(n) \
	.globl trap##n; trap##n: ENTRY(16); \
	pushl $n; PUSHED; jmp alltraps; .cfi_endproc

TRAP(0) ; TRAP(1) ; TRAP(2) ; TRAP(3) ; TRAP(4) ; TRAP(5) ; TRAP(6) ; TRAP(7)
TRAP_CODE(10) ; TRAP_CODE(11) ; TRAP_CODE(12) ; TRAP_CODE(13) ; TRAP_CODE(14)
TRAP(16) ; TRAP_CODE(17)

	.globl	trap_syscall
trap_syscall:
	ENTRY(12)
	pushl	$0
	PUSHED
	pushl	$0x80
	PUSHED
alltraps:
	PUSH_FRAME
	pushl	%esp
	PUSHED
	call	trap
	addl	$4, %esp
	POPPED
	cli
	jmp	return_from_kernel
	.cfi_endproc

/* --- Interrupts ----------------------------------------------------------- */

/*
 * An IRQ that cpl holds off: note it, keep the line masked, go back. No
 * handler is called. One that may run raises cpl, opens interrupts and calls
 * its handler; the line stays masked until that returns.
 */
#define INTR(n, eoi, port, imen_byte, bit) \
	.globl intr##n; \
intr##n: ENTRY(12); \
	pushl $0; PUSHED; pushl $(0x100 + n); PUSHED; \
	PUSH_FRAME; \
	.cfi_remember_state; \
	movb imen + imen_byte, %al; \
	orb $bit, %al; \
	movb %al, imen + imen_byte; \
	outb %al, $port; \
	movb $ICU_EOI, %al; \
	eoi; \
	testl $(1 << n), cpl; \
	jnz 1f; \
	movl cpl, %eax; \
	pushl %eax; PUSHED; \
	orl intr_mask + 4 * n, %eax; \
	movl %eax, cpl; \
	sti; \
	leal 4(%esp), %eax; \
	pushl %eax; PUSHED; \
	call *intr_handler + 4 * n; \
	addl $4, %esp; POPPED; \
	cli; \
	movb imen + imen_byte, %al; \
	andb $~bit, %al; \
	movb %al, imen + imen_byte; \
	outb %al, $port; \
	jmp doreti; \
1:	.cfi_restore_state; \
	orl $(1 << n), ipending; \
	POP_FRAME; \
	iret; \
	.cfi_endproc

#define EOI_MASTER	outb %al, $0x20
#define EOI_BOTH	outb %al, $0xa0; outb %al, $0x20

INTR(0, EOI_MASTER, 0x21, 0, 0x01)
INTR(1, EOI_MASTER, 0x21, 0, 0x02)
INTR(2, EOI_MASTER, 0x21, 0, 0x04)
INTR(3, EOI_MASTER, 0x21, 0, 0x08)
INTR(4, EOI_MASTER, 0x21, 0, 0x10)
INTR(5, EOI_MASTER, 0x21, 0, 0x20)
INTR(6, EOI_MASTER, 0x21, 0, 0x40)
INTR(7, EOI_MASTER, 0x21, 0, 0x80)
INTR(8, EOI_BOTH, 0xa1, 1, 0x01)
INTR(9, EOI_BOTH, 0xa1, 1, 0x02)
INTR(10, EOI_BOTH, 0xa1, 1, 0x04)
INTR(11, EOI_BOTH, 0xa1, 1, 0x08)
INTR(12, EOI_BOTH, 0xa1, 1, 0x10)
INTR(13, EOI_BOTH, 0xa1, 1, 0x20)
INTR(14, EOI_BOTH, 0xa1, 1, 0x40)
INTR(15, EOI_BOTH, 0xa1, 1, 0x80)

/*
 * End of a handler; on the stack the interrupted cpl, then the frame. What
 * came meanwhile and may run under that cpl runs now.
 */
doreti:
	ENTRY(64)
	SAVED
	movl	(%esp), %eax
	movl	%eax, %ecx
	notl	%ecx
	andl	ipending, %ecx
	jz	1f
	movl	%eax, cpl
	bsfl	%ecx, %ecx
	btrl	%ecx, ipending
	leal	softint(,%ecx,4), %ecx
	call	*%ecx
	jmp	doreti
1:	popl	cpl
	POPPED

/* Interrupts off; on the stack a frame. */
return_from_kernel:
	testb	$3, TF_CS(%esp)
	jz	2f
	cmpl	$0, want_resched
	je	2f
	sti
	call	ast
	cli
	jmp	return_from_kernel
2:	POP_FRAME
	iret
	.cfi_endproc

/* A new process begins here, its parent's frame on the stack. */
	.globl	fork_return
fork_return:
	cli
	jmp	return_from_kernel

/* void splz(void): runs, by software interrupt, what is pending and open. */
	.globl	splz
splz:
	.cfi_startproc
	movl	cpl, %eax
	notl	%eax
	andl	ipending, %eax
	jz	1f
	bsfl	%eax, %eax
	btrl	%eax, ipending
	jnc	splz
	leal	softint(,%eax,4), %eax
	call	*%eax
	jmp	splz
1:	ret
	.cfi_endproc

/* Four bytes each. */
#define SOFTINT(n)	int $(32 + n); ret; nop
	.align	4
	.cfi_startproc
softint:
	SOFTINT(0) ; SOFTINT(1) ; SOFTINT(2) ; SOFTINT(3)
	SOFTINT(4) ; SOFTINT(5) ; SOFTINT(6) ; SOFTINT(7)
	SOFTINT(8) ; SOFTINT(9) ; SOFTINT(10) ; SOFTINT(11)
	SOFTINT(12) ; SOFTINT(13) ; SOFTINT(14) ; SOFTINT(15)
	.cfi_endproc

/* Gates of i386/machdep.c, in vector order; 0 where there is none. */
	.section .rodata
	.globl	trap_gates, intr_gates
trap_gates:
	.long	trap0, trap1, trap2, trap3, trap4, trap5, trap6, trap7
	.long	0, 0, trap10, trap11, trap12, trap13, trap14, 0
	.long	trap16, trap17
intr_gates:
	.long	intr0, intr1, intr2, intr3, intr4, intr5, intr6, intr7
	.long	intr8, intr9, intr10, intr11, intr12, intr13, intr14, intr15

	.section .note.GNU-stack,"",@progbits
