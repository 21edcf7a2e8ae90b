// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pivot/tree/script.h"

static struct script script;

static int parse(const char *text)
{
	return script_parse(text, &script);
}

static int parse_ipxe(const char *text)
{
	return script_parse_ipxe(text, &script);
}

static void expect(const char *kernel, const char *initrd, const char *command_line)
{
	ck_assert_pstr_eq(script.kernel.text, kernel);
	ck_assert_pstr_eq(script.kernel.unknown, NULL);
	ck_assert_pstr_eq(script.initrds[0].text, initrd);
	ck_assert_pstr_eq(script.initrds[0].unknown, NULL);
	ck_assert_pstr_eq(script.command_line.text, command_line);
	ck_assert_pstr_eq(script.command_line.unknown, NULL);
	script_done(&script);
}

/* The command line of a script in which only that is of interest. */
static void expect_line(const char *text, const char *command_line)
{
	ck_assert_int_eq(parse(text), 0);
	ck_assert_pstr_eq(script.command_line.unknown, NULL);
	ck_assert_pstr_eq(script.command_line.text, command_line);
	script_done(&script);
}

static void expect_unknown(const char *text, const char *unknown, const char *rest)
{
	ck_assert_int_eq(parse(text), 0);
	ck_assert_pstr_eq(script.command_line.unknown, unknown);
	ck_assert_pstr_eq(script.command_line.text, rest);
	script_done(&script);
}

static void expect_error(const char *text, int error, const char *why)
{
	ck_assert_int_eq(parse(text), error);
	ck_assert_str_eq(script_why_not(error), why);
	script_done(&script);
}

START_TEST(reads_todays_kexec_boot)
{
	ck_assert_int_eq(
		parse("#!/usr/bin/env bash\n"
		      "if ! kexec -v >/dev/null 2>&1; then\n"
		      "  echo \"kexec not found: it's in kexec-tools\" 2>&1\n"
		      "  exit 1\n"
		      "fi\n"
		      "SCRIPT_DIR=$( cd -- \"$( dirname -- \"${BASH_SOURCE[0]}\" )\" &> "
		      "/dev/null && pwd )\n"
		      "kexec --load ${SCRIPT_DIR}/bzImage \\\n"
		      "  --initrd=${SCRIPT_DIR}/initrd.gz \\\n"
		      "  --command-line \"init=/nix/store/h-nixos-system-box-24.05/init "
		      "root=fstab loglevel=4 lsm=landlock,yama,bpf\"\n"
		      "kexec -e\n"),
		0);
	expect("bzImage", "initrd.gz",
	       "init=/nix/store/h-nixos-system-box-24.05/init root=fstab loglevel=4 "
	       "lsm=landlock,yama,bpf");
}
END_TEST

START_TEST(reads_the_run_script_of_nixos_images)
{
	ck_assert_int_eq(
		parse("#!/bin/sh\n"
		      "set -eux\n"
		      "kexec_extra_flags=\"\"\n"
		      "while [ $# -gt 0 ]; do\n"
		      "  case \"$1\" in\n"
		      "  --kexec-extra-flags)\n"
		      "    kexec_extra_flags=\"$2\"\n"
		      "    shift\n"
		      "    ;;\n"
		      "  esac\n"
		      "  shift\n"
		      "done\n"
		      "# it's provided by nix\n"
		      "init=\"/nix/store/h-sys/init\"\n"
		      "kernelParams=\"nohibernate root=fstab console=tty0\"\n"
		      "SCRIPT_DIR=$(dirname \"$(readlink -f \"$0\")\")\n"
		      "keys() {\n"
		      "  grep -o '\\(\\(ssh\\|ecdsa\\)-[^ ]* .*\\)' \"$1\" >> ssh/keys || true\n"
		      "}\n"
		      "version=\"$(\n"
		      "  busctl --json=pretty \\\n"
		      "    Version | \"$SCRIPT_DIR/jq\" -r '.data'\n"
		      ")\"\n"
		      "find . | cpio -o -H newc | gzip -9 >> \"$SCRIPT_DIR/initrd\"\n"
		      "kexecSyscallFlags=\"\"\n"
		      "if printf \"%s\\n\" \"6.1\" \"$(uname -r)\" | sort -c -V 2>&1; then\n"
		      "  kexecSyscallFlags=\"--kexec-syscall-auto\"\n"
		      "fi\n"
		      "if ! sh -c \"'$SCRIPT_DIR/kexec' --load '$SCRIPT_DIR/bzImage' \\\n"
		      "  $kexecSyscallFlags \\\n"
		      "  $kexec_extra_flags \\\n"
		      "  --initrd='$SCRIPT_DIR/initrd' --no-checks \\\n"
		      "  --command-line 'init=$init $kernelParams'\"\n"
		      "then\n"
		      "  echo \"kexec failed\"\n"
		      "  exit 1\n"
		      "fi\n"
		      "nohup sh -c \"sleep 6 && '$SCRIPT_DIR/kexec' -e ${kexec_extra_flags}\" &\n"),
		0);
	/* the kexec command is in the text of sh -c: kernel and initrd have their usual
	 * names */
	expect(NULL, NULL,
	       "init=/nix/store/h-sys/init nohibernate root=fstab console=tty0");
}
END_TEST

START_TEST(takes_init_and_kernel_params_where_the_kexec_command_is_strange)
{
	expect_line("init=\"/i\"\nkernelParams=\"a b\"\n$loader --load x\n",
		    "init=/i a b");
	expect_line("init='/i'\nkernelParams='a'\nkexec -l k --append \"$(x)\"\n",
		    "init=/i a");
}
END_TEST

START_TEST(reads_options_with_and_without_an_equals_sign)
{
	ck_assert_int_eq(parse("kexec -l k --initrd i --append=\"a b\""), 0);
	expect("k", "i", "a b");
	ck_assert_int_eq(parse("kexec --load --initrd=i --append 'a b' k"), 0);
	expect("k", "i", "a b");
	ck_assert_int_eq(parse("kexec -t bzImage -l k --ramdisk=i --command-line=a"), 0);
	expect("k", "i", "a");
	ck_assert_int_eq(parse("kexec -ls --type bzImage64 k --append="), 0);
	expect("k", NULL, "");
}
END_TEST

START_TEST(reads_every_kind_of_quote_as_bash_does)
{
	expect_line("kexec -l k --append 'a \"b\" $c `d` \\e'", "a \"b\" $c `d` \\e");
	expect_line("kexec -l k --append \"a \\\"b\\\" \\$c \\`d\\` \\\\e \\f\"",
		    "a \"b\" $c `d` \\e \\f");
	expect_line("kexec -l k --append a\\ b\\\"c", "a b\"c");
	expect_line("kexec -l k --append=a'b c'\"d e\"f", "ab cd ef");
	expect_line("kexec -l k --append $\"a b\"", "a b");
	expect_line("kexec -l k --append \"costs 5$ a\"", "costs 5$ a");
}
END_TEST

START_TEST(reads_values_and_commands_over_several_lines)
{
	expect_line("kexec \\\n -l \\\n k \\\n --append \\\n 'a\nb'", "a\nb");
	expect_line("kexec -l k --app\\\nend=\"a \\\nb\"", "a b");
	expect_line("kexec -l k \\\r\n --append=\"a\"\r\nkexec -e\r\n", "a");
}
END_TEST

START_TEST(finds_kexec_under_its_many_names)
{
	expect_line("sudo kexec -l k --append a", "a");
	expect_line("exec /usr/sbin/kexec -l k --append a", "a");
	expect_line("./kexec-musl-x86_64 --kexec-syscall-auto --load k --append a", "a");
	expect_line("D=$(dirname \"$0\")\n\"$D\"/kexec -l \"$D/k\" --append a", "a");
	expect_line("if kexec -l k --append a; then kexec -e; fi", "a");
	expect_line("test -e k && kexec -l k --append a 2>&1 | tee log", "a");
	expect_line("kexec -l k --append a 2>/dev/null || kexec -l k --append=a", "a");
}
END_TEST

START_TEST(knows_the_scripts_own_folder)
{
	static const char *const ways[] = {
		"$(dirname \"$0\")",
		"$(dirname -- \"$(readlink -f -- \"${BASH_SOURCE[0]}\")\")",
		"$(cd \"$(dirname \"$0\")\" && pwd)",
		"`dirname $0`",
		"${0%/*}",
		"$PWD",
		"$(pwd)",
		"$D",
		"$(dirname $(dirname $0))/..",
		"${1:-/boot}",
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		char text[256];

		(void)snprintf(text, sizeof(text),
			       "D=$(dirname $0)\nkexec -l \"%s/k\" --append a\n",
			       ways[i]);
		ck_assert_int_eq(parse(text), 0);
		expect(i == 8 ? "../k" : "k", NULL, "a");
	}
}
END_TEST

START_TEST(does_not_guess_a_file_name)
{
	ck_assert_int_eq(parse("kexec -l \"$KERNEL\" --initrd=/boot/$V --append a"), 0);
	ck_assert_str_eq(script.kernel.unknown, "$KERNEL");
	ck_assert_str_eq(script.initrds[0].unknown, "$V");
	script_done(&script);
}
END_TEST

START_TEST(follows_variables_the_script_sets)
{
	expect_line("P='a b'\nkexec -l k --append \"init=/i $P\"", "init=/i a b");
	expect_line("export P='a'\nkexec -l k --append \"${P}b $P\"", "ab a");
	expect_line("A=x\nP=\"$A y\"\nkexec -l k --append \"$P\"", "x y");
	expect_line("P=a Q=b\nkexec -l k --append $P$Q", "ab");
	expect_line("if x; then P=a; else P=a; fi\nkexec -l k --append $P", "a");
}
END_TEST

START_TEST(does_not_guess_a_variable_with_several_values)
{
	expect_unknown("P=a\nif x; then P=b; fi\nkexec -l k --append \"i $P\"", "$P",
		       "i ");
	expect_unknown("P=a\n[ x ] && P=b\nkexec -l k --append \"i $P\"", "$P", "i ");
	expect_unknown("P=a\nfor P in b c; do :; done\nkexec -l k --append $P", "$P", "");
	expect_unknown("P=a\nread P\nkexec -l k --append $P", "$P", "");
	expect_unknown("P=a\nP+=b\nkexec -l k --append $P", "$P", "");
	expect_unknown("P=a\n. ./settings\nkexec -l k --append $P", "$P", "");
	expect_unknown("P=a env\nkexec -l k --append $P", "$P", "");
	expect_unknown("P='a b'\nkexec -l k --append=$P", "$P", "");
}
END_TEST

START_TEST(names_the_expansion_that_only_running_it_would_tell)
{
	expect_unknown("kexec -l k --append \"init=/i ${1:+$1} q\"", "${1:+$1}",
		       "init=/i  q");
	expect_unknown("kexec -l k --append \"init=/i $*\"", "$*", "init=/i ");
	expect_unknown("kexec -l k --append \"init=/i $(cat /proc/cmdline)\"",
		       "$(cat /proc/cmdline)", "init=/i ");
	expect_unknown("kexec -l k --append \"init=/i `hostname`\"", "`hostname`",
		       "init=/i ");
	expect_unknown("kexec -l k --append \"a$((1+1))\"", "$((1+1))", "a");
	expect_unknown("kexec -l k --append $'a\\tb'", "$'a\\tb'", "");
	expect_unknown("kexec -l k --reuse-cmdline", "--reuse-cmdline", "");
	expect_unknown("D=$(dirname $0)\nkexec -l k --append \"init=$D/init\"",
		       "$(dirname $0)", "init=/init");
	expect_unknown("kexec -l k --append=\"$(cat kernel-params)\"",
		       "$(cat kernel-params)", "");
}
END_TEST

START_TEST(does_not_read_what_no_command_is)
{
	expect_error("echo \"kexec -l k --append a\"", -ENOENT, "loads no kernel");
	expect_error("# kexec -l k --append a", -ENOENT, "loads no kernel");
	expect_error("cat <<EOF\nkexec -l k --append a\nEOF\nkexec -e\n", -ENOENT,
		     "loads no kernel");
	expect_error("cat <<-'EOF'\n\tit's\n\tEOF\necho kexec -l k", -ENOENT,
		     "loads no kernel");
	expect_error("kexec -p k --append a", -ENOENT, "loads no kernel");
	expect_error("", -ENOENT, "loads no kernel");
	expect_line("cat <<EOF\nit's\nEOF\nkexec -l k --append a", "a");
	expect_line("cat <<A - <<'B' x\nit's\nA\nit's\nB\nkexec -l k --append a", "a");
	expect_line("cat <<< \"it's\"\nkexec -l k --append a", "a");
}
END_TEST

START_TEST(refuses_a_script_that_loads_different_things)
{
	expect_error("if x; then kexec -l a --append b; else kexec -l c --append b; fi",
		     -ENOTUNIQ, "loads different kernels in different cases");
}
END_TEST

START_TEST(refuses_what_is_not_closed)
{
	static const char *const texts[] = {
		"kexec -l k --append 'a",    "kexec -l k --append \"a",
		"kexec -l k --append \"$(a", "kexec -l k --append ${a",
		"kexec -l k --append `a",    "kexec -l k --append $'a",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_error(texts[i], -EBADMSG,
			     "has a quote or bracket that is never closed");
}
END_TEST

START_TEST(refuses_binary_data)
{
	expect_error("kexec -l k --append \001a", -EILSEQ,
		     "is binary data, not a script");
}
END_TEST

START_TEST(bounds_what_a_script_can_make_it_do)
{
	char *text = malloc(SCRIPT_MAX_BYTES);
	size_t at;

	memset(text, 'a', SCRIPT_MAX_BYTES);
	text[SCRIPT_MAX_BYTES - 1] = '\0';
	expect_error(text, -E2BIG, "is too large for a script that loads a kernel");
	for (at = 1; at < SCRIPT_MAX_BYTES - 1; at += 2)
		text[at] = ' ';
	expect_error(text, -E2BIG, "is too large for a script that loads a kernel");
	memset(text, '(', 100000);
	text[100000] = '\0';
	expect_error(text, -ENOENT, "loads no kernel");
	for (at = 0; at < 100000; at += 2)
		memcpy(text + at, "$(", 2);
	text[at] = '\0';
	expect_error(text, -EBADMSG, "has a quote or bracket that is never closed");
	for (at = 0; at < 3000; at += 6)
		(void)snprintf(text + at, 7, "a%03zu=\n", at / 6);
	expect_error(text, -E2BIG, "is too large for a script that loads a kernel");
	free(text);
	/* doubles with every line */
	text = strdup("a=xxxxxxxxxxxxxxxx\n"
		      "b=$a$a$a$a$a$a$a$a\nc=$b$b$b$b$b$b$b$b\nd=$c$c$c$c$c$c$c$c\n"
		      "e=$d$d$d$d$d$d$d$d\nf=$e$e$e$e$e$e$e$e\nkexec -l k --append $f");
	expect_error(text, -E2BIG, "is too large for a script that loads a kernel");
	free(text);
}
END_TEST

/* Each of these took seconds, or minutes, of whoever looked at all of it again and again.
 */
START_TEST(bounds_the_time_that_a_script_costs)
{
	struct script netboot;
	char *text = malloc(SCRIPT_MAX_BYTES);
	size_t n = (size_t)snprintf(text, SCRIPT_MAX_BYTES, "a='%0100000d'\n", 0);

	for (; n < SCRIPT_MAX_BYTES - 16; n += 7)
		strcpy(text + n, "b=\"$a\"\n");
	expect_error(text, -E2BIG, "is too large for a script that loads a kernel");
	n = (size_t)snprintf(text, SCRIPT_MAX_BYTES, "kernel x ");
	for (; n < SCRIPT_MAX_BYTES - 16; n += 2)
		strcpy(text + n, "${");
	ck_assert_int_eq(script_parse_ipxe(text, &netboot), 0);
	ck_assert_str_eq(netboot.command_line.text, text + 9);
	ck_assert_ptr_null(netboot.command_line.unknown);
	script_done(&netboot);
	strcpy(text + n, "}");
	ck_assert_int_eq(script_parse_ipxe(text, &netboot), 0);
	ck_assert_ptr_nonnull(netboot.command_line.unknown);
	script_done(&netboot);
	free(text);
}
END_TEST

START_TEST(reads_a_netboot_script)
{
	ck_assert_int_eq(
		parse_ipxe("#!ipxe\n"
			   "# comment kernel foo\n"
			   "kernel bzImage init=/nix/store/h-sys/init initrd=initrd "
			   "nohibernate loglevel=4 ${cmdline}\n"
			   "initrd initrd\n"
			   "boot\n"),
		0);
	expect("bzImage", "initrd", "init=/nix/store/h-sys/init nohibernate loglevel=4");
}
END_TEST

START_TEST(reads_netboot_scripts_with_urls_options_and_several_initrds)
{
	ck_assert_int_eq(
		parse_ipxe("kernel --name k http://boot.example/x/bzImage a || goto e\r\n"
			   "initrd -n i ${base}/first\r\n"
			   "initrd second"),
		0);
	ck_assert_uint_eq(script.n_initrds, 2);
	ck_assert_str_eq(script.initrds[1].text, "second");
	expect("bzImage", "first", "a");
}
END_TEST

START_TEST(names_the_ipxe_variable_it_cannot_know)
{
	ck_assert_int_eq(parse_ipxe("kernel bzImage init=/i hostname=${hostname} q"), 0);
	ck_assert_str_eq(script.command_line.unknown, "${hostname}");
	ck_assert_str_eq(script.command_line.text, "init=/i hostname= q");
	script_done(&script);
}
END_TEST

START_TEST(refuses_a_netboot_script_without_exactly_one_kernel)
{
	ck_assert_int_eq(parse_ipxe("#!ipxe\ninitrd initrd\nboot\n"), -ENOENT);
	script_done(&script);
	ck_assert_int_eq(parse_ipxe("kernel a\nkernel b\n"), -ENOTUNIQ);
	script_done(&script);
	ck_assert_int_eq(parse_ipxe("kernel a\001b"), -EILSEQ);
	script_done(&script);
}
END_TEST

UNIT_MAIN("script", reads_todays_kexec_boot, reads_the_run_script_of_nixos_images,
	  takes_init_and_kernel_params_where_the_kexec_command_is_strange,
	  reads_options_with_and_without_an_equals_sign,
	  reads_every_kind_of_quote_as_bash_does,
	  reads_values_and_commands_over_several_lines, finds_kexec_under_its_many_names,
	  knows_the_scripts_own_folder, does_not_guess_a_file_name,
	  follows_variables_the_script_sets,
	  does_not_guess_a_variable_with_several_values,
	  names_the_expansion_that_only_running_it_would_tell,
	  does_not_read_what_no_command_is, refuses_a_script_that_loads_different_things,
	  refuses_what_is_not_closed, refuses_binary_data,
	  bounds_what_a_script_can_make_it_do, bounds_the_time_that_a_script_costs,
	  reads_a_netboot_script,
	  reads_netboot_scripts_with_urls_options_and_several_initrds,
	  names_the_ipxe_variable_it_cannot_know,
	  refuses_a_netboot_script_without_exactly_one_kernel)
