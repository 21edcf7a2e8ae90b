// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-modules.h"

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-root.h"

enum { FILE_MAX = 8192 };

/* depmod reads these, and nothing else of a module. */
enum { NONE, MODINFO, KSYMTAB_STRINGS, SYMTAB, STRTAB, SHSTRTAB, SECTIONS };

static const char section_names[] =
	"\0.modinfo\0__ksymtab_strings\0.symtab\0.strtab\0.shstrtab";

struct file {
	_Alignas(8) uint8_t bytes[FILE_MAX];
	size_t n;
	Elf64_Shdr section[SECTIONS];
};

static void put(struct file *file, int section, uint32_t type, const void *data, size_t n)
{
	const char *name = section_names;

	for (int i = 0; i < section; i++)
		name += strlen(name) + 1;
	file->n = (file->n + 7) & ~(size_t)7;
	must(file->n + n <= FILE_MAX);
	file->section[section] = (Elf64_Shdr){
		.sh_name = (Elf64_Word)(name - section_names),
		.sh_type = type,
		.sh_offset = file->n,
		.sh_size = n,
		.sh_addralign = 8,
	};
	memcpy(file->bytes + file->n, data, n);
	file->n += n;
}

/* Strings until an empty one. */
static size_t info_length(const char *info)
{
	size_t n = 0;

	while (info[n])
		n += strlen(info + n) + 1;
	return n;
}

const void *fake_module_bytes(const struct fake_module *module, size_t *n)
{
	static struct file file;
	Elf64_Ehdr head = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_REL,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SECTIONS,
		.e_shstrndx = SHSTRTAB,
	};
	Elf64_Sym symbols[2] = {
		{ 0 }, { .st_name = 1, .st_info = STB_GLOBAL << 4, .st_shndx = SHN_UNDEF }
	};
	const char *info = module->info ?: "license=GPL\0";
	char names[64] = "";

	file = (struct file){ .n = sizeof(head) };
	put(&file, MODINFO, SHT_PROGBITS, info, info_length(info));
	if (module->exports)
		put(&file, KSYMTAB_STRINGS, SHT_PROGBITS, module->exports,
		    strlen(module->exports) + 1);
	if (module->needs)
		strcpy(names + 1, module->needs);
	put(&file, SYMTAB, SHT_SYMTAB, symbols, sizeof(symbols[0]) * (names[1] ? 2 : 1));
	file.section[SYMTAB].sh_link = STRTAB;
	file.section[SYMTAB].sh_entsize = sizeof(symbols[0]);
	put(&file, STRTAB, SHT_STRTAB, names, strlen(names + 1) + 2);
	put(&file, SHSTRTAB, SHT_STRTAB, section_names, sizeof(section_names));
	head.e_shoff = file.n = (file.n + 7) & ~(size_t)7;
	must(file.n + sizeof(file.section) <= FILE_MAX);
	memcpy(file.bytes + file.n, file.section, sizeof(file.section));
	memcpy(file.bytes, &head, sizeof(head));
	*n = file.n + sizeof(file.section);
	return file.bytes;
}

static bool ends_in(const char *path, const char *ending)
{
	size_t n = strlen(path);

	return n > strlen(ending) && strcmp(path + n - strlen(ending), ending) == 0;
}

static int add_filter(struct archive *archive, const char *path)
{
	if (ends_in(path, ".xz"))
		return archive_write_add_filter_xz(archive);
	if (ends_in(path, ".gz"))
		return archive_write_add_filter_gzip(archive);
	return archive_write_add_filter_zstd(archive);
}

void fake_packed(const void *data, size_t n, const char *path)
{
	static uint8_t packed[1 << 20];
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t used = 0;

	must(add_filter(archive, path) == ARCHIVE_OK);
	must(archive_write_set_format_raw(archive) == ARCHIVE_OK);
	must(archive_write_set_bytes_in_last_block(archive, 1) == ARCHIVE_OK);
	must(archive_write_open_memory(archive, packed, sizeof(packed), &used) ==
	     ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	must(archive_write_header(archive, entry) == ARCHIVE_OK);
	must(archive_write_data(archive, data, n) == (la_ssize_t)n);
	must(archive_write_close(archive) == ARCHIVE_OK);
	(void)archive_write_free(archive);
	archive_entry_free(entry);
	fake_bytes(packed, used, "%s", path);
}

void fake_module_add(const struct fake_module *module)
{
	char path[256] = MODULES_FOLDER "/", order[256];
	size_t n;
	const void *data = fake_module_bytes(module, &n);

	strcat(path, module->path);
	(void)snprintf(order, sizeof(order), "%.*s.ko\n",
		       (int)(strstr(module->path, ".ko") - module->path), module->path);
	fake_append(MODULES_FOLDER "/modules.order", order);
	if (ends_in(path, ".ko"))
		fake_bytes(data, n, "%s", path);
	else
		fake_packed(data, n, path);
}

void fake_built_in(const char *path, const char *info, size_t n)
{
	fake_append(MODULES_FOLDER "/modules.builtin", path);
	fake_append(MODULES_FOLDER "/modules.builtin", "\n");
	fake_bytes(info, n, MODULES_FOLDER "/modules.builtin.modinfo");
}

void fake_depmod(void)
{
	int status;
	pid_t pid;

	fake_append(MODULES_FOLDER "/modules.order", "");
	fake_append(MODULES_FOLDER "/modules.builtin", "");
	fake_append(MODULES_FOLDER "/modules.builtin.modinfo", "");
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		(void)execl("/sbin/depmod", "depmod", "-b", fake_root(), MODULES_RELEASE,
			    NULL);
		_exit(127);
	}
	must(waitpid(pid, &status, 0) == pid);
	must(status == 0);
}
