#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What a job operand means, --status, --json, --forget, and what is said when
# something cannot be done.

load jobs

no_such() {
	run "$DETACH" "$@"
	matches "$output" "^detach: [^ ]+: no such .*'detach --list'" message
}

@test "V: what is no job is named, with what to do next, and its status" {
	no_such --status nosuch
	status_is 4
	no_such --wait nosuch
	status_is 125
	no_such --log nosuch
	status_is 125
	no_such --stop nosuch
	status_is 1
	no_such --signal=TERM nosuch
	status_is 1
	no_such --forget nosuch
	status_is 1
	no_such --list nosuch
	status_is 1
	no_such --status 4194303
	status_is 4
	no_such --status ./nosuch
	status_is 4
	run "$DETACH" --status ""
	status_is 4
	matches "$output" "^detach: '': "
}

@test "V: names from ../etc to 64 characters" {
	local long=a23456789.123456789_123456789+123456789@123456789:123456789-1234
	local name

	equal ${#long} 64
	for name in "$long" 0a A.b_c+d@e:f-g; do
		job -n "$name" true
		run "$DETACH" --wait "$name"
		status_is 0
		run "$DETACH" --forget "$name"
		status_is 0
	done
	for name in ../etc .. . a/b "${long}5" 123 -a _a .a 'a b' '' 'a*' \
	    $'a\nb' $'\e[2J' é; do
		run "$DETACH" -n "$name" true
		status_is 125
		run "$DETACH" --forget -- "$name"
		[ "$status" -ne 0 ] || fail "forgot '$name'"
		[[ $output != *$'\e'* ]]
	done
	[ -z "$(ls "$DETACH_STATE_DIR")" ]
}

@test "V: a job is found by name, by its pid, and by its pidfile" {
	local pid

	job -n a sleep 300
	job -n b -p ./b.pid sleep 300
	pid=$(command_pid a)
	equal "$(field a name)" a
	equal "$(field "$pid" name)" a
	equal "$(field "$DETACH_STATE_DIR/a/pid" name)" a
	equal "$(field ./b.pid name)" b
	equal "$(field "$WORK/home/../b.pid" name)" b
	cd home
	equal "$(field ../b.pid name)" b
}

@test "V: a bare process is found by pid and by a locked pidfile" {
	launch -p ./x.pid sleep 300
	run "$DETACH" --status "$pid"
	status_is 0
	matches "$output" "^$pid: running, pid $pid, since .*: sleep 300$"
	run "$DETACH" --status ./x.pid
	status_is 0
	equal "$(field ./x.pid pid)" "$pid"
	equal "$(field ./x.pid name)" null
	equal "$(field ./x.pid keeper)" null
	equal "$(field ./x.pid command)" '["sleep","300"]'
}

@test "V: a pidfile that is not locked proves nothing" {
	launch sleep 300
	echo "$pid" >stale.pid
	run "$DETACH" --status ./stale.pid
	status_is 3
	run "$DETACH" --stop ./stale.pid
	status_is 0
	equal "$output" ""
	alive "$pid"
}

@test "V: a locked pidfile is its holder's, not the job's that had it before" {
	job -n a -p ./x.pid true
	"$DETACH" --wait a
	launch -p ./x.pid sleep 300
	equal "$(field ./x.pid pid)" "$pid"
	"$DETACH" --stop ./x.pid
	gone "$pid"
	equal "$(field ./x.pid name)" a
}

@test "J3: a pidfile that a leftover has locked is not another process's" {
	local pid

	"$DETACH" -p ./x.pid sh -c 'sleep 300 & echo $! >left; exit 0'
	soon test -s left
	started "$(cat left)"
	soon gone "$(cat x.pid)"
	# As if the command's pid were another's now.
	launch sleep 300
	printf %s "$pid" >x.pid
	touch -d '1 hour ago' x.pid
	locked x.pid
	run "$DETACH" --status ./x.pid
	status_is 4
	run "$DETACH" --stop ./x.pid
	status_is 1
	alive "$pid"
}

@test "V: as root, a pidfile that somebody else can write is not believed" {
	need_root
	chmod 755 .
	sleep 300 3>&- &
	started $!
	mkdir theirs
	echo $! | tee theirs/a.pid b.pid >c.pid
	chown 65534:65534 theirs b.pid
	chmod 666 c.pid
	for file in theirs/a.pid ./b.pid ./c.pid; do
		hold "$file"
		run "$DETACH" --status "$file"
		status_is 125
		matches "$output" "^detach: $file: not believed: "
		run "$DETACH" --signal=TERM "$file"
		status_is 1
		run "$DETACH" --stop "$file"
		status_is 1
		alive "$(cat "$file")"
	done
}

@test "V: a pid without a process is the job that last had it" {
	local pid

	job -n a sh -c 'exit 5'
	run "$DETACH" --wait a
	status_is 5
	pid=$(command_pid a)
	run "$DETACH" --wait "$pid"
	status_is 5
	equal "$(field "$pid" name)" a
}

@test "V2: --status is one line, and 0 running, 3 not running, 1 lost, 4 none" {
	job -n run sleep 300
	run "$DETACH" --status run
	status_is 0
	equal "${#lines[@]}" 1
	matches "$output" "^run: running, pid $(command_pid run), since 20..-"
	job -n bad sh -c 'exit 3'
	soon ended bad
	run "$DETACH" --status bad
	status_is 3
	equal "${#lines[@]}" 1
	matches "$output" "^bad: exited 3, at 20.*, after .*: sh -c 'exit 3'$"
	job -n killed sh -c 'kill -KILL $$'
	soon ended killed
	run "$DETACH" --status killed
	status_is 3
	matches "$output" "^killed: killed KILL, at "
	forge gone
	run "$DETACH" --status gone
	status_is 1
	matches "$output" "^gone: lost, its keeper was killed: ended, status unknown"
	forge boot boot_id=00000000-0000-0000-0000-000000000000
	run "$DETACH" --status boot
	status_is 1
	matches "$output" "^boot: lost, the machine went down"
	run "$DETACH" --status nosuch
	status_is 4
}

@test "V2: the scope, if there is one, is shown" {
	forge s scope=detach-1-x.scope
	run "$DETACH" --status s
	matches "$output" "in detach-1-x.scope"
}

@test "V: nothing of a record acts on a terminal" {
	job -n esc sh -c ': '$'\e]0;evil\a\e[2J\x9b2J\xff\xc2\x9b'
	run "$DETACH" --status esc
	[[ $output != *[$'\e\a\x9b']* ]] || fail "raw: $(od -c <<<"$output")"
	LC_ALL=C.UTF-8 run "$DETACH" --list esc
	[[ $output != *$'\e'* && $output != *$'\xc2\x9b'* ]]
	[[ $output == *'\033]0;evil'* ]]
}

keys='["adopted","command","core","directory","elapsed","ended","exit_status"'
keys+=',"host","keeper","log","name","pid","pidfile","restarts","scope"'
keys+=',"signal","started","state","user"]'

@test "V7: a running job's JSON" {
	local out

	need jq
	cd home
	job -n a sleep 300
	out=$("$DETACH" --status --json a)
	equal "$(wc -l <<<"$out")" 1
	equal "$(jq -c keys <<<"$out")" "$keys"
	equal "$(jq -r '[.name, .state, .directory, .host, .log, .pidfile] |
	    join(" ")' <<<"$out")" "a running $HOME $(hostname) \
$DETACH_STATE_DIR/a/log $DETACH_STATE_DIR/a/pid"
	equal "$(jq -c .command <<<"$out")" '["sleep","300"]'
	jq -e --argjson p "$(command_pid a)" --argjson k "$(keeper_pid a)" \
	    '.pid == $p and .keeper == $k and .restarts == 0 and
	    .adopted == false and .elapsed >= 0 and .elapsed < 60 and
	    ([.exit_status, .signal, .core, .ended, .scope] |
	    all(. == null))' <<<"$out"
	matches "$(jq -r .started <<<"$out")" \
	    '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(Z|[+-][0-9]{2}:[0-9]{2})$'
}

@test "V7: an ended job's JSON" {
	need jq
	job -n e sh -c 'exit 7'
	job -n k sh -c 'kill -TERM $$'
	"$DETACH" --wait e k || :
	"$DETACH" --status --json e | jq -e '.state == "exited" and
	    .exit_status == 7 and .signal == null and .ended != null'
	"$DETACH" --status --json k | jq -e '.state == "killed" and
	    .exit_status == null and .signal == "TERM" and .core == false'
}

@test "V7: the zone is in every time" {
	local t

	job -n e true
	"$DETACH" --wait e
	t=$(TZ=XXX-5:30 "$DETACH" --status --json e | json started)
	matches "$t" '\+05:30$'
	t=$(TZ=XXX4 "$DETACH" --status --json e | json ended)
	matches "$t" '-04:00$'
	t=$(TZ=UTC0 "$DETACH" --status --json e | json ended)
	matches "$t" 'Z$'
}

@test "V7: odd arguments survive, and what is not UTF-8 becomes U+FFFD" {
	local out

	job -n odd sh -c : 'a "b"\' $'tab\tnl\nesc\e' é $'\xff\xc3' ''
	out=$("$DETACH" --list --json odd | parsed)
	[[ $out == *'"a \"b\"\\","tab\tnl\nesc\u001b","é","'$'\xef\xbf\xbd\xef\xbf\xbd''",""]'* ]] ||
	    fail "got $out"
}

@test "V7: --json of a launch is the new job" {
	local out pid

	out=$("$DETACH" --json -n a sleep 300)
	equal "$(json name <<<"$out")" a
	equal "$(json state <<<"$out")" running
	equal "$(json pid <<<"$out")" "$(command_pid a)"
	equal "$(json keeper <<<"$out")" "$(keeper_pid a)"
	out=$("$DETACH" --json sleep 300)
	pid=$(json pid <<<"$out")
	started "$pid"
	equal "$(json name <<<"$out")" null
	equal "$(json command <<<"$out")" '["sleep","300"]'
	soon has_execed "$pid" sleep
}

@test "V: what cannot be written on standard output is an error" {
	local verb

	[ -c /dev/full ] || skip "needs /dev/full"
	job -n a sh -c 'echo x'
	"$DETACH" --wait a
	for verb in "--list" "--status a" "--status --json a" "--log a" \
	    "--log --follow a"; do
		run sh -c '"$0" '"$verb"' >/dev/full' "$DETACH"
		status_is 125
		matches "$output" '^detach: standard output: '
		run sh -c '"$0" '"$verb"' >&-' "$DETACH"
		status_is 125
	done
}

@test "J7: --forget removes an ended job, all of it, and refuses a running one" {
	job -n a sleep 300
	run "$DETACH" --forget a
	status_is 1
	matches "$output" "running; 'detach --stop a' ends it"
	[ -f "$DETACH_STATE_DIR/a/record" ]
	"$DETACH" --stop a
	job -n a true
	"$DETACH" --wait a
	[ -f "$DETACH_STATE_DIR/a/log.1" ]
	run "$DETACH" --forget a
	status_is 0
	[ ! -e "$DETACH_STATE_DIR/a" ]
}

@test "J7: --forget says so if a file that is not detach's is in the way" {
	job -n a true
	"$DETACH" --wait a
	echo mine >"$DETACH_STATE_DIR/a/mine"
	run "$DETACH" --forget a
	status_is 1
	has "$DETACH_STATE_DIR/a/mine" mine
}

@test "V: a damaged record is said to be, and can be forgotten" {
	job -n a true
	"$DETACH" --wait a
	job -n b true
	echo nonsense >"$DETACH_STATE_DIR/a/record"
	run "$DETACH" --status a
	status_is 125
	matches "$output" "damaged; 'detach --forget a'"
	run "$DETACH" --list
	status_is 1
	matches "$output" "damaged"
	matches "$output" "b  "
	run "$DETACH" --forget a
	status_is 0
	run "$DETACH" --list
	status_is 0
}

@test "V: a job that runs, with a damaged record: how to end it is said" {
	local pidfile=$DETACH_STATE_DIR/a/pid words

	job -n a sleep 300
	started "$(command_pid a)" "$(keeper_pid a)"
	for words in "s/^version .*/version x/" "d"; do
		sed -i "$words" "$DETACH_STATE_DIR/a/record"
		run "$DETACH" --forget a
		status_is 1
		matches "$output" "'detach --stop $pidfile' ends it if it runs"
	done
	run "$DETACH" --status a
	status_is 125
	matches "$output" "'detach --stop $pidfile' ends it if it runs"
	run "$DETACH" --stop "$pidfile"
	status_is 0
	# Its keeper tries for a while to put the end on record.
	soon "$DETACH" --forget a
}

@test "V: a later version's record is not called damaged" {
	forge a version=2
	run "$DETACH" --status a
	status_is 125
	matches "$output" "a later version's"
	run "$DETACH" --list
	status_is 1
	matches "$output" "a later version's"
	hold "$DETACH_STATE_DIR/a"
	run "$DETACH" --forget a
	status_is 1
	matches "$output" "a later version's"
}

@test "V: --forget waits for another's, and does not call that running" {
	local dir=$DETACH_STATE_DIR/a

	job -n a true
	"$DETACH" --wait a
	hold "$dir"
	run "$DETACH" --forget a
	status_is 1
	matches "$output" "just being started, or forgotten"
	"$DETACH" --forget a 3>&- &
	# It sleeps nowhere but between two tries.
	soon state_is $! S
	sleep 0.1
	end "$holder"
	wait $!
	[ ! -e "$dir" ]
}

@test "V2: without a place to look there is no answer: 125" {
	run env -u HOME -u DETACH_STATE_DIR "$DETACH" --status a
	status_is 125
	matches "$output" "no state directory"
	# A pidfile is somewhere else.
	run env -u HOME -u DETACH_STATE_DIR "$DETACH" --status ./none
	status_is 4
	matches "$output" "no such pidfile"
}

@test "V: a pid that ended jobs had, too, is the running job's" {
	local pid

	job -n m sleep 300
	pid=$(command_pid m)
	for name in a z; do
		forge $name pid="$pid" exit_status=0 elapsed=1.000000000 \
		    started=4000000000.000000000 ended=4000000001.000000000
	done
	equal "$(field "$pid" name)" m
	run "$DETACH" --stop "$pid"
	status_is 0
	equal "$(state_of m)" killed
}

@test "V: a thread is no process" {
	local tid

	need python3
	launch python3 -c 'import threading, time
threading.Thread(target=time.sleep, args=(300,)).start()'
	soon two_threads "$pid"
	tid=$(basename "$(printf '%s\n' "/proc/$pid/task/"* | grep -v "/$pid\$")")
	run "$DETACH" --status "$tid"
	status_is 4
	matches "$output" "no such process"
	run "$DETACH" --stop "$tid"
	status_is 1
	alive "$pid"
}

# two_threads PID: for soon.
two_threads() {
	[ "$(find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l)" -eq 2 ]
}

@test "V7: a directory that was deleted is not known" {
	mkdir d
	(cd d && rmdir ../d && job -n a true && job -n b -C . true)
	equal "$(field a directory)" null
	equal "$(field b directory)" null
}

@test "V: a state directory that is missing, a file, or somebody else's" {
	run "$DETACH" --list
	status_is 0
	equal "$output" ""
	[ ! -e "$DETACH_STATE_DIR" ]
	touch "$DETACH_STATE_DIR"
	run "$DETACH" --list
	status_is 125
	matches "$output" "$DETACH_STATE_DIR: .*Not a directory"
	run "$DETACH" -n a true
	status_is 125
	rm "$DETACH_STATE_DIR"
	mkdir -m 777 "$DETACH_STATE_DIR"
	chmod 777 "$DETACH_STATE_DIR"
	for verb in --list "--status a" "--wait a"; do
		run "$DETACH" $verb
		status_is 125
		matches "$output" "$DETACH_STATE_DIR"
	done
	run "$DETACH" -n a true
	status_is 125
	rmdir "$DETACH_STATE_DIR"
}

@test "V: another user's state directory is not believed" {
	need_root
	forge a
	chown -R 65534:65534 "$DETACH_STATE_DIR"
	run "$DETACH" --status a
	status_is 125
	matches "$output" "another user"
}

@test "V: verbs work in a state directory that is read-only" {
	need_user
	job -n a sh -c 'echo x; exit 3'
	run "$DETACH" --wait a
	chmod 500 "$DETACH_STATE_DIR" "$DETACH_STATE_DIR/a"
	run "$DETACH" --status a
	status_is 3
	run "$DETACH" --log a
	equal "$output" x
	run "$DETACH" -n b true
	status_is 125
	run "$DETACH" --forget a
	status_is 1
	chmod 700 "$DETACH_STATE_DIR" "$DETACH_STATE_DIR/a"
}

@test "V: an option after a job, or no job at all, before anything is done" {
	local before

	job -n a sleep 300
	job -n b true
	"$DETACH" --wait b
	before=$(now_ms)
	for verb in --wait --stop --signal=TERM; do
		for word in --timeout=1 -q 'b c' ''; do
			run "$DETACH" $verb a "$word"
			[ $verb != --wait ] && [ "${word#-}" = "$word" ] &&
			    status_is 1 || status_is 125
			matches "$output" "^detach: ($word|''): "
			equal "${#lines[@]}" 1
		done
	done
	[ $(($(now_ms) - before)) -lt 20000 ]
	run "$DETACH" --forget b --grace=1
	status_is 125
	matches "$output" "options come before the first job"
	run "$DETACH" --list a --json
	status_is 125
	equal "$(state_of a)" running
	equal "$(state_of b)" "exited"
}

@test "V: without a state directory to look in, that is what is said" {
	unset DETACH_STATE_DIR HOME
	for verb in --list "--status a" "--wait a" "--stop a" "--forget a"; do
		# shellcheck disable=SC2086 # words
		run "$DETACH" $verb
		[ "$status" -ne 0 ]
		matches "$output" "no state directory: set HOME or DETACH_STA"
	done
	export HOME=$WORK/home
	run "$DETACH" --list
	status_is 0
	equal "$output" ""
}
