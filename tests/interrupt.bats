# SPDX-License-Identifier: ISC
# L12: interrupting the launcher at any moment leaves either no command or a
# wholly launched one.  These starts share one pidfile, so that each also has
# to get over what the one before has left (F3); every other one finds none,
# and then none is left either, unless the launcher was killed outright.

load helper

# outcome: wait until it is clear what an interrupted start came to: $got is
# `none` if nobody holds the pidfile's lock any more, else the pid of the
# command that does.  Fails if something else keeps holding it.
outcome() {
	local i pid ran comm

	for ((i = 0; i < 2000; i++)); do
		pid='' ran='' comm=''
		[ ! -e ran ] || read -r ran <ran
		[ ! -s pid ] || read -r pid <pid || :
		if [ -n "$ran" ] && [ "$ran" = "$pid" ]; then
			# The shell before it blocks signals now and then.
			read -r comm 2>/dev/null <"/proc/$pid/comm" || :
		fi
		if [ "$comm" = sleep ]; then
			got=$pid
			locked pid || fail "a command without its lock"
			return
		fi
		if [ ! -e pid ] || flock -n pid true 2>/dev/null; then
			got=none
			[ ! -e ran ] || fail "a command that did not stay"
			return
		fi
		read -rt 0.01 -u 9 || :
	done
	fail "neither launched nor gone: '$(cat pid)' holds: $(
	    for p in $(leftovers); do describe "$p"; done)"
}

# whole PID LAUNCHER: the command is all that the contract says.
whole() {
	local line key blocked='' f

	read -r line <"/proc/$1/stat"
	# shellcheck disable=SC2206 # from its state on
	f=(${line##*) })
	# In one read: between two, a line before may become longer.
	while read -r key line; do
		[ "$key" != SigBlk: ] || blocked=$line
	done <<<"$(<"/proc/$1/status")"
	equal "${f[2]}" "$1" 'process group' || return 1
	equal "${f[4]}" 0 'controlling terminal' || return 1
	[ "${f[3]}" != "$1" ] || fail "it leads its session" || return 1
	[ "${f[1]}" != "$2" ] || fail "the launcher's child" || return 1
	equal "$blocked" 0000000000000000 blocked || return 1
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

# before_interrupt I: every other start finds no file.
before_interrupt() {
	fresh=$(($1 % 2))
	[ $fresh -eq 0 ] || rm -f pid log
}

# after_interrupt SIGNAL LAUNCHER: check, count in $none and $ran, clean up.
after_interrupt() {
	outcome || return 1
	if [ "$got" = none ]; then
		none=$((none + 1))
		if [ $fresh -eq 1 ] && [ "$1" != KILL ]; then
			[ ! -e pid ] || fail "a pidfile is left" || return 1
			[ ! -e log ] || fail "a log is left" || return 1
		fi
		return 0
	fi
	ran=$((ran + 1))
	whole "$got" "$2" || return 1
	kill -KILL "$got"
	soon gone "$got"
	rm -f ran
}

setup() {
	detach_setup
	mkfifo never
	exec 9<>never		# to sleep without a process
	make_command
	fast
}

@test "L12: 300 interruptions at random moments by INT, TERM, HUP, KILL" {
	local i none=0 ran=0 took t0 launcher sig
	local signals=(INT TERM HUP KILL)

	# How long a start takes here and now, from fork to return, in us.
	t0=$(now_ms)
	for i in 1 2 3 4 5 6 7 8 9 10; do
		"$WITH" -d "$DETACH" -o log true
	done
	took=$((($(now_ms) - t0) * 100))
	for ((i = 0; i < 300; i++)); do
		before_interrupt $((i / 4))
		"$WITH" -d "$DETACH" -p pid -o log ./command 3>&- 9>&- &
		launcher=$!
		sig=${signals[i % 4]}
		printf -v t0 '0.%06d' \
		    $(((RANDOM * 32768 + RANDOM) % (took * 3 / 2 + 1)))
		read -rt "$t0" -u 9 || :
		kill -$sig $launcher 2>/dev/null || :
		wait $launcher 2>/dev/null || :
		after_interrupt $sig $launcher ||
		    fail "SIG$sig after ${t0}s, start $i"
	done
	nothing_left
	echo "# of 300: $ran launched, $none not (a start took $took us)" >&3
	# Else the moments were not random enough to show anything.
	[ $none -gt 0 ] && [ $ran -gt 0 ] || fail "always the same"
}

@test "L12: an interruption at each system call of the launcher" {
	local n sig none=0 ran=0 status=0

	"$TRACE" "$DETACH" -p pid -o log ./command 3>&- 9>&- || status=$?
	[ $status -ne 99 ] || skip "ptrace is not allowed"
	fresh=0
	after_interrupt none 0
	equal "$ran" 1 "uninterrupted starts"
	ran=0
	for sig in KILL TERM; do
		# Until it has ended by itself before its Nth call.
		for ((n = 1; n < 1000; n++)); do
			before_interrupt "$n"
			status=0
			"$TRACE" -k "0:$n:$(kill -l $sig)" "$DETACH" -p pid -o log \
			    ./command 2>/dev/null 3>&- 9>&- || status=$?
			after_interrupt $sig 0 || fail "signal $sig, call $n"
			[ $status -ne 0 ] || break
		done
		[ $n -lt 1000 ] || fail "it never ends"
	done
	nothing_left
	echo "# interrupted at each call: $ran launched, $none not" >&3
	[ $none -gt 0 ] && [ $ran -ge 2 ] || fail "always the same"
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
	wait $! || :
	[ ! -e ran ] && [ ! -e log ]
	for p in $(pgrep -P "$(head -n 1 "$STARTED" | cut -d' ' -f1)"); do
		started "$p"
	done
}
