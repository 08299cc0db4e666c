/* SPDX-License-Identifier: ISC */
/*
 * Of the program detach-scope: the making of one transient scope, and the
 * words for what can go wrong.
 *
 * What always holds: results are 0 or a negative errno, as sd-bus has them,
 * and a negative one comes with a why.  No wait goes beyond the unit's end.
 */
#ifndef SCOPE_UNIT_H
#define SCOPE_UNIT_H

#include <stdint.h>

#include <systemd/sd-bus.h>

#define SYSTEMD		"org.freedesktop.systemd1"
#define SYSTEMD_PATH	"/org/freedesktop/systemd1"
#define BUS_ERROR	"org.freedesktop.DBus.Error."

struct unit {
	char		*const *pids;	/* the processes, in digits */
	const char	*description;	/* any bytes */
	uint64_t	 end;		/* the deadline, as usec_now() has it */
	char		 name[64];	/* the scope's name, once it has one */
	char		 why[400];
	char		 job[128];	/* the job's object path */
	char		 result[32];	/* what its removal said; "" = nothing */
};

/* Microseconds of CLOCK_MONOTONIC. */
uint64_t	usec_now(void);

/* What is left until end; never 0, which sd-bus takes for its default. */
uint64_t	usec_left(uint64_t end);

/* Set the unit's why; returns r. */
int		unit_fail(struct unit *unit, int r, const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));

/*
 * Set why for a failure r of asking who; error, which may be NULL, may hold
 * better words.  Returns r.
 */
int		unit_fail_bus(struct unit *unit, int r, const char *who,
		    const sd_bus_error *error);

/*
 * Have the manager on bus, which messages call who, move the processes into a
 * new scope, and return when they are there.
 */
int		unit_start(sd_bus *bus, struct unit *unit, const char *who);

#endif /* SCOPE_UNIT_H */
