#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# --wait.

load jobs

# The kernel tells the exit status of another's child.
need_exit_info() {
	local pid

	launch sh -c 'sleep 1; exit 3'
	run "$DETACH" --wait "$pid"
	[ "$status" -eq 3 ] || skip "needs Linux 6.15"
}

# wait_asleep JOB ...: --wait, as run does; `go` is made once it sleeps.
wait_asleep() {
	"$DETACH" --wait "$@" >out 2>&1 3>&- &
	soon state_is $! S
	touch go
	wait $! && status=0 || status=$?
	output=$(cat out)
	rm go
}

# at_go SCRIPT: a script that waits for it.
at_go() {
	echo "until [ -e go ]; do sleep 0.05; done; $1"
}

# context_switches PID: how often it has gone to sleep.
context_switches() {
	proc_status "$1" voluntary_ctxt_switches
}

@test "V3: the last operand's status, once all have ended" {
	job -n slow sh -c 'sleep 0.7; exit 4'
	job -n fast sh -c 'exit 5'
	run "$DETACH" --wait slow fast
	status_is 5
	in_state slow exited
	run "$DETACH" --wait fast slow
	status_is 4
	equal "$output" ""
}

@test "V3: 128 and the signal for one that was killed" {
	job -n a sleep 300
	kill -USR1 "$(command_pid a)"
	run "$DETACH" --wait a
	status_is $((128 + $(kill -l USR1)))
}

@test "V3: 124 when the time runs out; 0 is no limit" {
	local t

	job -n a sleep 300
	t=$(now_ms)
	run "$DETACH" --wait --timeout=0.3 a
	status_is 124
	t=$(($(now_ms) - t))
	[ $t -ge 300 ] || fail "after $t ms"
	job -n b sh -c 'sleep 0.3; exit 6'
	run "$DETACH" --wait --timeout=0 b
	status_is 6
	run "$DETACH" --wait --timeout=0.01 b
	status_is 6
	# The limit is for all together.
	run "$DETACH" --wait --timeout=0.2 a b
	status_is 124
}

@test "V3: 125 for a job that is lost, and it says why" {
	forge k
	forge r boot_id=00000000-0000-0000-0000-000000000000
	run "$DETACH" --wait k
	status_is 125
	matches "$output" "keeper was killed"
	run "$DETACH" --wait r
	status_is 125
	matches "$output" "machine went down"
}

@test "V3: 125 for no such job, though the others are waited for" {
	job -n a sh -c 'sleep 0.5'
	run "$DETACH" --wait nosuch a
	status_is 125
	in_state a exited
}

@test "V3: it sleeps in the kernel" {
	local p before

	job -n a sleep 300
	launch sleep 300
	for target in a "$pid"; do
		"$DETACH" --wait "$target" 3>&- &
		p=$!
		soon state_is $p S
		sleep 0.3
		before=$(context_switches $p)
		sleep 1
		equal "$(context_switches $p)" "$before" "wakings of $target"
		end $p
	done
}

@test "V3: it works from any process, with many waiting at once" {
	local i

	job -n a sh -c 'sleep 1; exit 9'
	for i in 1 2 3 4 5 6 7 8; do
		{ "$DETACH" --wait a || echo $? >>codes; } 3>&- &
	done
	wait
	equal "$(sort codes | uniq -c | xargs)" "8 9"
}

@test "V3: a pid that was never detach's" {
	need_exit_info
	sh -c "$(at_go 'exit 7')" 3>&- &
	wait_asleep $!
	status_is 7
	sh -c "$(at_go 'kill -KILL $$')" 3>&- &
	wait_asleep $!
	status_is 137
}

@test "V3: two bare pids, of which the second ends first" {
	local p q

	need_exit_info
	sh -c "$(at_go 'sleep 0.5; exit 1')" 3>&- &
	p=$!
	sh -c "$(at_go 'exit 2')" 3>&- &
	q=$!
	wait_asleep $p $q
	status_is 2
}

@test "V3: a zombie that nobody reaps is waited for, and its status known" {
	local zombie

	need python3
	python3 -c 'import os, sys, time
pid = os.fork()
if pid == 0:
    time.sleep(1)
    os._exit(9)
print(pid, flush=True)
time.sleep(300)' >zombie 3>&- &
	started $!
	soon has zombie ""
	soon test -s zombie
	zombie=$(cat zombie)
	run timeout 20 "$DETACH" --wait "$zombie"
	status_is 9
	state_is "$zombie" Z
	run timeout 20 "$DETACH" --wait "$zombie"
	status_is 9
	# It has ended: no verb takes it for a running command.
	run "$DETACH" --status "$zombie"
	status_is 3
	matches "$output" "^detach: $zombie: has ended; "
	run "$DETACH" --stop "$zombie"
	status_is 0
	equal "$output" ""
	run "$DETACH" --signal=0 "$zombie"
	status_is 1
	matches "$output" "^detach: $zombie: has ended; "
}

# waits_below PID: its child, $waiter, has a pidfd by now.
waits_below() {
	waiter=$(ps -o pid= --ppid "$1" | tr -d ' ') && [ -n "$waiter" ] &&
	    find "/proc/$waiter/fd" -lname '*pidfd*' 2>/dev/null | grep -q .
}

# wait_with STATUS INJECTION: --wait a process that ends, and is reaped, while
# the waiter is stopped, lest it see a zombie; ioctl(2) fails so.
wait_with() {
	local p tracer status=0

	rm -f go
	sh -c 'until [ -e go ]; do sleep 0.05; done; exit 8' 3>&- &
	p=$!
	started "$p"
	strace -f -qq -o trace -e trace=ioctl -e inject=ioctl:"$2" \
	    "$DETACH" --wait "$p" 3>&- &
	tracer=$!
	started "$tracer"
	soon waits_below "$tracer"
	kill -STOP "$waiter"
	: >go
	soon test ! -e "/proc/$p"
	kill -CONT "$waiter"
	wait "$tracer" || status=$?
	equal "$status" "$1" status
}

@test "V3: the status of a process that is reaped while the kernel looks" {
	need strace
	[ -z "${DETACH_SANITIZED:-}" ] || skip "a sanitizer traces itself"
	need_exit_info
	wait_with 8 error=ESRCH:when=1
	equal "$(grep -c INJECTED trace)" 1 "failures"
	# On Linux before 6.15 it is so for ever.
	wait_with 125 error=ESRCH
}

@test "V3: a pidfile's process" {
	need_exit_info
	launch -p ./x.pid sh -c "$(at_go 'exit 8')"
	wait_asleep ./x.pid
	status_is 8
}

@test "J2: after --wait a new start of the name is never refused" {
	local i

	for i in {1..30}; do
		job -n a true
		run "$DETACH" --wait a
		status_is 0
	done
	for i in {1..10}; do
		job -n a --on-exit='sleep 0.01' sh -c 'sleep 0.02'
		run "$DETACH" --wait a
		status_is 0
	done
}

@test "J2: an end on record is not the end while the keeper has the lock" {
	launch sleep 300
	forge x keeper="$pid" keeper_start_time="$(stat_field "$pid" 22)" \
	    ended=1700000001.000000000 elapsed=1.000000000 exit_status=3
	run "$DETACH" --wait --timeout=0.3 x
	status_is 124
	run "$DETACH" --forget x
	status_is 1
	end "$pid"
	run "$DETACH" --wait x
	status_is 3
}

@test "J4: the keeper is killed: --wait goes on until the command ends" {
	local pid

	job -n a sh -c "$(at_go 'exit 6')"
	pid=$(command_pid a)
	started "$pid"
	"$DETACH" --wait a 2>err 3>&- &
	soon state_is $! S
	end "$(keeper_pid a)"
	touch go
	code=0
	wait $! || code=$?
	gone "$pid"
	# Known from the kernel, or said not to be known.
	[ $code -eq 6 ] || { [ $code -eq 125 ] && has err "status unknown"; } ||
	    fail "$code: $(cat err)"
}

@test "V3: a run that ends is not mistaken for the next one" {
	job -n a sh -c "$(at_go 'exit 3')"
	"$DETACH" --wait a 3>&- &
	soon state_is $! S
	touch go
	(
		while ! job -n a sleep 300 >/dev/null 2>&1; do
			:
		done
	) 3>&-
	code=0
	wait $! || code=$?
	[ $code -eq 3 ] || [ $code -eq 125 ] || fail "status $code"
	in_state a running
}

@test "V3: the status of one whose name is started anew, while others run" {
	local again

	for again in "-n w sleep 300" "--forget w"; do
		job -n long sh -c 'until [ -e end ]; do sleep 0.02; done'
		job -n w sh -c "$(at_go 'exit 3')"
		"$DETACH" --wait long w 3>&- &
		soon state_is $! S
		touch go
		"$DETACH" --wait w && code=0 || code=$?
		equal $code 3
		# It is told at once, and sleeps again when it has looked.
		sleep 0.3
		soon state_is $! S
		# shellcheck disable=SC2086 # they are words
		job $again
		touch end
		wait $! && code=0 || code=$?
		equal $code 3 "after $again"
		rm go end
		case $again in
		-n*) "$DETACH" --stop w ;;
		esac
	done
}

@test "V3: a record that is damaged meanwhile: 125, and it is said" {
	job -n a sh -c "$(at_go true)"
	"$DETACH" --wait a >out 2>&1 3>&- &
	soon state_is $! S
	echo nonsense >"$DETACH_STATE_DIR/a/record"
	touch go
	wait $! && code=0 || code=$?
	equal $code 125
	matches "$(cat out)" "a: its record is damaged"
}

@test "V3: more jobs than there are descriptors to sleep on" {
	local i names=()

	need prlimit
	for i in {1..12}; do
		job -n "j$i" sh -c "$(at_go 'exit 3')"
		names+=("j$i")
	done
	prlimit --nofile=24:24 "$DETACH" --wait "${names[@]}" >out 2>&1 3>&- &
	soon state_is $! S
	sleep 0.5
	touch go
	wait $! && code=0 || code=$?
	equal $code 3 "$(cat out)"
}

@test "V3: more operands than there may be descriptors" {
	need prlimit
	job -n a sh -c "$(at_go 'exit 3')"
	prlimit --nofile=16:16 "$DETACH" --wait no{1..40} a >out 2>&1 3>&- &
	soon state_is $! S
	touch go
	wait $! && code=0 || code=$?
	equal $code 125
	[ ! -e "$DETACH_STATE_DIR/a/pid" ] || fail "$(cat out)"
	equal "$(grep -vc 'no such job' out)" 0
}

@test "V3: --wait of a restarting job waits for its last run" {
	job -n a --restart=on-failure --restart-delay=0.1 --restart-limit=3 \
	    sh -c 'echo x; exit 2'
	run "$DETACH" --wait a
	status_is 2
	equal "$(field a restarts)" 3
	equal "$("$DETACH" --log a | grep -c x)" 4
}

@test "V3: without pidfds it still returns in time, with the status" {
	need_without pidfd
	job -n a sh -c 'sleep 0.5; exit 3'
	run "$WITHOUT" pidfd "$DETACH" --wait a
	status_is 3
	job -n b sleep 300
	run "$WITHOUT" pidfd "$DETACH" --wait --timeout=0.3 b
	status_is 124
	launch sleep 0.5
	run "$WITHOUT" pidfd "$DETACH" --wait "$pid"
	gone "$pid"
}
