// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/printable.h"
#include "pivot/base/read.h"
#include "pivot/tree/file.h"

/* Where boot loaders have their partitions. Source: the UAPI group's boot loader
 * specification. */
static const char *const boot_folders[] = { "/boot", "/efi", "/boot/efi" };

/* A search for the kernel of a release, below a root. */
struct search {
	const char *root;
	struct middle_kernel *found; /* fd -1 until then */
	char rejected[400];	     /* the first that was none, and why; "" */
};

/* "6.1.0-32-amd64 (a@b) #1": its first word. */
static bool has_release(const struct kernel_image *image, const char *release)
{
	size_t n = strlen(release);

	return strncmp(image->release, release, n) == 0 &&
	       (!image->release[n] || image->release[n] == ' ');
}

static void reject(struct search *search, const char *path, const char *why)
{
	if (!search->rejected[0])
		(void)snprintf(search->rejected, sizeof(search->rejected),
			       "; '%.120s' %s", path + strlen(search->root), why);
}

/* 0, also where it is not the one; or -ENOMEM. */
static int take(struct search *search, const char *path, int candidate,
		const struct stat *st)
{
	auto_close int fd = candidate;
	struct middle_kernel *k = search->found;
	struct kernel_image image;
	char why_not[256];
	int r = kernel_read(fd, (uint64_t)st->st_size, &image, why_not, sizeof(why_not));

	if (r == 0 && !has_release(&image, k->release)) {
		(void)snprintf(why_not, sizeof(why_not), "is Linux %.100s",
			       image.release);
		r = -ENOEXEC;
	}
	if (r == -ENOEXEC)
		reject(search, path, why_not);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	k->name = printable_make(strdup(path + strlen(search->root)));
	if (!k->name)
		return -ENOMEM;
	k->image = image;
	k->bytes = (uint64_t)st->st_size;
	k->fd = take_fd(&fd);
	return 0;
}

/* Is it in this place? Nothing where it was found before. 0 or -ENOMEM. */
printf_like(2, 3) static int try(struct search *search, const char *format, ...)
{
	char place[PATH_MAX], path[PATH_MAX];
	struct stat st;
	va_list args;
	int r, fd;

	if (search->found->fd >= 0)
		return 0;
	va_start(args, format);
	r = vsnprintf(place, sizeof(place), format, args);
	va_end(args);
	if (r >= (int)sizeof(place) ||
	    read_path(path, sizeof(path), search->root, "%s", place) < 0)
		return 0; /* no file has such a name */
	/* stat first: opening a device may do something */
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		reject(search, path, strerror(errno));
		return 0;
	}
	return take(search, path, fd, &st);
}

/*
 * "linux /vmlinuz-6.1": from the top of the partition it is on, whose mount point the
 * folder is; or of the root filesystem, where it has none of its own.
 */
static int try_entry(struct search *search, const char *folder, const char *name)
{
	char text[8192], *save = NULL;
	int r = 0;

	if (read_text(text, sizeof(text), search->root, "%s/loader/entries/%s", folder,
		      name) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save)) {
		char *value = line + strspn(line, " \t");

		if (strncmp(value, "linux", 5) != 0 || !strchr(" \t", value[5]))
			continue;
		value += 5 + strspn(value + 5, " \t/");
		value[strcspn(value, " \t\r")] = '\0';
		r = try(search, "%s/%s", folder, value);
		if (r == 0)
			r = try(search, "/%s", value);
	}
	return r;
}

static int is_entry(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && strcmp(entry->d_name + n - 5, ".conf") == 0;
}

/* In the order of their names, so that one machine has one answer. */
static int try_entries(struct search *search, const char *folder)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX];
	int n, r = 0;

	if (read_path(path, sizeof(path), search->root, "%s/loader/entries", folder) < 0)
		return 0;
	n = scandir(path, &entries, is_entry, alphasort);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = try_entry(search, folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return r;
}

/* By how distros name what the boot loader is given. */
static int try_boot(struct search *search)
{
	const char *release = search->found->release;
	const char *flavour = strrchr(release, '-');
	char text[256];
	int r = try(search, "/boot/vmlinuz-%s", release);

	/* Arch Linux: by the package's name; Alpine: "6.6.31-0-lts" */
	if (r == 0 && read_text(text, sizeof(text), search->root,
				"/usr/lib/modules/%s/pkgbase", release) > 0)
		r = try(search, "/boot/vmlinuz-%s", text);
	if (r == 0 && flavour)
		r = try(search, "/boot/vmlinuz%s", flavour);
	if (r == 0)
		r = try(search, "/boot/kernel-%s", release); /* Gentoo */
	if (r == 0)
		r = try(search, "/boot/flatcar/vmlinuz-a");
	if (r == 0)
		r = try(search, "/boot/flatcar/vmlinuz-b");
	if (r == 0)
		r = try(search, "/boot/vmlinuz");
	return r;
}

/* systemd's kernel-install: the folder is that of a machine. */
static int try_machine_folders(struct search *search)
{
	char id[64];
	int r = 0;

	if (read_text(id, sizeof(id), search->root, "/etc/machine-id") <= 0)
		return 0;
	for (size_t i = 0; i < array_size(boot_folders) && r == 0; i++)
		r = try(search, "%s/%s/%s/linux", boot_folders[i], id,
			search->found->release);
	return r;
}

static int log_none(const struct search *search)
{
	const char *release = search->found->release;

	return log_refuse(
		-ENOENT,
		"the kernel that runs, %s, is not found: it is neither "
		"/boot/vmlinuz-%s, /lib/modules/%s/vmlinuz, /run/booted-system/kernel "
		"nor in the loader/entries of /boot, /efi and /boot/efi%s: give its file "
		"with --middle-kernel",
		release, release, release, search->rejected);
}

/* The distro's own, which runs. */
static int find_running(const char *root, struct middle_kernel *k)
{
	struct search search = { .root = root, .found = k };
	ssize_t n = read_text(k->release, sizeof(k->release), root,
			      "/proc/sys/kernel/osrelease");
	int r;

	if (n <= 0)
		return log_err(n < 0 ? (int)n : -ENODATA,
			       "cannot read which kernel runs from "
			       "'/proc/sys/kernel/osrelease'");
	r = try_boot(&search);
	if (r == 0)
		r = try(&search, "/usr/lib/modules/%s/vmlinuz", k->release);
	if (r == 0)
		r = try(&search, "/lib/modules/%s/vmlinuz", k->release);
	if (r == 0)
		r = try(&search, "/run/booted-system/kernel"); /* NixOS */
	for (size_t i = 0; i < array_size(boot_folders) && r == 0; i++)
		r = try_entries(&search, boot_folders[i]);
	if (r == 0)
		r = try_machine_folders(&search);
	if (r < 0)
		return log_err(r, "cannot look for the middle kernel");
	return k->fd < 0 ? log_none(&search) : 0;
}

/* A file that the user names. */
static int open_given(const char *path, struct middle_kernel *k)
{
	char why_not[256];
	struct stat st;
	int r;

	k->name = printable_make(strdup(path));
	if (!k->name)
		return log_err(-ENOMEM, "cannot open '%s'", path);
	k->fd = file_open(AT_FDCWD, path, k->name);
	if (k->fd < 0)
		return k->fd;
	if (fstat(k->fd, &st) < 0)
		return log_err(-errno, "cannot look at '%s'", path);
	k->bytes = (uint64_t)st.st_size;
	r = kernel_read(k->fd, k->bytes, &k->image, why_not, sizeof(why_not));
	if (r == -ENOEXEC)
		return log_refuse(r, "--middle-kernel: '%s' %s", path, why_not);
	if (r < 0)
		return log_err(r, "cannot read '%s'", path);
	(void)snprintf(k->release, sizeof(k->release), "%.*s",
		       (int)strcspn(k->image.release, " "), k->image.release);
	return k->release[0]
		       ? 0
		       : log_refuse(-EINVAL,
				    "--middle-kernel: '%s' does not say which release it "
				    "is, by which its modules are found: take another",
				    path);
}

/* Is it a folder of modules as depmod leaves it? Then *ret is it. */
printf_like(3, 4) static bool take_modules(char **ret, const char *root,
					   const char *format, ...)
{
	char rest[PATH_MAX], path[PATH_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(rest, sizeof(rest), format, args);
	va_end(args);
	if (n >= (int)sizeof(rest) || !read_exists(root, "%s/modules.dep.bin", rest) ||
	    read_path(path, sizeof(path), root, "%s", rest) < 0)
		return false;
	*ret = strdup(path);
	return true;
}

/* None is no error: then there are the drivers that are built in. */
static bool find_modules(const char *root, struct middle_kernel *k)
{
	return take_modules(&k->modules, root, "/lib/modules/%s", k->release) ||
	       take_modules(&k->modules, root, "/usr/lib/modules/%s", k->release) ||
	       take_modules(&k->modules, root,
			    "/run/booted-system/kernel-modules/lib/modules/%s",
			    k->release);
}

static bool take_given_modules(const char *given, struct middle_kernel *k)
{
	return take_modules(&k->modules, "", "%s", given) ||
	       take_modules(&k->modules, "", "%s/lib/modules/%s", given, k->release) ||
	       take_modules(&k->modules, "", "%s/%s", given, k->release);
}

static int open_modules(const char *root, const char *given, struct middle_kernel *k)
{
	bool is_found = given ? take_given_modules(given, k) : find_modules(root, k);

	if (is_found && !k->modules)
		return log_err(-ENOMEM, "cannot open the middle kernel's modules");
	if (!given || is_found)
		return 0;
	return log_refuse(-ENOENT,
			  "'%s' has no modules of %s: neither it nor 'lib/modules/%s' or "
			  "'%s' in it has a modules.dep.bin, which depmod makes",
			  given, k->release, k->release, k->release);
}

int middle_kernel_open(const char *root, const struct middle_choice *choice,
		       struct middle_kernel *ret)
{
	int r;

	*ret = (struct middle_kernel)MIDDLE_KERNEL_INIT;
	r = choice->kernel ? open_given(choice->kernel, ret) : find_running(root, ret);
	return r < 0 ? r : open_modules(root, choice->modules, ret);
}

void middle_kernel_done(struct middle_kernel *kernel)
{
	close_fdp(&kernel->fd);
	free(kernel->name);
	free(kernel->modules);
	*kernel = (struct middle_kernel)MIDDLE_KERNEL_INIT;
}
