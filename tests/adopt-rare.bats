#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# What is rarely seen of --adopt.

load jobs
load adopt

@test "--adopt -p: a pidfile that another holds, or that cannot be" {
	"$DETACH" -n first -p p -o out sleep 300
	in_terminal "$TICK $PWD/pid"
	run "$DETACH" --adopt -n second -p p -o log "$pid"
	status_is 1
	run "$DETACH" --adopt -n second -p none/p -o log "$pid"
	status_is 125
	matches "$output" 'none/p'
	[ ! -e "$DETACH_STATE_DIR/second" ]
	run "$DETACH" --adopt -n second -p "$PWD/q" -o log "$pid"
	status_is 0
	equal "$(cat q)" "$pid"
	equal "$(field second pidfile)" "$PWD/q"
	run "$DETACH" --stop second
	status_is 0
}

@test "--adopt: output that cannot be written" {
	in_terminal "$TICK $PWD/pid"
	status=0
	"$DETACH" --adopt --json -o log "$pid" >/dev/full 2>message || status=$?
	status_is 125
	has message 'No space left'
	alive "$pid"
}

@test "--adopt: detach itself" {
	run sh -c 'exec "$DETACH" --adopt $$'
	status_is 125
	matches "$output" 'this is detach itself'
}

@test "--adopt: one that ignores SIGTRAP" {
	in_terminal "sh -c \"trap '' TRAP; exec $TICK $PWD/pid\""
	run "$DETACH" --adopt -o log "$pid"
	status_is 0
	soon works "$pid" log
}

@test "--adopt: names that are too long" {
	in_terminal "$TICK $PWD/pid"
	run "$DETACH" --adopt -o "$(printf '%05000d' 0)" "$pid"
	status_is 125
	matches "$output" 'too long'
	alive "$pid"
}

@test "--adopt: without pidfds" {
	need_without pidfd_open
	in_terminal "$TICK $PWD/pid"
	try "$WITHOUT" pidfd_open "$DETACH" --adopt -n a -o log "$pid"
	[ "$status" -eq 125 ] || status_is 0
	try "$WITHOUT" pidfd_open "$DETACH" --adopt -o log2 "$pid"
	[ "$status" -eq 125 ] || soon works "$pid" log2
	alive "$pid"
}

@test "--adopt: neither a current directory nor a HOME for its output" {
	in_terminal "$TICK $PWD/pid"
	mkdir gone
	run env -u HOME sh -c 'cd gone && rmdir ../gone &&
	    exec "$DETACH" --adopt -o log "$0"' "$pid"
	status_is 125
	alive "$pid"
}

@test "--adopt: a keeper that is told to end tells its command" {
	in_terminal "$TICK $PWD/pid"
	"$DETACH" --adopt -n a -o log "$pid"
	kill -TERM "$(keeper_pid a)"
	soon gone "$pid"
	soon ended a
}

@test "--adopt: one of a pipeline is traced: none is changed" {
	need strace
	local other

	in_terminal "$TICK $PWD/pid | cat"
	other=$(pgrep -g "$pid" -x cat)
	started "$other"
	strace -qq -o /dev/null -p "$other" 3>&- &
	started $!
	soon traced "$other"
	run "$DETACH" --adopt -o log "$pid"
	status_is 125
	matches "$output" 'traced by .*nothing was changed in any'
	alive "$pid"
}

traced() {
	[ "$(proc_status "$1" TracerPid)" != 0 ]
}
