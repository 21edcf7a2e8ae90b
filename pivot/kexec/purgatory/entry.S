/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * From the running kernel's relocate_kernel to the next kernel, with the registers that
 * Documentation/arch/x86/boot.rst wants ("64-bit boot protocol").
 */

	.code64

	/* struct purgatory_head, in head.h */
	.section .head, "ax"
	.globl purgatory_begin, purgatory_job
purgatory_begin:
	jmp	start
	.balign 8
	.quad	purgatory_end - purgatory_begin
purgatory_job:
	.skip	56

	.text
start:
	cli
	cld
	/* The kernel enters with its own stack, in a page the moves may overwrite. */
	leaq	stack_end(%rip), %rsp

	/* From here on every exception, and an NMI, is a triple fault: a reset. */
	pushq	$0
	pushq	$0
	lidt	(%rsp)

	leaq	gdt(%rip), %rax
	movq	%rax, 8(%rsp)
	movw	$gdt_end - gdt - 1, 6(%rsp)
	lgdt	6(%rsp)
	leaq	1f(%rip), %rax
	pushq	$0x10
	pushq	%rax
	lretq
1:
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs

	leaq	stack_end(%rip), %rsp
	call	purgatory_main

	/* struct next, in two registers */
	movq	%rdx, %rsi
	pushq	%rax
	pushq	$0
	popfq
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
	ret

	/* the segments the protocol names: flat, 4 GiB; marked accessed, so that it need
	   not be written to */
	.section .rodata, "a"
	.balign 8
gdt:
	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x10, __BOOT_CS: 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x18, __BOOT_DS: data */
gdt_end:

	.bss
	.balign 16
	.skip	1024
stack_end:

	.section .note.GNU-stack, "", @progbits
