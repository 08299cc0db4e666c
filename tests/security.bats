#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Nobody is let in: what another user, or a forged record, could put in
# detach's way. Links for pidfiles and logs are pidfile.bats's and
# streams.bats's.

load jobs

# raw_free: no byte of standard input that a terminal acts on: C0 but for
# newline, DEL, C1 in UTF-8 or bare.
raw_free() {
	! LC_ALL=C grep -aqP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' ||
	    fail "a control character came through"
}

# as_nobody COMMAND ...
as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

# refused_soon COMMAND ...: an error, not a hang, and not a success.
refused_soon() {
	try timeout 20 "$@"
	case $status in
	0|3|124|137)	fail "status $status: $output" ;;
	esac
}

@test "security: set-user-ID it refuses to run" {
	need_root
	need setpriv
	chmod 755 "$WORK"
	cp "$DETACH" suid
	chown 0:0 suid
	chmod 4755 suid
	as_nobody test -x "$WORK/suid" || skip "nobody cannot get here"
	cp /usr/bin/id suid-id
	chmod 4755 suid-id
	[ "$(as_nobody "$WORK/suid-id" -u)" = 0 ] ||
	    skip "no set-user-ID here"
	try as_nobody "$WORK/suid" -o /dev/null touch "$WORK/ran"
	equal "$status" 125 "exit status"
	matches "$output" '^detach: must not be installed set-user-ID' message
	nothing_left
	[ ! -e ran ]
}

@test "security: a record of another user's is refused, and nothing signalled" {
	need_root
	sleep 300 3>&- &
	started $!
	forge theirs "pid=$!" "start_time=$(stat_field $! 22)"
	run "$DETACH" --status theirs
	status_is 0
	chown 65534:65534 "$DETACH_STATE_DIR/theirs/record"
	refused_soon "$DETACH" --status theirs
	refused_soon "$DETACH" --stop theirs
	refused_soon "$DETACH" --signal=KILL theirs
	refused_soon "$DETACH" --wait theirs
	run "$DETACH" --list
	[[ "$output" != *"$!"* ]]
	alive $!
}

@test "security: a job's directory of another user's is refused" {
	need_root
	forge theirs
	chown 65534:65534 "$DETACH_STATE_DIR/theirs"
	refused_soon "$DETACH" --status theirs
	refused_soon "$DETACH" -n theirs touch "$WORK/ran"
	refused_soon "$DETACH" --forget theirs
	[ -e "$DETACH_STATE_DIR/theirs/record" ]
	[ ! -e ran ]
}

@test "security: a state directory that others can write to is refused" {
	local mode

	mkdir "$DETACH_STATE_DIR"
	for mode in 0770 0707 1777; do
		chmod "$mode" "$DETACH_STATE_DIR"
		try "$DETACH" -n job touch "$WORK/ran"
		equal "$status" 125 "exit status with $mode"
		matches "$output" 'only you can write' message
		equal "$(ls -A "$DETACH_STATE_DIR")" "" files
	done
	nothing_left
	[ ! -e ran ]
}

@test "security: a state directory of another user's is refused" {
	need_root
	mkdir -m 700 "$DETACH_STATE_DIR"
	chown 65534:65534 "$DETACH_STATE_DIR"
	refused_soon "$DETACH" -n job touch "$WORK/ran"
	equal "$(ls -A "$DETACH_STATE_DIR")" "" files
	[ ! -e ran ]
}

@test "security: a link, a FIFO, a directory in a record's or job's place" {
	forge real
	mkdir "$DETACH_STATE_DIR"/{fifo,link,dir}
	chmod 700 "$DETACH_STATE_DIR"/*
	mkfifo "$DETACH_STATE_DIR/fifo/record"
	ln -s ../real/record "$DETACH_STATE_DIR/link/record"
	mkdir "$DETACH_STATE_DIR/dir/record"
	ln -s real "$DETACH_STATE_DIR/alias"
	for job in fifo link dir alias; do
		refused_soon "$DETACH" --status "$job"
		refused_soon "$DETACH" --stop "$job"
	done
	run timeout 20 "$DETACH" --list
	[ "$status" -ne 124 ]
	matches "$output" 'real' list
	[[ "$output" != *alias* ]]
	refused_soon "$DETACH" -n alias touch "$WORK/ran"
	[ ! -e ran ]
}

@test "security: a record too large to be one is refused, not read" {
	forge big
	truncate -s 5G "$DETACH_STATE_DIR/big/record" ||
	    skip "no sparse files here"
	refused_soon "$DETACH" --status big
}

@test "security: root's pidfile that has another name, too, is left alone" {
	need_root
	echo secret >secret
	ln secret pid
	refused_soon "$DETACH" -p pid -o /dev/null touch ran
	equal "$(cat secret)" secret text
	[ ! -e ran ]
}

@test "security: no escape sequence of a forged record reaches the terminal" {
	local e='\033[31m\^[]0;x\a\M-B\M^[\302\233\r\b\177'

	forge evil "command=sh -c $e" "directory=/$e" "host=$(hostname)" \
	    "user=$e" "log=/nonexistent/$e" "pidfile=/$e" "scope=$e" \
	    "ended=1700000001.000000000" "elapsed=1.000000000" exit_status=0
	"$DETACH" --list >list || fail "status $?"
	grep -q evil list
	raw_free <list
	"$DETACH" --list --json | raw_free
	{ "$DETACH" --status evil || :; } | raw_free
	{ "$DETACH" --log evil 2>&1 || :; } | raw_free
	"$PTY" "$DETACH" --list >terminal 2>&1 </dev/null || :
	# Colours are detach's own; the record's are not.
	if grep -aqF $'\e]0' terminal; then false; fi
	! grep -aqF $'\a' terminal
}

@test "security: raw bytes in a record are no record, or harmless" {
	forge raw
	printf 'scope \033[31m\001\n' >>"$DETACH_STATE_DIR/raw/record"
	{ "$DETACH" --list 2>&1 || :; } | raw_free
	{ "$DETACH" --status raw 2>&1 || :; } | raw_free
}

@test "security: no escape sequence of an argument reaches the terminal" {
	local e=$'\e[31m\x9b\xc2\x9b\r\a'

	{ "$DETACH" --status "a$e" 2>&1 || :; } | raw_free
	{ "$DETACH" "no$e" 2>&1 || :; } | raw_free
	{ "$DETACH" -n "n$e" true 2>&1 || :; } | raw_free
	{ "$DETACH" -p "/nonexistent/$e" true 2>&1 || :; } | raw_free
	{ "$DETACH" -o "/nonexistent/$e" true 2>&1 || :; } | raw_free
	{ "$DETACH" --wait --timeout="$e" x 2>&1 || :; } | raw_free
	{ "$DETACH" --signal="$e" x 2>&1 || :; } | raw_free
}

@test "security: what a job leaves is for its owner's eyes only" {
	umask 000
	SECRET=sesame job -n job sh -c 'echo out'
	soon ended job
	equal "$(find "$DETACH_STATE_DIR" -perm /077 ! -name pid)" "" \
	    "readable by others"
	run grep -r sesame "$DETACH_STATE_DIR"
	equal "$output" "" "the environment in files"
}
