// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The other party of the tests: loads a kexec image that is not pivot-kexec's, or
 * unloads the one that is; or jumps as kexec does by itself, without a word to anybody.
 *
 *	kexec-image load KERNEL INITRD COMMAND-LINE
 *	kexec-image unload
 *	kexec-image jump
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

static int load(const char *kernel, const char *initrd, const char *command_line)
{
	int kernel_fd = open(kernel, O_RDONLY | O_CLOEXEC);
	int initrd_fd = open(initrd, O_RDONLY | O_CLOEXEC);

	if (kernel_fd < 0 || initrd_fd < 0)
		return -1;
	return syscall(SYS_kexec_file_load, kernel_fd, initrd_fd,
		       strlen(command_line) + 1, command_line, 0L);
}

static int unload(void)
{
	return syscall(SYS_kexec_file_load, -1, -1, 0L, NULL, (long)KEXEC_FILE_UNLOAD);
}

static int jump(void)
{
	return reboot(RB_KEXEC);
}

int main(int argc, char **argv)
{
	int r;

	if (argc == 5 && !strcmp(argv[1], "load")) {
		r = load(argv[2], argv[3], argv[4]);
	} else if (argc == 2 && !strcmp(argv[1], "unload")) {
		r = unload();
	} else if (argc == 2 && !strcmp(argv[1], "jump")) {
		r = jump();
	} else {
		fprintf(stderr,
			"usage: kexec-image load KERNEL INITRD CMDLINE | unload | jump\n");
		return 2;
	}
	if (r)
		perror(argv[1]);
	return r ? 1 : 0;
}
