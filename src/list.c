/* SPDX-License-Identifier: ISC */
/*
 * --list: the table. On a terminal it fits the width; elsewhere it is plain
 * and nothing is cut off.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exitcode.h"
#include "json.h"
#include "operand.h"
#include "parse.h"
#include "say.h"
#include "show.h"
#include "statedir.h"
#include "verbs.h"
#include "when.h"

enum {
	NAME,
	PID,
	STATE,
	SINCE,
	TIME,
	COMMAND,
	COLUMNS
};

#define GAP	      2
#define LEAST_COMMAND 12 /* columns, before the name is cut */
#define LEAST_NAME    8

#define GREEN "\033[32m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

struct row {
	char *cell[COLUMNS];
	const struct job *job;
};

struct table {
	struct row *rows;
	size_t nrows;
	size_t width[COLUMNS];
	size_t screen; /* 0: not a terminal, no limit */
	bool colour;
};

static const char *const titles[COLUMNS] = {
	"NAME",
	"PID",
	"STATE",
	"SINCE",
	"TIME",
	"COMMAND",
};

/* ---- The jobs ------------------------------------------------------------ */

struct jobs {
	struct job **list;
	size_t n;
	bool failed; /* one could not be read */
};

static void
add_job(struct jobs *js, struct job *j)
{
	struct job **more;

	if (j == NULL) {
		js->failed = true;
		return;
	}
	more = reallocarray(js->list, js->n + 1, sizeof(*more));
	if (more == NULL) {
		say_errno(errno, "--list");
		job_free(j);
		js->failed = true;
		return;
	}
	js->list = more;
	js->list[js->n++] = j;
}

/* 0, or -1 having said why. */
static int
all_jobs(struct jobs *js)
{
	struct job *j;
	char **names;
	int statefd;
	size_t i;

	if ((statefd = statedir_open(false)) == -1) {
		if (errno == ENOENT)
			return 0;
		operand_say("the state directory", errno);
		return -1;
	}
	if ((names = statedir_jobs(statefd)) == NULL) {
		say_errno(errno, "the state directory");
		(void)close(statefd);
		return -1;
	}
	for (i = 0; names[i] != NULL; i++) {
		j = job_open(statefd, names[i]);
		/* A first start that is not yet, or was forgotten just now. */
		if (j == NULL && errno != ENOENT)
			operand_say(names[i], errno);
		if (j != NULL || errno != ENOENT)
			add_job(js, j);
		free(names[i]);
	}
	free(names);
	(void)close(statefd);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct job *j = *(struct job *const *)a;
	const struct job *k = *(struct job *const *)b;
	const struct timespec *s, *t;

	if ((j->state == JOB_RUNNING) != (k->state == JOB_RUNNING))
		return j->state == JOB_RUNNING ? -1 : 1;
	if (j->record == NULL || k->record == NULL)
		return (j->record == NULL) - (k->record == NULL);
	s = &j->record->started;
	t = &k->record->started;
	if (s->tv_sec != t->tv_sec)
		return s->tv_sec > t->tv_sec ? -1 : 1;
	if (s->tv_nsec != t->tv_nsec)
		return s->tv_nsec > t->tv_nsec ? -1 : 1;
	return strcmp(j->record->name, k->record->name);
}

/* ---- The table ----------------------------------------------------------- */

static char *
state_cell(const struct job *j, const struct record *r)
{
	char state[32], *text, *host;

	job_state_text(j, state, sizeof(state));
	if (j->other_host && r->host != NULL) {
		if ((host = show_text(r->host, strlen(r->host))) == NULL)
			return NULL;
		if (asprintf(&text, "%s on %s", state, host) == -1)
			text = NULL;
		free(host);
		return text;
	}
	if (j->loss == LOSS_REBOOT)
		return strdup("lost (reboot)");
	if (j->loss == LOSS_KEEPER && j->state == JOB_LOST)
		return strdup("lost (keeper)");
	return strdup(state);
}

static int
fill_row(struct row *row, const struct job *j, const struct record *r,
    bool terminal)
{
	char buf[WHEN_SIZE];
	const char *name = r->name != NULL ? r->name : "-";
	int i;

	row->job = j;
	row->cell[NAME] = show_text(name, strlen(name));
	if (j->state != JOB_RUNNING ||
	    (!j->other_host && !process_alive(&r->command)))
		row->cell[PID] = strdup("-");
	else if (asprintf(&row->cell[PID], "%ld", (long)r->command.pid) == -1)
		row->cell[PID] = NULL;
	row->cell[STATE] = state_cell(j, r);
	row->cell[SINCE] = strdup(terminal ? when_short(&r->started, buf) :
					     when_full(&r->started, buf));
	row->cell[TIME] = strdup(when_duration(job_elapsed(j), buf));
	row->cell[COMMAND] = show_command(r->command_argv, r->command_argc);
	for (i = 0; i < COLUMNS; i++) {
		if (row->cell[i] == NULL)
			return -1;
	}
	return 0;
}

static int
fill_table(struct table *t, const struct jobs *js)
{
	const struct record *r;
	struct record *bare;
	size_t i, w;
	int c, rc;

	if ((t->rows = calloc(js->n, sizeof(*t->rows))) == NULL)
		return -1;
	for (i = 0; i < js->n; i++) {
		bare = NULL;
		if ((r = js->list[i]->record) == NULL &&
		    (r = bare = job_bare_record(js->list[i])) == NULL)
			return -1;
		rc = fill_row(&t->rows[t->nrows++], js->list[i], r,
		    t->screen != 0);
		record_free(bare);
		if (rc == -1)
			return -1;
	}
	for (c = 0; c < COLUMNS; c++) {
		t->width[c] = strlen(titles[c]);
		for (i = 0; i < t->nrows; i++) {
			w = show_width(t->rows[i].cell[c]);
			if (w > t->width[c])
				t->width[c] = w;
		}
	}
	return 0;
}

static void
free_table(struct table *t)
{
	size_t i;
	int c;

	for (i = 0; i < t->nrows; i++) {
		for (c = 0; c < COLUMNS; c++)
			free(t->rows[i].cell[c]);
	}
	free(t->rows);
}

/* Columns of the terminal; 0 if standard output is none. */
static size_t
screen_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize ws;
	long n;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (columns != NULL && parse_number(columns, 1, 100000, &n) == 0)
		return (size_t)n;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		return ws.ws_col;
	return 80;
}

static bool
wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (no == NULL || *no == '\0') &&
	    term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

/* Make the columns fit: the command gives way first, then the name. */
static void
fit(struct table *t)
{
	size_t rest = 0, need;
	int c;

	if (t->screen == 0)
		return;
	for (c = PID; c < COMMAND; c++)
		rest += t->width[c] + GAP;
	need = t->width[NAME] + GAP + rest + LEAST_COMMAND;
	if (need > t->screen && t->width[NAME] > LEAST_NAME)
		t->width[NAME] -=
		    need - t->screen < t->width[NAME] - LEAST_NAME ?
		    need - t->screen :
		    t->width[NAME] - LEAST_NAME;
	rest += t->width[NAME] + GAP;
	if (t->width[COMMAND] + rest > t->screen)
		t->width[COMMAND] = t->screen > rest ? t->screen - rest : 0;
}

static const char *
colour_of(const struct job *j)
{
	switch (j->state) {
	case JOB_RUNNING:
		return GREEN;
	case JOB_EXITED:
		return j->record->status == 0 ? NULL : RED;
	case JOB_KILLED:
	case JOB_ENDED:
	case JOB_LOST:
		break;
	}
	return RED;
}

/*
 * A cell within width columns, *left of which the line still has; a cut is
 * marked. Without a limit (left NULL), nothing is cut.
 */
static void
put_cell(const char *text, size_t width, size_t *left, const char *colour)
{
	const char *mark = "";
	size_t used = show_width(text), len = strlen(text);

	if (left != NULL) {
		if (width > *left)
			width = *left;
		if (used > width) {
			mark = width > 0 ? ">" : "";
			len = show_fit(text, width > 0 ? width - 1 : 0);
		}
	}
	if (colour != NULL)
		(void)fputs(colour, stdout);
	(void)fwrite(text, 1, len, stdout);
	(void)fputs(mark, stdout);
	if (colour != NULL)
		(void)fputs(PLAIN, stdout);
}

static void
put_line(const struct table *t, char *const *cells, const char *colour)
{
	size_t left = t->screen, pad, shown;
	int c;

	for (c = 0; c < COLUMNS; c++) {
		put_cell(cells[c], t->width[c], t->screen != 0 ? &left : NULL,
		    c == STATE ? colour : NULL);
		if (c == COMMAND)
			break;
		shown = show_width(cells[c]);
		pad = (shown < t->width[c] ? t->width[c] - shown : 0) + GAP;
		if (t->screen != 0) {
			if (left <= t->width[c] + GAP)
				break;
			left -= t->width[c] + GAP;
		}
		(void)printf("%*s", (int)pad, "");
	}
	(void)putchar('\n');
}

static int
put_table(const struct jobs *js)
{
	struct table t = { .screen = screen_width(), .colour = wants_colour() };
	char *heads[COLUMNS];
	size_t i;
	int c, r;

	if ((r = fill_table(&t, js)) == 0) {
		fit(&t);
		for (c = 0; c < COLUMNS; c++)
			heads[c] = strdup(titles[c]);
		put_line(&t, heads, NULL);
		for (c = 0; c < COLUMNS; c++)
			free(heads[c]);
		for (i = 0; i < t.nrows; i++)
			put_line(&t, t.rows[i].cell,
			    t.colour ? colour_of(t.rows[i].job) : NULL);
	}
	free_table(&t);
	return r;
}

static int
put_jobs(const struct jobs *js, bool json)
{
	size_t i;

	if (json) {
		for (i = 0; i < js->n; i++)
			json_job(stdout, js->list[i]);
	} else if (js->n > 0 && put_table(js) == -1) {
		say_errno(errno, "--list");
		return -1;
	}
	if (say_flush() == -1) {
		say_errno(errno, "standard output");
		return -1;
	}
	return 0;
}

int
verb_list(const struct options *o)
{
	struct jobs js = { 0 };
	int code = EXIT_DONE, i;
	size_t n;

	if ((code = operands_check(o->argv, o->argc)) != 0)
		return code;
	operand_many();
	if (o->argc == 0 && all_jobs(&js) == -1)
		return EXIT_FAILED;
	for (i = 0; i < o->argc; i++)
		add_job(&js, operand_find(o->argv[i]));
	if (js.n > 0)
		qsort(js.list, js.n, sizeof(*js.list), compare);
	if (js.n == 0 && o->argc == 0 && !o->json)
		say_note(o->quiet,
		    "no jobs; 'detach -n NAME COMMAND' starts "
		    "one");
	if (js.failed)
		code = EXIT_NOTHING_DONE;
	if (put_jobs(&js, o->json) == -1)
		code = EXIT_FAILED;
	for (n = 0; n < js.n; n++)
		job_free(js.list[n]);
	free(js.list);
	return code;
}
