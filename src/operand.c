/* SPDX-License-Identifier: ISC */
/* Operands of verbs, in words. */
#include "config.h"

#include <sys/resource.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "exitcode.h"
#include "operand.h"
#include "say.h"
#include "statedir.h"

/* The state directory itself may be what is wrong. */
static void
say_denied(const char *operand, int errnum)
{
	char *path;
	int fd;

	if ((fd = statedir_open(false)) != -1)
		(void)close(fd);
	else if (errno == errnum && (path = statedir_path()) != NULL) {
		if (errnum == EPERM)
			say("%s: the state directory belongs to another "
			    "user, or others may write to it; DETACH_STATE_DIR "
			    "names another",
			    path);
		else
			say_errno(errnum, "%s: the state directory", path);
		free(path);
		return;
	}
	say_errno(errnum, "%s", operand);
}

char *
operand_pidfile(const char *name)
{
	char *path;

	if (!statedir_name_valid(name) ||
	    (path = statedir_job_path(name, JOB_PID)) == NULL)
		return NULL;
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

void
operand_say(const char *operand, int errnum)
{
	char *path = NULL;

	if (*operand == '\0')
		operand = "''";
	switch (errnum) {
	case ENOENT:
		if (job_operand_is_path(operand))
			say("%s: no such pidfile, and no job has it; "
			    "'detach --list' shows the jobs",
			    operand);
		else if ((path = statedir_path()) == NULL)
			say("%s: no state directory: set HOME or "
			    "DETACH_STATE_DIR",
			    operand);
		else
			say("%s: no such job; 'detach --list' shows them",
			    operand);
		free(path);
		break;
	case ESRCH:
		if (job_operand_is_path(operand))
			say("%s: nothing runs by this pidfile: it is not "
			    "locked",
			    operand);
		else
			say("%s: no such process, and no job with that pid; "
			    "'detach --list' shows the jobs",
			    operand);
		break;
	case ECHILD:
		say("%s: has ended; its parent has not collected its exit "
		    "status yet",
		    operand);
		break;
	case ELOOP:
	case ENOTSUP:
		say("%s: %s; a pidfile must %s", operand,
		    errnum == ELOOP ? "is a symbolic link" :
				      "is no regular file",
		    errnum == ELOOP ? "not be one" : "be one");
		break;
	case EBUSY:
		say("%s: is locked, but not by the process that it names",
		    operand);
		break;
	case EINVAL:
		say("%s: not a name that a job can have; 'detach --list' "
		    "shows those there are",
		    operand);
		break;
	case EBADMSG:
		if ((path = operand_pidfile(operand)) != NULL)
			say("%s: its record is damaged; 'detach --stop %s' "
			    "ends it if it runs, and then 'detach --forget %s' "
			    "removes it",
			    operand, path, operand);
		else
			say("%s: its record is damaged; 'detach --forget %s' "
			    "removes it",
			    operand, operand);
		free(path);
		break;
	case EPROTONOSUPPORT:
		say("%s: its record is a later version's of detach: use that "
		    "one",
		    operand);
		break;
	case EPERM:
		if (job_operand_is_path(operand)) {
			say("%s: not believed: somebody else owns the file "
			    "or its directory, or can write to it",
			    operand);
			break;
		}
		say_denied(operand, errnum);
		break;
	default:
		say_denied(operand, errnum);
		break;
	}
}

int
operands_check(char *const *operands, int n)
{
	const char *word;
	int i;

	for (i = 0; i < n; i++) {
		word = operands[i];
		if (job_operand_is_path(word) || job_operand_is_pid(word) ||
		    statedir_name_valid(word))
			continue;
		if (word[0] != '-') {
			operand_say(word, EINVAL);
			return EXIT_NOTHING_DONE;
		}
		say("%s: is no job; options come before the first job", word);
		return EXIT_FAILED;
	}
	return 0;
}

/* A process that is no job's, and has ended, but is still to be seen. */
static bool
is_zombie(const struct job *j)
{
	return j->record == NULL && j->state != JOB_RUNNING;
}

struct job *
operand_look(const char *operand)
{
	struct job *j;

	j = job_find(operand);
	if (j != NULL && is_zombie(j)) {
		job_free(j);
		j = NULL;
		errno = ECHILD;
	}
	return j;
}

struct job *
operand_find(const char *operand)
{
	struct job *j;
	int saved;

	if ((j = operand_look(operand)) == NULL) {
		saved = errno;
		operand_say(operand, saved);
		errno = saved;
	}
	return j;
}

bool
operand_is_over(const char *operand, int errnum)
{
	return errnum == ECHILD ||
	    (errnum == ESRCH && job_operand_is_path(operand));
}

bool
operand_elsewhere(const struct job *j, const char *operand, const char *verb)
{
	if (!j->other_host || j->state != JOB_RUNNING)
		return false;
	if (j->other_namespace)
		say("%s: runs in another PID namespace (a container's?), and "
		    "cannot be %s from here",
		    operand, verb);
	else
		say("%s: runs on %s, and cannot be %s from here: log in there",
		    operand,
		    j->record->host != NULL ? j->record->host : "another host",
		    verb);
	return true;
}

static void
say_unknown(const struct job *j, const char *operand)
{
	switch (j->loss) {
	case LOSS_REBOOT:
		say("%s: lost: the machine went down while it ran", operand);
		break;
	case LOSS_HOST:
		say("%s: lost: its host, or its keeper there, went down",
		    operand);
		break;
	case LOSS_KEEPER:
		say("%s: ended, status unknown: its keeper was killed",
		    operand);
		break;
	case LOSS_NONE:
		say("%s: ended, status unknown%s", operand,
		    j->record != NULL ? "" :
					": only Linux 6.15 and later "
					"tell it of another's child, once its "
					"parent asks for it");
		break;
	}
}

int
operand_exit_code(struct job *j, const char *operand)
{
	int status;

	if (job_status(j, &status) == -1) {
		say_unknown(j, operand);
		return EXIT_FAILED;
	}
	return job_exit_code(status);
}

void
operand_many(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1 || rl.rlim_cur >= rl.rlim_max)
		return;
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}
