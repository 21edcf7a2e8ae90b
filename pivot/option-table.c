// SPDX-License-Identifier: GPL-2.0-or-later
#include "option-table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/parse.h"
#include "pivot/kexec/load.h"

enum { SECONDS_MAX = 86400, WATCHDOG_S = 300, WATCHDOG_MIN_S = 20 };

/* --- those that only set a member --- */

static int take_text(struct options *options, const struct option_line *line,
		     const char *value)
{
	*(const char **)(void *)((char *)options + line->offset) = value;
	return 0;
}

static int take_flag(struct options *options, const struct option_line *line,
		     const char *value)
{
	(void)value;
	*(bool *)((char *)options + line->offset) = true;
	return 0;
}

/* --- words of a few --- */

/* "auto seize" as "auto or seize", for people. */
static void list_words(const char *words, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (const char *at = words; *at && used < size;) {
		size_t n = strcspn(at, " ");
		const char *before = at == words ? "" : at[n] ? ", " : " or ";

		used += (size_t)snprintf(text + used, size - used, "%s%.*s", before,
					 (int)n, at);
		at += n + (at[n] == ' ');
	}
}

/* Which of the line's words it is, or -EINVAL, with a sentence. */
static int find_word(const struct option_line *line, const char *word)
{
	const size_t length = strlen(word);
	char text[128];
	int i = 0;

	for (const char *at = line->words; *at; i++) {
		size_t n = strcspn(at, " ");

		if (n == length && strncmp(at, word, n) == 0)
			return i;
		at += n + (at[n] == ' ');
	}
	list_words(line->words, text, sizeof(text));
	return log_refuse(-EINVAL, "--%s takes %s, not '%s'", line->name, text, word);
}

static int take_takeover(struct options *options, const struct option_line *line,
			 const char *value)
{
	int i = find_word(line, value);

	if (i >= 0)
		options->takeover = (enum takeover_choice)i;
	return i < 0 ? i : 0;
}

static int take_loader(struct options *options, const struct option_line *line,
		       const char *value)
{
	int i = find_word(line, value);

	if (i >= 0)
		options->loader = LOADER_AUTO + i;
	return i < 0 ? i : 0;
}

static int take_stages(struct options *options, const struct option_line *line,
		       const char *value)
{
	int i = find_word(line, value);

	if (i >= 0)
		options->stages = (enum stages_choice)i;
	return i < 0 ? i : 0;
}

static int take_two_stage(struct options *options, const struct option_line *line,
			  const char *value)
{
	int i = value ? find_word(line, value) : EXTENT_CLEAN;

	if (i < 0)
		return i;
	options->stages = STAGES_TWO;
	options->handover.extent = (enum extent)i;
	return 0;
}

static int take_middle_kernel(struct options *options, const struct option_line *line,
			      const char *value)
{
	(void)line;
	options->has_target_in_middle = strcmp(value, "target") == 0;
	options->middle.kernel = options->has_target_in_middle ? NULL : value;
	return 0;
}

/* One of handover_choices[]. */
static int take_choice(struct options *options, const struct option_line *line,
		       const char *value)
{
	const struct handover_choice *c = handover_choices;

	while (strcmp(c->name, line->name) != 0)
		c++;
	if (handover_choose(&options->handover, c, value) < 0)
		return log_refuse(-EINVAL, "--%s takes %s%s%s or %s, not '%s'",
				  line->name, c->value[0], c->value[2] ? ", " : "",
				  c->value[2] ? c->value[1] : "",
				  c->value[2] ?: c->value[1], value);
	return 0;
}

static int take_no_report(struct options *options, const struct option_line *line,
			  const char *value)
{
	(void)line;
	(void)value;
	options->handover.report = REPORT_NONE;
	return 0;
}

static int take_extra_flags(struct options *options, const struct option_line *line,
			    const char *value)
{
	if (options->extra.word[0])
		return log_refuse(-EINVAL, "--%s may be given once", line->name);
	return extra_flags_read(value, options->program, &options->extra);
}

static int take_networkd(struct options *options, const struct option_line *line,
			 const char *value)
{
	(void)line;
	(void)value;
	options->network = NETWORK_FILES;
	return 0;
}

static int take_ip(struct options *options, const struct option_line *line,
		   const char *value)
{
	(void)line;
	if (value && strpbrk(value, ": \t\n\"'"))
		return log_refuse(-EINVAL,
				  "--ip takes the name of an interface, not '%s'", value);
	options->has_ip = true;
	options->ip = value;
	return 0;
}

static int take_family(struct options *options, const struct option_line *line,
		       const char *value)
{
	(void)value;
	options->family = line->letter - '0';
	return 0;
}

static int take_to(struct options *options, const struct option_line *line,
		   const char *value)
{
	options->is_remote = true;
	return remote_url_parse(value, &options->to) < 0
		       ? log_refuse(-EINVAL,
				    "--%s takes ssh://[user@]host[:port], not '%s'",
				    line->name, value)
		       : 0;
}

/* --- times --- */

static int parse_seconds(const char *option, const char *text, unsigned int min,
			 unsigned int *ret)
{
	uint64_t seconds;

	if (parse_u64(text, 10, SECONDS_MAX, &seconds) < 0 || seconds < min)
		return log_refuse(-EINVAL, "--%s takes seconds, %u to %u, not '%s'",
				  option, min, SECONDS_MAX, text);
	*ret = (unsigned int)seconds;
	return 0;
}

static int take_delay(struct options *options, const struct option_line *line,
		      const char *value)
{
	return parse_seconds(line->name, value, 0, &options->delay_s);
}

static int take_deadline(struct options *options, const struct option_line *line,
			 const char *value)
{
	unsigned int seconds;
	int r = parse_seconds(line->name, value, 1, &seconds);

	if (r == 0)
		options->handover.deadline_ms = seconds * 1000;
	return r;
}

static int take_wait(struct options *options, const struct option_line *line,
		     const char *value)
{
	return parse_seconds(line->name, value, 0, &options->wait_s);
}

static int take_hook_timeout(struct options *options, const struct option_line *line,
			     const char *value)
{
	unsigned int seconds;
	int r = parse_seconds(line->name, value, 1, &seconds);

	if (r == 0)
		options->handover.hook_ms = seconds * 1000;
	return r;
}

static int take_watchdog(struct options *options, const struct option_line *line,
			 const char *value)
{
	options->handover.watchdog_s = WATCHDOG_S;
	return value ? parse_seconds(line->name, value, WATCHDOG_MIN_S,
				     &options->handover.watchdog_s)
		     : 0;
}

/* --- those that may be given several times --- */

static int add(const char **list, size_t *n, size_t max, const char *name,
	       const char *value)
{
	if (*n == max)
		return log_refuse(-EINVAL, "more than %zu times --%s", max, name);
	list[(*n)++] = value;
	return 0;
}

static int take_initrd(struct options *options, const struct option_line *line,
		       const char *value)
{
	return add(options->initrds, &options->tree_options.n_initrds, INITRDS_MAX,
		   line->name, value);
}

static int take_skip(struct options *options, const struct option_line *line,
		     const char *value)
{
	return add(options->skips, &options->n_skips, RULES_MAX, line->name, value);
}

static int take_ssh_key(struct options *options, const struct option_line *line,
			const char *value)
{
	struct keep_choice *keep = &options->keep;

	return add(keep->ssh_keys, &keep->n_ssh_keys, KEEP_SSH_KEYS_MAX, line->name,
		   value);
}

static int take_hook(struct options *options, const struct option_line *line,
		     const char *value)
{
	return add(options->hooks, &options->n_hooks, HOOKS_MAX, line->name, value);
}

static int take_quirk(struct options *options, const struct option_line *line,
		      const char *value)
{
	char word[RULE_BYTES];

	if (rule_check(value, word, sizeof(word)) < 0)
		return log_refuse(-EINVAL,
				  word[0] ? "--quirk: what is '%s'? See pivot-kexec(8)"
					  : "--quirk takes MATCH=POLICY, such as "
					    "driver:igb=reset:never",
				  word);
	if (rules_add(&options->handover.rules, value) < 0)
		return log_refuse(-EINVAL, "more than %d times --%s", RULES_MAX,
				  line->name);
	return 0;
}

/* --- the table --- */

#define TEXT(member) .take = take_text, .offset = offsetof(struct options, member)
#define FLAG(member) .take = take_flag, .offset = offsetof(struct options, member)
#define EVERY_VERB   ""

const struct option_line option_lines[] = {
	{ "kernel", .argument = "FILE", .travels = TRAVELS_IN_TREE,
	  TEXT(tree_options.kernel), .help = "boot this kernel instead of the tree's" },
	{ "initrd", .argument = "FILE", .travels = TRAVELS_IN_TREE, .take = take_initrd,
	  .help = "use this initrd instead of the tree's; given more\n"
		  "than once, they are concatenated in order" },
	{ "command-line", .argument = "TEXT", .travels = TRAVELS_IN_TREE,
	  TEXT(tree_options.command_line),
	  .help = "pass this instead of the tree's command line" },
	{ "append", .argument = "TEXT", .travels = TRAVELS_IN_TREE,
	  TEXT(tree_options.append), .help = "add this to the command line" },
	{ "takeover", .argument = "WAY", .words = "auto systemd seize",
	  .take = take_takeover,
	  .help = "auto, systemd (services stop in order) or seize\n"
		  "(PID 1 is replaced at once); default: auto" },
	{ "loader", .argument = "WAY", .words = "auto gather load file kexec-tools",
	  .take = take_loader,
	  .help = "auto, gather (the target stays where it is in memory\n"
		  "until the jump), load (kexec_load), file\n"
		  "(kexec_file_load) or kexec-tools; default: auto" },
	{ "no-keep-ssh", FLAG(keep.has_no_ssh),
	  .help = "append none of this machine's ssh keys and host keys\n"
		  "to the initrd" },
	{ "no-keep-network", FLAG(keep.has_no_network),
	  .help = "nor what the network knows this machine by" },
	{ "ip", .argument = "[=NAME]", .take = take_ip,
	  .help = "put this machine's address, as ip=, before the command\n"
		  "line; NAME: of the interface, in the target" },
	{ "ssh-key", .argument = "FILE", .travels = TRAVELS_AS_FILE, .take = take_ssh_key,
	  .help = "append the public keys in this file, too; may be given\n"
		  "more than once" },
	{ "extra-files", .argument = "DIR", .travels = TRAVELS_AS_FOLDER,
	  TEXT(keep.extra_files),
	  .help = "append all that is in this folder, for the target's /" },
	{ "no-report", .take = take_no_report,
	  .help = "do not append to the initrd what was done" },
	{ "no-tune", FLAG(has_no_tune),
	  .help = "do not add rootfstype=ramfs to the command line where\n"
		  "the target would be short of memory" },
	{ "two-stage", .argument = "[=HOW]", .words = "clean abrupt",
	  .take = take_two_stage,
	  .help = "go by way of a middle kernel, whose drivers put the\n"
		  "hardware to rest: after a clean teardown here\n"
		  "(clean), or leaving all devices to it (abrupt)" },
	{ "stages", .argument = "NUMBER", .words = "auto 1 2", .take = take_stages,
	  .help = "auto, 1 or 2 (as --two-stage); default: auto" },
	{ "middle-kernel", .argument = "FILE", .words = "target",
	  .travels = TRAVELS_AS_FILE, .no_file = "target", .take = take_middle_kernel,
	  .help = "use this one, or the tree's own (target), instead of\n"
		  "the kernel that runs" },
	{ "middle-modules", .argument = "DIR", .travels = TRAVELS_AS_MODULES,
	  TEXT(middle.modules), .help = "where its modules are" },
	{ "delay", .argument = "SECONDS", .take = take_delay,
	  .help = "between this program's end and the takeover;\n"
		  "default: 3" },
	{ "deadline", .argument = "SECONDS", .take = take_deadline,
	  .help = "restart this system where its disks are not clean by\n"
		  "then; later, jump at once; default: 180" },
	{ "quirk", .argument = "MATCH=POLICY", .take = take_quirk,
	  .help = "put some devices to rest in another way, such as\n"
		  "driver:igb=reset:never; see pivot-kexec(8)" },
	{ "skip", .argument = "NAME", .take = take_skip,
	  .help = "leave a device (03:00.0) or a driver's devices alone" },
	{ "reset", .argument = "WHEN", .take = take_choice,
	  .help = "auto: where the kernel has a safe method; or never" },
	{ "display", .argument = "WHAT", .take = take_choice,
	  .help = "auto: keep its driver, unless it is known to need\n"
		  "more; keep or unbind it in any case" },
	{ "parallel", .argument = "WHEN", .take = take_choice,
	  .help = "auto: independent devices at once; or never" },
	{ "on-hang", .argument = "WHAT", .take = take_choice,
	  .help = "where a driver hangs: reboot into this system, or try\n"
		  "to jump first; default: reboot" },
	{ "watchdog", .argument = "[=SECONDS]", .take = take_watchdog,
	  .help = "leave a hardware watchdog armed, which restarts this\n"
		  "system where the target does not take it over in\n"
		  "that time (300); default: disarm all" },
	{ "hook", .argument = "FILE", .travels = TRAVELS_AS_FILE, .take = take_hook,
	  .help = "run this script by the stage's busybox, before the\n"
		  "teardown and before the jump; may be given more than\n"
		  "once" },
	{ "hook-timeout", .argument = "SECONDS", .take = take_hook_timeout,
	  .help = "for one hook; default: 30" },
	{ "on-hook-failure", .argument = "WHAT", .take = take_choice,
	  .help = "where a hook fails or has had its time: jump all the\n"
		  "same, or reboot into this system; default: jump" },
	{ "no-panic-timeout", FLAG(has_no_panic_timeout),
	  .help = "do not put panic=30, which reboots into this system\n"
		  "where the target panics, before the command line" },
	{ "root", .argument = "DIR", .verbs = "'plan'", TEXT(root),
	  .help = "plan for a recorded machine (scripts/record-machine)" },
	{ "json", .verbs = "'run', 'plan', 'check' and 'network'", FLAG(json),
	  .help = "print what was decided, the plan, the check, or the\n"
		  "network, as JSON\n"
		  "(network --json addr, network --json [-4|-6] route:\n"
		  "as ip(8) does)" },
	{ "networkd", .verbs = "'network'", .take = take_networkd,
	  .help = "print the network as files of systemd-networkd" },
	{ NULL, '4', .verbs = "'network'", .take = take_family },
	{ NULL, '6', .verbs = "'network'", .take = take_family },
	{ "verbose", 'v', FLAG(verbose),
	  .help = "print where in memory the target goes, too, and why a\n"
		  "loader is not tried" },
	{ "yes", 'y', .verbs = "'run'", FLAG(yes), .travels = TRAVELS_NOT,
	  .help = "do not ask before the jump; it is only asked where\n"
		  "standard input and error are a terminal" },
	{ "quiet", 'q', .verbs = EVERY_VERB, FLAG(quiet),
	  .help = "say nothing but warnings and errors" },
	{ "force", FLAG(force), .help = "replace an image that somebody else loaded" },
	{ "announce", .argument = "TEXT", .verbs = "'run' and 'bundle'", TEXT(announce),
	  .help = "print this line, too, when the jump is due, for a\n"
		  "program that waits for it" },
	{ "kexec-extra-flags", .argument = "TEXT", .verbs = "'run'",
	  .take = take_extra_flags, .travels = TRAVELS_NOT,
	  .help = "more options in one text, as nixos-anywhere has them;\n"
		  "some are those of kexec(8)" },
	{ "output", 'o', "FILE", "'build' and 'bundle'", .travels = TRAVELS_NOT,
	  TEXT(output), .help = "the file to write" },
	{ "to", .argument = "URL", .verbs = "'run', 'plan', 'check' and 'cancel'",
	  .take = take_to, .travels = TRAVELS_NOT,
	  .help = "do it on another machine, ssh://[user@]host[:port]:\n"
		  "copy what it takes, run it there, and wait for the\n"
		  "target" },
	{ "wait", .argument = "SECONDS", .verbs = "'run'", .take = take_wait,
	  .travels = TRAVELS_NOT,
	  .help = "with --to: how long for the target to answer; 0: not\n"
		  "at all; default: 600" },
	{ "help", 'h', .verbs = EVERY_VERB, FLAG(wants_help), .help = "print this" },
	{ "version", .verbs = EVERY_VERB, FLAG(wants_version),
	  .help = "print the version" },
};

const size_t n_option_lines = array_size(option_lines);
