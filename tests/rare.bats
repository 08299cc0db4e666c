#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# What is rarely seen, and is not another file's subject.

load jobs

@test "V2: between two runs, --status says that it is about to start again" {
	job -n a --restart=always --restart-delay=60 -i /dev/null true
	soon no_pid a
	run "$DETACH" --status a
	status_is 0
	matches "$output" 'running, about to be started again'
	run "$DETACH" --stop a
	status_is 0
}

no_pid() {
	[ "$(field "$1" pid)" = null ]
}

@test "V2: how often it was restarted is in --status" {
	echo line >in
	exec 7>kept
	job -n a --restart=on-failure --restart-delay=0.05 --restart-limit=2 \
	    -i in -k 7 sh -c 'cat >&7; exit 1'
	exec 7>&-
	run "$DETACH" --wait a
	status_is 1
	run "$DETACH" --status a
	matches "$output" 'restarted 2 times'
	# The input from its start, and the descriptor, for each run.
	equal "$(xargs <kept)" "line line line"
}

@test "V2: of a tree whose command has ended, the rest runs" {
	job -n a --tree sh -c 'sleep 300 & echo $! >left; exit 0'
	soon test -s left
	started "$(cat left)"
	soon no_pid a
	run "$DETACH" --status a
	status_is 0
	matches "$output" 'running, what its command has left'
	run "$DETACH" --stop a
	status_is 0
}

@test "V1: bare processes in --list, beside a job" {
	sleep 300 3>&- &
	started $!
	forge a exit_status=0 ended=1700000001.000000000 elapsed=1.000000000
	run "$DETACH" --list --json a $!
	status_is 0
	equal "${#lines[@]}" 2
	equal "$(json pid <<<"${lines[0]}")" $!
	run "$DETACH" --list $! a
	matches "$output" "- +$! +running .* sleep 300"
	"$DETACH" -n d -o out sleep 300
	run "$DETACH" --list $! d a
	equal "$(awk 'NR > 1 { print $1 }' <<<"$output" | xargs)" "d - a"
}

# ended_unseen: the job a, which ends with 7 while the process of ./pid, which
# waits for it below $waiting, is stopped.
ended_unseen() {
	"$DETACH" -n a -o out sh -c 'while [ ! -e go ]; do sleep 0.05; done
	    exit 7'
	timeout 60 sh -c 'echo $$ >pid; exec "$DETACH" --wait a' 3>&- &
	waiting=$!
	soon test -s pid
	soon has_execed "$(cat pid)" detach
	soon state_is "$(cat pid)" S
	kill -STOP "$(cat pid)"
	: >go
	soon ended a
}

@test "V3: started anew while it is waited for: the status is the first's" {
	local waiting

	ended_unseen
	"$DETACH" -n a -o out sleep 300
	kill -CONT "$(cat pid)"
	status=0
	wait "$waiting" || status=$?
	# Where the kernel does not tell, it is not made up either.
	[ "$status" -eq 7 ] || status_is 125
	equal "$(state_of a)" running
}

@test "V3: more jobs than the soft limit of descriptors has room for" {
	local i

	for i in {1..40}; do
		forge "j$i" ended=1700000001.000000000 elapsed=1.000000000 \
		    exit_status=0
	done
	run bash -c 'ulimit -Sn 20; "$DETACH" --wait j{1..40} && "$DETACH" --list'
	status_is 0
	equal "$(grep -c 'exited 0' <<<"$output")" 40
}

@test "V2: another host's job that nobody holds is lost" {
	forge a host=elsewhere boot_id=00000000-0000-0000-0000-000000000000
	run "$DETACH" --status a
	status_is 1
	matches "$output" 'lost, its host or its keeper went down'
}

@test "V2: a user without a name is shown as a number" {
	need_root
	setpriv --reuid 54321 --regid 54321 --clear-groups sleep 300 3>&- &
	started $!
	soon has_execed $! sleep
	equal "$(field $! user)" 54321
}

@test "J2: what a killed keeper left of a new record is in nobody's way" {
	job -n a sh -c 'while [ ! -e go ]; do sleep 0.05; done; exit 7'
	: >"$DETACH_STATE_DIR/a/record.new"
	: >go
	run "$DETACH" --wait a
	status_is 7
	[ ! -e "$DETACH_STATE_DIR/a/record.new" ]
}

@test "scope: a user without a name, whom nobody has made a directory" {
	local scope=${DETACH%/*}/detach-scope

	need_root
	[ -x "$scope" ] || skip "built without systemd"
	run setpriv --reuid 54321 --regid 54321 --clear-groups \
	    env -u XDG_RUNTIME_DIR \
	    DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent \
	    "$scope" always words $$
	matches "$output" '54321 has no running user manager'
}

@test "V1: on a terminal, what has failed is red, what runs is green" {
	need script
	forge a exit_status=0 ended=1700000001.000000000 elapsed=1.000000000
	forge b exit_status=3 ended=1700000001.000000000 elapsed=1.000000000
	forge c signal=9 ended=1700000001.000000000 elapsed=1.000000000
	"$DETACH" -n d -o out sleep 300
	TERM=xterm script -qec "'$DETACH' --list" /dev/null </dev/null >screen
	grep -q '^a .*[^m]exited 0' screen
	grep -q '^b .*\[[0-9;]*31m *exited 3' screen
	grep -q '^c .*\[[0-9;]*31m *killed KILL' screen
	grep -q '^d .*\[[0-9;]*32m *running' screen
	NO_COLOR=1 TERM=xterm script -qec "'$DETACH' --list" /dev/null \
	    </dev/null >screen
	! grep -q $'\033' screen
}

@test "V2: a bare process with long arguments is shown whole" {
	local long

	long=$(printf '%09999d' 0)
	sh -c 'sleep 300; :' "$long" "$long" 3>&- &
	started $!
	soon has_execed $! sh
	"$DETACH" --status --json $! >json
	equal "$(jq -r '.command | length' <json)" 5
	equal "$(jq -r '.command[4]' <json)" "$long"
	started "$(pgrep -P $!)"
	# More than will be shown.
	long=$(printf '%0120000d' 0)
	sh -c 'sleep 300; :' "$long"{1..12} 3>&- &
	started $!
	soon has_execed $! sh
	"$DETACH" --status --json $! >json
	[ "$(jq -r '.command | length' <json)" -gt 9 ]
	started "$(pgrep -P $!)"
}

@test "J7: --forget of what is no job's process" {
	sleep 300 3>&- &
	started $!
	run "$DETACH" --forget $!
	status_is 1
	matches "$output" "is no job's"
}

@test "V2: of two jobs with one pidfile, the later; of those, who runs" {
	forge a pidfile="$PWD/p" started=1700000000.000000000
	forge b pidfile="$PWD/p" started=1700000009.000000000
	equal "$(field ./p name)" b
	forge c pidfile="$PWD/p" started=1700000009.000000001
	equal "$(field ./p name)" c
	"$DETACH" -n d -p p -o out sleep 300
	equal "$(field ./p name)" d
}

@test "V3 V4: a job without a log, and a log that is no file" {
	mkfifo fifo
	forge a log="$PWD/fifo" exit_status=0 ended=1700000001.000000000 \
	    elapsed=1.000000000
	run timeout 20 "$DETACH" --log a
	status_is 1
	matches "$output" 'has no log'
	forge b exit_status=0 ended=1700000001.000000000 elapsed=1.000000000
	run timeout 20 "$DETACH" --log --follow b
	[ "$status" -ne 0 ]
	matches "$output" 'has no log'
}

@test "V3: an end without its status: 125, and it is said" {
	forge a ended=1700000001.000000000 elapsed=1.000000000
	run "$DETACH" --wait a
	status_is 125
	matches "$output" 'status unknown'
	run "$DETACH" --status a
	status_is 1
	matches "$output" 'status unknown'
}

@test "output that cannot be written is an error of each verb" {
	job -n a echo text
	"$DETACH" --wait a
	local verb

	for verb in --list "--list --json" "--status a" "--log a" --help; do
		status=0
		# shellcheck disable=SC2086 # words
		"$DETACH" $verb >/dev/full 2>message || status=$?
		status_is 125
		has message 'No space left'
	done
}

@test "-n without a place for its record" {
	run env -u HOME -u DETACH_STATE_DIR "$DETACH" -n a true
	status_is 125
	matches "$output" 'set HOME or DETACH_STATE_DIR'
}

@test "-k: more descriptors than there is room for" {
	local many=() i

	for i in {1..80}; do many+=(-k 2); done
	run "$DETACH" "${many[@]}" true
	status_is 125
	matches "$output" 'at most [0-9]+ descriptors'
}

@test "-o: links that lead nowhere, and too long a path" {
	ln -s b a
	ln -s a b
	run "$DETACH" -o a true
	status_is 125
	matches "$output" '[Ss]ymbolic link'
	run "$DETACH" -o "$(printf '%05000d' 0)" true
	status_is 125
	matches "$output" 'too long'
	nothing_left
}

@test "-u: a group by its number" {
	need_root
	chmod 777 "$WORK"
	run "$DETACH" -u nobody:12345678 true
	status_is 125
	"$DETACH" -u nobody:0 -o out sh -c 'id -g; : >/dev/null'
	soon has out 0
}

@test "the helper programs say whose they are" {
	local keeper=${DETACH%/*}/detach-keeper

	[ -x "$keeper" ] || skip "built without the keeper program"
	run "$keeper"
	status_is 125
	matches "$output" 'part of detach'
}

@test "scripts whose first line is odd are executed as execve(2) does" {
	local long

	long=$(printf '%0300d' 0)
	printf '#!\necho ran >one\n' >a
	printf '#!/bin/sh\necho ran >two\n: %s\n' "$long" >b
	printf '#!%s\necho ran >three\n' "/$long" >c
	printf '\177ELF' >d
	head -c 100 "$(command -v sh)" >e
	chmod +x a b c d e
	"$DETACH" -o out ./a
	soon test -s one
	"$DETACH" -o out ./b
	soon test -s two
	try "$DETACH" -o out3 ./c
	[ "$status" -eq 126 ] || [ "$status" -eq 127 ] || fail "$status"
	try "$DETACH" -o out4 ./d
	[ "$status" -eq 126 ] || [ "$status" -eq 0 ] || fail "$status"
	try "$DETACH" -o out5 ./e
	[ "$status" -ne 127 ] || fail "$output"
}

@test "V3: forgotten while it is waited for" {
	local waiting

	ended_unseen
	"$DETACH" --forget a
	kill -CONT "$(cat pid)"
	status=0
	wait "$waiting" || status=$?
	[ "$status" -eq 7 ] || status_is 125
}

@test "J7: --forget PID of an ended job's command" {
	job -n a true
	run "$DETACH" --wait a
	run "$DETACH" --forget "$(command_pid a)"
	status_is 0
	[ ! -e "$DETACH_STATE_DIR/a" ]
}

@test "a record with an impossible time is no record" {
	forge a ended=1700000001.000000000 elapsed=-1.000000000 exit_status=0
	run "$DETACH" --status a
	[ "$status" -ne 0 ] && [ "$status" -ne 3 ]
	run "$DETACH" --list
	[ "$status" -ne 0 ] || [[ $output != *"exited 0"* ]]
}

@test "-o: a link to a path that is too long" {
	local dir

	dir=$(printf '%0200d' 0)
	mkdir "$dir"
	ln -s "$(printf '%04000d' 0)" "$dir/link"
	run "$DETACH" -o "$dir/link" true
	status_is 125
	matches "$output" 'too long'
}

@test "programs of other machines are not executed" {
	cp "$(type -P true)" other
	printf '\001' | dd of=other bs=1 seek=4 conv=notrunc 2>/dev/null
	try "$DETACH" -o out ./other
	[ "$status" -ne 127 ] || fail "$output"
	nothing_left
}

# changed FILE TARGET COMMAND ...: where FILE is seen in TARGET's place.
changed() {
	unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh \
	    "$@"
}

@test "-u: a user in a hundred groups, and a strange /etc/passwd" {
	local i

	need_root
	chmod 777 "$WORK"
	{ cat /etc/group; for i in {1..99}; do
		echo "g$i:x:$((70000 + i)):nobody"; done; } >group
	{ echo odd; echo ':x:1'; echo 'odd:x:y:'; cat /etc/passwd; } >passwd
	changed group /etc/group true 2>/dev/null ||
	    skip "needs a mount namespace"
	changed group /etc/group "$DETACH" -u nobody -o out \
	    sh -c 'id -G | wc -w; sleep 0.1'
	soon test -s out
	equal "$(cat out)" 100
	sleep 300 3>&- &
	started $!
	equal "$(changed passwd /etc/passwd "$DETACH" --status --json $! |
	    json user)" root
}

@test "without /proc: a launch that is not kept works, verbs say so" {
	[ -z "${DETACH_SANITIZED:-}" ] || skip "a sanitizer needs /proc itself"
	need_root
	unshare -m mount -t tmpfs none /proc 2>/dev/null ||
	    skip "needs a mount namespace"
	no_proc "$DETACH" -o out sh -c 'echo ran; ls /dev/null'
	soon has out /dev/null
	equal "$(head -n 1 out)" ran
	exec 8</dev/null
	no_proc "$WITHOUT" close_range "$DETACH" -o out2 \
	    sh -c '(: <&8) 2>/dev/null && echo open; echo end'
	exec 8<&-
	soon has out2 end
	equal "$(cat out2)" end
	try no_proc "$DETACH" -n a true
	status_is 125
	matches "$output" '/proc/self: No such file or directory'
	nothing_left
	if unshare -pmf mount -t proc -o subset=pid none /proc 2>/dev/null; then
		try unshare -pmf sh -c 'mount -t proc -o subset=pid none /proc
		    "$@"; exit $?' sh "$DETACH" -n a true
		status_is 125
		matches "$output" 'boot_id: No such file or directory'
		nothing_left
	fi
}

@test "J3: a /proc of another PID namespace is not believed" {
	local verb

	need_pid_namespace
	job -n outer true
	elsewhere -n a true
	elsewhere --json true
	for verb in --list "--status outer" "--wait outer" "--log outer" \
	    "--stop outer" "--signal=0 outer" "--forget outer" "--adopt 2"; do
		# shellcheck disable=SC2086 # some have an operand
		elsewhere $verb
	done
	[ ! -e "$DETACH_STATE_DIR/a" ] && [ ! -e detach.out ]
	# Of a command that is not kept, no process need be known.
	unshare -pf sh -c '"$DETACH" -p pid -o out sh -c "echo ran; sleep 300"
	    "$DETACH" -p pid -o out true 2>message
	    echo $? >code'
	equal "$(cat out)" ran
	equal "$(cat code)" 1
	matches "$(cat message)" 'already running: it is locked by another'
}

elsewhere() {
	try unshare -pf sh -c '"$@"; exit $?' sh "$DETACH" "$@"
	status_is 125
	matches "$output" '^detach: /proc: .*mount -t proc proc /proc$'
}

no_proc() {
	unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$@"
}

@test "V5: a command that has left its process group is ended" {
	need perl
	"$DETACH" -n a -o out perl -e '$| = 1; setpgrp(0, getpgrp(getppid())) or die;
	    print "left\n"; sleep 300'
	soon has out left
	run "$DETACH" --stop a
	status_is 0
	equal "$(state_of a)" killed
}

@test "V4: a log that cannot be read" {
	forge a log=/proc/self/mem exit_status=0 ended=1700000001.000000000 \
	    elapsed=1.000000000
	run "$DETACH" --log a
	[ "$status" -ne 0 ]
	matches "$output" 'detach: a: '
}

@test "-p: a long way to a pidfile" {
	launch -p "$(printf './%.0s' {1..500})pid" -o out sleep 300
	equal "$(cat pid)" "$pid"
}

@test "a program whose loader's name has no end" {
	local first

	LC_ALL=C sed 's,\(/ld-[a-z0-9_-]*\.so\.[0-9]\)\x00,\1X,' "$TICK" >program
	chmod +x program
	! cmp -s program "$TICK" || skip "needs a dynamic program"
	try "$DETACH" -o out ./program
	[ "$status" -eq 126 ] || [ "$status" -eq 127 ] || fail "$output"
}
