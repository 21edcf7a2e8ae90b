// SPDX-License-Identifier: GPL-2.0-or-later

/* Whether anybody will get into the target, and what goes there for that. */

#include "pivot/keep/keep.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "checks.h"
#include "pivot/base/human.h"
#include "pivot/base/parameter.h"

/* Behind what was written before, as far as there is room. */
printf_like(2, 3) static void add(char text[FINDING_BYTES], const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text + used, FINDING_BYTES - used, format, args);
	va_end(args);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void tell_sources(const struct keep *keep, char text[FINDING_BYTES])
{
	const char *before = " (";

	for (size_t i = 0; i < keep->n_sources; i++) {
		const struct keep_source *s = &keep->source[i];

		if (s->counts.n_keys == 0 && s->counts.n_no_keys == 0)
			continue;
		add(text, "%s%zu of '%s'", before, s->counts.n_new, s->name);
		before = ", ";
		if (s->counts.n_no_keys > 0)
			add(text, ", where %zu line%s no key%s", s->counts.n_no_keys,
			    s->counts.n_no_keys == 1 ? " is" : "s are",
			    plural(s->counts.n_no_keys));
	}
	add(text, "%s", before[0] == ',' ? ")" : "");
}

/* What restricts a key here does not there. */
static void tell_stripped(const struct keep *keep, char text[FINDING_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < keep->n_sources; i++)
		n += keep->source[i].counts.n_stripped;
	if (n > 0)
		add(text,
		    ", %zu of them without the options (command=, from=) that restrict "
		    "%s here",
		    n, n == 1 ? "it" : "them");
}

/*
 * A system of its own on a disk, or a password: docs/trees.md. What is in an initrd
 * nobody knows.
 */
static bool brings_its_own(const struct tree *tree)
{
	const char *line = tree->command_line ?: "";
	size_t n;
	const char *root = parameter_find(line, "root", &n);

	return (root && !(n == 5 && strncmp(root, "fstab", 5) == 0)) ||
	       strcmp(tree->form, "NixOS system profile") == 0 ||
	       strstr(line, "live.nixos.password");
}

static void note_ssh(const struct preflight *p, struct findings *findings)
{
	const struct keep *keep = p->keep;
	char text[FINDING_BYTES] = "";

	if (keep->n_ssh == 0)
		return;
	add(text, "%zu ssh key%s", keep->keys.n, plural(keep->keys.n));
	tell_sources(keep, text);
	tell_stripped(keep, text);
	if (keep->n_host_keys > 0)
		add(text, " and %zu file%s of host keys", keep->n_host_keys,
		    plural(keep->n_host_keys));
	find_note(
		findings, "keep-ssh", "to the target go %s%s%s", text,
		p->options->keep.has_no_ssh ? "" : "; not with --no-keep-ssh",
		brings_its_own(p->tree)
			? ""
			: ". Whether this tree uses them is not known (the installer of "
			  "nixos-images does): where it does not, and brings none, you "
			  "are locked out");
}

static void note_network(const struct preflight *p, struct findings *findings)
{
	char text[FINDING_BYTES] = "";

	for (size_t i = p->keep->n_ssh; i < p->keep->n_own; i++)
		if (!S_ISDIR(p->keep->file[i].mode))
			add(text, "%s%s", text[0] ? ", " : "", p->keep->file[i].path);
	if (text[0])
		find_note(
			findings, "keep-network",
			"to the target goes what the network knows this machine by (%s); "
			"not with --no-keep-network",
			text);
}

static void note_extra(const struct preflight *p, struct findings *findings)
{
	char size[HUMAN_BYTES];

	if (p->options->keep.extra_files)
		find_note(findings, "extra-files",
			  "to the target goes what is in '%s': %zu files and folders, %s",
			  p->options->keep.extra_files, p->keep->n - p->keep->n_own,
			  human_bytes(p->keep->extra_bytes, size));
}

static void warn_unreadable(const struct preflight *p, struct findings *findings)
{
	for (size_t i = 0; i < p->keep->n_sources; i++) {
		const struct keep_source *s = &p->keep->source[i];

		if (s->error < 0)
			find_warning(
				findings, "keep-unreadable",
				"'%s' does not go to the target: %s; mend that, or name "
				"keys with --ssh-key",
				s->name, strerror(-s->error));
	}
}

static void warn_locked_out(const struct preflight *p, struct findings *findings)
{
	const struct keep_choice *choice = &p->options->keep;

	if (p->keep->keys.n == 0 && !choice->has_no_ssh && !choice->extra_files &&
	    !brings_its_own(p->tree))
		find_warning(
			findings, "no-ssh-key",
			"no ssh key goes to the target, since neither root nor who "
			"became root has one here: unless the target brings its own you "
			"may be locked out of it; name one with --ssh-key");
}

/* Where something was asked for this is no surprise that one may overlook. */
static void say_no_initrd(const struct keep_choice *choice, struct findings *findings)
{
	static const char text[] =
		"the tree has no initrd that anything could be "
		"appended to: no ssh key and no other file goes to the "
		"target";

	if (choice->extra_files || choice->n_ssh_keys)
		find_warning(findings, "no-initrd", "%s", text);
	else
		find_note(findings, "no-initrd", "%s", text);
}

/* Who is not root is told so, and cannot read what is root's. */
static bool is_refused_as_user(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		if (strcmp(findings->finding[i].id, "not-root") == 0)
			return true;
	return false;
}

void check_keep(const struct preflight *p, struct findings *findings)
{
	if (!p->keep)
		return;
	if (p->tree->initrd_fd < 0) {
		say_no_initrd(&p->options->keep, findings);
		return;
	}
	note_ssh(p, findings);
	note_network(p, findings);
	note_extra(p, findings);
	if (is_refused_as_user(findings))
		return;
	warn_unreadable(p, findings);
	warn_locked_out(p, findings);
}
