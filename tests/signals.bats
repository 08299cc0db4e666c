# SPDX-License-Identifier: ISC
# L5: SIGHUP is ignored; every other signal has its default disposition, and
# nothing is blocked, whatever the caller had.

load helper

# sane FILE: what the probe saw is what L5 promises.
sane() {
	soon probe_done "$1" || return 1
	equal "$(probe_value "$1" SigIgn)" 0000000000000001 ignored || return 1
	equal "$(probe_value "$1" SigBlk)" 0000000000000000 blocked || return 1
	equal "$(probe_value "$1" SigCgt)" 0000000000000000 caught
}

@test "L5: SIGHUP ignored, the others by default, from a sane caller" {
	"$WITH" -d "$DETACH" "$PROBE" "$WORK/seen"
	sane seen
}

@test "L5: a caller that ignores every signal" {
	"$WITH" -i "$DETACH" "$PROBE" "$WORK/seen"
	sane seen
}

@test "L5: a caller that blocks every signal" {
	"$WITH" -b "$DETACH" "$PROBE" "$WORK/seen"
	sane seen
}

@test "L5: a caller that does both, with a pidfile and a |COMMAND" {
	"$WITH" -b -i "$DETACH" -p pid -o '|cat >out' "$PROBE" "$WORK/seen"
	sane seen
	soon not locked pid
}

@test "L5: the |COMMAND's signals are as sane" {
	cp "$PROBE" probe
	"$WITH" -b -i "$DETACH" -o "|exec ./probe $WORK/seen" true
	sane seen
}

@test "L5: a caller with signals pending" {
	# Blocked and pending, a signal stays so over exec.
	"$WITH" -b sh -c 'kill -TERM $$; kill -USR1 $$; exec "$@"' sh \
	    "$DETACH" "$PROBE" "$WORK/seen" || :
	# To end by what was pending is right; to hand it on is not.
	nothing_left
	if [ -e seen ]; then
		sane seen
		equal "$(probe_value seen SigPnd)" 0000000000000000
		equal "$(probe_value seen ShdPnd)" 0000000000000000
	fi
}

@test "L5: a signal that the caller blocks does not interrupt a launch" {
	for sig in HUP INT QUIT TERM; do
		run "$WITH" -b sh -c 'kill -"$1" $$; shift
		    exec "$@"' sh $sig "$DETACH" -o $sig sh -c 'echo ran'
		status_is 0
		equal "$output" ""
		soon has $sig ran
	done
}

@test "L5: an inherited ignored SIGCHLD does not confuse the launcher" {
	try "$WITH" -i "$DETACH" no-such-command
	status_is 127
	try "$WITH" -i "$DETACH" -p pid "$WORK"
	status_is 126
	printf '#!/no/such/interpreter\n' >bad
	chmod 755 bad
	try "$WITH" -i "$DETACH" ./bad
	matches "$status" '^12[67]$'
	[ ! -e pid ]
	nothing_left
}

@test "L5: the command survives SIGHUP, and ends by SIGTERM, INT, QUIT, PIPE" {
	local sig

	launch sleep 60
	kill -HUP "$pid"
	kill -HUP -- "-$pid"
	sleep 0.2
	alive "$pid"
	for sig in TERM INT QUIT PIPE USR1; do
		pid=$("$WITH" -b -i "$DETACH" -P sleep 60)
		started "$pid"
		kill -$sig "$pid"
		soon gone "$pid" || fail "SIG$sig did not end it"
	done
}
