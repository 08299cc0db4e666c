/* SPDX-License-Identifier: ISC */
/*
 * Jobs as a table. On a terminal it fits the width; elsewhere it is plain and
 * nothing is cut off.
 */
#include "config.h"

#include <sys/ioctl.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parse.h"
#include "show.h"
#include "table.h"
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

static char *
state_cell(const struct job *j, const struct record *r)
{
	char state[32], *text, *host;

	job_state_text(j, state, sizeof(state));
	if (j->other_namespace)
		return strdup("running elsewhere");
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
fill_table(struct table *t, struct job *const *jobs, size_t n)
{
	const struct record *r;
	struct record *bare;
	size_t i, w;
	int c, rc;

	if ((t->rows = calloc(n, sizeof(*t->rows))) == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		bare = NULL;
		if ((r = jobs[i]->record) == NULL &&
		    (r = bare = job_bare_record(jobs[i])) == NULL)
			return -1;
		rc = fill_row(&t->rows[t->nrows++], jobs[i], r, t->screen != 0);
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
put_line(const struct table *t, const char *const *cells, const char *colour)
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

int
table_put(struct job *const *jobs, size_t n)
{
	struct table t = { .screen = screen_width(), .colour = wants_colour() };
	size_t i;
	int r;

	if ((r = fill_table(&t, jobs, n)) == 0) {
		fit(&t);
		put_line(&t, titles, NULL);
		for (i = 0; i < t.nrows; i++)
			put_line(&t, (const char *const *)t.rows[i].cell,
			    t.colour ? colour_of(t.rows[i].job) : NULL);
	}
	free_table(&t);
	return r;
}
