// SPDX-License-Identifier: LGPL-2.1-or-later
/* The command line, as users of strace would guess it. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "options.h"

#define DEFAULT_ENGINE	"syscalls"
#define DEFAULT_BUFFER	((size_t)4 << 20)
#define MIN_BUFFER	((size_t)4 << 10)
#define MAX_BUFFER	((size_t)1 << 30)

/* What separates process IDs in one argument: -p "$(pidof x)" works. */
#define SEPARATORS	", \t\n"

enum { OPT_ENGINES = 0x100, OPT_WHEN_FULL, OPT_BUFFER };

static const struct option long_options[] = {
	{ "attach",		required_argument,	NULL, 'p' },
	{ "buffer",		required_argument,	NULL, OPT_BUFFER },
	{ "engine",		required_argument,	NULL, 'e' },
	{ "engines",		no_argument,		NULL, OPT_ENGINES },
	{ "follow-forks",	no_argument,		NULL, 'f' },
	{ "help",		no_argument,		NULL, 'h' },
	{ "output",		required_argument,	NULL, 'o' },
	{ "quiet",		no_argument,		NULL, 'q' },
	{ "version",		no_argument,		NULL, 'V' },
	{ "when-full",		required_argument,	NULL, OPT_WHEN_FULL },
	{ NULL, 0, NULL, 0 }
};

void options_help(void)
{
	puts(
"Usage: utrace [-fq] [-o FILE] [-e ENGINE[:OPTIONS]]...\n"
"              {-p PID... | [--] COMMAND ARG...}\n"
"Trace a program with any number of engines at once.\n"
"\n"
"  -e, --engine=ENGINE[:OPTIONS]  trace with this engine; may be repeated;\n"
"                                 default: " DEFAULT_ENGINE "\n"
"      --engines                  list the engines and their options\n"
"  -f, --follow-forks             child processes too, of all generations\n"
"  -o, --output=FILE              write to FILE; default: standard error\n"
"  -p, --attach=PID[,PID]...      trace running processes; Ctrl-C ends it\n"
"  -q, --quiet                    do not tell about attaching and detaching\n"
"      --when-full=wait|drop      when the reader of the output stands still:\n"
"                                 make the program wait, or drop lines and\n"
"                                 count them; default: wait\n"
"      --buffer=SIZE[K|M]         what is held for the reader; default: 4M\n"
"  -h, --help                     print this\n"
"  -V, --version                  print the version\n"
"\n"
"The exit status is that of COMMAND; see utrace(1) for utrace's own.");
}

static void *grow(void *array, size_t nr, size_t size)
{
	void *new = reallocarray(array, nr + 1, size);

	if (!new) {
		complain("%s", strerror(ENOMEM));
		exit(EXIT_TROUBLE);
	}
	return new;
}

static void add_engine(struct options *opt, const char *spec)
{
	opt->engines = grow(opt->engines, opt->nr_engines,
			    sizeof(*opt->engines));
	opt->engines[opt->nr_engines++] = spec;
}

static void add_pid(struct options *opt, pid_t pid)
{
	size_t i;

	for (i = 0; i < opt->nr_pids; i++)
		if (opt->pids[i] == pid)
			return;
	opt->pids = grow(opt->pids, opt->nr_pids, sizeof(*opt->pids));
	opt->pids[opt->nr_pids++] = pid;
}

/* A whole number and nothing else; strtol() would take blanks and signs. */
static bool parse_pid(const char *text, size_t len, pid_t *pid)
{
	long value = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + text[i] - '0';
		if (value > INT_MAX)
			return false;
	}
	*pid = value;
	return len && value > 0;
}

static int parse_pids(struct options *opt, const char *list)
{
	bool any = false;
	size_t len;
	pid_t pid;

	for (list += strspn(list, SEPARATORS); *list;
	     list += len, list += strspn(list, SEPARATORS)) {
		len = strcspn(list, SEPARATORS);
		if (!parse_pid(list, len, &pid)) {
			complain("'%.*s' is not a process ID", (int)len, list);
			return EXIT_USAGE;
		}
		add_pid(opt, pid);
		any = true;
	}
	if (!any) {
		complain("-p wants a process ID");
		return EXIT_USAGE;
	}
	return 0;
}

static int parse_buffer(struct options *opt, const char *text)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (end != text && (*end == 'K' || *end == 'k'))
		value <<= 10, end++;
	else if (end != text && (*end == 'M' || *end == 'm'))
		value <<= 20, end++;
	if (errno || end == text || *end || *text < '0' || *text > '9' ||
	    value < MIN_BUFFER || value > MAX_BUFFER) {
		complain("'%s' is not a buffer size between 4K and 1024M",
			 text);
		return EXIT_USAGE;
	}
	opt->buffer = value;
	return 0;
}

static int parse_when_full(struct options *opt, const char *text)
{
	if (!strcmp(text, "wait")) {
		opt->drop = false;
	} else if (!strcmp(text, "drop")) {
		opt->drop = true;
	} else {
		complain("--when-full is 'wait' or 'drop', not '%s'", text);
		return EXIT_USAGE;
	}
	return 0;
}

/* getopt() says it in a form of its own, so its messages are off. */
static int bad_option(int argc, char **argv, int before)
{
	const char *word = before < argc ? argv[before] : "";

	if (optopt >= OPT_ENGINES || !strncmp(word, "--", 2)) {
		if (optopt)
			complain("bad use of the option '%s'", word);
		else
			complain("no option '%s' (see utrace --help)", word);
	} else {
		complain("no option '-%c' (see utrace --help)", optopt);
	}
	return EXIT_USAGE;
}

static int parse_option(struct options *opt, int c)
{
	switch (c) {
	case 'e':
		add_engine(opt, optarg);
		return 0;
	case 'f':
		opt->follow = true;
		return 0;
	case 'h':
		opt->what = DO_HELP;
		return 0;
	case 'o':
		opt->output = optarg;
		return 0;
	case 'p':
		return parse_pids(opt, optarg);
	case 'q':
		opt->quiet = true;
		return 0;
	case 'V':
		opt->what = DO_VERSION;
		return 0;
	case OPT_ENGINES:
		opt->what = DO_LIST;
		return 0;
	case OPT_WHEN_FULL:
		return parse_when_full(opt, optarg);
	case OPT_BUFFER:
		return parse_buffer(opt, optarg);
	}
	return EXIT_USAGE;
}

static int check(struct options *opt)
{
	if (opt->what != DO_TRACE)
		return 0;
	if (!opt->nr_pids && !*opt->command) {
		complain("nothing to trace: give a command, or -p PID (see utrace --help)");
		return EXIT_USAGE;
	}
	if (opt->nr_pids && *opt->command) {
		complain("give either a command or -p PID, not both");
		return EXIT_USAGE;
	}
	if (opt->output && !*opt->output) {
		complain("-o wants the name of a file");
		return EXIT_USAGE;
	}
	if (!opt->nr_engines)
		add_engine(opt, DEFAULT_ENGINE);
	return 0;
}

int options_parse(struct options *opt, int argc, char **argv)
{
	int c, before, status;

	*opt = (struct options){ .buffer = DEFAULT_BUFFER };
	opterr = 0;
	for (;;) {
		before = optind;
		c = getopt_long(argc, argv, "+:e:fho:p:qV", long_options, NULL);
		if (c == -1)
			break;
		if (c == ':') {
			complain("the option '%s' wants an argument",
				 argv[optind - 1]);
			return EXIT_USAGE;
		}
		if (c == '?')
			return bad_option(argc, argv, before);
		status = parse_option(opt, c);
		if (status)
			return status;
		if (opt->what != DO_TRACE)
			return 0;
	}
	opt->command = argv + optind;
	return check(opt);
}

void options_free(struct options *opt)
{
	free(opt->engines);
	free(opt->pids);
}
