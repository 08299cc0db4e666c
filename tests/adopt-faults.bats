# SPDX-License-Identifier: ISC
#
# --adopt succeeds whole, or the command is as it was: each call that it has
# the command do is made to fail in turn, and things happen to the command in
# the middle. tests/adopt/detach-faults is detach with ways to ask for that:
#	DETACH_ADOPT_FAIL=N	the Nth call, over all processes, fails
#	DETACH_ADOPT_HOLD=MS	all are held still for so long, half way

load helper
load adopt

setup() {
	detach_setup
}

teardown() {
	detach_teardown
}

# unchanged PID ...: as before. One who read the terminal in the foreground
# that it has lost is told so by SIGTTIN: this is waited for. It may be told
# a second time before it has stopped, and that one stays until SIGCONT.
unchanged() {
	local p

	for p; do snapshot "$p"; done |
	    sed '/ShdPnd/s/0000000000100000$/0000000000000000/' >after
	cmp -s before after
}

# all_faults LEAST PID ...: fail each call in the adoption of the first;
# nothing may have changed in any of them.
all_faults() {
	local least=$1 n p

	shift
	for p; do snapshot "$p"; done >before
	for ((n = 1; n < 200; n++)); do
		if DETACH_ADOPT_FAIL=$n "$FAULTS" --adopt -o "$WORK/log" "$1" \
		    2>message; then
			break
		fi
		grep -q 'nothing was changed' message ||
		    fail "call $n: $(cat message)"
		soon unchanged "$@" || {
			diff -u before after || :
			fail "call $n has left a change"
		}
		[ ! -e log ] || fail "call $n has left a log"
	done
	echo "# $((n - 1)) injected failures survived" >&3
	[ "$n" -gt "$least" ]
	[ ! -s message ] || fail "$(cat message)"
	soon grown log 0
}

@test "V8: each call fails in turn: a single thread" {
	in_terminal "$TICK $PWD/pid"
	all_faults 10 "$pid"
}

@test "V8: each call fails in turn: stopped by Ctrl-Z" {
	in_terminal "$TICK $PWD/pid" stopped
	all_faults 10 "$pid"
	soon state_is "$pid" SRD
}

@test "V8: each call fails in turn: threads" {
	in_terminal "$TARGET threads $PWD/pid" fg
	all_faults 10 "$pid"
}

@test "V8: each call fails in turn: an epoll set on the terminal" {
	in_terminal "$TARGET epoll $PWD/pid"
	all_faults 12 "$pid"
}

@test "V8: each call fails in turn: many descriptors" {
	in_terminal "$TARGET fds $PWD/pid"
	all_faults 18 "$pid"
}

@test "V8: each call fails in turn: a pipeline of two" {
	in_terminal "$TICK $PWD/pid | cat"
	local other
	other=$(pgrep -g "$pid" -x cat)
	started "$other"
	all_faults 18 "$pid" "$other"
}

# target KIND: one in a terminal of its own, in $pid.
target() {
	rm -rf "$WORK/target" "$WORK/log" "$DETACH_STATE_DIR/a"
	mkdir "$WORK/target"
	cd "$WORK/target" || return 1
	in_terminal "$TARGET $1 $PWD/pid" || return 1
	snapshot "$pid" >before
}

# all_allocations KIND OPTION ...: fail each allocation of memory in its
# adoption: nothing has changed, or, where memory was only good to have, it
# is adopted as ever.
all_allocations() {
	local poor=${LEFT%/left}/poor.so kind=$1 failed=0 n status

	shift
	[ -e "$poor" ] && [ -z "${DETACH_SANITIZED:-}" ] ||
	    skip "needs a dynamic program, with a heap that can be replaced"
	target "$kind"
	for ((n = 1; n < 500; n++)); do
		rm -f failed
		status=0
		LD_PRELOAD=$poor POOR=$n POOR_MARK=$PWD/failed "$DETACH" \
		    --adopt -o "$WORK/log" "$@" "$pid" 2>message || status=$?
		if [ $status -eq 0 ]; then
			soon works "$pid" "$WORK/log"
			[ -e failed ] || break
			end "$pid"
			target "$kind"
			continue
		fi
		failed=$((failed + 1))
		[ $status -eq 125 ] && [ -s message ] ||
		    fail "allocation $n: status $status: $(cat message)"
		soon unchanged "$pid" || {
			diff -u before after
			fail "allocation $n has left a change"
		}
		[ ! -e "$WORK/log" ] && [ ! -e "$DETACH_STATE_DIR/a" ] ||
		    fail "allocation $n has left something: $(cat message)"
	done
	echo "# $((n - 1)) failed allocations, $failed failed adoptions" >&3
	[ "$failed" -gt 5 ]
}

@test "V8: each allocation of memory fails in turn" {
	all_allocations epoll
}

@test "V8: killed in the middle, it has ended, and that is said" {
	in_terminal "$TICK $PWD/pid"
	DETACH_ADOPT_HOLD=1000 "$FAULTS" --adopt -o "$WORK/log" "$pid" \
	    2>message 3>&- &
	local detach=$! status=0
	soon traced "$pid"
	kill -KILL "$pid"
	wait $detach || status=$?
	[ "$status" -eq 125 ]
	cat message
	grep -q 'it has ended' message
	soon gone "$pid"
}

traced() {
	[ "$(proc_status "$1" TracerPid)" != 0 ]
}

# in_the_middle SIGNAL: send it while the command is held.
in_the_middle() {
	in_terminal "$TICK $PWD/pid"
	DETACH_ADOPT_HOLD=1000 "$FAULTS" --adopt -o "$WORK/log" "$pid" 3>&- &
	local detach=$!
	soon traced "$pid"
	kill -"$1" "$pid"
	wait $detach
}

@test "V8: SIGSTOP in the middle stops it afterwards" {
	in_the_middle STOP
	soon state_is "$pid" T
	[ -z "$(terminals "$pid")" ]
	kill -CONT "$pid"
	works "$pid" log
}

@test "V8: SIGTERM in the middle ends it afterwards" {
	in_the_middle TERM
	soon gone "$pid"
}

@test "V8: SIGHUP in the middle is ignored already" {
	in_the_middle HUP
	works "$pid" log
}

@test "V8: a signal to detach in the middle waits until it is done" {
	in_terminal "$TICK $PWD/pid"
	DETACH_ADOPT_HOLD=1000 "$FAULTS" --adopt -o "$WORK/log" "$pid" 3>&- &
	local detach=$!
	soon traced "$pid"
	kill -TERM $detach
	wait $detach || :
	[ -z "$(terminals "$pid")" ]
	works "$pid" log
}

@test "V8: a job that fails half way leaves no name, record or keeper" {
	local job=j${WORK##*.}

	in_terminal "$TICK $PWD/pid"
	snapshot "$pid" >before
	! DETACH_ADOPT_FAIL=5 "$FAULTS" --adopt -n "$job" "$pid" || false
	[ -z "$(ls -A "$DETACH_STATE_DIR")" ]
	! pgrep -f "^detach: $job\$" || false
	snapshot "$pid" >after
	diff -u before after
	"$DETACH" --adopt -n "$job" "$pid"
	works "$pid" "$DETACH_STATE_DIR/$job/log"
	end "$pid"
	soon not pgrep -f "^detach: $job\$"
}
