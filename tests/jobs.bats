#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Kept jobs: what is recorded, and that it is true whatever is killed.

load jobs

@test "J1: the record is text, a key and an encoded value a line, 0600" {
	local dir=$DETACH_STATE_DIR/a

	job -n a sh -c : $'two words\n\e' é
	"$DETACH" --wait a
	not grep -v '^[a-z_]* [ -~]*$' "$dir/record"
	equal "$(stat -c %a "$dir" "$dir/record" "$dir/log" | xargs)" \
	    "700 600 600"
	equal "$(record a name)" a
	equal "$(record a exit_status)" 0
	equal "$(record a command)" 'sh -c : two\040words\012\033 \303\251'
	equal "$(record a reserve)" ""
	matches "$(record a ended)" '^[0-9]+\.[0-9]{9}$'
}

@test "J1: nothing but the promised files is left" {
	local i

	for i in 1 2 3; do
		job -n a echo $i
		"$DETACH" --wait a
	done
	equal "$(ls "$DETACH_STATE_DIR/a" | xargs)" "log log.1 record"
	job -n a sleep 300
	equal "$(ls "$DETACH_STATE_DIR/a" | xargs)" "log log.1 pid record"
	equal "$(cat "$DETACH_STATE_DIR/a/pid")" "$(command_pid a)"
}

@test "J1: a reader never sees a record that is missing or not whole" {
	job -n a true
	"$DETACH" --wait a
	(
		end=$((SECONDS + 4))
		while [ $SECONDS -lt $end ]; do
			grep -q '^version 1$' "$DETACH_STATE_DIR/a/record" ||
			    echo missing >>"$WORK/bad"
			"$DETACH" --status a >/dev/null 2>>"$WORK/bad" || :
		done
	) 3>&- &
	while kill -0 $! 2>/dev/null; do
		job -n a true >/dev/null || :
		"$DETACH" --wait a || :
	done
	wait $! || :
	[ ! -s bad ] || fail "$(sort bad | uniq -c)"
}

@test "J1: a full disk while the job runs: how it ended is on record" {
	need_root
	mkdir full
	mount -t tmpfs -o size=64k,mode=700 tmpfs full || skip "needs mount(2)"
	full_disk || { umount -l full; return 1; }
	umount -l full
}

full_disk() {
	export DETACH_STATE_DIR=$WORK/full
	job -n a -o "$WORK/out" sh -c 'while ! [ -e "$WORK/go" ]; do
	    sleep 0.05; done; exit 9' || return 1
	job -n k -o "$WORK/out" sleep 300 || return 1
	cat /dev/zero >full/filler 2>/dev/null
	equal "$(state_of a)" running || return 1
	touch go
	run "$DETACH" --wait a
	status_is 9 || return 1
	equal "$(field a exit_status)" 9 || return 1
	run "$DETACH" --stop k
	status_is 0 || return 1
	equal "$(field k signal)" TERM || return 1
	# A start that has no room fails, and leaves the old record.
	cat /dev/zero >>full/filler 2>/dev/null
	run job -n a -o "$WORK/out" true
	status_is 125 || return 1
	equal "$(field a exit_status)" 9 || return 1
	rm full/filler
	run job -n a true
	status_is 0 || return 1
	"$DETACH" --wait a
}

@test "J1: a record holds the longest arguments, each byte encoded as four" {
	local arg args

	arg=$(printf '\1%.0s' {1..120000})
	args=("$arg" "$arg" "$arg" "$arg" "$arg" "$arg" "$arg" "$arg" "$arg" "$arg")
	"$DETACH" --version "${args[@]}" >/dev/null 2>&1 || skip "too long here"
	job -n a sh -c 'exit 7' "${args[@]}"
	run "$DETACH" --wait a
	status_is 7
	equal "$("$DETACH" --status --json a | jq '.command[12] | length')" 120000
}

@test "J2: how it ended is on record before the lock is free" {
	local i

	# Whoever gets the lock must find an end.
	for i in {1..30}; do
		job -n a sh -c 'exit 4'
		until flock -n "$DETACH_STATE_DIR/a" grep -q '^exit_status 4$' \
		    "$DETACH_STATE_DIR/a/record"; do
			# Locked still; but if it is free, it must be there.
			if flock -n "$DETACH_STATE_DIR/a" true; then
				grep -q '^exit_status 4$' \
				    "$DETACH_STATE_DIR/a/record" ||
				    fail "free, but no end is on record"
			fi
		done
	done
}

@test "J4: the keeper is killed: still running, a second start refused" {
	local pid

	job -n a sleep 300
	pid=$(command_pid a)
	started "$pid"
	end "$(keeper_pid a)"
	run "$DETACH" --status a
	status_is 0
	matches "$output" "running, pid $pid, .*its keeper was killed"
	equal "$(field a keeper)" null
	run job -n a true
	status_is 1
	matches "$output" "already running \(pid $pid, since"
	run "$DETACH" --forget a
	status_is 1
	end "$pid"
	run "$DETACH" --status a
	status_is 1
	matches "$output" "lost, its keeper was killed"
	run job -n a true
	status_is 0
}

@test "J4: the keeper is killed: a pidfile elsewhere is refused to others" {
	local pid

	mkdir dir
	job -n a -p dir/F sleep 300
	pid=$(command_pid a)
	started "$pid"
	end "$(keeper_pid a)"
	not locked dir/F
	cd dir
	for options in "-n b -p F" "-p ../dir/F" "-n a -p F"; do
		# shellcheck disable=SC2086 # they are words
		run job $options touch ran
		status_is 1
		matches "$output" "already running \(pid $pid, since"
	done
	equal "$(cat F)" "$pid"
	[ ! -e ran ]
	# Of the same pid, but started at another time.
	sed -i 's/^start_time .*/start_time 1/' "$DETACH_STATE_DIR/a/record"
	run job -n b -p F true
	status_is 0
	sed -i "s/^start_time .*/start_time $(stat_field "$pid" 22)/" \
	    "$DETACH_STATE_DIR/a/record"
	end "$pid"
	echo "$pid" >F
	run job -p F true
	status_is 0
}

@test "F3: a pid of before a reboot, which another process has now" {
	launch sleep 300
	forge a boot_id=00000000-0000-0000-0000-000000000000 pid="$pid" \
	    pidfile="$PWD/F"
	echo "$pid" >F
	run job -n a -p F true
	status_is 0
	"$DETACH" --wait a
	not test -e F
}

@test "J4: the keeper and the command are killed: lost, and startable" {
	job -n a sleep 300
	end "$(keeper_pid a)"
	end "$(command_pid a)"
	equal "$(state_of a)" lost
	job -n a true
	run "$DETACH" --wait a
	status_is 0
}

@test "J5: the keeper has no part in the output" {
	local keeper

	job -n a sleep 300
	keeper=$(keeper_pid a)
	for fd in 0 1 2; do
		equal "$(fd_target "$keeper" $fd)" /dev/null
		[ "$(fd_target "$(command_pid a)" $fd)" = /dev/null ] ||
		    equal "$(fd_target "$(command_pid a)" $fd)" \
		    "$DETACH_STATE_DIR/a/log"
	done
	not fds_into "$keeper" "$DETACH_STATE_DIR/a/log"
}

# fds_into PID FILE: the process has it open.
fds_into() {
	ls -l "/proc/$1/fd" | grep -qF -- "-> $2"
}

@test "J7: starting again replaces the record and moves log to log.1" {
	job -n a echo first
	"$DETACH" --wait a
	job -n a sh -c 'echo second; exit 2'
	run "$DETACH" --wait a
	status_is 2
	equal "$(cat "$DETACH_STATE_DIR/a/log")" second
	equal "$(cat "$DETACH_STATE_DIR/a/log.1")" first
	equal "$(record a exit_status)" 2
	# A run whose output went elsewhere has no log of its own.
	job -n a -o x.txt echo third
	"$DETACH" --wait a
	[ ! -e "$DETACH_STATE_DIR/a/log" ]
	equal "$(cat "$DETACH_STATE_DIR/a/log.1")" second
}

@test "L1: a start that fails leaves record and logs as they were" {
	local before

	job -n a echo first
	"$DETACH" --wait a
	job -n a echo second
	"$DETACH" --wait a
	before=$(cd "$DETACH_STATE_DIR/a" && cksum *)
	printf '#!/nonexistent\n' >bad
	chmod +x bad
	for cmd in nosuch-command ./bad /; do
		code=0
		job -n a "$cmd" || code=$?
		[ $code -eq 126 ] || [ $code -eq 127 ]
		equal "$(cd "$DETACH_STATE_DIR/a" && cksum *)" "$before"
	done
	run job -n new ./bad
	[ ! -e "$DETACH_STATE_DIR/new" ]
}

@test "J: what an interrupted start left costs no log" {
	local dir=$DETACH_STATE_DIR/a

	job -n a echo first
	"$DETACH" --wait a
	cp "$dir/record" "$dir/record.old"
	cp "$dir/record" "$dir/record.new"
	mv "$dir/log" "$dir/log.old"
	: >"$dir/log.new"
	job -n a echo second
	"$DETACH" --wait a
	equal "$(cat "$dir/log.1" "$dir/log")" $'first\nsecond'
	equal "$(ls "$dir" | xargs)" "log log.1 record"
}

@test "J7: --forget removes a job that was lost, whatever to" {
	forge k
	forge r boot_id=00000000-0000-0000-0000-000000000000
	forge h boot_id=00000000-0000-0000-0000-000000000000 host=elsewhere
	for name in k r h; do
		rm "$DETACH_STATE_DIR/$name/forged"
		equal "$(state_of $name)" lost
		run "$DETACH" --forget $name
		status_is 0
		[ ! -e "$DETACH_STATE_DIR/$name" ]
	done
}

# out_of_reach WHERE STATE WHERE-AND WHERE-LOCKED: what verbs and a start do
# with the job a, of 2023, whose lock $holder has and whose pid, $pid, is that
# of a process here; as --status, --list, --stop and a start word it.
out_of_reach() {
	run "$DETACH" --status a
	status_is 0
	matches "$output" "running.* $1"
	run "$DETACH" --list
	matches "$output" "a .*$2"
	run "$DETACH" --stop --grace=0 a
	status_is 1
	matches "$output" "runs $3 cannot be stopped from here"
	run "$DETACH" --signal=KILL a
	status_is 1
	alive "$pid"
	run job -n a true
	status_is 1
	matches "$output" "already running \(pid $pid, since 2023-11-1.*\) $4"
	run "$DETACH" --forget a
	status_is 1
	matches "$output" "runs $3 cannot be forgotten from here"
	run "$DETACH" --wait --timeout=0.5 a
	status_is 124
	end "$holder"
	soon not locked "$DETACH_STATE_DIR/a"
}

@test "J8: another host's job: listed, never signalled, taken while locked" {
	launch sleep 300
	forge a host=elsewhere boot_id=00000000-0000-0000-0000-000000000000 \
	    pid="$pid" start_time="$(stat_field "$pid" 22)"
	equal "$(state_of a)" lost
	hold "$DETACH_STATE_DIR/a"
	out_of_reach "on elsewhere" "running on elsewhere" "on elsewhere, and" \
	    "on elsewhere: log in"
	run "$DETACH" --wait a
	status_is 125
}

@test "J3: a job of another PID namespace: running while it is locked" {
	# With a process of that pid and start time here, and its pidfile
	# locked by another: neither proves anything.
	launch -p pid sleep 300
	forge a pidfile="$WORK/pid" pid_namespace=1 pid="$pid" \
	    start_time="$(stat_field "$pid" 22)"
	locked pid
	equal "$(state_of a)" lost
	hold "$DETACH_STATE_DIR/a"
	out_of_reach "in another PID namespace" "running elsewhere" \
	    "in another PID namespace .*" "in another PID"
	equal "$(state_of a)" lost
	run job -n a true
	status_is 0
}

@test "J3: a lost job, locked by a start that is not through, is lost" {
	forge a
	hold "$DETACH_STATE_DIR/a"
	equal "$(state_of a)" lost
	run job -n a true
	status_is 1
	matches "$output" "already running: it is locked by another process"
}

@test "J3: a job that a container starts, seen from outside" {
	need_pid_namespace --mount-proc
	unshare -pf --mount-proc sh -c '"$DETACH" -n a sh -c "until [ -e go ]
	    do sleep 0.02; done; exit 3" | cat; "$DETACH" --wait a' 3>&- &
	started $!
	soon in_state a running
	run "$DETACH" --stop a
	status_is 1
	touch go
	wait $! && code=0 || code=$?
	equal $code 3
	run "$DETACH" --wait a
	status_is 3
}

@test "F2: 200 simultaneous starts of one name: one wins" {
	local i won

	for i in {1..200}; do
		{
			code=0
			"$DETACH" -q -n a sleep 300 >/dev/null 2>>err ||
			    code=$?
			echo $code >>codes
		} 3>&- &
	done
	wait
	equal "$(grep -c '^0$' codes)" 1
	equal "$(grep -c '^1$' codes)" 199
	not grep -v 'already running' err
	equal "$(pgrep -f '^sleep 300$' | grep -c "^$(command_pid a)$")" 1
	in_state a running
}

@test "J1: the time that it took begins when the command does" {
	local cpu i keeper

	need taskset
	cpu=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')
	# On one CPU, the keeper is stopped before it has looked at a clock,
	# the small one and that which stays for a hook.
	for i in {1..5}; do
		for keeper in --restart=no --on-exit=:; do
			taskset -c "$cpu" "$DETACH" -q -n "j$i${keeper%=*}" \
			    $keeper -o /dev/null sh -c \
			    'kill -STOP $PPID; sleep 0.3; kill -CONT $PPID'
		done
	done
	for i in j{1..5}--{restart,on-exit}; do
		"$DETACH" --wait "$i"
		awk -v s="$(field "$i" elapsed)" \
		    'BEGIN { exit !(s >= 0.3 && s < 60) }' ||
		    fail "$i: elapsed $(field "$i" elapsed)"
	done
}

@test "--on-exit: the hook's variables" {
	job -n a --on-exit='env | grep ^DETACH_ | sort >hook; touch done' \
	    sh -c 'sleep 2; exit 3'
	soon test -e done
	equal "$(sed -n 's/^DETACH_NAME=//p' hook)" a
	equal "$(sed -n 's/^DETACH_STATUS=//p' hook)" 3
	equal "$(sed -n 's/^DETACH_SIGNAL=//p' hook)" ""
	equal "$(sed -n 's/^DETACH_PID=//p' hook)" "$(command_pid a)"
	equal "$(sed -n 's/^DETACH_LOG=//p' hook)" "$DETACH_STATE_DIR/a/log"
	matches "$(sed -n 's/^DETACH_ELAPSED=//p' hook)" '^[1-9]$'
	rm done
	job -n a --on-exit='env >hook; touch done' sh -c 'kill -USR2 $$'
	soon test -e done
	has hook DETACH_SIGNAL=USR2
	has hook "DETACH_STATUS=$((128 + $(kill -l USR2)))"
}

@test "--on-exit: the hook has the command's directory, umask and variables" {
	mkdir dir
	job -n a -C dir -m 027 -E FOO=bar --on-exit='pwd >hook; umask >>hook;
	    echo "$FOO" >>hook; touch done' true
	soon test -e dir/done
	equal "$(xargs <dir/hook)" "$WORK/dir 0027 bar"
}

@test "--on-exit: what it prints in a caller's file stays there" {
	local option

	for option in --restart=no --restart=on-failure; do
		rm -f done
		(
			"$DETACH" -n a $option --on-exit='echo hook; touch done' \
			    echo run
			soon test -e done
			echo after
		) >file
		equal "$(xargs <file)" "run hook after"
	done
}

@test "--on-exit: what it prints is in the log of its own run" {
	job -n a --on-exit='echo hook; touch done' sh -c \
	    'echo run; while ! [ -e go ]; do sleep 0.05; done'
	soon has "$DETACH_STATE_DIR/a/log" run
	# As a new start does, which may come before the hook has begun.
	mv "$DETACH_STATE_DIR/a/log" "$DETACH_STATE_DIR/a/log.1"
	: >"$DETACH_STATE_DIR/a/log"
	touch go
	soon test -e done
	equal "$(xargs <"$DETACH_STATE_DIR/a/log.1")" "run hook"
	equal "$(cat "$DETACH_STATE_DIR/a/log")" ""
}

@test "--restart: between two runs there is no pid" {
	local old

	job -n a --restart=always --restart-delay=60 true
	soon no_pid a
	equal "$(state_of a)" running
	old=$(command_pid a)
	soon gone "$old"
	run "$DETACH" --list
	matches "$output" 'a +- +running '
	run job -n a true
	status_is 1
	run "$DETACH" --stop a
	status_is 0
	equal "$(field a pid)" "$old"
}

# no_pid JOB: for soon.
no_pid() {
	[ "$(field "$1" pid)" = null ]
}

@test "--restart: on-failure, its limit, and restarts on record" {
	job -n a --restart=on-failure --restart-delay=0.05 \
	    sh -c 'echo run; [ -e ok ] && exit 0; [ "$(grep -c run \
	    "$DETACH_STATE_DIR/a/log")" -lt 3 ] || touch ok; exit 1'
	run "$DETACH" --wait a
	status_is 0
	equal "$(field a restarts)" 3
	job -n b --restart=always --restart-delay=0.05 --restart-limit=2 \
	    sh -c 'echo run'
	run "$DETACH" --wait b
	status_is 0
	equal "$(field b restarts)" 2
	equal "$(grep -c run "$DETACH_STATE_DIR/b/log")" 3
	job -n c --restart=on-failure true
	run "$DETACH" --wait c
	equal "$(field c restarts)" 0
}

@test "--restart, --on-exit: when for a while no process is to be had" {
	local keeper

	# Root may have any number.
	need_user
	need prlimit
	job -n a --restart=on-failure --restart-limit=1 --restart-delay=0.01 \
	    sh -c 'echo run; until [ -e go ]; do sleep 0.02; done; exit 3'
	keeper=$(keeper_pid a)
	prlimit --pid "$keeper" --nproc=1:
	touch go
	soon no_pid a
	equal "$(state_of a)" running
	equal "$(field a restarts)" 0
	prlimit --pid "$keeper" --nproc="$(ulimit -Hu)":
	run "$DETACH" --wait a
	status_is 3
	equal "$(field a restarts)" 1
	equal "$("$DETACH" --log a)" $'run\nrun'
	rm go
	job -n b --on-exit='echo bye' \
	    sh -c 'until [ -e go ]; do sleep 0.02; done'
	keeper=$(keeper_pid b)
	prlimit --pid "$keeper" --nproc=1:
	touch go
	soon ended b
	sleep 0.3
	prlimit --pid "$keeper" --nproc="$(ulimit -Hu)":
	soon has "$DETACH_STATE_DIR/b/log" bye
	run "$DETACH" --wait b
	status_is 0
}

@test "--restart: a run that cannot be executed is 127 or 126 on record" {
	printf '#!/bin/sh\nrm "$0"\n' >gone
	printf '#!/bin/sh\nchmod 644 "$0"\n' >denied
	chmod +x gone denied
	job -n a --restart=always --restart-delay=0.05 --restart-limit=1 ./gone
	try "$DETACH" --wait a
	status_is 127
	job -n b --restart=always --restart-delay=0.05 --restart-limit=1 \
	    ./denied
	try "$DETACH" --wait b
	status_is 126
	equal "$(field b restarts)" 1
	equal "$(cat "$DETACH_STATE_DIR/a/log" "$DETACH_STATE_DIR/b/log")" \
	    "$(printf 'detach: ./%s\n' 'gone: No such file or directory' \
	    'denied: Permission denied')"
}

@test "--restart: every run has the directory, environment and streams" {
	mkdir dir
	cd dir
	printf '#!/bin/sh\npwd; umask; echo "$FOO"; echo err >&2\n' >run
	chmod +x run
	umask 027
	FOO=bar job -n a --restart=always --restart-delay=0.05 \
	    --restart-limit=2 ./run
	"$DETACH" --wait a
	equal "$(cat "$DETACH_STATE_DIR/a/log" | xargs)" "$(for i in 1 2 3; do
	    echo "$PWD" 0027 bar err; done | xargs)"
}

@test "--tree: the job lasts as long as its last descendant" {
	job -n t --tree sh -c 'setsid sh -c "while ! [ -e go ]; do
	    sleep 0.05; done" & exit 5'
	soon gone "$(command_pid t)"
	equal "$(state_of t)" running
	run job -n t true
	status_is 1
	matches "$output" "already running \(pid $(keeper_pid t), since 2"
	run "$DETACH" --signal=USR1 t
	status_is 1
	matches "$output" "its command has ended"
	touch go
	run "$DETACH" --wait t
	status_is 5
}

@test "J: 200 times keeper, command or launcher killed at any moment: records are true" {
	local i what delay p said state

	for i in {1..200}; do
		what=$((RANDOM % 3))
		delay=0.0$((RANDOM % 4))$((RANDOM % 10))
		"$DETACH" -q -n a sh -c 'echo x; sleep 0.02; exit 3' \
		    > >(cat >/dev/null) 2>&1 3>&- &
		p=$!
		sleep $delay
		case $what in
		0)	kill -KILL $p 2>/dev/null || : ;;
		1)	kill_recorded keeper ;;
		2)	kill_recorded pid ;;
		esac
		wait $p 2>/dev/null || :
		# If the launcher was killed, a start may still be undone.
		if [ -e "$DETACH_STATE_DIR/a/record" ]; then
			run timeout 20 "$DETACH" --wait a
			[ "$status" -ne 124 ] || fail "round $i: hangs"
			said=$("$DETACH" --status --json a) || :
			state=$(json state <<<"$said") ||
			    fail "round $i: no state"
			# The start of a launcher that was killed may come
			# true only now, after the wait for the last run.
			if [ $what -eq 0 ] && [ "$state" = running ]; then
				run timeout 20 "$DETACH" --wait a
				said=$("$DETACH" --status --json a) || :
				state=$(json state <<<"$said")
			fi
			[ "$state" != running ] || fail "round $i: $said"
			# What a record says about the end is what it was;
			# looked at once, for a start may come true yet.
			case $state in
			exited)	equal "$(json exit_status <<<"$said")" 3 ;;
			killed)	equal "$(json signal <<<"$said")" KILL ;;
			esac
		fi
	done
	soon no_leftovers
	job -n a true
	run "$DETACH" --wait a
	status_is 0
	equal "$(ls "$DETACH_STATE_DIR/a" | xargs)" "log log.1 record"
}

# Only by its identity: the record may be an ended run's.
kill_recorded() {
	local file=$DETACH_STATE_DIR/a/record key=start_time pid start

	[ "$1" = pid ] || key=keeper_start_time
	pid=$(record_value "$file" "$1")
	start=$(record_value "$file" $key)
	[ -n "$pid" ] && [ "$(stat_field "$pid" 22)" = "$start" ] || return 0
	kill -KILL "$pid" 2>/dev/null || :
}

@test "L10: 1000 jobs: listed, waited for, none lost, no zombie" {
	local i

	# By a shell of its own: bats looks at each command of this one.
	bash -c 'for i in {1..1000}; do
		"$1" -q -n "j$i" sh -c "exit $((i % 7))" >/dev/null || exit
	done' bash "$DETACH"
	"$DETACH" --wait j{1..1000} || :
	equal "$("$DETACH" --list --json | grep -c '"state":"exited"')" 1000
	for i in 1 77 1000; do
		equal "$(field "j$i" exit_status)" $((i % 7))
	done
	equal "$(zombies_of $$)" ""
}

@test "--tree: a descendant is the keeper's, however slow the keeper is" {
	local built=${DETACH%/*}/detach-keeper

	[ -x "$built" ] || skip "built without the keeper program"
	mkdir slow
	mkfifo slow/go
	cp "$DETACH" slow/detach
	# The shell unblocks all signals, and has no children but the job.
	cat >slow/detach-keeper <<-END
		#!/bin/sh
		read go <'$PWD/slow/go'
		exec env --block-signal '$built'
	END
	chmod +x slow/detach-keeper
	slow/detach -n t --tree sh -c 'setsid sh -c "echo \$\$ >pid;
	    while ! [ -e end ]; do sleep 0.05; done" & exit 5' | cat
	soon test -s pid
	soon gone "$(command_pid t)"
	equal "$(stat_field "$(cat pid)" 4)" "$(keeper_pid t)"
	echo >slow/go
	equal "$(state_of t)" running
	touch end
	run "$DETACH" --wait t
	status_is 5
}

@test "J2: a command that has ended, its keeper not yet: running, until on record" {
	local pid keeper

	job -n a sleep 300
	pid=$(command_pid a)
	keeper=$(keeper_pid a)
	kill -STOP "$keeper"
	soon state_is "$keeper" T
	end "$pid"
	run "$DETACH" --status a
	status_is 0
	matches "$output" "^a: running, its end not yet on record, since"
	equal "$(field a pid)" null
	run "$DETACH" --signal=TERM a
	status_is 1
	matches "$output" "^detach: a: is not running$"
	run job -n a true
	status_is 1
	kill -CONT "$keeper"
	run "$DETACH" --wait a
	status_is 137
}

@test "S2: whatever the umask, records and pidfiles are their owner's to read" {
	local mask

	for mask in 777 277 077; do
		(umask $mask; job -n a sh -c 'echo hi; exit 3')
		try "$DETACH" --wait a
		status_is 3
		equal "$(stat -c %a "$DETACH_STATE_DIR/a/record")" 600
		(umask $mask; job -n b --restart=always --restart-delay=60 true)
		soon no_pid b
		equal "$(stat -c %a "$DETACH_STATE_DIR/b/record")" 600
		matches "$(stat -c %a "$DETACH_STATE_DIR/b/pid")" '^6..$'
		"$DETACH" --stop b
		(umask $mask; job -p P true)
		matches "$(stat -c %a P)" '^6..$'
		rm P
	done
}
