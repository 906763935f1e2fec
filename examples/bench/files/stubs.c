/*
 * systemctl and virsh of a benchmark host: show and restart of the units in
 * /run/unit, and the secrets of usage type ceph, kept where a real libvirtd
 * keeps them. What they do not know fails. Writes are logged in
 * /var/log/stub.log. A static program, so that it costs next to nothing and what
 * is measured is the tools.
 */
#include <ctype.h>
#include <fcntl.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECRETS "/etc/libvirt/secrets"
#define MAX 65536

static const char *prefix = "error";

static int die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s: ", prefix);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return 1;
}

/* slurp reads a whole file; NULL if it cannot. */
static char *slurp(const char *path)
{
	static char text[2][MAX];
	static int turn;
	char *to = text[turn ^= 1];
	size_t n = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return NULL;
	while (n < MAX - 1 && (got = read(fd, to + n, MAX - 1 - n)) > 0)
		n += got;
	close(fd);
	to[n] = 0;
	return to;
}

static int spill(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t n = strlen(text);
	int bad = fd < 0 || write(fd, text, n) != n || close(fd);

	return bad ? die("cannot write %s", path) : 0;
}

static void note(const char *what, const char *name)
{
	char line[512];
	int fd = open("/var/log/stub.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	int n = snprintf(line, sizeof line, "%s %s\n", what, name);

	if (fd < 0 || write(fd, line, n) != n)
		exit(die("no log"));
	close(fd);
}

/* between copies what stands between two texts. */
static int between(const char *text, const char *before, const char *after, char *to, size_t size)
{
	const char *from = strstr(text, before), *end;

	if (!from || !(end = strstr(from += strlen(before), after)) || (size_t)(end - from) >= size)
		return 0;
	memcpy(to, from, end - from);
	to[end - from] = 0;
	return 1;
}

/* virsh */

static int quiet;

static void say(const char *format, const char *name)
{
	if (!quiet)
		printf(format, name);
}

static int uuid_of(const char *s)
{
	return strlen(s) == 36 && strspn(s, "0123456789abcdef-") == 36;
}

static char *path_of(const char *uuid, const char *end)
{
	static char path[256];

	snprintf(path, sizeof path, SECRETS "/%s%s", uuid, end);
	return path;
}

static int by_name(const struct dirent *e)
{
	const char *end = strrchr(e->d_name, '.');

	return end && !strcmp(end, ".xml");
}

static int list(void)
{
	struct dirent **all;
	int n = scandir(SECRETS, &all, by_name, alphasort);

	for (int i = 0; i < n; i++) {
		char path[512], name[256], *xml;

		snprintf(path, sizeof path, SECRETS "/%s", all[i]->d_name);
		if (!(xml = slurp(path)) || !between(xml, "<name>", "</name>", name, sizeof name))
			return die("bad file %s", path);
		printf(" %.36s   ceph    %s\n", all[i]->d_name, name);
	}
	return 0;
}

static int define(const char *file)
{
	char uuid[64], *xml = slurp(file);

	if (!xml || !strstr(xml, "<usage type=\"ceph\">"))
		return die("unsupported usage");
	if (!between(xml, "<uuid>", "</uuid>", uuid, sizeof uuid) || !uuid_of(uuid))
		return die("malformed uuid");
	mkdir(SECRETS, 0700);
	if (spill(path_of(uuid, ".xml"), xml))
		return 1;
	note("secret-define", uuid);
	say("Secret %s created\n\n", uuid);
	return 0;
}

static int set(const char *uuid, const char *file)
{
	char *value = file ? slurp(file) : NULL;

	if (!value || !*value)
		return die("no value");
	value[strcspn(value, "\n")] = 0;
	if (spill(path_of(uuid, ".base64"), value))
		return 1;
	note("secret-set-value", uuid);
	say("Secret value set\n\n", "");
	return 0;
}

static int get(const char *uuid)
{
	char *value = slurp(path_of(uuid, ".base64"));

	if (!value)
		return die("secret '%s' does not have a value", uuid);
	printf("%.*s\n", (int)strcspn(value, "\n"), value);
	return 0;
}

/* command is one virsh command, with its name first. */
static int command(int argc, char **argv)
{
	const char *uuid = NULL, *file = NULL, *verb = argv[0];
	char *xml;

	if (!strcmp(verb, "echo")) {
		for (int i = 1; i < argc; i++)
			printf("%s%s", argv[i], i + 1 < argc ? " " : "");
		putchar('\n');
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--secret") && i + 1 < argc)
			uuid = argv[++i];
		else if (!strcmp(argv[i], "--file") && i + 1 < argc)
			file = argv[++i];
		else if (argv[i][0] == '-' || uuid)
			return die("unexpected data %s", argv[i]);
		else
			uuid = argv[i];
	}
	if (!strcmp(verb, "secret-list") && argc == 1)
		return list();
	if (!strcmp(verb, "secret-define") && file && !uuid)
		return define(file);
	if (!uuid || !uuid_of(uuid) || !(xml = slurp(path_of(uuid, ".xml"))))
		return die("failed to get secret '%s'", uuid ? uuid : "");
	if (!strcmp(verb, "secret-dumpxml"))
		return printf("%s\n", xml) < 0;
	if (!strcmp(verb, "secret-get-value"))
		return get(uuid);
	if (!strcmp(verb, "secret-set-value"))
		return set(uuid, file);
	return die("unknown command: '%s'", verb);
}

/* words takes commands with semicolons between them apart; the last one's status counts. */
static int words(char *text)
{
	char *argv[16], quote, stop;
	int argc = 0, status = 0;

	for (;;) {
		text += strspn(text, " ");
		if (!*text || *text == ';') {
			if (argc)
				status = command(argc, argv);
			if (!*text++)
				return status;
			argc = 0;
			continue;
		}
		if (argc == 16)
			return die("too many words");
		quote = *text == '\'' ? *text++ : 0;
		argv[argc++] = text;
		text += quote ? strcspn(text, "'") : strcspn(text, " ;");
		stop = *text;
		*text = 0;
		if (stop == ';' || !stop) {
			status = command(argc, argv);
			argc = 0;
		}
		if (!stop)
			return status;
		text++;
	}
}

static int virsh(int argc, char **argv)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-q"))
			quiet = 1;
		else if ((!strcmp(argv[i], "-c") || !strcmp(argv[i], "--connect")) && i + 1 < argc) {
			if (strcmp(argv[++i], "qemu:///system"))
				return die("failed to connect to the hypervisor at %s", argv[i]);
		} else
			return die("unsupported option %s", argv[i]);
	}
	if (i == argc)
		return die("no command");
	return i + 1 == argc ? words(argv[i]) : command(argc - i, argv + i);
}

/* systemctl */

static int show(char *state, const char *props)
{
	char want[1024], own[128];

	if (!props)
		return die("show without -p");
	snprintf(want, sizeof want, ",%s,", props);
	for (char *line = strtok(state, "\n"); line; line = strtok(NULL, "\n")) {
		snprintf(own, sizeof own, ",%.*s,", (int)strcspn(line, "="), line);
		if (strstr(want, own))
			puts(line);
	}
	return 0;
}

static int restart(const char *path, const char *unit)
{
	char text[1024], now[64], *id = slurp("/proc/sys/kernel/random/uuid"), *to = id;
	struct timeval t;
	struct tm utc;

	for (char *c = id; *c; c++)
		if (isxdigit((unsigned char)*c))
			*to++ = *c;
	*to = 0;
	gettimeofday(&t, NULL);
	strftime(now, sizeof now, "%a %Y-%m-%d %H:%M:%S", gmtime_r(&t.tv_sec, &utc));
	snprintf(text, sizeof text, "Id=%s\nLoadState=loaded\nActiveState=active\nSubState=running\nMainPID=4242\n"
		"ExecMainStartTimestamp=%s.%06ld UTC\nActiveEnterTimestamp=%s.%06ld UTC\nInvocationID=%s\nNRestarts=0\nUnitFileState=enabled\n",
		unit, now, (long)t.tv_usec, now, (long)t.tv_usec, id);
	if (spill(path, text))
		return 1;
	note("restart", unit);
	return 0;
}

static int systemctl(int argc, char **argv)
{
	const char *verb = NULL, *props = NULL;
	char unit[200] = "", path[256], *state;
	int boot = 0; /* sysinit.target, behind the unit */

	prefix = "systemctl";
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-p") && i + 1 < argc)
			props = argv[++i];
		else if (!strcmp(argv[i], "--timestamp=us+utc") || !strcmp(argv[i], "--no-ask-password") || !strcmp(argv[i], "--"))
			continue;
		else if (argv[i][0] == '-')
			return die("unknown option %s", argv[i]);
		else if (!verb)
			verb = argv[i];
		else if (*unit && !strcmp(argv[i], "sysinit.target"))
			boot = 1;
		else if (!*unit)
			snprintf(unit, sizeof unit, "%s%s", argv[i], strstr(argv[i], ".service") ? "" : ".service");
		else
			return die("too many arguments: %s", argv[i]);
	}
	if (!verb || strchr(unit, '/'))
		return die("no unit: %s", unit);
	snprintf(path, sizeof path, "/run/unit/%s", unit);
	if (!*unit || !(state = slurp(path)))
		return die("Unit %s not found.", unit);
	if (!strcmp(verb, "show")) {
		if (show(state, props))
			return 1;
		if (!boot || !(state = slurp("/run/unit/sysinit.target")))
			return 0;
		puts("");
		return show(state, props);
	}
	if (!strcmp(verb, "restart"))
		return restart(path, unit);
	return die("unknown verb %s", verb);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	umask(077);
	name = name ? name + 1 : argv[0];
	return strcmp(name, "systemctl") ? virsh(argc, argv) : systemctl(argc, argv);
}
