/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The command line of pivot-kexec(8). */

#include <stdbool.h>

#include "extra-flags.h"
#include "initramfs/handover.h"
#include "pivot/keep/keep.h"
#include "pivot/middle/kernel.h"
#include "pivot/remote/url.h"
#include "pivot/tree/tree.h"

enum takeover_choice { CHOOSE_AUTO, CHOOSE_SYSTEMD, CHOOSE_SEIZE };

/* How many hops the jump takes. */
enum stages_choice {
	STAGES_AUTO, /* one, where nothing is known that asks for two */
	STAGES_ONE,
	STAGES_TWO,
};

/* What "network" prints. */
enum network_choice {
	NETWORK_NONE,
	NETWORK_ADDR,
	NETWORK_ROUTE,
	NETWORK_ROUTE6,
	NETWORK_FILES
};

enum { INITRDS_MAX = 16, LOADER_AUTO = -1, GIVEN_MAX = 256, WAIT_S = 600 };

struct option_line;

/* An option as it was given. */
struct given_option {
	const struct option_line *line;
	const char *value; /* or NULL */
};

struct options {
	const char *root; /* for reading: "" is this machine */
	char *program;	  /* argv[0] itself */
	const char *tree;
	struct tree_options tree_options;
	const char *initrds[INITRDS_MAX];
	enum takeover_choice takeover;
	unsigned int delay_s;
	struct handover handover; /* all but the takeover, and the target */
	const char *skips[RULES_MAX];
	size_t n_skips;
	const char *hooks[HOOKS_MAX];
	size_t n_hooks;
	int loader; /* an enum loader, or LOADER_AUTO */
	enum stages_choice stages;
	struct middle_choice middle;
	struct keep_choice keep;
	bool has_ip;	/* the target gets ip= on its command line */
	const char *ip; /* the interface it is for, as the target calls it; NULL: any */
	bool has_target_in_middle; /* the target's kernel is the middle one */
	bool force;
	bool has_no_tune; /* nothing is added to the command line to save memory */
	bool verbose;
	bool quiet;
	bool yes;		   /* is not asked */
	bool has_no_panic_timeout; /* the tree's command line is enough as it is */
	bool json;
	int family; /* 4 or 6, or 0: neither was asked for */
	enum network_choice network;
	const char *output;
	const char *announce; /* a line to print when the jump is due, or NULL */
	struct extra_flags extra;
	bool is_remote; /* the verb is for another machine */
	struct remote_url to;
	unsigned int wait_s;		      /* for its target to answer */
	struct given_option given[GIVEN_MAX]; /* all of the above, in their order */
	size_t n_given;
	bool wants_help;
	bool wants_version;
};

/* A verb: one line in the table of main.c, one file verb-NAME.c. Returns the exit code.
 */
struct verb {
	int (*run)(const struct options *options);
	enum {
		VERB_ACTS,     /* with a tree, on this machine */
		VERB_READS,    /* also without a tree, and about a recorded machine */
		VERB_TREELESS, /* on this machine */
		VERB_NETWORK,  /* the same, with what to print of its network */
	} kind;
	const char *name;
	const char *arguments;
	const char *help;
};

int verb_run(const struct options *options);
int verb_plan(const struct options *options);
int verb_check(const struct options *options);
int verb_build(const struct options *options);
int verb_bundle(const struct options *options);
int verb_cancel(const struct options *options);
int verb_network(const struct options *options);

/* Exit codes; pivot-kexec(8). */
enum {
	EXIT_DONE = 0,
	EXIT_UNCHANGED = 1, /* failed, and nothing was changed */
	EXIT_USAGE = 2,
	EXIT_TOO_LATE = 3,   /* failed after the point of no return */
	EXIT_LOCKED_OUT = 4, /* another machine went over, and does not let us in */
};

/*
 * Parses what follows the verb. 0; -EINVAL, with a sentence on standard error; or 1 when
 * it was asked for --help or --version and has answered.
 */
int options_parse(int argc, char **argv, const struct verb *verbs,
		  const struct verb *verb, struct options *ret);
