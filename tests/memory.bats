#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Each allocation of memory fails in turn: it is as if nothing had been tried,
# with a message and 125, or all is as it should be.

load jobs

setup() {
	detach_setup
	POOR_SO=${LEFT%/left}/poor.so
	[ -e "$POOR_SO" ] && [ -z "${DETACH_SANITIZED:-}" ] ||
	    skip "needs a dynamic program, with a heap that can be replaced"
	trap - DEBUG	# as fast does, which leaves setup with its status
}

# poor N COMMAND ...: its Nth allocation fails: $status, $output, $said.
poor() {
	local n=$1

	shift
	rm -f "$WORK/failed"
	status=0
	LD_PRELOAD=$POOR_SO POOR=$n POOR_MARK=$WORK/failed "$@" \
	    </dev/null >"$WORK/output" 2>"$WORK/said" || status=$?
	output=$(cat "$WORK/output")
	said=$(cat "$WORK/said")
}

# each CHECK COMMAND ...: run it with each allocation failing ($step: each so
# many), from the first on, until one has had enough; after each, CHECK.
each() {
	local check=$1 n

	shift
	for ((n = 1; n < 2000; n += ${step:-1})); do
		poor "$n" "$@"
		if [ $status -eq 125 ] || [ $status -eq 1 ]; then
			[[ $said == *detach:* ]] ||
			    fail "allocation $n: no message" || return 1
		fi
		$check || fail "allocation $n: status $status: $said" ||
		    return 1
		if [ ! -e "$WORK/failed" ]; then
			[ $n -gt "${least:-1}" ] ||
			    fail "only $n allocations" || return 1
			return 0
		fi
	done
	fail "no end of allocations"
}

# It has run and is over, or has not been started at all.
launched() {
	case $status in
	0)	soon test -e ran || return 1 ;;
	125)	[ ! -e ran ] && [ ! -s pid ] && [ ! -e out ] || return 1 ;;
	134|139) # The C library's getpwnam(3) does not survive it.
		[ -n "${user:-}" ] && [ ! -e ran ] || return 1 ;;
	*)	return 1 ;;
	esac
	nothing_left || return 1
	rm -f ran out pid out2
}

@test "L1: a launch without memory: it runs, or nothing is left" {
	each launched "$DETACH" -o out -p pid -E A=b -C "$WORK" -m 077 \
	    sh -c ': >ran'
	each launched "$DETACH" sh -c ': >ran'
	each launched "$DETACH" -o out -e '|cat >out2' sh -c ': >ran'
}

@test "L1: a launch as another user without memory" {
	local user=1 step=7

	need_root
	chmod 777 "$WORK"
	each launched "$DETACH" -u nobody sh -c ': >ran'
	each launched "$DETACH" -u nobody:nogroup sh -c ': >ran'
	each launched "$DETACH" -u 65534 sh -c ': >ran'
}

kept() {
	case $status in
	0)	soon test -e ran && soon ended a && equal "$(state_of a)" exited
		equal "$(cat out)" said ;;
	125)	[ ! -e ran ] && [ ! -e out ] &&
		[ ! -e "$DETACH_STATE_DIR/a" ] ;;
	*)	return 1 ;;
	esac || return 1
	nothing_left || return 1
	rm -rf ran out "$DETACH_STATE_DIR/a"
}

@test "L1 J1: a kept launch without memory: a job, or nothing" {
	local step=1

	each kept "$DETACH" -n a -o "$WORK/out" sh -c 'echo said; : >ran'
	step=11
	each kept "$DETACH" -n a -o "$WORK/out" --on-exit=: --restart=on-failure \
	    sh -c 'echo said; : >ran'
}

# What a verb has to say, or 125: $want and $wanted.
told() {
	case $status in
	"$wanted")
		# A part that could not be kept is ?, or null, or left out.
		case $verb in
		list|status) [ -n "$said$output" ] ;;
		*)	[ -n "$said" ] || [ "$output" = "$want" ] ;;
		esac || fail "got '$output', wanted '$want'" ;;
	125)	;;
	1)	[ "$verb" = list ] ;;
	*)	return 1 ;;
	esac
}

@test "V1 V2 V3 V4: a verb that looks, without memory: no wrong answer" {
	local command

	job -n a --on-exit=: sh -c 'echo said; exit 7'
	"$DETACH" --wait a || :
	forge b exit_status=3 command="sh -c 'a b' \\303\\244"
	for command in "--list" "--list --json" "--list a b" "--status a" \
	    "--status --json a" "--status a b" "--wait a" "--log a" \
	    "--log -l 1 a" "--log --follow a"; do
		wanted=0 verb=${command%% *} verb=${verb#--}
		# shellcheck disable=SC2086 # words
		want=$("$DETACH" $command 2>/dev/null) || wanted=$?
		each told "$DETACH" $command
	done
}

@test "V2 V5: a bare process without memory: no wrong answer" {
	sleep 300 3>&- &
	started $!
	want=$("$DETACH" --status --json $! | sed 's/,"elapsed":[^,]*//') || :
	wanted=0 verb=status
	each bare_told "$DETACH" --status --json $!
}

bare_told() {
	output=$(sed 's/,"elapsed":[^,]*//' <<<"$output")
	told
}

stopped() {
	case $status in
	0)	equal "$(state_of a)" killed ;;
	1|125)	;;
	*)	return 1 ;;
	esac || return 1
	if ended a; then
		"$DETACH" -n a -o out sleep 300
	fi
}

@test "V5: --stop without memory: stopped, or a message" {
	"$DETACH" -n a -o out sleep 300
	each stopped "$DETACH" --stop a
}

# A job that is over, of which there is nothing but the record.
over() {
	forge a ended=1700000001.000000000 elapsed=1.000000000 exit_status=0
	rm "$DETACH_STATE_DIR/a/forged"
}

forgotten() {
	case $status in
	0)	[ ! -e "$DETACH_STATE_DIR/a" ] ;;
	1|125)	[ ! -e "$DETACH_STATE_DIR/a" ] || equal "$(state_of a)" exited ;;
	*)	return 1 ;;
	esac || return 1
	[ -e "$DETACH_STATE_DIR/a" ] || over
}

@test "J7: --forget without memory: forgotten, or a message" {
	over
	each forgotten "$DETACH" --forget a
	over
	each forgotten "$DETACH" --forget
}
