# SPDX-License-Identifier: ISC
# The launch: what has become of the command when detach returns, and what
# the command finds around itself.  L5 is in signals.bats, L9 in caller.bats,
# L10 in zombie.bats, L11 in terminal.bats and ssh.bats, L12 in
# interrupt.bats.

load helper

# The files of $WORK, whatever they are called.
listing() {
	(cd "$WORK" && find . | sort)
}

# fails_cleanly STATUS[|STATUS] COMMAND ...: it exits so, with one message, and leaves
# no process and no file.
fails_cleanly() {
	local want=$1 before

	shift
	before=$(listing)
	try "$@"
	matches "$status" "^($want)\$" 'exit status' || return 1
	matches "${lines[0]}" '^detach: .*' message || return 1
	equal "${#lines[@]}" 1 "messages ($output)" || return 1
	equal "$(listing)" "$before" files || return 1
	nothing_left
}

# --- L1: 0 if and only if the command has been exec'd ---------------------

@test "L1: exit 0 when the command has been exec'd" {
	try "$DETACH" "$PROBE" "$WORK/seen" stay=60
	status_is 0
	soon probe_done seen
	pid=$(probe_value seen pid)
	started "$pid"
	alive "$pid"
	equal "$output" "" output
}

@test "L1: a command that ends at once has been started all the same" {
	try "$DETACH" false
	status_is 0
}

@test "L1: 127 when the command is not found, and nothing is left" {
	fails_cleanly 127 "$DETACH" no-such-command
	fails_cleanly 127 "$DETACH" ./no-such-command
	fails_cleanly 127 "$DETACH" -p pid -o out no-such-command
	fails_cleanly 127 "$DETACH" -C home ./no-such-command
	fails_cleanly 127 "$DETACH" ""
}

@test "L1: 126 when the command cannot be executed, and nothing is left" {
	mkdir bin
	printf '#!/bin/sh\n' >bin/plain
	chmod 644 bin/plain
	fails_cleanly 126 "$DETACH" bin/plain
	fails_cleanly 126 "$DETACH" "$WORK"
	fails_cleanly 126 env PATH="$WORK/bin" "$DETACH" plain
	fails_cleanly 126 "$DETACH" -p pid -o out bin/plain
}

@test "L1: a failure of exec itself is reported, and nothing is left" {
	printf '#!/no/such/interpreter\n' >bad
	chmod 755 bad
	fails_cleanly '126|127' "$DETACH" ./bad
	fails_cleanly '126|127' "$DETACH" -p pid -o out ./bad
}

@test "L1: 125 when the directory cannot be entered, and nothing is left" {
	fails_cleanly 125 "$DETACH" -C nowhere -p pid -o out true
	fails_cleanly 125 "$DETACH" -C "$PROBE" true
}

@test "L1: no |COMMAND is left when the command cannot be started" {
	fails_cleanly 127 "$DETACH" -o '|cat' no-such-command
	printf '#!/no/such/interpreter\n' >bad
	chmod 755 bad
	fails_cleanly '126|127' "$DETACH" -o '|cat' ./bad
	fails_cleanly 125 "$DETACH" -o '|cat' -C nowhere true
}

@test "L1: a failed start leaves an old log as it was, -t or not" {
	local o

	echo 'old line' >log
	echo 'old line' >detach.out
	printf '#!/no/such/interpreter\n' >bad
	chmod 755 bad
	for o in -q -t; do
		fails_cleanly 127 "$DETACH" $o -o log no-such-command
		fails_cleanly 127 "$DETACH" $o no-such-command
		fails_cleanly 126 "$DETACH" $o -o log "$WORK"
		fails_cleanly 125 "$DETACH" $o -o log -C nowhere true
		equal "$(cat log)" 'old line' log
		equal "$(cat detach.out)" 'old line' detach.out
	done
	fails_cleanly '126|127' "$DETACH" -o log ./bad
	equal "$(cat log)" 'old line' log
}

@test "L1: a child that SIGXFSZ ends before exec is a failure" {
	# The pid does not fit into a file of no bytes.
	echo 'old line' >log
	fails_cleanly 125 sh -c 'ulimit -f 0; exec "$@"' sh \
	    "$DETACH" -p pid -o log sleep 60
	equal "$(cat log)" 'old line' log
}

@test "L1: an ignored SIGXFSZ does not hide that the pid was not written" {
	fails_cleanly 125 sh -c 'trap "" XFSZ; ulimit -f 0; exec "$@"' sh \
	    "$DETACH" -p pid -o log sleep 60
}

@test "L1: a child killed at any moment before exec is a failure" {
	local role n calls execve

	fast
	"$TRACE" -o seen "$DETACH" -p pid -o log "$PROBE" "$WORK/probe" ||
	    { [ $? -ne 99 ] || skip "ptrace is not allowed"; false; }
	soon probe_done probe
	awk '$1 == "calls" && $2 > 0' seen >calls
	[ "$(wc -l <calls)" -ge 2 ]
	rm -f pid log
	while read -r _ role n execve; do
		# At its execve it has said that it is ready.
		[ "$execve" -eq 0 ] || n=$((execve - 1))
		for ((calls = 1; calls <= n; calls++)); do
			rm -f probe
			try timeout 20 "$TRACE" -k "$role:$calls:9" \
			    "$DETACH" -p pid -o log "$PROBE" "$WORK/probe"
			# A child that dies as it ends anyway harms nothing.
			if [ "$status" -eq 0 ]; then
				soon probe_done probe
				rm -f pid log
				continue
			fi
			status_is 125 || fail "role $role, call $calls"
			matches "$output" '^detach: '
			[ ! -e pid ] && [ ! -e log ] && [ ! -e probe ] ||
			    fail "role $role, call $calls left $(ls)"
		done
		# Of all these some were before the end.
		[ "$status" -eq 125 ] || [ "$role" -eq 1 ]
	done <calls
	nothing_left
}

@test "L1: -P that cannot be printed starts nothing" {
	[ -w /dev/full ] || skip "needs /dev/full"
	full() { "$@" >/dev/full; }
	closed() { "$@" >&-; }
	fails_cleanly 125 full "$DETACH" -P -o log "$PROBE" "$WORK/seen"
	fails_cleanly 125 closed "$DETACH" -P -o log "$PROBE" "$WORK/seen"
	fails_cleanly 125 full "$DETACH" -P -p pid "$PROBE" "$WORK/seen"
	[ ! -e seen ]
}

@test "L1: -P into a pipe that nobody reads starts nothing" {
	try bash -c '
		mkfifo hole
		exec 9<>hole 8>hole 9>&-
		"$DETACH" -P -o log "$PROBE" "$WORK/seen" >&8 8>&-'
	status_is 125
	[ ! -e seen ] && [ ! -e log ]
	nothing_left
}

@test "L1: -P prints the command's own pid" {
	try "$DETACH" -P "$PROBE" "$WORK/seen"
	status_is 0
	soon probe_done seen
	equal "$output" "$(probe_value seen pid)" pid
}

# --- L2 -------------------------------------------------------------------

@test "L2: the pidfile and the log are there when the launcher returns" {
	local i

	for i in 1 2 3 4 5 6 7 8 9 10; do
		launch -p "pid$i" -o "log$i" sleep 60
		equal "$(cat "pid$i")" "$pid" pidfile
		[ -f "log$i" ]
		locked "pid$i"
		has_execed "$pid" sleep
	done
	launch sleep 60
	[ -f detach.out ]
}

# --- L3 -------------------------------------------------------------------

@test "L3: a new session that it does not lead, a process group that it does" {
	local pid sid

	probe_run "$WORK/seen"
	pid=$(probe_value seen pid)
	sid=$(probe_value seen sid)
	equal "$(probe_value seen pgrp)" "$pid" 'process group'
	[ "$sid" -ne "$pid" ] || fail "it leads its session"
	[ "$sid" -ne "$(stat_field $$ 6)" ] || fail "the caller's session"
	equal "$(probe_value seen tty)" none 'controlling terminal'
}

@test "L3: it cannot acquire a controlling terminal" {
	probe_run "$WORK/seen"
	equal "$(probe_value seen acquire)" no
}

@test "L3: no terminal, though the caller has one" {
	"$PTY" sh <<-END >out
		type '$DETACH' '$PROBE' '$WORK/seen'; echo done
		expect done
		# The terminal stays until the probe has looked.
		type until grep -q ^end '$WORK/seen'; do sleep 0.1; done; exit
		wait
	END
	equal "$(probe_value seen tty)" none
	equal "$(probe_value seen acquire)" no
}

@test "L3: a caller that leads its session keeps it to itself" {
	setsid -w "$DETACH" "$PROBE" "$WORK/seen"
	soon probe_done seen
	[ "$(probe_value seen sid)" -ne "$(probe_value seen pid)" ]
	equal "$(probe_value seen pgrp)" "$(probe_value seen pid)"
}

@test "L3: kill -- -PID reaches the group" {
	local child

	launch sh -c 'sleep 60 & echo $! >child; wait'
	soon has child ''
	soon test -s child
	child=$(cat child)
	equal "$(stat_field "$child" 5)" "$pid" "the child's process group"
	started "$child"
	kill -TERM -- "-$pid"
	soon gone "$pid"
	soon gone "$child"
}

# --- L4 -------------------------------------------------------------------

@test "L4: getppid() never changes under the command" {
	local i

	for i in 1 2 3 4 5 6 7 8 9 10; do
		rm -f seen
		probe_run "$WORK/seen"
		equal "$(probe_value seen ppid_changes)" 0 'changes of parent'
		# 0: a C library that runs nothing before main's start-up.
		[ "$(probe_value seen first_ppid)" -eq 0 ] ||
		    equal "$(probe_value seen ppid)" \
		    "$(probe_value seen first_ppid)" parent
		[ "$(probe_value seen ppid)" -ne $$ ]
	done
}

@test "L4: the intermediate process is reaped before the command is exec'd" {
	local role

	# Even if it takes its time to end.
	for role in 1 2; do
		rm -f probe
		"$TRACE" -w $role:150 -o seen "$DETACH" "$PROBE" "$WORK/probe" ||
		    { [ $? -ne 99 ] || skip "ptrace is not allowed"; false; }
		soon probe_done probe
		grep -q "^exec [0-9]* $(probe_value probe pid) " seen
		awk '$1 == "exec" && $5 != 0 { exit 1 }' seen ||
		    fail "still there at exec: $(grep exec seen)"
		equal "$(awk -v p="$(probe_value probe pid)" \
		    '$1 == "exec" && $3 == p { print $4 }' seen)" \
		    "$(probe_value probe ppid)" "parent at exec"
	done
}

# --- L6 (what 0, 1 and 2 are is streams.bats' subject) --------------------

@test "L6: no descriptor but 0, 1 and 2" {
	probe_run "$WORK/seen" 17</dev/zero 200>"$WORK/stray"
	equal "$(probe_value seen fd | awk '{ printf "%s ", $1 }')" "0 1 2 "
}

@test "L6: many stray descriptors, and some above a lowered limit" {
	try "$WITH" -f 800 "$DETACH" "$PROBE" "$WORK/seen"
	status_is 0
	soon probe_done seen
	equal "$(probe_value seen fd | awk '{ printf "%s ", $1 }')" "0 1 2 "

	rm seen
	try "$WITH" -f 800 sh -c 'ulimit -S -n 64; exec "$@"' sh \
	    "$DETACH" "$PROBE" "$WORK/seen"
	status_is 0
	soon probe_done seen
	equal "$(probe_value seen fd | awk '{ printf "%s ", $1 }')" "0 1 2 "
}

@test "L6: with -p the pidfile's lock is the one descriptor more" {
	probe_run "$WORK/seen" -p pid
	probe_value seen fd >fds
	equal "$(wc -l <fds | tr -d ' ')" 4 descriptors
	grep -q " $WORK/pid\$" fds
}

@test "L6: -k keeps a descriptor, as it is" {
	local i

	echo abc >kept
	exec 9<kept 12>other 250<kept
	read -rn 1 -u 9
	probe_run "$WORK/seen" -k 9 -k 250
	equal "$(probe_value seen fd | awk '{ printf "%s ", $1 }')" \
	    "0 1 2 9 250 "
	matches "$(probe_value seen fd | grep '^9 ')" "^9 r pos=.* $WORK/kept\$"
}

@test "L6: -k of descriptors just where detach would put its own" {
	local i keep='' opened=''

	# On the command itself: what exec opened from 10 on, bash may close.
	for i in 3 4 5 6 7 8 9 10; do
		opened+=" $i<>kept$i"
		keep+=" -k $i"
	done
	eval "\"\$DETACH\" $keep -p pid -o log \"\$PROBE\" seen $opened"
	soon probe_done seen
	for i in 3 4 5 6 7 8 9 10; do
		probe_value seen fd | grep -q "^$i rw .* $WORK/kept$i\$" ||
		    fail "$(probe_value seen fd)"
	done
	probe_value seen fd | grep -q " $WORK/pid\$"
}

# --- L7 -------------------------------------------------------------------

# What the caller hands down, from a probe's file.
handed() {
	grep -E '^(uid|gid|groups|rlimit|nice|umask|cwd|env|CapEff|NoNewPrivs) ' \
	    "$1"
}

@test "L7: directory, umask, environment, limits, priority, groups" {
	local common

	mkdir 'a dir'
	common='cd "a dir" && umask 0123 && ulimit -c 0 && ulimit -S -n 77 &&
	    ulimit -t 1000 && exec nice -n 3 env -i B=2 A=1 "C= x
y" A_DETACH_TEST=1 DETACH_TEST_ID="$DETACH_TEST_ID" PATH="$PATH"'
	sh -c "$common"' "$PROBE" "$WORK/direct"' sh
	probe_done direct
	try sh -c "$common"' "$DETACH" "$PROBE" "$WORK/detached"' sh
	status_is 0
	soon probe_done detached
	handed direct >want
	handed detached >got
	diff want got
	grep -q '^umask 0123' got
	grep -q '^rlimit 7 77 ' got
}

@test "L7: a directory that has been removed is no obstacle" {
	mkdir dir
	cd dir
	rmdir ../dir
	try "$DETACH" -o "$WORK/log" "$PROBE" "$WORK/seen"
	cd "$WORK"
	status_is 0
	soon probe_done seen
}

@test "L7: -C, -E and -m change what they say and no more" {
	mkdir dir
	env -i A=1 GONE=1 DETACH_TEST_ID="$DETACH_TEST_ID" HOME="$HOME" \
	    "$DETACH" -C dir -E A=2 -E NEW=3=4 -E GONE -E EMPTY= -m 0027 \
	    -o log "$PROBE" "$WORK/seen"
	soon probe_done seen
	equal "$(probe_value seen cwd)" "$WORK/dir" directory
	equal "$(probe_value seen umask)" 0027 umask
	probe_value seen env | sort >env
	printf '%s\n' A=2 "DETACH_TEST_ID=$DETACH_TEST_ID" EMPTY= \
	    "HOME=$HOME" NEW=3=4 | sort | diff - env
	[ -f log ]
}

# --- L8 -------------------------------------------------------------------

@test "L8: arguments reach the command untouched" {
	probe_run "$WORK/seen" -- 2>/dev/null ||
	    fail "-- is not taken for the end of options"
	rm seen
	"$DETACH" "$PROBE" "$WORK/seen" '' ' ' -- -x --help '*' '$HOME' \
	    'a"b' "it's" '\' $'tab\there' $'\x80\xff' $'two\nlines'
	soon probe_done seen
	probe_value seen arg >got
	printf '%s\n' "0 $PROBE" "1 $WORK/seen" '2 ' '3  ' '4 --' '5 -x' \
	    '6 --help' '7 *' '8 $HOME' '9 a"b' "10 it's" '11 \' \
	    $'12 tab\there' $'13 \x80\xff' '14 two\nlines' | diff - got
}

@test "L8: options end at the command" {
	try "$DETACH" -o log ls -d --quote-name -p .
	status_is 0
	soon has log '.'
}

@test "L8: argv[0] is as typed" {
	mkdir bin
	cp "$PROBE" bin/looker
	(cd bin && "$DETACH" -o "$WORK/log" ./looker "$WORK/a")
	PATH=$WORK/bin:$PATH "$DETACH" looker "$WORK/b"
	"$DETACH" bin/../bin//looker "$WORK/c"
	soon probe_done a
	soon probe_done b
	soon probe_done c
	grep -q '^arg 0 \./looker$' a
	grep -q '^arg 0 looker$' b
	grep -q '^arg 0 bin/\.\./bin//looker$' c
}

@test "L8: PATH is searched as execvp does" {
	mkdir one two three 'two/tool'
	printf '#!/bin/sh\necho one\n' >one/tool
	chmod 644 one/tool
	printf '#!/bin/sh\necho three\n' >three/tool
	chmod 755 three/tool
	# What cannot be executed is passed over, as is a directory.
	PATH=$WORK/one:$WORK/two:$WORK/no:$WORK/three:$PATH \
	    "$DETACH" -o log tool
	soon has log three
	# An empty element is the current directory.
	(cd three && PATH=/no::$PATH "$DETACH" -o "$WORK/log2" tool)
	soon has log2 three
	(cd three && PATH=/no: "$DETACH" -o "$WORK/log3" tool)
	soon has log3 three
	# Nothing but what cannot be executed: 126.
	try env PATH="$WORK/one:/no" "$DETACH" tool
	status_is 126
}

@test "L8: the PATH searched is that of the environment that it is given" {
	mkdir here
	printf '#!/bin/sh\necho here\n' >here/tool
	chmod 755 here/tool
	"$DETACH" -E PATH="$WORK/here:$PATH" -o log tool
	soon has log here
	try env PATH="$WORK/here:$PATH" "$DETACH" -E PATH=/no tool
	status_is 127
	# Without a PATH, the system's default one.
	try env -u PATH "$DETACH" -o log2 true
	status_is 0
	try "$DETACH" -E PATH -o log2 true
	status_is 0
}

@test "L8: a script without #! runs under /bin/sh" {
	echo 'echo "script: $0, $1, $2, $#"' >script
	chmod 755 script
	"$DETACH" -o log ./script 'a b' ''
	soon has log 'script: ./script, a b, , 2'
	PATH=$WORK:$PATH "$DETACH" -o log2 script x
	soon has log2 ", x, , 1"
}

@test "L8: a relative command is relative to -C's directory" {
	mkdir dir
	printf '#!/bin/sh\npwd -P\n' >dir/tool
	chmod 755 dir/tool
	"$DETACH" -C dir -o log ./tool
	soon has log "$WORK/dir"
	PATH=. "$DETACH" -C dir -E PATH=.:/usr/bin:/bin -o log2 tool
	soon has log2 "$WORK/dir"
}
