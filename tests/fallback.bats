#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# On older kernels: without close_range, pidfds, their exit status, inotify
# and the like, by a filter that answers ENOSYS, detach promises the same.

load jobs

setup() {
	detach_setup
	unset NO_COLOR COLUMNS
	LACKS=${LEFT%/left}/lacks
	"$LACKS" getrandom -- true 2>/dev/null || skip "no seccomp here"
	printf '#!/bin/sh\nexec %s %s -- %s "$@"\n' "$LACKS" \
	    "close_range pidfd_open pidfd_send_signal pidfd_info \
inotify_init1 faccessat2 renameat2 statx" "$DETACH" >"$WORK/old"
	chmod +x "$WORK/old"
	NEW=$DETACH
	DETACH=$WORK/old
}

# end_jobs asks by records and signals alone.

@test "an old kernel: the calls are really gone" {
	run "$LACKS" pidfd_open -- "$NEW" --wait --timeout=1 $$
	status_is 124
	try "$LACKS" nonsense -- true
	status_is 99
}

@test "L6: an old kernel: all other descriptors are closed" {
	exec 7</dev/null 8</dev/null
	probe_run seen -o out 9</dev/null
	equal "$(probe_value seen fd | awk '{ print $1 }' | sort -n | xargs)" \
	    "0 1 2" descriptors
	exec 7<&- 8<&-
}

@test "L6: an old kernel: -k keeps its descriptor, a restart's keeper none" {
	probe_run seen -o out -k 9 9</dev/null
	equal "$(probe_value seen fd | awk '{ print $1 }' | sort -n | xargs)" \
	    "0 1 2 9" descriptors
	job -n kept --restart=on-failure sleep 60 9</dev/null
	started "$(command_pid kept)" "$(keeper_pid kept)"
	run fds "$(command_pid kept)"
	equal "$output" "0 1 2" "command's descriptors"
	[[ " $(fds "$(keeper_pid kept)") " != *" 9 "* ]]
	"$DETACH" --stop kept
}

@test "L1: an old kernel: nothing is left of what cannot be executed" {
	printf '#!/nonexistent/interpreter\n' >script
	chmod +x script
	try "$DETACH" -n job ./script
	[ "$status" -ne 0 ]
	nothing_left
	[ ! -e "$DETACH_STATE_DIR/job" ]
}

@test "V3: an old kernel: --wait returns with the status" {
	job -n seven sh -c 'sleep 0.3; exit 7'
	run timeout 30 "$DETACH" --wait seven
	status_is 7
	job -n long sleep 60
	run timeout 30 "$DETACH" --wait --timeout=0.3 long
	status_is 124
	"$DETACH" --stop long
}

@test "V3 J4: an old kernel: --wait without a keeper returns" {
	job -n lost sleep 2
	end "$(keeper_pid lost)"
	run timeout 30 "$DETACH" --wait lost
	[ "$status" -eq 0 ] || [ "$status" -eq 125 ]
}

@test "V5 V6 J3: an old kernel: stop and signal, of a job and a bare pid" {
	job -n a sleep 60
	run "$DETACH" --stop a
	status_is 0
	equal "$(state_of a)" "killed" state
	job -n b sleep 60
	run "$DETACH" --signal=KILL b
	status_is 0
	soon ended b
	launch -o out sleep 60
	run "$DETACH" --stop "$pid"
	status_is 0
	gone "$pid"
}

@test "V5: an old kernel: --stop kills what ignores SIGTERM" {
	job -n deaf sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	run timeout 30 "$DETACH" --stop --grace=0.3 deaf
	status_is 0
	ended deaf
}

@test "V4: an old kernel: --log --follow shows all until the end" {
	job -n talk sh -c 'for i in 1 2 3; do echo $i; sleep 0.2; done'
	run timeout 30 "$DETACH" --log --follow talk
	equal "${output//$'\n'/ }" "1 2 3" log
}

@test "F2 J4: an old kernel: one of two starts is refused" {
	job -n one sleep 60
	try "$DETACH" -n one sleep 60
	equal "$status" 1 status
	matches "$output" 'already running \(pid [0-9]+, since ' message
	"$DETACH" --stop one
}

@test "V1 V2 J7: an old kernel: list, status, forget" {
	job -n done true
	soon ended done
	run "$DETACH" --status done
	status_is 3
	run "$DETACH" --list
	status_is 0
	matches "$output" 'done .*exited 0' list
	run "$DETACH" --forget done
	status_is 0
	[ ! -e "$DETACH_STATE_DIR/done" ]
}
