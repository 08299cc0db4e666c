#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# --list.

load jobs

# terminal COLUMNS VARIABLE=VALUE ... -- COMMAND: its output on a terminal
# that wide, without carriage returns.
terminal() {
	local cols=$1 vars=()

	shift
	while [ "$1" != -- ]; do
		vars+=("$1")
		shift
	done
	shift
	need script
	script -qec "stty cols $cols; env -u COLUMNS ${vars[*]} $*" \
	    /dev/null </dev/null 3>&- | tr -d '\r'
}

names() {
	awk 'NR > 1 { print $1 }' | xargs
}

@test "V1: without jobs, nothing is printed" {
	run "$DETACH" --list
	status_is 0
	equal "$output" ""
}

@test "V1: the table's columns, not on a terminal: plain and unclipped" {
	local long=$(printf 'x%.0s' {1..300})

	job -n a sh -c ": $long"
	job -n b sleep 300
	soon ended a
	run "$DETACH" --list
	status_is 0
	matches "${lines[0]}" '^NAME +PID +STATE +SINCE +TIME +COMMAND$'
	matches "${lines[1]}" \
	    "^b +$(command_pid b) +running +20[-0-9]+ [0-9:]+ +[0-9]+s +sleep 300$"
	matches "${lines[2]}" \
	    "^a +- +exited 0 +20[-0-9]+ [0-9:]+ +[0-9]+s +sh -c ': $long'$"
	[[ $output != *$'\e'* ]]
	TERM=xterm run "$DETACH" --list
	[[ $output != *$'\e'* ]]
}

@test "V1: running jobs first, then the latest" {
	job -n a sleep 300
	job -n b true
	sleep 0.01
	job -n c false
	"$DETACH" --wait b c || :
	job -n d sleep 300
	equal "$("$DETACH" --list | names)" "d a c b"
}

@test "V1: operands restrict it; what is not there is said, the rest shown" {
	job -n a true
	job -n b true
	job -n c true
	"$DETACH" --wait a b c
	equal "$("$DETACH" --list a c | names | tr ' ' '\n' | sort | xargs)" \
	    "a c"
	run "$DETACH" --list a nosuch
	status_is 1
	matches "$output" "nosuch: no such job"
	matches "$output" "exited 0"
}

@test "V1: it fits the terminal, at any width" {
	local width line

	job -n with-a-rather-long-name-of-forty-five-letters \
	    sh -c ': aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
	job -n b sleep 300
	soon ended with-a-rather-long-name-of-forty-five-letters
	for width in 20 40 60 80 132; do
		terminal $width TERM=dumb -- "$DETACH" --list >out
		equal "$(wc -l <out)" 3
		while IFS= read -r line; do
			[ ${#line} -le $width ] ||
			    fail "${#line} columns of $width: $line"
		done <out
	done
	has out sleep
	COLUMNS=30
	terminal 132 TERM=dumb COLUMNS=30 -- "$DETACH" --list >out
	while IFS= read -r line; do
		[ ${#line} -le 30 ] || fail "${#line} columns: $line"
	done <out
}

@test "V1: colour on a terminal only, and never with NO_COLOR" {
	job -n a sleep 300
	terminal 80 TERM=xterm -- "$DETACH" --list >out
	grep -q $'\e\[32mrunning\e\[0m' out
	terminal 80 TERM=xterm NO_COLOR=1 -- "$DETACH" --list >out
	not grep -q $'\e' out
	terminal 80 TERM=dumb -- "$DETACH" --list >out
	not grep -q $'\e' out
}

@test "V1: times as people read them on a terminal" {
	job -n a sleep 300
	forge old started=1500000000.000000000 ended=1500007500.000000000 \
	    elapsed=7500.000000000 exit_status=0
	forge days started=1500000000.000000000 ended=1500273600.000000000 \
	    elapsed=273600.000000000 exit_status=0
	forge minutes started=1500000000.000000000 ended=1500000187.000000000 \
	    elapsed=187.000000000 signal=HUP core=0
	terminal 100 TERM=dumb -- "$DETACH" --list >out
	grep -Eq '^a +[0-9]+ +running +[0-9]{2}:[0-9]{2} +[0-9]+s +sleep' out
	grep -Eq '^old +- +exited 0 +2017-07-1[34] +2h05m ' out
	grep -Eq '^days +- +exited 0 +2017-07-1[34] +3d04h ' out
	grep -Eq '^minutes +- +killed HUP +2017-07-1[34] +3m07s ' out
}

@test "V1: a clock that is set back does not touch TIME" {
	# What is started in the future by the record's clock still has an age.
	job -n a sleep 300
	sed -i 's/^started .*/started 4000000000.000000000/' \
	    "$DETACH_STATE_DIR/a/record"
	run "$DETACH" --list
	matches "$output" 'a .* 2096-.* [0-9]s +sleep 300'
}

@test "J8: another host's job is listed with its host" {
	forge x host=elsewhere boot_id=00000000-0000-0000-0000-000000000000 \
	    ended=1700000001.000000000 elapsed=1.000000000 exit_status=2
	run "$DETACH" --list
	matches "$output" 'x +- +exited 2 on elsewhere '
}

@test "V1: lost jobs say why" {
	forge k
	forge r boot_id=00000000-0000-0000-0000-000000000000
	run "$DETACH" --list
	matches "$output" 'k +- +lost \(keeper\)'
	matches "$output" 'r +- +lost \(reboot\)'
}

@test "V7: --list --json is one object a line" {
	job -n a true
	job -n b sleep 300
	soon ended a
	equal "$("$DETACH" --list --json | parsed | wc -l)" 2
	"$DETACH" --list --json >out
	equal "$(wc -l <out)" 2
	equal "$(sed -n 1p out | json name)" b
	equal "$(sed -n 2p out | json name)" a
}

@test "V1: 1000 jobs, listed and waited for in moderate time" {
	local n t text

	forge j0000 ended=1700000001.000000000 elapsed=1.000000000 \
	    exit_status=0
	text=$(cat "$DETACH_STATE_DIR/j0000/record")
	(cd "$DETACH_STATE_DIR" && umask 077 && mkdir j{0001..0999})
	for n in j{0001..0999}; do
		echo "${text//j0000/$n}" >"$DETACH_STATE_DIR/$n/record"
		: >"$DETACH_STATE_DIR/$n/forged"
	done
	t=$(now_ms)
	"$DETACH" --list >out
	equal "$(wc -l <out)" 1001
	equal "$("$DETACH" --list --json | parsed | wc -l)" 1000
	run "$DETACH" --wait $(ls "$DETACH_STATE_DIR")
	status_is 0
	t=$(($(now_ms) - t))
	[ $t -lt 20000 ] || fail "$t ms"
}
