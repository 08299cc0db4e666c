#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# The pidfile: whose pid it holds, what its lock proves, who wins, and which
# files are refused.

# Scripts in quotes are for other shells; each test is a subshell; and some
# words are split on purpose.
# shellcheck disable=SC2016,SC2030,SC2031,SC2046

load helper

# pid_in FILE: exactly a pid, as pidfile_write(3bsd) leaves it.
pid_in() {
	local text

	text=$(cat "$1") || return 1
	matches "$text" '^[1-9][0-9]*$' "$1" || return 1
	equal "$(stat -c %s "$1")" ${#text} "size of $1" || return 1
	echo "$text"
}

# run_pid FILE OPTION ...: launch a sleep with that pidfile: its pid in $pid.
run_pid() {
	local file=$1

	shift
	"$DETACH" -q -p "$file" "$@" sleep 300 >/dev/null ||
	    fail "detach -p $file $*: exit status $?" || return 1
	pid=$(pid_in "$file") && started "$pid"
}

refused() {
	run timeout -k 5 20 "$DETACH" -p "$file" -o out sleep 300
	status_is 125
	matches "$output" '^detach: [^:]*pid[^:]*: ' message
	equal "${#lines[@]}" 1 "lines of the message"
	[ ! -e out ]
	nothing_left
}

ended_kept() {
	run "$DETACH" --status "$1"
	[ "$status" -eq 3 ]
}

# --- F1, F4: what is in it, and how long it is locked ----------------------

@test "F1: the pid in it is the command's own, there and complete at once" {
	pid=$("$DETACH" -P -p pid sh -c 'echo $$ >own; cat pid >seen; exec sleep 300')
	started "$pid"
	equal "$(pid_in pid)" "$pid"
	soon has_execed "$pid" sleep
	equal "$(cat own)" "$pid"
	equal "$(cat seen)" "$pid" "what the command finds in it"
}

@test "F1: a kept job's pidfile holds the command's pid, not its keeper's" {
	pid=$("$DETACH" -n job -P sleep 300)
	started "$pid" "$(stat_field "$pid" 4)"
	equal "$(pid_in "$DETACH_STATE_DIR/job/pid")" "$pid"
	soon has_execed "$pid" sleep
	"$DETACH" -q -n other -p elsewhere sleep 300
	pid=$(pid_in elsewhere)
	started "$pid" "$(stat_field "$pid" 4)"
	soon has_execed "$pid" sleep
	[ ! -e "$DETACH_STATE_DIR/other/pid" ]
}

@test "L2: when the launcher returns, the pidfile is locked" {
	for i in 1 2 3 4 5 6 7 8; do
		run_pid pid
		locked pid
		end "$pid"
		soon not locked pid
	done
}

@test "F4: unkept: the lock lives as long as the command, and no process of detach is left" {
	run_pid pid
	locked pid
	equal "$(leftovers)" "$pid"
	end "$pid"
	soon not locked pid
	run_pid pid
}

@test "F4: unkept: what the command leaves behind holds the lock as well" {
	"$DETACH" -q -p pid -o out sh -c 'sleep 300 & echo $!'
	soon test -s out
	child=$(cat out)
	started "$child"
	soon gone "$(pid_in pid)"
	locked pid
	run "$DETACH" -p pid sleep 300
	status_is 1
	end "$child"
	soon not locked pid
	run_pid pid
}

@test "F4: the reader of -o '|COMMAND' does not hold the lock" {
	"$DETACH" -q -p pid -o '|echo $$ >reader; exec >&- 2>&- <&-; exec sleep 300' \
	    sleep 300
	pid=$(pid_in pid)
	started "$pid"
	soon test -s reader
	started "$(cat reader)"
	end "$pid"
	soon not locked pid
	alive "$(cat reader)"
}

@test "F4: kept: the lock is not the command's, and a leftover does not block a restart" {
	"$DETACH" -n job -o out sh -c 'sleep 300 & echo $!'
	soon test -s out
	started "$(cat out)"
	soon ended_kept job
	[ ! -e "$DETACH_STATE_DIR/job/pid" ]
	pid=$("$DETACH" -n job -P sleep 300)
	started "$pid" "$(stat_field "$pid" 4)"
	equal "$(fds "$pid")" "0 1 2" "the command's descriptors"
}

@test "F4: kept: the keeper's lock is close-on-exec, and the file goes with the job" {
	pid=$("$DETACH" -n job -P -p pid sleep 300)
	keeper=$(stat_field "$pid" 4)
	started "$pid" "$keeper"
	locked pid
	held=
	for fd in $(fds "$keeper"); do
		[ "$(fd_target "$keeper" "$fd")" = "$WORK/pid" ] || continue
		held=$fd
		(( 0$(fd_flags "$keeper" "$fd") & 02000000 ))
	done
	[ -n "$held" ]
	end "$pid"
	soon ended_kept job
	[ ! -e pid ]
}

@test "F4: kept: a file that somebody has put in its place is not removed" {
	pid=$("$DETACH" -n job -P -p pid sleep 300)
	started "$pid" "$(stat_field "$pid" 4)"
	mv pid old
	echo theirs >pid
	end "$pid"
	soon ended_kept job
	soon no_leftovers
	equal "$(cat pid)" theirs
}

@test "F4: one name with two pidfiles is one job" {
	pid=$("$DETACH" -n job -P -p one sleep 300)
	started "$pid" "$(stat_field "$pid" 4)"
	run "$DETACH" -n job -p two sleep 300
	status_is 1
	matches "$output" "already running \(pid $pid, since "
	[ ! -e two ]
	equal "$(pid_in one)" "$pid"
}

@test "F4: two names with one pidfile are one job" {
	pid=$("$DETACH" -n one -P -p pid sleep 300)
	started "$pid" "$(stat_field "$pid" 4)"
	run "$DETACH" -n two -p pid sleep 300
	status_is 1
	[ ! -e "$DETACH_STATE_DIR/two" ]
	equal "$(pid_in pid)" "$pid"
}

# --- F2: the second start --------------------------------------------------

@test "F2: a second start changes nothing, starts nothing, and says who runs" {
	run_pid pid
	before=$(stat -c '%i %Y %s' pid)
	echo old >log
	run "$DETACH" -t -o log -p pid sh -c 'echo ran >ran'
	status_is 1
	matches "$output" "^detach: [^:]*pid: already running \(pid $pid, since [^)]+\)"
	equal "${#lines[@]}" 1 "lines of the message"
	equal "$(stat -c '%i %Y %s' pid)" "$before" "the pidfile"
	equal "$(cat log)" old
	run "$DETACH" -p pid sh -c 'echo ran >ran'
	status_is 1
	run "$DETACH" -p pid -o '|echo ran >ran' sleep 300
	status_is 1
	[ ! -e detach.out ]
	[ ! -e ran ]
	alive "$pid"
	equal "$(leftovers)" "$pid"
}

@test "F2: a live pidfile is left alone by a command that is not found, too" {
	run_pid pid
	run "$DETACH" -p pid sleep 300
	status_is 1
	equal "$(pid_in pid)" "$pid"
	# Either is true of this one; the pidfile is left alone by both.
	try "$DETACH" -p pid /nonexistent/command
	matches "$status" '^(1|127)$'
	equal "$(pid_in pid)" "$pid"
	locked pid
}

@test "F2: of 50 simultaneous starts exactly one wins, and each loser says who holds it" {
	mkdir status
	for i in $(seq 50); do
		(
			until [ -e go ]; do sleep 0.01; done
			status=0
			"$DETACH" -q -p pid -o "out.$i" sh -c \
			    'echo $$ >>ran; exec sleep 300' 2>"err.$i" ||
			    status=$?
			echo $status >"status/$i"
		) 3>&- &
	done
	: >go
	wait
	equal "$(cat status/* | sort | uniq -c | tr -s ' \n' ' ')" " 1 0 49 1 "
	pid=$(pid_in pid)
	started "$pid"
	soon test -s ran
	equal "$(cat ran)" "$pid" "the runs"
	set -- out.*
	equal $# 1 "logs"
	# At the moment of the race there may be no pid to name yet.
	for i in $(seq 50); do
		[ "$(cat "status/$i")" = 1 ] || continue
		matches "$(cat "err.$i")" \
		    "^detach: .*(already running \(pid $pid, since |locked by another process)"
		equal "$(wc -l <"err.$i")" 1 "lines of loser $i"
	done
	equal "$(leftovers)" "$pid"
}

@test "F2: 20 simultaneous starts of one kept name: exactly one wins" {
	mkdir status
	for i in $(seq 20); do
		(
			until [ -e go ]; do sleep 0.01; done
			status=0
			"$DETACH" -q -n job sh -c \
			    'echo $$ >>ran; exec sleep 300' 2>"err.$i" ||
			    status=$?
			echo $status >"status/$i"
		) 3>&- &
	done
	: >go
	wait
	equal "$(cat status/* | sort | uniq -c | tr -s ' \n' ' ')" " 1 0 19 1 "
	pid=$(pid_in "$DETACH_STATE_DIR/job/pid")
	started "$pid" "$(stat_field "$pid" 4)"
	soon test -s ran
	equal "$(cat ran)" "$pid" "the runs"
}

@test "F2: a file that another program has locked, without a pid: locked, within a bounded time" {
	for text in '' 'junk' '12 34' '-5'; do
		printf %s "$text" >pid
		hold pid
		begin=$(now_ms)
		run timeout -k 5 20 "$DETACH" -p pid -o out sleep 300
		status_is 1
		[ $(($(now_ms) - begin)) -lt 10000 ]
		matches "$output" '^detach: .*pid: .*locked by another process'
		equal "$(cat pid)" "$text" "its text"
		[ ! -e out ]
		end_started
	done
}

@test "F2, J3: a lock that a leftover holds, and a pid that is another's by now" {
	sleep 300 3>&- &
	stranger=$!
	started "$stranger"
	"$DETACH" -q -p pid sh -c 'sleep 300 & echo $! >leftover'
	soon test -s leftover
	started "$(cat leftover)"
	soon gone "$(pid_in pid)"
	printf %s "$stranger" >pid
	touch -d 2020-01-01 pid
	run "$DETACH" -p pid -o out sleep 300
	status_is 1
	matches "$output" '^detach: pid: already running: it is locked by another process$'
	[ ! -e out ]
	end "$stranger"
}

@test "F5: a verb's pidfile that cannot be one is named as such" {
	mkdir directory
	mkfifo fifo
	printf %s $$ >pid
	ln -s pid link
	for file in ./directory ./fifo ./link; do
		run timeout 20 "$DETACH" --status "$file"
		status_is 4
		matches "$output" "^detach: $file: is (no regular file|a symbolic link); a pidfile must "
		run timeout 20 "$DETACH" --stop "$file"
		status_is 1
	done
}

@test "F2: a loser waits for the winner to write its pid" {
	: >pid
	hold pid
	{ sleep 0.3; printf %s "$holder" >pid; } 3>&- &
	run "$DETACH" -p pid sleep 300
	status_is 1
	matches "$output" "already running \(pid $holder, since "
	wait $!
}

# --- F3: stale files -------------------------------------------------------

@test "F3: a stale pidfile is taken over silently, whatever its text" {
	long=$(printf '%06000d' 7)
	for text in '' '123' '123\n' 'junk' 'junk\n' "$$" "$$\n" 0 1 -1 \
	    99999999999999999999 '\0\0\0' ' 12' '\n\n' "$long"; do
		rm -f pid
		printf '%b' "$text" >pid
		run "$DETACH" -q -p pid sleep 300
		status_is 0
		equal "$output" ""
		pid=$(pid_in pid)
		started "$pid"
		soon has_execed "$pid" sleep
		locked pid
		end "$pid"
	done
}

@test "F3: after kill -9 the next start takes the file over" {
	run_pid pid
	first=$pid
	end "$pid"
	run_pid pid
	[ "$pid" != "$first" ]
	equal "$(pid_in pid)" "$pid"
}

@test "F3: live means locked: a live process's pid in an unlocked file proves nothing" {
	printf %s $$ >pid
	run_pid pid
	[ "$pid" != $$ ]
}

# --- F5: what is refused ---------------------------------------------------

@test "F5: a symbolic link is refused, and its target left alone" {
	file=pid
	ln -s target pid
	refused
	[ ! -e target ]
	echo text >target
	refused
	equal "$(cat target)" text
	[ -L pid ]
}

@test "F5: a directory, a FIFO, a device and a socket are refused at once" {
	file=pid
	mkdir pid
	refused
	[ -d pid ]
	rmdir pid
	mkfifo pid
	refused
	[ -p pid ]
	# A pidfile that somebody reads would hold nobody up either.
	cat pid >/dev/null 3>&- &
	run timeout -k 5 20 "$DETACH" -p pid -o out sleep 300
	status_is 125
	kill $!
	wait $! || :
	rm pid
	# Devices have no "pid" in their names for refused() to find.
	for file in /dev/null /dev/zero /dev/full; do
		run timeout -k 5 20 "$DETACH" -p $file sleep 300
		status_is 125
		matches "$output" "^detach: $file: "
	done
	nothing_left
}

@test "F5: a pidfile that cannot be made: 125, and nothing is left" {
	for file in missing/pid /proc/pid; do
		refused
	done
	: >plainpid
	file=plainpid/x
	refused
	file=$(printf '%0300d' 0)pid
	refused
	equal "$(ls -d out* 2>/dev/null)" ""
}

@test "F5: as root, a file of another owner is refused" {
	need_root
	file=pid
	: >pid
	chown 65534:65534 pid
	refused
	equal "$(stat -c '%u %s' pid)" "65534 0"
}

@test "F5: as root, a directory in which others can replace the file is refused" {
	need_root
	chmod 755 .
	mkdir theirs open group sticky
	chown 65534:65534 theirs
	chmod 777 open
	chgrp 65534 group
	chmod 775 group
	chmod 1777 sticky
	for dir in theirs open group; do
		file=$dir/pid
		refused
		[ ! -e "$file" ]
		: >"$file"
		refused
		equal "$(stat -c %s "$file")" 0
	done
	# A sticky one, as /tmp, is safe for root's own file.
	run_pid sticky/pid
	end "$pid"
	file=sticky/pid.other
	: >"$file"
	chown 65534 "$file"
	refused
}

@test "F5: as root, a way through another user's symbolic link is refused" {
	need_root
	# It takes "/" for where it looks for libraries.
	[ -z "${DETACH_EMULATED:-}" ] || skip "qemu-user has another /"
	chmod 755 .
	mkdir theirs real
	ln -s "$WORK/real" theirs/link
	chown -hR 65534:65534 theirs
	for file in theirs/link/pid "$WORK/theirs/link/pid" \
	    real/../theirs/link/pid; do
		refused
		matches "$output" "or can replace it; "
		[ ! -e real/pid ]
	done
	# One's own, there, may be replaced as well; and so may what it goes by.
	chown -h 0:0 theirs/link
	file=theirs/link/pid
	refused
	ln -s theirs/link way
	file=way/pid
	refused
	[ ! -e real/pid ]
	ln -s loop loop
	file=loop/pid
	refused
	# Where only root can: as /var/run, which leads to /run.
	mkdir ours
	ln -s ../real ours/relative
	ln -s ours/relative chain
	run_pid "chain//./pid"
	equal "$(pid_in real/pid)" "$pid"
	run "$DETACH" --status "$WORK/chain/pid"
	status_is 0
	end "$pid"
	ln -s "$WORK/ours" absolute
	run_pid absolute/relative/pid
	equal "$(pid_in real/pid)" "$pid"
	end "$pid"
}

@test "F5: as root, a way that is too long is an error" {
	local deep long

	need_root
	chmod 755 .
	deep=$(printf 'x/%.0s' {1..1900})
	long=$(printf '%0300d' 0)
	mkdir -p "$deep"
	ln -s "$deep" link
	ln -s "$long" part
	for file in "$long/pid" part/pid "$deep$deep${deep}pid" \
	    "link/$(printf './%.0s' {1..200})pid"; do
		refused
		matches "$output" "File name too long$"
	done
}

@test "F5: as an ordinary user, one's own file in a directory of one's own is taken" {
	if [ "$(id -u)" -eq 0 ]; then
		need setpriv
		cp "$DETACH" program
		mkdir theirs
		chown 65534:65534 theirs
		chmod 755 . theirs
		cd theirs
		setpriv --reuid 65534 --regid 65534 --clear-groups \
		    ../program -q -p pid -o out sleep 300
		pid=$(pid_in pid)
		started "$pid"
		locked pid
	else
		run_pid pid
	fi
}

# --- L1, L6 ----------------------------------------------------------------

@test "L1: a launch that fails leaves no pidfile" {
	printf '#!/nonexistent/interpreter\n' >script
	mkdir dir
	chmod +x script
	for command in /nonexistent/command ./script ./dir; do
		run "$DETACH" -p pid "$command"
		matches "$status" '^12[67]$'
		[ ! -e pid ]
	done
	run "$DETACH" -p pid -i missing sleep 300
	status_is 125
	run "$DETACH" -p pid -C missing sleep 300
	status_is 125
	run "$DETACH" -p pid -k 77 sleep 300
	status_is 125
	[ ! -e pid ]
	nothing_left
}

@test "L1: a failed launch over a stale pidfile leaves nothing locked" {
	echo 123 >pid
	printf '#!/nonexistent/interpreter\n' >script
	chmod +x script
	run "$DETACH" -p pid ./script
	status_is 126
	nothing_left
	not locked pid
	run_pid pid
}

@test "L6: the pidfile's lock is the only descriptor besides 0, 1 and 2" {
	run_pid pid
	set -- $(fds "$pid")
	equal $# 4 "number of descriptors"
	equal "$1 $2 $3" "0 1 2"
	equal "$(fd_target "$pid" "$4")" "$WORK/pid"
}
