# SPDX-License-Identifier: ISC
#
# What every test file loads: a place of its own for each test, ways to
# look at real processes, and a teardown that fails a test which leaves
# one behind.
#
# A test file says `load helper` and gets, for each test:
#	$WORK			a fresh directory, the current one, removed after
#	$HOME			$WORK/home
#	$DETACH_STATE_DIR	$WORK/state (not made: that is detach's job)
#	$DETACH			the program under test, an absolute path
#	$ENDS $PROBE $PTY $TICK $TRACE $WITH	the programs of tests/*.c
# A file with a setup or teardown of its own calls detach_setup first and
# detach_teardown last in it.
#
# A process belongs to the test if its environment has the test's
# DETACH_TEST_ID, or its directory or an open file is below $WORK.  A
# test tells of those that it leaves running on purpose (`started PID`);
# any other that is still there when the test ends fails it.
#
# bats holds descriptor 3: what a test puts in the background by itself
# needs `3>&-`.  detach closes it; that it does is part of the test.

# Patience, in seconds, for what should happen soon on an idle machine.
: "${PATIENCE:=30}"

detach_programs() {
	local top=${abs_top_builddir:-$BATS_TEST_DIRNAME/..} p

	top=$(cd "$top" && pwd -P)
	: "${DETACH:=$top/src/detach}"
	ENDS=$top/tests/ends
	LEFT=$top/tests/left
	PROBE=$top/tests/probe
	PTY=$top/tests/pty
	TICK=$top/tests/tick
	TRACE=$top/tests/trace
	WITH=$top/tests/with
	export DETACH ENDS LEFT PROBE PTY TICK TRACE WITH
	for p in "$DETACH" "$ENDS" "$LEFT" "$PROBE" "$PTY" "$TICK" "$TRACE" "$WITH"; do
		[ -x "$p" ] || {
			echo "not built: $p (make check builds it)" >&2
			return 1
		}
	done
}

detach_setup() {
	detach_programs || return 1
	WORK=$(cd "${TMPDIR:-/tmp}" &&
	    mktemp -d "$PWD/detach-test.XXXXXXXX") || return 1
	WORK=$(cd "$WORK" && pwd -P)
	DETACH_TEST_ID=${WORK##*.}.$$
	STARTED=$WORK.started
	: >"$STARTED"
	HOME=$WORK/home
	DETACH_STATE_DIR=$WORK/state
	mkdir "$HOME" "$WORK/tmp"
	TMPDIR=$WORK/tmp
	unset XDG_STATE_HOME XDG_RUNTIME_DIR
	export WORK HOME DETACH_STATE_DIR DETACH_TEST_ID TMPDIR
	cd "$WORK" || return 1
}

detach_teardown() {
	local status=0 left pid

	cd / || return 1
	[ -n "$WORK" ] || return 0
	end_started
	left=$(leftovers)
	if [ -n "$left" ]; then
		# What was ended by its test may need a moment to be gone.
		wait_for 3 no_leftovers || :
		left=$(leftovers)
		for pid in $left; do
			echo "left behind: $(describe "$pid")" >&2
			kill -KILL "$pid" 2>/dev/null
			status=1
		done
		[ $status -eq 0 ] || wait_for 5 no_leftovers || :
	fi
	# Only what the test itself has made read-only needs the chmod.
	rm -rf "$WORK" "$STARTED" 2>/dev/null ||
	    { chmod -R u+rwX "$WORK"; rm -rf "$WORK" "$STARTED"; } ||
	    status=1
	return $status
}

setup() {
	detach_setup
}

teardown() {
	detach_teardown
}

# --- failing --------------------------------------------------------------

# fail TEXT ...: end the test here, saying why.
fail() {
	printf '%s\n' "$*" >&2
	return 1
}

# equal GOT WANTED [WHAT]: compare, and show both if they differ.
equal() {
	[ "$1" = "$2" ] || fail "${3:-value}: got '$1', wanted '$2'"
}

# matches TEXT REGEX [WHAT]
matches() {
	[[ $1 =~ $2 ]] || fail "${3:-text} '$1' does not match '$2'"
}

# try COMMAND ...: as run does, for commands whose status may well be 127,
# of which bats makes a warning.
try() {
	output=$("$@" 2>&1) && status=0 || status=$?
	if [ -n "$output" ]; then
		mapfile -t lines <<<"$output"
	else
		# shellcheck disable=SC2034 # the tests read it
		lines=()
	fi
}

# status_is N: what the last `run` returned, with its output if it differs.
status_is() {
	[ "$status" -eq "$1" ] ||
	    fail "exit status $status, wanted $1; output: $output"
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

# need_pid_namespace [OPTION ...]: unshare -pf works, with those options, too.
need_pid_namespace() {
	need_root
	need unshare
	unshare -pf "$@" true 2>/dev/null || skip "needs a PID namespace"
}

need_user() {
	[ "$(id -u)" -ne 0 ] || skip "needs an ordinary user"
}

# need PROGRAM ...: skip without them; an ordinary user's PATH may lack sbin.
# CI has what the tests need, or has to be taught to install it.
need() {
	local p

	PATH=$PATH:/usr/sbin:/sbin
	for p; do
		command -v "$p" >/dev/null && continue
		[ -z "${CI:-}" ] || fail "needs $p, which CI lacks" || return 1
		skip "needs $p"
	done
}

# fast: for a test with loops.  bats notes each line that is run, which takes
# longer than the line; from here on it does not, and a failure's message
# has to say by itself what failed.
fast() {
	trap - DEBUG
}

# --- waiting --------------------------------------------------------------

# wait_for SECONDS COMMAND ...: poll until the command succeeds.
wait_for() {
	local end=$((SECONDS + $1 + 1))

	shift
	until "$@"; do
		if [ $SECONDS -ge $end ]; then
			echo "waited in vain for: $*" >&2
			return 1
		fi
		sleep 0.02
	done
}

# soon COMMAND ...: wait_for with the usual patience.
soon() {
	wait_for "$PATIENCE" "$@"
}

# not COMMAND ...: for wait_for and soon, which take no `!`.
not() {
	! "$@"
}

# has FILE TEXT: the file is there and has the fixed text in it.
has() {
	[ -f "$1" ] && grep -qF -e "$2" "$1" 2>/dev/null
}

# now_ms: a clock for durations, in milliseconds.
now_ms() {
	local t=${EPOCHREALTIME/[.,]/}

	echo "${t%???}"
}

# --- looking at processes -------------------------------------------------

# stat_field PID N: field N (3 and later) of /proc/PID/stat, numbered as in
# proc(5): 3 state, 4 ppid, 5 pgrp, 6 session, 7 tty_nr, 8 tpgid, 22 start.
stat_field() {
	local line rest

	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
	rest=${line##*) }
	# shellcheck disable=SC2086 # the fields are words
	set -- "$2" $rest
	shift $(($1 - 2))
	echo "$1"
}

# proc_status PID KEY: a value of /proc/PID/status.
proc_status() {
	local key value

	while IFS=: read -r key value; do
		if [ "$key" = "$2" ]; then
			# shellcheck disable=SC2086 # trims and joins
			echo $value
			return 0
		fi
	done <<<"$(cat "/proc/$1/status" 2>/dev/null)"
	return 1
}

# alive PID: there, and no zombie: some machines' PID 1 does not reap.
alive() {
	local state

	state=$(stat_field "$1" 3) || return 1
	[ "$state" != Z ] && [ "$state" != X ]
}

gone() {
	! alive "$1"
}

# state_is PID LETTERS: its state is one of the letters (RSDTZ...).
state_is() {
	local state

	state=$(stat_field "$1" 3) || return 1
	[[ $2 == *"$state"* ]]
}

# has_execed PID NAME: the process is that program by now.
has_execed() {
	[ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ]
}

fd_target() {
	readlink "/proc/$1/fd/$2"
}

# fd_flags PID FD: the octal flags, as in /proc/PID/fdinfo.
fd_flags() {
	awk '$1 == "flags:" { print $2 }' "/proc/$1/fdinfo/$2"
}

# fds PID: the numbers of its open descriptors, ascending, on one line.
fds() {
	local list

	# shellcheck disable=SC2012 # they are numbers
	list=$(ls "/proc/$1/fd" | sort -n) || return 1
	# shellcheck disable=SC2086 # joins
	echo $list
}

# describe PID: a line for a message.
describe() {
	local args

	args=$(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline")
	echo "pid $1, ppid $(stat_field "$1" 4), state $(stat_field "$1" 3):" \
	    "${args:-[$(cat "/proc/$1/comm" 2>/dev/null)]}"
}

# zombies_of PID: the zombies among a process's children.
zombies_of() {
	ps -o pid=,stat= --ppid "$1" | awk '$2 ~ /^Z/ { print $1 }'
}

# locked FILE: somebody holds an flock on it.
locked() {
	[ -e "$1" ] || return 1
	! flock -n "$1" true
}

# --- the test's own processes ---------------------------------------------

# started PID ...: left running on purpose; teardown ends it.
started() {
	local pid start

	for pid; do
		[[ $pid =~ ^[0-9]+$ ]] || { fail "not a pid: '$pid'"; return 1; }
		start=$(stat_field "$pid" 22) || continue
		echo "$pid $start" >>"$STARTED"
	done
}

# launch OPTION ... COMMAND ...: detach -P, the pid in $pid, and registered.
launch() {
	pid=$("$DETACH" -P "$@") || fail "detach $*: exit status $?" || return 1
	started "$pid"
}

# hold FILE: a process of the test's own, $holder, has it locked.
hold() {
	flock "$1" sleep 300 3>&- &
	# flock's child has the descriptor as well.
	soon pgrep -P $!
	holder=$(pgrep -P $!)
	started $! "$holder"
}

# end PID: end it and wait for that.
end() {
	kill -KILL "$1" 2>/dev/null
	soon gone "$1"
}

end_started() {
	local pid start

	while read -r pid start; do
		if [ "$(stat_field "$pid" 22)" = "$start" ]; then
			kill -KILL "$pid" 2>/dev/null || :
			wait_for 5 gone "$pid" || :
		fi
	done <"$STARTED"
	return 0
}

# leftovers: the pids of this test's processes, zombies not counted.
leftovers() {
	"$LEFT" "DETACH_TEST_ID=$DETACH_TEST_ID" "$WORK" $$
}

no_leftovers() {
	[ -z "$(leftovers)" ]
}

# nothing_left: what L1 and L12 promise after a failure, processes' side.
nothing_left() {
	wait_for 5 no_leftovers || fail "left behind: $(
		for p in $(leftovers); do describe "$p"; done)"
}

# --- what the probe saw ---------------------------------------------------

# The probe writes `key value` lines and `end` last (see probe.c).

probe_done() {
	[ "$(tail -n 1 "$1" 2>/dev/null)" = end ]
}

# probe_run FILE DETACH-OPTION ...: run the probe under detach, wait for it.
probe_run() {
	local file=$1

	shift
	"$DETACH" "$@" "$PROBE" "$file" || fail "detach: exit status $?" ||
	    return 1
	soon probe_done "$file"
}

# probe_value FILE KEY: the values of that key, one a line.
probe_value() {
	awk -v k="$2" '$1 == k { sub(/^[^ ]* ?/, ""); print; n++ }
	    END { exit n == 0 }' "$1"
}

# --- JSON -----------------------------------------------------------------

# json KEY: the value of a top-level key of the one object on standard
# input, strings decoded, arrays and objects as they are; fails if the text
# is no whole object or lacks the key.
json() {
	awk -v want="$1" '
	function bad(why) {
		print "json: " why " at " substr(s, 1, 40) >"/dev/stderr"
		failed = 1
		exit 2
	}
	function skip() { sub(/^[ \t\r\n]+/, "", s) }
	function take(n,  t) { t = substr(s, 1, n); s = substr(s, n + 1); return t }
	function string(  t, c) {
		if (take(1) != "\"") bad("no string")
		t = ""
		for (;;) {
			c = take(1)
			if (c == "") bad("open string")
			if (c == "\"") return t
			if (c < " ") bad("raw control character")
			if (c != "\\") { t = t c; continue }
			c = take(1)
			if (c == "n") t = t "\n"
			else if (c == "t") t = t "\t"
			else if (c == "r") t = t "\r"
			else if (c == "b") t = t "\b"
			else if (c == "f") t = t "\f"
			else if (c == "u") {
				c = take(4)
				if (c !~ /^[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]$/)
					bad("bad escape")
				t = t "\\u" tolower(c)
			} else if (index("\"\\/", c)) t = t c
			else bad("bad escape")
		}
	}
	# Leaves the raw text of the value in `raw`, returns it decoded.
	function value(  before, t, c) {
		skip()
		before = s
		c = substr(s, 1, 1)
		if (c == "\"") t = string()
		else if (c == "[") {
			take(1); skip()
			if (substr(s, 1, 1) == "]") take(1)
			else for (;;) {
				value(); skip()
				c = take(1)
				if (c == "]") break
				if (c != ",") bad("no comma")
			}
			t = ""
			raw = substr(before, 1, length(before) - length(s))
			return raw
		} else if (c == "{") {
			object(0)
			raw = substr(before, 1, length(before) - length(s))
			return raw
		} else if (match(s, /^(null|true|false|-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?)/))
			t = take(RLENGTH)
		else bad("no value")
		raw = substr(before, 1, length(before) - length(s))
		return t
	}
	function object(top,  k, v, c) {
		skip()
		if (take(1) != "{") bad("no object")
		skip()
		if (substr(s, 1, 1) == "}") { take(1); return }
		for (;;) {
			skip(); k = string(); skip()
			if (take(1) != ":") bad("no colon")
			v = value()
			if (top && k == want) { result = v; found = 1 }
			skip()
			c = take(1)
			if (c == "}") return
			if (c != ",") bad("no comma")
		}
	}
	{ s = s $0 "\n" }
	END {
		if (failed) exit 2
		object(1)
		skip()
		if (s != "") bad("text after the object")
		if (!found) bad("no key " want)
		print result
	}'
}
