# SPDX-License-Identifier: ISC
# L12: interrupting the launcher at any moment leaves either no command or a
# wholly launched one.  All of these starts share one pidfile, so that each
# also has to get over what the one before has left (F3).

load helper

# outcome: wait until it is clear what an interrupted start came to, and say
# so: `none` if nobody holds the pidfile's lock any more, else the pid of the
# command that does.  Fails if something else keeps holding it.
outcome() {
	local i pid

	for ((i = 0; i < 1000; i++)); do
		if [ ! -e pid ] || flock -n pid true 2>/dev/null; then
			echo none
			return 0
		fi
		pid=
		read -r pid 2>/dev/null <pid || :
		if [ -n "$pid" ] && [ -e ran ] &&
		    [ "$(cat ran 2>/dev/null)" = "$pid" ]; then
			echo "$pid"
			return 0
		fi
		sleep 0.01
	done
	fail "neither launched nor gone: '$(cat pid)' holds: $(
	    for p in $(leftovers); do describe "$p"; done)"
}

# whole PID: the command is all that the contract says.
whole() {
	local sid

	sid=$(stat_field "$1" 6)
	equal "$(stat_field "$1" 5)" "$1" 'process group' || return 1
	equal "$(stat_field "$1" 7)" 0 'controlling terminal' || return 1
	[ "$sid" != "$1" ] || fail "it leads its session" || return 1
	[ "$(stat_field "$1" 4)" != "$2" ] || fail "the launcher's child" ||
	    return 1
	equal "$(proc_status "$1" SigBlk)" 0000000000000000 blocked || return 1
	[ -f log ] || fail "no log"
}

# Writes its pid, waits to be ended.
make_command() {
	cat >command <<-'END'
		#!/bin/sh
		echo $$ >ran.new && mv ran.new ran
		exec sleep 60
	END
	chmod 755 command
}

# after_interrupt LAUNCHER: check, count in $none and $ran, clean up.
after_interrupt() {
	local got

	got=$(outcome) || return 1
	if [ "$got" = none ]; then
		none=$((none + 1))
		[ ! -e ran ] || fail "a command ran without its lock" ||
		    return 1
	else
		ran=$((ran + 1))
		whole "$got" "$1" || return 1
		kill -KILL "$got"
		soon gone "$got"
		rm -f ran
	fi
}

@test "L12: 300 interruptions at random moments by INT, TERM, HUP, KILL" {
	local i none=0 ran=0 took t0 launcher sig
	local signals=(INT TERM HUP KILL)

	make_command
	mkfifo never
	exec 9<>never
	# How long a start takes here and now, from fork to return, in us.
	t0=$(now_ms)
	for i in 1 2 3 4 5 6 7 8 9 10; do
		"$WITH" -d "$DETACH" -o log true
	done
	took=$((($(now_ms) - t0) * 100))
	for ((i = 0; i < 300; i++)); do
		"$WITH" -d "$DETACH" -p pid -o log ./command 3>&- 9>&- &
		launcher=$!
		sig=${signals[i % 4]}
		printf -v t0 '0.%06d' \
		    $(((RANDOM * 32768 + RANDOM) % (took * 3 / 2 + 1)))
		read -rt "$t0" -u 9 || :
		kill -$sig $launcher 2>/dev/null || :
		wait $launcher 2>/dev/null || :
		after_interrupt $launcher ||
		    fail "SIG$sig after ${t0}s, start $i"
	done
	exec 9>&-
	nothing_left
	echo "# of 300: $ran launched, $none not (a start took $took us)" >&3
	# Else the moments were not random enough to show anything.
	[ $none -gt 0 ] && [ $ran -gt 0 ]
}

@test "L12: an interruption at each system call of the launcher" {
	local n calls sig none=0 ran=0

	make_command
	"$TRACE" -o seen "$DETACH" -p pid -o log ./command ||
	    { [ $? -ne 99 ] || skip "ptrace is not allowed"; false; }
	after_interrupt 0
	calls=$(awk '$1 == "calls" && $2 == 0 { print $3 }' seen)
	[ "$calls" -gt 10 ]
	ran=0
	for sig in 9 15; do
		for ((n = 1; n <= calls; n++)); do
			timeout 20 "$TRACE" -k "0:$n:$sig" \
			    "$DETACH" -p pid -o log ./command 2>/dev/null 3>&- ||
			    :
			after_interrupt 0 || fail "signal $sig, call $n"
		done
	done
	nothing_left
	echo "# of $((2 * calls)): $ran launched, $none not" >&3
	[ $none -gt 0 ] && [ $ran -gt 0 ]
}

@test "L12: Ctrl-C while a start waits for another's pidfile" {
	: >pid
	# Locked by somebody who never writes a pid.
	flock pid sleep 60 3>&- &
	started $!
	soon locked pid
	"$WITH" -d "$DETACH" -p pid -o log ./command 2>/dev/null 3>&- &
	sleep 0.1
	kill -INT $! 2>/dev/null || :
	run wait $!
	[ ! -e ran ] && [ ! -e log ]
	for p in $(pgrep -P "$(head -n 1 "$STARTED" | cut -d' ' -f1)"); do
		started "$p"
	done
}
