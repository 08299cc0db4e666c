#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# --log, --follow and -f.

bats_require_minimum_version 1.5.0

load jobs

sum() {
	cksum | awk '{ print $1 }'
}

@test "V4: the whole log, as it is" {
	job -n a sh -c 'echo out; echo err >&2'
	"$DETACH" --wait a
	equal "$("$DETACH" --log a)" $'out\nerr'
}

@test "V4: --lines is the end of it" {
	job -n a seq 30000
	"$DETACH" --wait a
	equal "$("$DETACH" --log --lines=2 a)" $'29999\n30000'
	equal "$("$DETACH" --log --lines=0 a)" ""
	equal "$("$DETACH" --log --lines=29999 a | sum)" "$(seq 2 30000 | sum)"
	equal "$("$DETACH" --log --lines=30000 a | sum)" "$(seq 30000 | sum)"
	equal "$("$DETACH" --log --lines=99999 a | sum)" "$(seq 30000 | sum)"
	job -n b printf 'one\ntwo'
	"$DETACH" --wait b
	equal "$("$DETACH" --log --lines=1 b)" two
	equal "$("$DETACH" --log --lines=2 b)" $'one\ntwo'
	job -n empty true
	"$DETACH" --wait empty
	equal "$("$DETACH" --log --lines=3 empty)" ""
}

@test "V4: NULs, no newline at the end, and bytes of all kinds" {
	job -n a printf 'a\0b\377\033[2J\nend'
	"$DETACH" --wait a
	equal "$("$DETACH" --log a | sum)" \
	    "$(printf 'a\0b\377\033[2J\nend' | sum)"
	equal "$("$DETACH" --log --follow --lines=1 a | sum)" \
	    "$(printf end | sum)"
}

@test "V4: --log reads the file that -o names, or that was inherited" {
	job -n a -o out.txt echo to-a-file
	"$DETACH" --wait a
	equal "$("$DETACH" --log a)" to-a-file
	[ ! -e "$DETACH_STATE_DIR/a/log" ]
	"$DETACH" -n b echo kept >kept.txt 2>&1
	"$DETACH" --wait b
	equal "$("$DETACH" --log b)" kept
}

@test "V4: no log at all is said" {
	job -n a -o /dev/null true
	"$DETACH" --wait a
	run "$DETACH" --log a
	status_is 1
	matches "$output" "no log"
	job -n a -o /dev/null sleep 300
	run "$DETACH" --log --follow a
	status_is 1
	matches "$output" "no log"
	"$DETACH" --stop a
	job -n b true
	"$DETACH" --wait b
	rm "$DETACH_STATE_DIR/b/log"
	for follow in "" --follow; do
		run "$DETACH" --log $follow b
		status_is 1
		matches "$output" "its log is gone"
	done
}

@test "V4: --follow goes on until the job ends, and has its status" {
	job -n a sh -c 'echo 1; sleep 0.5; echo 2; sleep 0.5; printf 3; exit 7'
	run "$DETACH" --log --follow a
	status_is 7
	equal "$output" $'1\n2\n3'
	run "$DETACH" --log --follow a
	status_is 7
	job -n k sh -c 'echo x; kill -TERM $$'
	run "$DETACH" --log --follow k
	status_is 143
}

@test "V4: --follow shows a line as soon as it is written" {
	job -n a sh -c 'echo first; sleep 300'
	"$DETACH" --log --follow a >out 3>&- &
	started $!
	soon has out first
	job -n b -o b.txt sleep 300
	"$DETACH" --log --follow b >out2 3>&- &
	started $!
	sleep 0.2
	echo later >>b.txt
	soon has out2 later
}

@test "V4: 200,000 lines at once, followed, end complete" {
	local i

	for i in 1 2 3; do
		job -n a seq 200000
		equal "$("$DETACH" --log --follow a | sum)" \
		    "$(seq 200000 | sum)"
	done
	job -n b sh -c 'seq 100000; sleep 0.3; seq 100000'
	equal "$("$DETACH" --log --follow b | sum)" \
	    "$({ seq 100000; seq 100000; } | sum)"
}

@test "V4: many short jobs, followed: nothing of the end is lost" {
	local i

	for i in {1..40}; do
		job -n a sh -c 'echo a; echo b'
		equal "$("$DETACH" --log --follow a | xargs)" "a b"
	done
}

@test "V4: a log that is cut while it is followed goes on at its start" {
	job -n a sh -c 'echo before; while ! [ -e go ]; do sleep 0.1; done
	    echo after'
	"$DETACH" --log --follow a >out 3>&- &
	soon has out before
	: >"$DETACH_STATE_DIR/a/log"
	touch go
	wait $!
	equal "$(cat out)" $'before\nafter'
}

@test "V4: a log that is not there yet is waited for" {
	job -n a -o a.txt sh -c 'while ! [ -e go ]; do sleep 0.1; done'
	rm a.txt
	"$DETACH" --log --follow a >out 3>&- &
	sleep 0.3
	echo here >a.txt
	soon has out here
	touch go
	wait $!
}

@test "V4: a log that was deleted, and does not come again, is said" {
	job -n a -o a.txt sh -c 'until [ -e go ]; do sleep 0.02; done'
	rm a.txt
	"$DETACH" --log --follow a >out 2>&1 3>&- &
	soon state_is $! S
	touch go
	wait $! && code=0 || code=$?
	equal $code 1
	matches "$(cat out)" "a: its log is gone: .*/a.txt"
}

@test "V4: the log of a job that was started by another, which runs again" {
	# Its standard output, a file, is kept: it is the other job's log.
	job -n outer sh -c '"$DETACH" -n inner sh -c "echo first; sleep 300"'
	"$DETACH" --wait outer
	soon has "$DETACH_STATE_DIR/outer/log" first
	job -n outer echo second
	"$DETACH" --wait outer
	equal "$("$DETACH" --log inner)" first
	equal "$("$DETACH" --log outer)" second
	"$DETACH" --stop inner
	# A job that starts itself again when it has ended.
	job -n a --on-exit='[ -e again ] || { : >again; "$DETACH" -n a sh -c \
	    "echo again; sleep 300"; }' echo once
	soon has "$DETACH_STATE_DIR/a/log.1" again
	equal "$("$DETACH" --log a)" $'once\nagain'
}

@test "V4: a log that was rotated: the file that the job has" {
	job -n a -o a.txt sh -c 'echo old'
	"$DETACH" --wait a
	mv a.txt a.txt.1
	equal "$("$DETACH" --log a)" old
	echo new >a.txt
	equal "$("$DETACH" --log a)" old
	# One that has nothing to do with it is not taken for it.
	echo other >a.txt.1.new
	mv a.txt.1.new a.txt.1
	equal "$("$DETACH" --log a)" new
}

@test "V4: --follow does not poll" {
	local p before

	job -n a sleep 300
	"$DETACH" --log --follow a 3>&- &
	p=$!
	soon state_is $p S
	sleep 0.3
	before=$(proc_status $p voluntary_ctxt_switches)
	sleep 1
	equal "$(proc_status $p voluntary_ctxt_switches)" "$before" wakings
	end $p
}

@test "V4: --follow ends when nobody reads any more" {
	job -n a sh -c 'echo x; sleep 300'
	mkfifo fifo
	"$DETACH" --log --follow a >fifo 3>&- &
	head -n 1 fifo >/dev/null
	soon gone $!
	in_state a running
}

@test "V4: an unkept command's output, by its pid" {
	launch -o x.txt sh -c 'echo mine; exec sleep 300'
	soon has x.txt mine
	equal "$("$DETACH" --log "$pid")" mine
}

@test "V4: the keeper is killed: --follow goes on to the command's end" {
	job -n a sh -c 'echo 1; while ! [ -e go ]; do sleep 0.1; done; echo 2'
	started "$(command_pid a)"
	"$DETACH" --log --follow a >out 2>err 3>&- &
	soon has out 1
	kill -KILL "$(keeper_pid a)"
	sleep 0.2
	touch go
	code=0
	wait $! || code=$?
	[ $code -eq 0 ] || [ $code -eq 125 ] || fail "status $code"
	equal "$(cat out)" $'1\n2'
}

@test "f: -f shows the output and has the command's status" {
	run job -f -n a sh -c 'echo 1; sleep 0.3; echo 2; exit 5'
	status_is 5
	equal "$output" $'1\n2'
	run job -f -n a sh -c 'kill -KILL $$'
	status_is 137
	PATH=/usr/bin:/bin run -127 job -f -n a nosuch-command
}

@test "f: -f with its standard output closed: 125, and nothing is left" {
	run bash -c '"$DETACH" -f -n a sleep 300 >&-'
	status_is 125
	equal "$output" "detach: standard output: Bad file descriptor"
	nothing_left
	[ ! -e "$DETACH_STATE_DIR/a" ]
}

@test "f: an output that is a file without a name" {
	need python3
	run python3 -c 'import subprocess, sys, tempfile
f = tempfile.TemporaryFile()
code = subprocess.call(sys.argv[1:], stdout=f, stderr=subprocess.STDOUT)
f.seek(0)
sys.stdout.buffer.write(f.read())
sys.exit(code)' "$DETACH" -f -n a sh -c 'echo hello; exit 4'
	status_is 4
	equal "$output" hello
	equal "$(field a log)" null
	run "$DETACH" --log --follow a
	status_is 1
	matches "$output" "has no log.* a file without a name"
}

@test "f: -f without -n names the job after the command" {
	run job -f echo hello
	status_is 0
	equal "$output" hello
	equal "$(state_of echo)" exited
}

@test "f: -f with -o FILE shows this run's output only" {
	echo old >f.txt
	run job -f -n a -o f.txt echo new
	equal "$output" new
	equal "$(cat f.txt)" $'old\nnew'
	run job -f -n a -t -o f.txt echo newest
	equal "$output" newest
}

@test "f: an interrupt ends only the watching: 130, and how to come back" {
	need script
	script -qec "$DETACH -f -n a sh -c 'echo begun; sleep 300'" /dev/null \
	    <<<"" >out 2>&1 3>&- &
	soon has out begun
	pid=$(pgrep -f "^$DETACH -f -n a sh" | head -n 1)
	kill -INT "$pid"
	wait $! || :
	has out "detach --log --follow a"
	in_state a running
}

@test "f: the watching's status after an interrupt is 130" {
	job -n later true
	"$WITH" -d "$DETACH" -f -n a sleep 300 3>&- &
	p=$!
	soon in_state a running
	sleep 0.3
	kill -INT $p
	code=0
	wait $p || code=$?
	equal $code 130
	in_state a running
}

@test "f: a hangup, and a lost connection, end only the watching" {
	local sig

	for sig in HUP TERM KILL; do
		"$DETACH" -f -n a sleep 300 >/dev/null 2>&1 3>&- &
		soon in_state a running
		sleep 0.2
		kill -$sig $!
		wait $! || :
		in_state a running
		"$DETACH" --stop a
	done
	mkfifo fifo
	"$DETACH" -f -n a sh -c 'echo x; sleep 300' >fifo 2>&1 3>&- &
	head -n 1 fifo >/dev/null
	soon gone $!
	in_state a running
}

@test "V4: without inotify, and without pidfds, nothing is lost either" {
	need_without pidfd,inotify
	job -n a sh -c 'echo 1; sleep 0.4; seq 20000; exit 4'
	code=0
	"$WITHOUT" pidfd,inotify "$DETACH" --log --follow a >out || code=$?
	equal $code 4
	equal "$(sum <out)" "$({ echo 1; seq 20000; } | sum)"
}

@test "f: another run of the name, before it is watched, is not its own" {
	# The note, to a terminal that is stopped, holds it meanwhile.
	"$PTY" sh <<-END >screen 3>&- &
		type '$DETACH' -f -n a sh -c 'exit 6' 2>err; echo >ready; read x; \
		    '$DETACH' -f -n a sh -c 'exit 7'; echo \$? >rc
		file ready
		key S
		type go
		file again
		key Q
		file rc
	END
	soon run_of_a 7
	soon job -n a sh -c 'while ! [ -e rc ]; do sleep 0.05; done; exit 3'
	echo again >again
	wait $!
	equal "$(cat rc)" 125
	has screen "was started anew" || fail "$(cat screen)"
	"$DETACH" --wait a || equal $? 3
}

# run_of_a STATUS: for soon: the second one, which has a log.1.
run_of_a() {
	[ -e "$DETACH_STATE_DIR/a/log.1" ] &&
	    [ "$(field a exit_status 2>/dev/null)" = "$1" ]
}
