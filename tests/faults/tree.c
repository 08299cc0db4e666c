/* SPDX-License-Identifier: ISC */
/*
 * All files below a directory, with their text: taken, compared, put back.
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"

struct file {
	char	*path;			/* below the directory */
	mode_t	 mode;
	uid_t	 uid;
	gid_t	 gid;
	char	*text;			/* of a regular file */
	size_t	 len;
};

struct tree {
	struct file	*file;
	size_t		 n;
};

static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void
read_text(const char *path, struct file *f, off_t size)
{
	ssize_t n;
	int fd;

	if ((f->text = calloc(1, (size_t)size + 1)) == NULL)
		err(99, NULL);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1)
		return;
	if ((n = read(fd, f->text, (size_t)size)) > 0)
		f->len = (size_t)n;
	close(fd);
}

struct tree *
tree_take(const char *dir)
{
	char *const paths[] = { (char *)dir, NULL };
	struct tree *t = calloc(1, sizeof(*t));
	struct file *f;
	FTSENT *e;
	FTS *fts;

	if (t == NULL || (fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR,
	    by_name)) == NULL)
		err(99, "%s", dir);
	while ((e = fts_read(fts)) != NULL) {
		if (e->fts_info == FTS_DP || e->fts_level == 0)
			continue;
		t->file = reallocarray(t->file, t->n + 1, sizeof(*f));
		if (t->file == NULL)
			err(99, NULL);
		f = &t->file[t->n++];
		memset(f, 0, sizeof(*f));
		f->path = strdup(e->fts_path + strlen(dir) + 1);
		f->mode = e->fts_statp->st_mode;
		f->uid = e->fts_statp->st_uid;
		f->gid = e->fts_statp->st_gid;
		if (S_ISREG(f->mode))
			read_text(e->fts_path, f, e->fts_statp->st_size);
	}
	fts_close(fts);
	return t;
}

void
tree_free(struct tree *t)
{
	while (t != NULL && t->n > 0) {
		t->n--;
		free(t->file[t->n].path);
		free(t->file[t->n].text);
	}
	if (t != NULL)
		free(t->file);
	free(t);
}

void
tree_remove(const char *dir)
{
	char *const paths[] = { (char *)dir, NULL };
	FTSENT *e;
	FTS *fts;

	if ((fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL)) == NULL)
		return;
	while ((e = fts_read(fts)) != NULL)
		if (e->fts_info != FTS_D && e->fts_level > 0)
			remove(e->fts_path);
	fts_close(fts);
}

void
tree_put(const struct tree *t, const char *dir)
{
	char path[4096];
	struct file *f;
	size_t i;
	int fd;

	tree_remove(dir);
	for (i = 0; i < t->n; i++) {
		f = &t->file[i];
		snprintf(path, sizeof(path), "%s/%s", dir, f->path);
		if (S_ISDIR(f->mode)) {
			if (mkdir(path, 0700) == -1)
				err(99, "%s", path);
		} else if (S_ISREG(f->mode)) {
			fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			    0600);
			if (fd == -1 ||
			    write(fd, f->text, f->len) != (ssize_t)f->len)
				err(99, "%s", path);
			close(fd);
		} else
			errx(99, "%s: what is that?", path);
		if (geteuid() == 0 && chown(path, f->uid, f->gid) == -1)
			err(99, "%s", path);
		if (chmod(path, f->mode & 07777) == -1)
			err(99, "%s", path);
	}
}

const char *
tree_differs(const struct tree *a, const struct tree *b)
{
	static char why[1024];
	const struct file *f, *g;
	size_t i = 0, j = 0;
	int c;

	while (i < a->n || j < b->n) {
		f = i < a->n ? &a->file[i] : NULL;
		g = j < b->n ? &b->file[j] : NULL;
		c = f == NULL ? 1 : g == NULL ? -1 : strcmp(f->path, g->path);
		/* That the state directory is there now is no change. */
		if (c > 0 && strcmp(g->path, "state") == 0) {
			j++;
			continue;
		}
		if (c != 0) {
			snprintf(why, sizeof(why), "%s is %s",
			    c < 0 ? f->path : g->path,
			    c < 0 ? "gone" : "new");
			return why;
		}
		if (f->mode != g->mode || f->len != g->len ||
		    (f->len > 0 && memcmp(f->text, g->text, f->len) != 0)) {
			snprintf(why, sizeof(why), "%s has changed", f->path);
			return why;
		}
		i++;
		j++;
	}
	return NULL;
}

bool
tree_has(const struct tree *t, const char *prefix, const char *text)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->file[i].text != NULL &&
		    strncmp(t->file[i].path, prefix, strlen(prefix)) == 0 &&
		    strstr(t->file[i].text, text) != NULL)
			return true;
	return false;
}

const char *
tree_text(const struct tree *t, const char *path)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->file[i].path, path) == 0)
			return t->file[i].text;
	return NULL;
}
