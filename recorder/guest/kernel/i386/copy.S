/*
 * Between user and kernel memory. A fault that cannot be resolved comes back
 * through curproc->p_onfault, and the result is EFAULT.
 */
#define USER_MAX	0xefbfe000
#define P_ONFAULT	24
#define EFAULT		14
#define ENAMETOOLONG	63

	.text

/* int copyin(const void *user, void *to, size_t len) */
	.globl	copyin
copyin:
	movl	4(%esp), %eax
	jmp	copy

/* int copyout(const void *from, void *user, size_t len) */
	.globl	copyout
copyout:
	movl	8(%esp), %eax

/* eax is the user's side: it must lie below USER_MAX as a whole. */
copy:
	movl	12(%esp), %ecx
	movl	$USER_MAX, %edx
	subl	%eax, %edx
	jb	fault_early
	cmpl	%ecx, %edx
	jb	fault_early
	pushl	%esi
	pushl	%edi
	movl	curproc, %edx
	movl	$fault, P_ONFAULT(%edx)
	movl	12(%esp), %esi
	movl	16(%esp), %edi
	movl	%ecx, %eax
	shrl	$2, %ecx
	rep movsl
	movl	%eax, %ecx
	andl	$3, %ecx
	rep movsb
	xorl	%eax, %eax
done:
	movl	curproc, %edx
	movl	$0, P_ONFAULT(%edx)
	popl	%edi
	popl	%esi
	ret
fault:
	movl	$EFAULT, %eax
	jmp	done
fault_early:
	movl	$EFAULT, %eax
	ret

/* int copyinstr(const char *user, char *to, size_t size) */
	.globl	copyinstr
copyinstr:
	pushl	%esi
	pushl	%edi
	movl	curproc, %edx
	movl	$fault, P_ONFAULT(%edx)
	movl	12(%esp), %esi
	movl	16(%esp), %edi
	movl	20(%esp), %ecx
1:	testl	%ecx, %ecx
	jz	2f
	decl	%ecx
	cmpl	$USER_MAX, %esi
	jae	fault
	lodsb
	stosb
	testb	%al, %al
	jnz	1b
	xorl	%eax, %eax
	jmp	done
2:	movl	$ENAMETOOLONG, %eax
	jmp	done

	.section .note.GNU-stack,"",@progbits
