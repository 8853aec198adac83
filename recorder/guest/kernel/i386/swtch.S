/*
 * void cpu_switch(void): to another process. Saves the context in the pcb of
 * curproc, if there is one, and takes up the next runnable process. With none
 * to run the processor idles in IdlePTD, on a stack of its own.
 *
 * Every process has its pcb and kernel stack at the same address, so the
 * stack changes under our feet when CR3 is loaded. curproc is set before.
 */
#define P_ADDR		20
#define PCB_ESP		0
#define PCB_EBP		4
#define PCB_EBX		8
#define PCB_ESI		12
#define PCB_EDI		16
#define PCB_EIP		20
#define PCB_CR3		24

	.text
	.globl	cpu_switch
cpu_switch:
	movl	curproc, %ecx
	testl	%ecx, %ecx
	jz	1f
	movl	P_ADDR(%ecx), %ecx
	popl	PCB_EIP(%ecx)
	movl	%esp, PCB_ESP(%ecx)
	movl	%ebp, PCB_EBP(%ecx)
	movl	%ebx, PCB_EBX(%ecx)
	movl	%esi, PCB_ESI(%ecx)
	movl	%edi, PCB_EDI(%ecx)
1:	cli
	call	chooseproc
	testl	%eax, %eax
	jnz	3f

	/* Idle. */
	movl	$0, curproc
	movl	$IdlePTD - 0xf0000000, %eax
	movl	%eax, %cr3
	movl	$idle_stack_top, %esp
	movl	$0, cpl
	call	splz
2:	cli
	call	chooseproc
	testl	%eax, %eax
	jnz	3f
	sti
	hlt
	jmp	2b

3:	movl	P_ADDR(%eax), %edx
	movl	%eax, curproc
	movl	PCB_CR3(%edx), %ecx
	movl	%ecx, %cr3
	movl	PCB_ESP(%edx), %esp
	movl	PCB_EBP(%edx), %ebp
	movl	PCB_EBX(%edx), %ebx
	movl	PCB_ESI(%edx), %esi
	movl	PCB_EDI(%edx), %edi
	sti
	jmp	*PCB_EIP(%edx)

/*
 * First steps of a new process: ebx is the kernel function to run, if any;
 * then on to user mode by the frame on the stack.
 */
	.globl	fork_trampoline
fork_trampoline:
	movl	$0, cpl
	call	splz
	testl	%ebx, %ebx
	jz	1f
	call	*%ebx
1:	jmp	fork_return

	.bss
	.align	16
	.skip	4096
idle_stack_top:

	.section .note.GNU-stack,"",@progbits
