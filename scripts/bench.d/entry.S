/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Over the 64-bit entry of a bzImage: says on the serial port what the TSC is, and ends
 * the machine by QEMU's isa-debug-exit. Position independent, and needs no stack.
 */

	.code64
	.text
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	%rax, %rbx
	leaq	text(%rip), %rsi
	movl	$text_end - text, %ecx
1:	movw	$0x3fd, %dx
2:	inb	%dx, %al
	testb	$0x20, %al
	jz	2b
	movw	$0x3f8, %dx
	lodsb
	outb	%al, %dx
	decl	%ecx
	jnz	1b

	movl	$17, %ecx	/* sixteen digits and the end of the line */
3:	movw	$0x3fd, %dx
4:	inb	%dx, %al
	testb	$0x20, %al
	jz	4b
	rolq	$4, %rbx
	movb	%bl, %al
	andb	$15, %al
	addb	$'0', %al
	cmpb	$'9', %al
	jbe	5f
	addb	$'a' - '0' - 10, %al
5:	cmpl	$1, %ecx
	jne	6f
	movb	$'\n', %al
6:	movw	$0x3f8, %dx
	outb	%al, %dx
	decl	%ecx
	jnz	3b

	xorl	%eax, %eax
	outb	%al, $0xf4
7:	hlt
	jmp	7b

text:	.ascii	"\nbench-first: "
text_end:
	.section .note.GNU-stack, "", @progbits
