/*
 * Program entry. The kernel leaves esp at: argc, argv[0..argc-1], NULL,
 * envp[...], NULL. The frame pointer starts at zero so that a stack walk in a
 * trace knows where to stop.
 */
	.text
	.globl	_start
_start:
	xorl	%ebp, %ebp
	movl	(%esp), %eax
	leal	4(%esp), %ecx
	leal	8(%esp,%eax,4), %edx
	pushl	%edx
	pushl	%ecx
	pushl	%eax
	call	main
	pushl	%eax
	call	exit
	hlt				/* exit does not return; hlt faults */

	.section .note.GNU-stack,"",@progbits
