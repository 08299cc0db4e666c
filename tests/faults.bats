#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Every system call fails once, and every process is killed at each of its
# system calls: tests/faults plays launches and verbs so (see faults.c there),
# and finds what is promised broken, or nothing. Here is an even part of it;
# the whole is `tests/faults/run`.

load helper

setup() {
	[ -z "${DETACH_SANITIZED:-}" ] ||
	    skip "a sanitizer does not outlive a failure of its own calls"
	detach_setup
	FAULTS=${LEFT%/left}/faults/faults
	: "${FAULT_RUNS:=12}"
	mkdir -m 755 "$WORK/place"
	chmod 755 "$WORK"
}

# faults OPTION ... SCENE ...
faults() {
	# The place, and what is found beside it, are any user's to look at.
	timeout 250 "$FAULTS" -n "$FAULT_RUNS" -d "$DETACH" "$@" || {
		status=$?
		[ $status -ne 77 ] || skip "not on this processor"
		return $status
	}
}

# play OPTION ... -- SCENE ...
play() {
	local options=()

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	faults "${options[@]}" "$WORK/place" "$@"
}

@test "L1: each call of a launch fails: it runs, or nothing is left" {
	FAULT_RUNS=$((FAULT_RUNS * 2))
	play -- pidfile old-pidfile unkept-log filter user
}

@test "L1 J1 J2: each call of a kept launch fails: result or nothing" {
	FAULT_RUNS=$((FAULT_RUNS * 2))
	play -- kept kept-again kept-tree kept-in-place
}

@test "L12: a launch is killed at each call: no command, or a whole one" {
	play -k -- pidfile old-pidfile unkept-log filter user
}

@test "L12 J1 J4: a kept launch is killed at each call" {
	play -k -- kept kept-again kept-tree kept-in-place
}

@test "V1 V2 V3 V4: each call of a verb that looks fails: no wrong answer" {
	play -- list list-json status-running status-ended wait-running \
	    wait-ended log log-follow
}

@test "V5 V6 J7: each call of stop, signal, forget fails: no wrong success" {
	play -- stop signal forget
}

@test "V5 V6 J7: stop, signal, forget are killed at each call" {
	play -k -- stop signal forget
}

@test "L1 L12 J1 J4: kills at random moments" {
	play -r 4 --
}
