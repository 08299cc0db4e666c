#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2154 # stderr: bats sets it
#
# Section "logout on systemd machines", with a mocked bus: what a real logind
# and systemd do too rarely to be waited for.  What they do is in logout.bats.

bats_require_minimum_version 1.5.0
load helper

setup() {
	detach_setup
	SCOPE=${DETACH%/*}/detach-scope
	BED=$BATS_TEST_DIRNAME/bed
	mkdir -m 700 "$WORK/run"
	export XDG_RUNTIME_DIR=$WORK/run
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$WORK/run/bus
	unset DBUS_SESSION_BUS_ADDRESS DETACH_SCOPE
}

need_mocks() {
	local p

	[ -x "$SCOPE" ] || skip "built without systemd"
	need dbus-daemon
	for p in python3 /usr/bin/python3; do
		if "$p" -c 'import dbus, dbusmock, gi' 2>/dev/null; then
			PYTHON=$p
			return 0
		fi
	done
	skip "needs python3-dbusmock"
}

listening() {
	[ -S "$1" ]
}

# bus [DIR]: a message bus of our own, in $WORK/run or DIR.
bus() {
	local dir=${1:-$WORK/run}

	need_mocks
	dbus-daemon --nofork --nopidfile --nosyslog \
	    --config-file="$BED/bus.conf" --address="unix:path=$dir/bus" \
	    >/dev/null 2>&1 3>&- &
	started $!
	soon listening "$dir/bus"
}

# mock KEY=VALUE ...: see mock-systemd; requests are seen in $WORK/requests.
mock() {
	rm -f "$WORK/mock.out" # where a mock before this has said ready
	: >"$WORK/requests"
	"$PYTHON" "$BED/mock-systemd" log="$WORK/requests" "$@" \
	    >"$WORK/mock.out" 2>"$WORK/mock.err" 3>&- &
	started $!
	soon has "$WORK/mock.out" ready || { cat "$WORK/mock.err"; return 1; }
}

# owner: whom logind takes for the owner of this session.
owner() {
	local uid

	uid=$(sed -n 's/.*user-\([0-9]*\)\.slice.*/\1/p;T;q' /proc/self/cgroup)
	id -nu "${uid:-$(id -u)}"
}

# victim: a process to be moved, in $pid.
victim() {
	sleep 300 >/dev/null 2>&1 3>&- &
	pid=$!
	started "$pid"
}

# ask WHEN: run the helper as the launcher does, for $pid.
ask() {
	run timeout 30 "$SCOPE" "$1" "a command" "$pid"
	status_is 0
	head=${lines[0]}
	why=${lines[1]:-}
}

requests() {
	wc -l <"$WORK/requests"
}

@test "scope: where logind kills, the command is moved when the job is done" {
	bus
	mock login=yes exclude=none-at-all
	victim
	ask auto
	matches "$head" "^moved detach-$pid-[0-9a-f]{12}\.scope$"
	equal "$why" ""
	equal "$(cat "$WORK/requests")" \
	    "${head#moved } a_command continue $pid"
}

@test "scope: where logind does not kill, nothing is asked of systemd" {
	bus
	mock login=no
	victim
	ask auto
	equal "$head" unneeded
	equal "$(requests)" 0
}

@test "scope: an excluded user is not moved" {
	bus
	mock login=yes exclude="somebody,$(owner)" only="$(owner)"
	victim
	ask auto
	equal "$head" unneeded
}

@test "scope: KillOnlyUsers counts for its users, and for others" {
	bus
	mock login=no only="somebody,$(owner)" exclude=none-at-all
	victim
	ask auto
	matches "$head" "^moved "
}

@test "scope: a user who is not in KillOnlyUsers is not moved" {
	bus
	mock login=yes only=somebody exclude=none-at-all
	victim
	ask auto
	equal "$head" unneeded
}

@test "scope: root is exempt where no exemption is set" {
	[ "$(owner)" = root ] || skip "needs a session of root"
	bus
	mock login=yes
	victim
	ask auto
	equal "$head" unneeded
}

@test "scope: whoever does not linger is told how to" {
	need_user
	bus
	mock login=yes exclude=none-at-all linger=no
	victim
	ask auto
	matches "$head" "^moved "
	matches "$why" "loginctl enable-linger.*loginctl enable-linger $(id -nu)"
}

@test "scope: root's scope is of the system, which needs no linger" {
	need_root
	bus
	mock login=yes exclude=none-at-all linger=no
	victim
	ask auto
	matches "$head" "^moved "
	equal "$why" ""
}

@test "scope: always asks nobody whether, and needs no logind" {
	bus
	mock login=none
	victim
	ask always
	matches "$head" "^moved "
	ask auto
	equal "$head" unneeded
}

@test "scope: systemd's refusal is reported in its words, on one line" {
	bus
	mock exclude=none-at-all start=denied
	victim
	ask auto
	equal "$head" "failed 13"
	matches "$why" "^systemd: not for you$|^the user manager: not for you$"
	equal "${#lines[@]}" 2
}

@test "scope: logind's refusal is reported" {
	bus
	mock login=denied
	victim
	ask auto
	matches "$head" "^failed "
	matches "$why" "systemd-logind: not for you$"
}

@test "scope: a job that failed is a failure" {
	bus
	mock exclude=none-at-all start=failed
	victim
	ask auto
	equal "$head" "failed 5"
	matches "$why" "detach-$pid-.*\.scope: failed$"
}

@test "scope: another job's end is not taken for ours" {
	bus
	mock exclude=none-at-all start=other
	victim
	ask auto
	matches "$head" "^moved "
}

@test "scope: a job that is done before the reply is seen" {
	bus
	mock exclude=none-at-all start=early
	victim
	ask auto
	matches "$head" "^moved "
}

@test "scope: a name that is taken is replaced by another" {
	bus
	mock exclude=none-at-all start=taken:2
	victim
	ask auto
	matches "$head" "^moved "
	equal "$(cut -d' ' -f1 "$WORK/requests" | sort -u | wc -l)" 3
	equal "$(tail -n 1 "$WORK/requests" | cut -d' ' -f1)" "${head#moved }"
}

@test "scope: names that are all taken are given up on" {
	bus
	mock exclude=none-at-all start=taken:1000
	victim
	ask auto
	matches "$head" "^failed "
	matches "$why" "exists$"
	[ "$(requests)" -lt 20 ]
}

@test "scope: a systemd that does not know OOMPolicy is asked without it" {
	bus
	mock exclude=none-at-all start=old
	victim
	ask auto
	matches "$head" "^moved "
	equal "$(cut -d' ' -f3 "$WORK/requests" | tr '\n' ' ')" "continue - "
}

@test "scope: any bytes make a description, and all processes are moved" {
	local a

	bus
	mock exclude=none-at-all
	victim
	a=$pid
	victim
	run timeout 30 "$SCOPE" auto \
	    $'x\xff\xc3\xa9\x1b\n\xed\xa0\x80\xe2\x82\xac' "$a" "$pid"
	matches "${lines[0]}" "^moved "
	equal "$(cut -d' ' -f2- "$WORK/requests")" \
	    "x?é?????€ continue $a $pid"
}

# Four silences in one test, for each takes as long as the patience lasts.
@test "scope: silence anywhere is waited for only so long" {
	local i pids=() kind

	need_mocks
	victim
	for kind in login=mute start=mute start=noremoved bus; do
		export XDG_RUNTIME_DIR=$WORK/run/${kind#*=}-${#pids[@]}
		mkdir -m 700 "$XDG_RUNTIME_DIR"
		export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
		if [ "$kind" = bus ]; then
			mute_bus "$XDG_RUNTIME_DIR/bus"
		else
			bus "$XDG_RUNTIME_DIR"
			mock exclude=none-at-all "$kind"
		fi
		timeout 30 "$SCOPE" auto "a command" "$pid" \
		    >"$WORK/out.$kind" 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	cat "$WORK"/out.*
	has "$WORK/out.login=mute" "systemd-logind does not answer"
	has "$WORK/out.start=mute" "does not answer"
	has "$WORK/out.start=noremoved" "does not finish making detach-"
	has "$WORK/out.bus" "the system bus does not answer"
	equal "$(cat "$WORK"/out.* | grep -c '^failed 110$')" 4
}

# mute_bus PATH: a socket that takes connections and never says anything.
mute_bus() {
	"$PYTHON" -c 'if True:
		import socket, sys, time
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen(9)
		time.sleep(90)' "$1" 3>&- &
	started $!
	soon listening "$1"
}

@test "scope: without a bus, auto is silent and always fails" {
	[ -x "$SCOPE" ] || skip "built without systemd"
	victim
	ask auto
	equal "$head" unneeded
	ask always
	matches "$head" "^failed "
	[ -n "$why" ]
}

@test "scope: the helper's misuse is 125" {
	[ -x "$SCOPE" ] || skip "built without systemd"
	run "$SCOPE"
	status_is 125
	run "$SCOPE" perhaps x 1
	status_is 125
}

# --- the launcher ---------------------------------------------------------

# fake_helper SCRIPT-LINE ...: $FAKE is detach with a helper of our own, which
# notes its arguments in $WORK/asked and its pids in $WORK/helper first.
fake_helper() {
	[ -x "$SCOPE" ] || skip "built without systemd"
	mkdir -p "$WORK/bin"
	cp "$DETACH" "$WORK/bin/detach"
	[ ! -x "${DETACH%/*}/detach-keeper" ] ||
		cp "${DETACH%/*}/detach-keeper" "$WORK/bin/"
	{
		echo '#!/bin/sh'
		echo "echo \$\$ >>'$WORK/helper'"
		echo "echo \"\$@\" >>'$WORK/asked'"
		printf '%s\n' "$@"
	} >"$WORK/bin/detach-scope"
	chmod +x "$WORK/bin/detach-scope"
	FAKE=$WORK/bin/detach
}

# in_session COMMAND ...: run it as if in the scope of a login session.
in_session() {
	local way

	echo '0::/user.slice/user-7.slice/session-7.scope' >"$WORK/cgroup"
	for way in "unshare -m" "unshare -rm"; do
		# shellcheck disable=SC2086,SC2016
		if $way sh -c 'mount --bind "$1" /proc/$$/cgroup' sh \
		    "$WORK/cgroup" 2>/dev/null; then
			# exec: the mount is on this very pid's file.
			# shellcheck disable=SC2016
			run --separate-stderr $way sh -c \
			    'mount --bind "$1" /proc/$$/cgroup; shift; exec "$@"' \
			    sh "$WORK/cgroup" "$@"
			return 0
		fi
	done
	skip "needs a mount namespace"
}

@test "scope: outside of a session's scope the helper is not even run" {
	! grep -q '/session-[^/]*\.scope' /proc/self/cgroup ||
		skip "this is a session's scope"
	fake_helper 'printf "failed 5\nfor no reason\n"'
	pid=$("$FAKE" -P sleep 300 2>err)
	started "$pid"
	alive "$pid"
	[ ! -e asked ]
	[ ! -s err ]
}

@test "scope: never does not run the helper in a session either" {
	fake_helper 'printf "failed 5\nfor no reason\n"'
	in_session "$FAKE" -P --scope=never sleep 300
	status_is 0
	started "$output"
	[ ! -e asked ]
	equal "$stderr" ""
}

@test "scope: DETACH_SCOPE is the option's default, the option overrides" {
	fake_helper 'printf "failed 5\nfor no reason\n"'
	DETACH_SCOPE=always run "$FAKE" sleep 300
	status_is 125
	DETACH_SCOPE=always run "$FAKE" -P --scope=never sleep 300
	status_is 0
	started "$output"
	DETACH_SCOPE=perhaps run "$FAKE" sleep 300
	status_is 125
	run "$FAKE" --scope=perhaps sleep 300
	status_is 125
}

@test "scope: in a session's scope the helper is given the command's pid" {
	fake_helper 'printf "moved detach-x.scope\n\n"'
	in_session "$FAKE" -P sleep 300
	status_is 0
	started "$output"
	equal "$stderr" ""
	matches "$(cat asked)" "^auto .*sleep 300 $output$"
}

@test "scope: where the helper says that nothing is needed, nothing is said" {
	fake_helper 'printf "unneeded\n\n"'
	in_session "$FAKE" -P sleep 300
	status_is 0
	started "$output"
	equal "$stderr" ""
}

@test "scope: filters are moved, too" {
	fake_helper 'printf "moved detach-x.scope\n\n"'
	in_session "$FAKE" -P -o '|cat >/dev/null' -e '|cat >/dev/null' \
	    sleep 300
	status_is 0
	started "$output"
	equal "$(awk '{ print NF }' asked)" \
	    "$(awk '{ print NF }' <<<"auto sleep 300 1 2 3")"
}

@test "scope: an adopted command is moved, with its keeper, and it is on record" {
	need_root	# or ptrace(2) is not ours in a namespace of users
	load adopt
	fake_helper 'printf "moved detach-x.scope\nlinger, friend\n"'
	in_terminal "$TICK $PWD/pid"
	in_session "$FAKE" --adopt -n job -o log "$pid"
	status_is 0
	equal "$stderr" "detach: warning: linger, friend"
	matches "$(cat asked)" "^auto .* $pid $(sed -n 's/^keeper //p' state/job/record)$"
	equal "$(sed -n 's/^scope //p' state/job/record)" detach-x.scope
	started "$(sed -n 's/^keeper //p' state/job/record)"
	run "$DETACH" --stop job
	status_is 0
}

@test "scope: a warning with the move is passed on, but with -q" {
	fake_helper 'printf "moved detach-x.scope\nlinger, friend\n"'
	in_session "$FAKE" -P sleep 300
	started "$output"
	equal "$stderr" "detach: warning: linger, friend"
	in_session "$FAKE" -q -P sleep 300
	started "$output"
	equal "$stderr" ""
}

@test "scope: a failure in auto is a warning, and the command runs" {
	fake_helper 'printf "failed 5\nfor no reason\n"'
	in_session "$FAKE" -P sleep 300
	status_is 0
	started "$output"
	alive "$output"
	matches "$stderr" \
	    "^detach: warning: the command may be killed.*: for no reason$"
}

@test "scope: a failure in always is an error, and nothing is left (L1)" {
	fake_helper 'printf "failed 5\nfor no reason\n"'
	run "$FAKE" -n job --scope=always sleep 300
	status_is 125
	equal "$output" "detach: --scope=always: for no reason"
	nothing_left
	run "$DETACH" --status job
	status_is 4
	[ ! -e "$DETACH_STATE_DIR/job" ]
}

@test "scope: a helper that dies is no success" {
	fake_helper 'printf "moved detach-x.scope\n"; kill -KILL $$'
	run "$FAKE" --scope=always sleep 300
	status_is 125
	matches "$output" "detach-scope died"
	nothing_left
}

@test "scope: a helper that hangs is killed in time" {
	local begun=$SECONDS

	fake_helper 'exec sleep 300'
	run "$FAKE" --scope=always sleep 300
	status_is 125
	[ $((SECONDS - begun)) -lt 25 ]
	matches "$output" "no answer in time"
	nothing_left
}

helper_of() {
	helper=$(ps -o pid=,comm= --ppid "$1" |
	    awk '$2 == "detach-scope" { print $1 }')
	[ -n "$helper" ]
}

@test "L12: killed while it waits for systemd, the launcher leaves nothing" {
	local launcher

	need_mocks
	mute_bus "$WORK/run/bus"
	"$DETACH" -n job --scope=always sleep 300 >out 2>&1 3>&- &
	launcher=$!
	started "$launcher"
	soon helper_of "$launcher"
	started "$helper"
	kill -KILL "$launcher"
	wait_for 5 gone "$helper"
	end_started
	nothing_left
	# Nor does it stand in the way of the next.
	run "$DETACH" -n job --scope=never --json sleep 300
	status_is 0
	started "$(json pid <<<"$output")" "$(json keeper <<<"$output")"
}

@test "scope: a missing helper is silent in auto, an error in always" {
	fake_helper
	rm "$WORK/bin/detach-scope"
	[ ! -x /usr/local/libexec/detach-scope ] || skip "one is installed"
	in_session "$FAKE" -P sleep 300
	status_is 0
	started "$output"
	equal "$stderr" ""
	run "$FAKE" --scope=always sleep 300
	status_is 125
	matches "$output" "detach-scope: No such file"
}

@test "scope: the helper is out of the terminal's reach, its signals clean" {
	# By the shell itself: dash starts others with everything blocked.
	fake_helper "while read -r line; do echo \"\$line\"; done \\" \
	    "    </proc/\$\$/status >'$WORK/status'" \
	    "ps -o pgid= -p \$\$ >'$WORK/group'" \
	    'printf "moved detach-x.scope\n\n"'
	trap '' INT USR1 CHLD
	pid=$("$FAKE" -P --scope=always sleep 300)
	trap - INT USR1 CHLD
	started "$pid"
	# HUP, INT, QUIT and TERM are held until the move is done; glibc
	# ignores its own signals, 32 and 33.
	matches "$(cat status)" 'SigBlk:[^0-9]*0000000000004007'
	matches "$(cat status)" 'SigIgn:[^0-9]*0000000[01]80000000|SigIgn:[^0-9]*0{16}'
	equal "$(tr -d ' ' <group)" "$(cat helper)"
}

@test "scope: the scope's name is on record and in JSON" {
	fake_helper 'printf "moved detach-x.scope\n\n"'
	run "$FAKE" -n job --scope=always --json sleep 300
	status_is 0
	equal "$(json scope <<<"$output")" detach-x.scope
	started "$(json pid <<<"$output")" "$(json keeper <<<"$output")"
	run "$FAKE" --status --json job
	equal "$(json scope <<<"$output")" detach-x.scope
	run "$FAKE" --stop job
	status_is 0
}

@test "scope: a kept job's keeper and command are moved together" {
	local json

	fake_helper 'printf "moved detach-x.scope\n\n"'
	json=$("$FAKE" -n job --scope=always --json sleep 300)
	pid=$(json pid <<<"$json")
	started "$pid" "$(json keeper <<<"$json")"
	matches "$(cat asked)" "[ ]$pid( |$)"
	matches "$(cat asked)" "[ ]$(json keeper <<<"$json")( |$)"
}

@test "scope: built without systemd, always says so, and auto says nothing" {
	[ ! -x "$SCOPE" ] || skip "built with systemd"
	run "$DETACH" --scope=always sleep 300
	status_is 125
	matches "$output" "built without systemd"
	nothing_left
	in_session "$DETACH" -P sleep 300
	status_is 0
	started "$output"
	equal "$stderr" ""
}
