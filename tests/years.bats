#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Times past 2038, where 32 bits end, and past 2106, where they end without a
# sign: on record, in each verb's words, and on the clock.

load jobs

setup() {
	detach_setup
	LATER_SO=${LEFT%/left}/later.so
	export TZ=UTC0
}

@test "V1 V2: a record of times past 2038 and 2106 is shown as it is" {
	forge a started=2147483647.999999999 ended=2147483648.000000001 \
	    elapsed=0.000000002 exit_status=0
	forge b started=4294967295.500000000 ended=4294967296.750000000 \
	    elapsed=1.250000000 exit_status=3
	forge c started=4102444800.000000000 ended=9999999999.000000000 \
	    elapsed=5897555199.000000000 signal=9
	equal "$(field a started)" 2038-01-19T03:14:07Z
	equal "$(field a ended)" 2038-01-19T03:14:08Z
	equal "$(field b started)" 2106-02-07T06:28:15Z
	equal "$(field b ended)" 2106-02-07T06:28:16Z
	equal "$(field b elapsed)" 1.250
	equal "$(field c ended)" 2286-11-20T17:46:39Z
	equal "$(field c elapsed)" 5897555199.000
	run "$DETACH" --list
	status_is 0
	matches "$output" 'a +- +exited 0 +2038-01-19 03:14:07 +0s '
	matches "$output" 'b +- +exited 3 +2106-02-07 06:28:15 +1s '
	matches "$output" 'c +- +killed KILL +2100-01-01 00:00:00 +68258d17h '
	run "$DETACH" --status c
	matches "$output" '2286-11-20 17:46:39, after 68258d17h'
	"$DETACH" --list --json a b c | parsed >json
	equal "$(grep -c '"started":"2' json)" 3
}

@test "V1: what started later comes first, across 2038 and 2106" {
	forge z started=2147483647.000000000
	forge y started=2147483649.000000000
	forge x started=4294967295.000000000
	forge w started=4294967297.000000000
	run "$DETACH" --list --json
	equal "$(sed 's/^{"name":"\(.\)".*/\1/' <<<"$output" | xargs)" "w x y z"
}

# ahead SECONDS COMMAND ...: with the clock ahead by so much.
ahead() {
	local later=$1

	shift
	LATER=$later LD_PRELOAD=$LATER_SO "$@"
}

# year JOB KEY: a time's year, as the record shows it.
year() {
	local at

	at=$(field "$1" "$2")
	echo "${at%%-*}"
}

@test "J1 J2: a job of another century: its record, verbs and restarts" {
	local later=$((100 * 31556952)) year

	# Not preloaded into: static programs, and what a sanitizer has to be
	# the first library of.
	[ -e "$LATER_SO" ] && [ -z "${DETACH_SANITIZED:-}" ] ||
	    skip "needs a dynamic program"
	year=$(($(date +%Y) + 100))
	# The keeper that is there for --on-exit is the launcher's own image.
	ahead "$later" "$DETACH" -n a -o out --on-exit=': >hook' \
	    sh -c 'sleep 1.2; exit 3'
	run "$DETACH" --wait a
	status_is 3
	soon test -e hook
	matches "$(year a started)" "^($year|$((year + 1)))$"
	matches "$(year a ended)" "^($year|$((year + 1)))$"
	matches "$(field a elapsed)" '^[1-9]\.'
	run ahead "$later" "$DETACH" --list
	matches "$output" 'a +- +exited 3 +2[1-9][0-9-]{8} [0-9:]{8} +[1-9]s '
	run ahead "$later" "$DETACH" -n a -o out true
	status_is 0
	run "$DETACH" --wait a
	status_is 0

	ahead "$later" "$DETACH" -n b -o out --restart=on-failure \
	    --restart-delay=0.1 --restart-limit=1 sh -c 'exit 7'
	run "$DETACH" --wait b
	status_is 7
	equal "$(field b restarts)" 1
	matches "$(year b started)" "^($year|$((year + 1)))$"
}
