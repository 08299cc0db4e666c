#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# --stop, --signal, and the signals that a keeper hears.

load jobs

nothing_of_group() {
	! ps -o pgid=,stat= -e | awk -v g="$1" \
	    '$1 == g && $2 !~ /^Z/ { found = 1 } END { exit !found }'
}

@test "V5: SIGTERM to the group; it has ended on return" {
	local pid

	job -n a sh -c 'sleep 300 & sleep 300'
	pid=$(command_pid a)
	run "$DETACH" --stop a
	status_is 0
	equal "$output" ""
	gone "$pid"
	equal "$(state_of a)" killed
	equal "$(field a signal)" TERM
	soon nothing_of_group "$pid"
}

@test "V5: 0 also if it had ended before" {
	job -n a false
	soon ended a
	run "$DETACH" --stop a
	status_is 0
	equal "$(field a exit_status)" 1
	forge gone
	run "$DETACH" --stop gone
	status_is 0
}

@test "V5: SIGKILL after the grace" {
	local t

	job -n a sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
	soon has "$DETACH_STATE_DIR/a/log" ready
	t=$(now_ms)
	run "$DETACH" --stop --grace=0.7 a
	status_is 0
	t=$(($(now_ms) - t))
	[ $t -ge 700 ] && [ $t -lt 9000 ] || fail "after $t ms"
	equal "$(field a signal)" KILL
	job -n a sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
	run "$DETACH" --stop --grace=0 a
	status_is 0
	ended a
}

@test "V5: time to end well" {
	job -n a sh -c 'trap "sleep 0.5; exit 7" TERM; echo ready
	    while :; do sleep 0.1; done'
	soon has "$DETACH_STATE_DIR/a/log" ready
	run "$DETACH" --stop a
	status_is 0
	equal "$(field a exit_status)" 7
}

@test "V5: a stopped job is continued, to end" {
	job -n a sleep 300
	kill -STOP "$(command_pid a)"
	soon state_is "$(command_pid a)" T
	run "$DETACH" --stop --grace=20 a
	status_is 0
	equal "$(field a signal)" TERM
}

@test "V5: several at once end side by side" {
	local t

	for n in a b c d; do
		job -n $n sh -c 'trap "" TERM; echo ready
		    while :; do sleep 0.1; done'
		soon has "$DETACH_STATE_DIR/$n/log" ready
	done
	t=$(now_ms)
	run "$DETACH" --stop --grace=1 a b nosuch c d
	status_is 1
	t=$(($(now_ms) - t))
	[ $t -lt 3500 ] || fail "$t ms for four"
	for n in a b c d; do
		equal "$(field $n signal)" KILL
	done
}

@test "V5: an unkept command by its pid, with its group, and by pidfile" {
	launch sh -c 'sleep 300 & sleep 300'
	run "$DETACH" --stop "$pid"
	status_is 0
	gone "$pid"
	soon nothing_of_group "$pid"
	launch -p ./x.pid sleep 300
	run "$DETACH" --stop ./x.pid
	status_is 0
	gone "$pid"
}

@test "V5: a pid that leads no group of its own is signalled alone" {
	local a b

	sleep 300 3>&- &
	a=$!
	sleep 300 3>&- &
	b=$!
	[ "$(stat_field $a 5)" != "$a" ]
	"$DETACH" --stop $a
	gone $a
	alive $b
	alive $$
	end $b
}

@test "V5: a tree is ended whole, with what has left its group" {
	local pids p

	job -n t --tree sh -c 'setsid sleep 300 & setsid sh -c "
	    trap : TERM; echo \$\$ >stubborn; while :; do sleep 0.1; done" &
	    exit 0'
	soon test -s stubborn
	soon gone "$(command_pid t)"
	equal "$(state_of t)" running
	pids=$(pgrep -P "$(keeper_pid t)")
	[ "$(wc -w <<<"$pids")" -ge 2 ] || fail "children: $pids"
	run "$DETACH" --stop --grace=0.5 t
	status_is 0
	for p in $pids; do
		gone "$p"
	done
	gone "$(keeper_pid t)"
	equal "$(field t exit_status)" 0
	no_leftovers
}

@test "V5: a job with --restart stays stopped" {
	local n

	job -n r --restart=always --restart-delay=0.05 sh -c 'sleep 0.1; exit 1'
	wait_for 20 sh -c "[ \"\$(sed -n 's/^restarts //p' \
	    '$DETACH_STATE_DIR/r/record')\" -ge 2 ]"
	run "$DETACH" --stop r
	status_is 0
	gone "$(keeper_pid r)"
	n=$(field r restarts)
	sleep 0.5
	equal "$(field r restarts)" "$n"
	ended r
}

@test "J6: --stop ends a restart's delay, too" {
	local t

	job -n r --restart=always --restart-delay=200 false
	soon gone "$(command_pid r)"
	equal "$(state_of r)" running
	t=$(now_ms)
	run "$DETACH" --stop r
	status_is 0
	t=$(($(now_ms) - t))
	[ $t -lt 9000 ] || fail "$t ms"
	equal "$(field r exit_status)" 1
}

@test "J6: the keeper passes signals on, ignores SIGHUP, and is well named" {
	local keeper sig

	job -n a sh -c 'for s in TERM INT QUIT USR1 USR2; do
		trap "echo got $s" $s; done; echo ready
	    while :; do sleep 0.05; done'
	soon has "$DETACH_STATE_DIR/a/log" ready
	keeper=$(keeper_pid a)
	equal "$(ps -o args= -p "$keeper")" "detach: a"
	equal "$(ps -o comm= -p "$keeper")" "detach: a"
	job -n with-a-hook --on-exit=true sleep 300
	equal "$(ps -o args= -p "$(keeper_pid with-a-hook)")" \
	    "detach: with-a-hook"
	equal "$(ps -o comm= -p "$(keeper_pid with-a-hook)")" "detach: with-a-"
	for sig in TERM INT QUIT USR1 USR2; do
		kill -$sig "$keeper"
		soon has "$DETACH_STATE_DIR/a/log" "got $sig"
	done
	kill -HUP "$keeper"
	sleep 0.2
	alive "$keeper"
	in_state a running
	"$DETACH" --stop --grace=0 a
}

@test "V6: --signal reaches the command alone" {
	job -n a sh -c 'trap "echo got" USR1; echo ready
	    sh -c "trap : USR1; sleep 300" & while :; do sleep 0.05; done'
	soon has "$DETACH_STATE_DIR/a/log" ready
	for name in USR1 SIGUSR1 usr1 "$(kill -l USR1)"; do
		: >"$DETACH_STATE_DIR/a/log"
		run "$DETACH" --signal="$name" a
		status_is 0
		soon has "$DETACH_STATE_DIR/a/log" got
	done
	in_state a running
	pgrep -g "$(command_pid a)" -x sleep
	run "$DETACH" --signal=0 a
	status_is 0
	"$DETACH" --stop a
	run "$DETACH" --signal=USR1 a
	status_is 1
	matches "$output" "a: is not running"
}

@test "V6: a signal that is none is misuse" {
	job -n a sleep 300
	for name in NONE 65 -1 '' SIG; do
		run "$DETACH" --signal="$name" a
		status_is 125
	done
	in_state a running
}

@test "J3: a record whose pid another process has now: never signalled" {
	launch sleep 300
	forge x pid="$pid" start_time=1
	equal "$(state_of x)" lost
	run "$DETACH" --stop --grace=0 x
	status_is 0
	run "$DETACH" --signal=KILL x
	status_is 1
	alive "$pid"
	# The keeper's, too.
	forge y keeper="$pid" keeper_start_time=1 tree=1 managed=1
	equal "$(state_of y)" lost
	"$DETACH" --stop --grace=0 y
	alive "$pid"
	# Nor one of another boot, whatever its times.
	forge z pid="$pid" start_time="$(stat_field "$pid" 22)" \
	    boot_id=00000000-0000-0000-0000-000000000000
	equal "$(state_of z)" lost
	"$DETACH" --stop --grace=0 z
	run "$DETACH" --wait --timeout=5 z
	status_is 125
	alive "$pid"
	# But by its own identity it is the job.
	forge ok pid="$pid" start_time="$(stat_field "$pid" 22)"
	equal "$(state_of ok)" running
	"$DETACH" --stop ok
	gone "$pid"
}

@test "J4: the keeper is killed: --stop and --signal still work" {
	local pid

	job -n a sh -c 'trap "echo got" USR1; echo ready
	    while :; do sleep 0.05; done'
	soon has "$DETACH_STATE_DIR/a/log" ready
	pid=$(command_pid a)
	started "$pid"
	end "$(keeper_pid a)"
	run "$DETACH" --signal=USR1 a
	status_is 0
	soon has "$DETACH_STATE_DIR/a/log" got
	run "$DETACH" --stop a
	status_is 0
	gone "$pid"
	run "$DETACH" --status a
	status_is 1
	matches "$output" "ended, status unknown"
	job -n a true
}

@test "J2: after --stop a new start of the name is never refused" {
	local i

	for i in {1..20}; do
		job -n a sleep 300
		run "$DETACH" --stop a
		status_is 0
	done
	for i in {1..5}; do
		job -n a --tree sleep 300
		run "$DETACH" --stop a
		status_is 0
	done
}

@test "V5: a keeper that was stopped itself is continued" {
	job -n r --restart=always sleep 300
	kill -STOP "$(keeper_pid r)"
	run "$DETACH" --stop --grace=20 r
	status_is 0
	equal "$(field r signal)" TERM
}

@test "V5: another user's process is refused, and said to be" {
	need_user
	run "$DETACH" --stop 1
	status_is 1
	matches "$output" "cannot be stopped: Operation not permitted"
	run "$DETACH" --signal=0 1
	status_is 1
	matches "$output" "cannot be signalled: Operation not permitted"
}

@test "V5: without pidfds, --stop and --signal work as well as they can" {
	need_without pidfd
	job -n a sh -c 'sleep 300 & sleep 300'
	run "$WITHOUT" pidfd "$DETACH" --signal=0 a
	status_is 0
	run "$WITHOUT" pidfd "$DETACH" --stop a
	status_is 0
	equal "$(field a signal)" TERM
	soon nothing_of_group "$(command_pid a)"
	launch sleep 300
	forge x pid="$pid" start_time=1
	run "$WITHOUT" pidfd "$DETACH" --stop --grace=0 x
	alive "$pid"
	job -n r --restart=always sleep 300
	run "$WITHOUT" pidfd "$DETACH" --stop r
	status_is 0
	ended r
}

@test "V5: to end PID 1 is not to end all, where no pidfd tells its group" {
	need_pid_namespace --mount-proc
	need_without pidfd
	# As init it heeds no signal, so detach is not waited for.
	unshare -pf --mount-proc setsid sh -c 'setsid sleep 300 & other=$!
	    until [ "$(ps -o sid= "$other")" -eq "$other" ]; do
		sleep 0.02
	    done
	    timeout 2 "$1" pidfd "$DETACH" --stop --grace=0 1
	    echo $? >code
	    ps -o stat= -p "$other" >alive' sh "$WITHOUT" || :
	equal "$(cat code)" 124
	matches "$(cat alive)" '^S'
}
