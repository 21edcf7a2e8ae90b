// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pivot/base/acts.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/clock.h"
#include "pivot/base/file.h"
#include "pivot/base/log.h"
#include "program.h"

enum { CHUNK_BYTES = 256 << 10, ASK_MS = 20000, END_MS = 3000 };

/* What cat(1) gives back when the connection is there, whatever a login shell says. */
static const char greeting[] = "pivot-kexec is here\n";

/* --- the connection --- */

/* ssh expands '%' in the socket's name, appends to it, and 107 bytes is the most. */
static bool is_fit_for_socket(const char *folder)
{
	const char *allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			      "0123456789/._-";

	return folder[0] == '/' && strlen(folder) < SSH_FOLDER_BYTES - 24 &&
	       folder[strspn(folder, allowed)] == '\0';
}

static int make_folder(struct ssh *ssh)
{
	const char *parent = getenv("TMPDIR");

	if (!parent || !is_fit_for_socket(parent))
		parent = "/tmp";
	(void)snprintf(ssh->folder, sizeof(ssh->folder), "%s/pivot-kexec-XXXXXX", parent);
	if (mkdtemp(ssh->folder)) /* mode 0700 */
		return 0;
	ssh->folder[0] = '\0';
	return log_err(-errno, "cannot make a folder in '%s'", parent);
}

static const char *control_path(const struct ssh *ssh, char buf[128])
{
	(void)snprintf(buf, 128, "-oControlPath=%s/ssh", ssh->folder);
	return buf;
}

static int start_master(struct ssh *ssh)
{
	struct words words = words_new();
	char control[128];
	int in[2], out[2], r;

	if (pipe2(in, O_CLOEXEC) < 0)
		return log_err(-errno, "cannot run ssh");
	ssh->to_master = in[1];
	r = pipe2(out, O_CLOEXEC) < 0 ? log_err(-errno, "cannot run ssh") : 0;
	if (r == 0) {
		ssh->from_master = out[0];
		words_add(&words, "-oControlMaster=yes");
		words_add(&words, "-oControlPersist=no");
		words_add(&words, control_path(ssh, control));
		words_add_machine(&words, ssh->url, ssh->url->user);
		words_add(&words, "cat");
		r = program_start(&words, &(struct streams){ in[0], out[1], -1 },
				  &ssh->master);
		(void)close(out[1]);
	}
	(void)close(in[0]);
	return r;
}

/* No deadline: somebody may be looking for a passphrase. */
static int wait_for_master(struct ssh *ssh)
{
	char said[4096] = "";
	struct reader reader = { ssh->from_master, said, sizeof(said), 0 };
	int r = program_write(ssh->to_master, greeting, strlen(greeting));

	while (r == 0 && !strstr(said, greeting) && (r = program_read(&reader)) > 0)
		r = 0;
	if (strstr(said, greeting))
		return 0;
	if (program_is_interrupted())
		return log_refuse(-EINTR, "interrupted");
	return log_refuse(-EHOSTUNREACH,
			  "ssh does not get to '%s': its own reason stands above",
			  ssh->url->host);
}

int ssh_open(const struct remote_url *url, struct ssh *ret)
{
	int r;

	*ret = (struct ssh)SSH_INIT;
	ret->url = url;
	r = make_folder(ret);
	if (r == 0)
		r = start_master(ret);
	return r < 0 ? r : wait_for_master(ret);
}

/* What leads to a machine that is gone would wait for it. */
static void end_master(pid_t master)
{
	const uint64_t end = clock_ms() + END_MS;

	while (waitpid(master, NULL, WNOHANG) == 0) {
		if (clock_ms() >= end)
			(void)act_kill(master, SIGKILL);
		clock_sleep_ms(20);
	}
}

void ssh_close(struct ssh *ssh)
{
	char socket[128];

	close_fdp(&ssh->to_master); /* cat(1) over there sees it */
	close_fdp(&ssh->from_master);
	ssh->to_master = ssh->from_master = -1;
	if (ssh->master > 0)
		end_master(ssh->master);
	ssh->master = 0;
	if (!ssh->folder[0])
		return;
	(void)snprintf(socket, sizeof(socket), "%s/ssh", ssh->folder);
	(void)act_unlink(socket); /* ssh has done it, unless it was killed */
	(void)act_rmdir(ssh->folder);
	ssh->folder[0] = '\0';
}

/* --- calls --- */

/* One that goes by the connection, fed by us where in is not NULL. */
struct call {
	pid_t child;
	int in, out;
};

static int start_call(const struct ssh *ssh, const char *command, bool captures,
		      struct call *ret)
{
	struct words words = words_new();
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, r = 0;
	char control[128];

	words_add(&words, "-oControlMaster=no");
	words_add(&words, control_path(ssh, control));
	words_add_machine(&words, ssh->url, ssh->url->user);
	words_add(&words, command);
	if (pipe2(in, O_CLOEXEC) < 0 || (captures && pipe2(out, O_CLOEXEC) < 0))
		r = log_err(-errno, "cannot run ssh");
	if (r == 0)
		r = program_start(&words, &(struct streams){ in[0], out[1], -1 },
				  &ret->child);
	close_fdp(&in[0]);
	close_fdp(&out[1]);
	ret->in = in[1];
	ret->out = out[0];
	if (r < 0) {
		close_fdp(&ret->in);
		close_fdp(&ret->out);
	}
	return r;
}

static int run(const struct ssh *ssh, const char *command, const char *input, char *said,
	       size_t size)
{
	struct call call;
	int r = start_call(ssh, command, said != NULL, &call);

	if (r < 0)
		return r;
	/* an ssh that ended early says by its exit code why */
	(void)program_write(call.in, input, strlen(input));
	close_fdp(&call.in);
	if (said) {
		struct reader reader = { call.out, said, size, 0 };

		said[0] = '\0';
		(void)program_read_all(&reader, 1, 0);
		close_fdp(&call.out);
	}
	return program_wait(call.child);
}

int ssh_script(const struct ssh *ssh, const char *script, char *said, size_t size)
{
	return run(ssh, "sh -s", script, said, size);
}

int ssh_command(const struct ssh *ssh, const char *command, char *said, size_t size)
{
	return run(ssh, command, "", said, size);
}

static int feed(int to, int fd, uint64_t at, void (*has_sent)(void *data, size_t bytes),
		void *data)
{
	auto_free char *chunk = malloc(CHUNK_BYTES);

	if (!chunk)
		return -ENOMEM;
	for (;;) {
		ssize_t n = file_read_at(fd, chunk, CHUNK_BYTES, (off_t)at);
		int r;

		if (n <= 0)
			return (int)n;
		r = program_write(to, chunk, (size_t)n);
		if (r < 0)
			return r;
		has_sent(data, (size_t)n);
		at += (uint64_t)n;
	}
}

int ssh_feed(const struct ssh *ssh, const char *command, int fd, uint64_t at,
	     void (*has_sent)(void *data, size_t bytes), void *data)
{
	struct call call;
	int r = start_call(ssh, command, false, &call), code;

	if (r < 0)
		return r;
	r = feed(call.in, fd, at, has_sent, data);
	close_fdp(&call.in);
	code = program_wait(call.child);
	return r < 0 && code == 0 ? r : code;
}

/* --- questions --- */

static void answer(const struct words *words, struct ssh_answer *ret)
{
	auto_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out[2] = { -1, -1 }, errors[2] = { -1, -1 };
	pid_t child;
	int r = 0;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0)
		r = log_err(-errno, "cannot run ssh");
	if (r == 0)
		r = program_start(words, &(struct streams){ null, out[1], errors[1] },
				  &child);
	close_fdp(&out[1]);
	close_fdp(&errors[1]);
	if (r == 0) {
		struct reader readers[] = {
			{ out[0], ret->said, sizeof(ret->said), 0 },
			{ errors[0], ret->errors, sizeof(ret->errors), 0 },
		};

		if (program_read_all(readers, 2, clock_ms() + ASK_MS) < 0)
			(void)act_kill(child, SIGKILL);
		r = program_wait(child);
	}
	close_fdp(&out[0]);
	close_fdp(&errors[0]);
	ret->exit_code = r;
}

void ssh_ask(const struct remote_url *url, const char *user, const char *command,
	     struct ssh_answer *ret)
{
	struct words words = words_new();

	*ret = (struct ssh_answer){ 0 };
	words_add(&words, "-oControlMaster=no");
	words_add(&words, "-oControlPath=none");
	words_add(&words, "-oConnectTimeout=5");
	words_add(&words, "-oConnectionAttempts=1");
	words_add(&words, "-oBatchMode=yes");
	words_add_machine(&words, url, user);
	words_add(&words, command);
	answer(&words, ret);
}
