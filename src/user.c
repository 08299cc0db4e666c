/* SPDX-License-Identifier: ISC */
/*
 * The user that -u names. Ids are given up in the one order that works:
 * groups while still root, then the group, then the user; and each of the
 * three (real, effective, saved) is set by one call.
 */
#include "config.h"

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(STATIC_PROGRAM) && defined(__GLIBC__)
#include <nss.h>
#endif

#include "parse.h"
#include "user.h"

/*
 * A static program of glibc's would load the modules that nsswitch.conf names,
 * and a module with thread-local variables, such as systemd's, crashes there.
 * It knows the users of /etc/passwd and /etc/group, as one of musl's does.
 */
static void
choose_databases(void)
{
#if defined(STATIC_PROGRAM) && defined(__GLIBC__)
	(void)__nss_configure_lookup("passwd", "files");
	(void)__nss_configure_lookup("group", "files");
	(void)__nss_configure_lookup("initgroups", "files");
#endif
}

static struct passwd *
find_passwd(const char *name)
{
	struct passwd *pw;
	long id;

	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL && parse_number(name, 0, INT32_MAX, &id) == 0) {
		errno = 0;
		pw = getpwuid((uid_t)id);
	}
	/* The databases' words for "no such entry" differ: getpwnam(3). */
	if (pw == NULL &&
	    (errno == 0 || errno == ESRCH || errno == EBADF || errno == EPERM ||
		errno == EINVAL || errno == ERANGE))
		errno = ENOENT;
	return pw;
}

static int
find_group(const char *name, gid_t *gid)
{
	struct group *gr;
	long id;

	gr = getgrnam(name);
	if (gr == NULL && parse_number(name, 0, INT32_MAX, &id) == 0)
		gr = getgrgid((gid_t)id);
	if (gr == NULL) {
		errno = ESRCH;
		return -1;
	}
	*gid = gr->gr_gid;
	return 0;
}

static int
own_groups(struct user *u)
{
	u->nown = getgroups(0, NULL);
	if (u->nown == -1)
		return -1;
	u->own = reallocarray(NULL, (size_t)u->nown + 1, sizeof(*u->own));
	if (u->own == NULL)
		return -1;
	return getgroups(u->nown, u->own) == -1 ? -1 : 0;
}

static int
find_groups(struct user *u)
{
	gid_t *groups;
	int n = 32;

	for (;;) {
		groups = reallocarray(u->groups, (size_t)n, sizeof(*groups));
		if (groups == NULL)
			return -1;
		u->groups = groups;
		u->ngroups = n;
		if (getgrouplist(u->name, u->gid, u->groups, &u->ngroups) != -1)
			return 0;
		if (u->ngroups <= n)
			n *= 2;
		else
			n = u->ngroups;
		if (n > 1 << 20) {
			errno = EINVAL;
			return -1;
		}
	}
}

int
user_find(const char *spec, struct user *u)
{
	struct passwd *pw;
	char *name, *group;
	int rc = -1;

	memset(u, 0, sizeof(*u));
	if (geteuid() != 0) {
		errno = EPERM;
		return -1;
	}
	choose_databases();
	if ((name = strdup(spec)) == NULL)
		return -1;
	group = strchr(name, ':');
	if (group != NULL)
		*group++ = '\0';
	/* An empty name must never mean root. */
	if (*name == '\0' || (group != NULL && *group == '\0')) {
		errno = EINVAL;
		goto out;
	}
	if ((pw = find_passwd(name)) == NULL)
		goto out;
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	u->name = strdup(pw->pw_name);
	u->home = strdup(pw->pw_dir);
	u->shell = strdup(pw->pw_shell[0] != '\0' ? pw->pw_shell : "/bin/sh");
	if (u->name == NULL || u->home == NULL || u->shell == NULL)
		goto out;
	if (group != NULL && find_group(group, &u->gid) == -1)
		goto out;
	if (own_groups(u) == 0)
		rc = find_groups(u);
out:
	free(name);
	return rc;
}

/* uid's name if it is near the top of /etc/passwd; to be freed. */
static char *
passwd_name(uid_t uid)
{
	char buf[4096];
	char *line, *end, *colon;
	ssize_t n;
	int fd;

	if ((fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC)) == -1)
		return NULL;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	for (line = buf; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if ((colon = strchr(line, ':')) == NULL || colon == line)
			continue;
		*colon++ = '\0';
		if ((colon = strchr(colon, ':')) == NULL || colon[1] < '0' ||
		    colon[1] > '9')
			continue;
		if (strtoul(colon + 1, &colon, 10) == uid && *colon == ':')
			return strdup(line);
	}
	return NULL;
}

/*
 * Not by getpwuid(3) at once: it looks for a caching daemon, reads
 * nsswitch.conf and loads modules, which costs as much as starting a process.
 */
char *
user_name(uid_t uid)
{
	const struct passwd *pw;
	char *name;

	if ((name = passwd_name(uid)) != NULL)
		return name;
	choose_databases();
	if ((pw = getpwuid(uid)) != NULL)
		return strdup(pw->pw_name);
	return asprintf(&name, "%lu", (unsigned long)uid) == -1 ? NULL : name;
}

int
user_lend(const struct user *u)
{
	if (setgroups((size_t)u->ngroups, u->groups) == -1 ||
	    setegid(u->gid) == -1)
		return -1;
	return seteuid(u->uid);
}

int
user_return(const struct user *u)
{
	if (seteuid(0) == -1 || setegid(getgid()) == -1)
		return -1;
	return setgroups((size_t)u->nown, u->own);
}

int
user_become(const struct user *u)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	if (setgroups((size_t)u->ngroups, u->groups) == -1 ||
	    setresgid(u->gid, u->gid, u->gid) == -1 ||
	    setresuid(u->uid, u->uid, u->uid) == -1 ||
	    getresuid(&ruid, &euid, &suid) == -1 ||
	    getresgid(&rgid, &egid, &sgid) == -1)
		return -1;
	if (ruid != u->uid || euid != u->uid || suid != u->uid ||
	    rgid != u->gid || egid != u->gid || sgid != u->gid ||
	    (u->uid != 0 && (setuid(0) != -1 || seteuid(0) != -1))) {
		errno = EPERM;
		return -1;
	}
	return 0;
}
