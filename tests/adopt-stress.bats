# SPDX-License-Identifier: ISC
#
# Adoptions in a row of a program that watches itself (tests/adopt/check): no
# wait ends early or with an EINTR that it did not earn, no byte, count or
# wakeup is lost, no descriptor or mapping is left. ADOPT_LONG=1 for 1000 of
# each, and for the limit of time, which a busy machine does not keep.

load helper
load adopt

STRESS=${abs_top_builddir:-$BATS_TEST_DIRNAME/..}/tests/adopt/stress
CHECK=${abs_top_builddir:-$BATS_TEST_DIRNAME/..}/tests/adopt/check

setup() {
	detach_setup
}

teardown() {
	detach_teardown
}

# in_a_row N SCENARIO ...: so many adoptions of each; 1000 with ADOPT_LONG.
in_a_row() {
	local n=$1 scenario

	shift
	[ -z "$ADOPT_LONG" ] || n=1000
	for scenario; do
		"$STRESS" "$DETACH" "$WORK" "$n" "$CHECK" "$scenario" 3>&- ||
		    fail "$scenario: $(cat report)"
		grep -q "^adoption: $n, 0 anomalies" report
	done
}

@test "V8: in a row: waits with a time limit" {
	in_a_row 10 nanosleep poll ppoll select futex epoll semaphore sigwait \
	    recv
}

@test "V8: in a row: waits that somebody ends" {
	in_a_row 20 read epollread pause
}

@test "V8: in a row: registers, calls, threads, children" {
	in_a_row 10 registers calls threads fork
}

@test "V8: in a row: all of these in threads of one process" {
	in_a_row 10 all
}

@test "V8: a single-threaded command is held for less than 1 ms" {
	local n=20 times

	[ -z "$ADOPT_LONG" ] || n=1000
	times=$(DETACH_ADOPT_CLOCK=1 "$STRESS" "$FAULTS" "$WORK" $n "$CHECK" \
	    nanosleep 3>&- | sort -n)
	echo "# held for $(head -n 1 <<<"$times") us at least," \
	    "$(sed -n "$((n / 2))p" <<<"$times") us at the median" >&3
	if [ -n "$ADOPT_LONG" ]; then
		[ "$(sed -n "$((n / 2))p" <<<"$times")" -lt 1000 ]
	fi
}
