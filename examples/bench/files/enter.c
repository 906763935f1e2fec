/*
 * The login shell of root at the benchmark's sshd. Each host is a chroot; the
 * address that the client connected to says which one. Compiled with
 * -DROOT="folder of the hosts", static, so that it costs next to nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 126;
}

int main(int argc, char **argv)
{
	char address[64], root[512];
	const char *conn = getenv("SSH_CONNECTION");

	if (!conn || sscanf(conn, "%*s %*s %63s", address) != 1 || strchr(address, '/') || address[0] == '.')
		return fail("SSH_CONNECTION");
	snprintf(root, sizeof root, "%s/%s", ROOT, address);
	if (chroot(root) || chdir("/root"))
		return fail(root);
	setenv("HOME", "/root", 1);
	setenv("SHELL", "/bin/sh", 1);
	if (argc == 3 && !strcmp(argv[1], "-c"))
		execl("/bin/sh", "sh", "-c", argv[2], (char *)0);
	else
		execl("/bin/sh", "-sh", (char *)0);
	return fail("/bin/sh");
}
