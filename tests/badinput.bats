#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Surroundings that are short of something: descriptors, space, processes,
# rights, room for arguments.  A launch either succeeds whole, or ends with a
# clear message and 125, and leaves nothing.

# Scripts in quotes are for other shells; each test is a subshell; and some
# words are split on purpose.
# shellcheck disable=SC2016,SC2030,SC2031,SC2046,SC2086

load helper

readonly TESTUID=54331

# failed: the last `run` gave 125, one message, and has left nothing.
failed() {
	[ "$status" -eq 125 ] ||
	    fail "exit status $status, wanted 125: $output" || return 1
	matches "$output" '^detach: (.+: .+|out of memory$)' message || return 1
	equal "${#lines[@]}" 1 "lines of the message" || return 1
	nothing_left
}

# started_or_failed FILE ...: after `run detach -p pid`, either a sleep runs
# with that pid, and is ended here, or nothing is left, none of FILEs either.
started_or_failed() {
	local pid

	if [ "$status" -eq 0 ]; then
		pid=$(cat pid) && started "$pid" && locked pid || return 1
		end "$pid"
		wait_for 5 no_leftovers || fail "not alone: $(leftovers)" ||
		    return 1
		rm -f pid "$@"
		return 0
	fi
	failed || return 1
	for file in pid "$@"; do
		[ ! -e "$file" ] || fail "left: $file" || return 1
	done
}

# as_user COMMAND ...: as an ordinary user, alone with that uid, in a
# directory of its own (user/, the current one).
user_setup() {
	if [ "$(id -u)" -ne 0 ]; then
		as_user() { "$@"; }
		mkdir user
		cd user || return 1
		return
	fi
	need setpriv
	mkdir bin user
	cp "$DETACH" bin/detach
	DETACH=$WORK/bin/detach
	chmod 755 . bin
	chown $TESTUID user home
	cd user || return 1
	as_user() {
		setpriv --reuid $TESTUID --regid $TESTUID --clear-groups "$@"
	}
	as_user "$DETACH" --version >/dev/null 2>&1 ||
	    skip "needs a directory that other users reach"
}

# in_tmpfs OPTIONS SCRIPT: run it in full/, a small file system.
in_tmpfs() {
	need_root
	need unshare mount
	mkdir -p full
	unshare -m mount -t tmpfs -o size=64k none full 2>/dev/null ||
	    skip "needs a mount namespace"
	unshare -m sh -c 'mount -t tmpfs -o "$1" none full && cd full &&
	    eval "$2"' - "$1" "$2"
}

# --- descriptors -----------------------------------------------------------

@test "L6: 0, 1 and 2 closed, in all eight combinations" {
	for closed in '' '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' \
	    '>&- 2>&-' '<&- >&- 2>&-'; do
		rm -f pid detach.out
		eval "(\"\$DETACH\" -p pid sleep 300 $closed) </dev/null |
		    cat" 2>&1 | cat
		pid=$(cat pid)
		started "$pid"
		# Its text is nobody's message.
		equal "$pid" "$(tr -d '\n' <pid)"
		locked pid
		set -- $(fds "$pid")
		equal "$#: $1 $2 $3" "4: 0 1 2" "descriptors, $closed"
		equal "$(fd_target "$pid" 0)" /dev/null "0, $closed"
		equal "$(fd_target "$pid" 1)" "$WORK/detach.out" "1, $closed"
		equal "$(fd_target "$pid" 2)" "$WORK/detach.out" "2, $closed"
		equal "$(fd_target "$pid" "$4")" "$WORK/pid" "$4, $closed"
		[ ! -s detach.out ]
		end "$pid"
	done
}

@test "closed descriptors: the command can write, and lines keep their order" {
	"$DETACH" sh -c 'echo a; echo b >&2; echo c; cat; echo end' \
	    <&- >&- 2>&-
	soon has detach.out end
	equal "$(cat detach.out)" "$(printf 'a\nb\nc\nend')"
}

@test "closed descriptors: -o '|COMMAND' and -k work" {
	exec 7>kept
	"$DETACH" -k 7 -o '|cat >got; echo end >>got' \
	    sh -c 'echo a; echo b >&2; echo k >&7' <&- >&- 2>&-
	exec 7>&-
	soon has got end
	equal "$(cat got)" "$(printf 'a\nb\nend')"
	equal "$(cat kept)" k
}

@test "a message for a closed standard error does not end in a file" {
	echo old >log
	echo old >stale
	printf '#!/nonexistent/interpreter\n' >script
	chmod +x script
	for closed in '2>&-' '<&- 2>&-' '<&- >&- 2>&-'; do
		for command in /nonexistent/command ./script; do
			status=0
			eval "\"\$DETACH\" -o log -p stale $command $closed" ||
			    status=$?
			matches "$status" '^12[67]$'
			equal "$(cat log)" old log
			[ ! -s stale ] || equal "$(cat stale)" old stale
			echo old >stale
		done
		status=0
		eval '"$DETACH" -o log -i missing sleep 300' "$closed" ||
		    status=$?
		equal "$status" 125
		equal "$(cat log)" old log
	done
	nothing_left
	[ ! -e detach.out ]
}

@test "descriptors exhausted: 125, a clear message, nothing left" {
	local worked=0 refused=0

	for n in $(seq 3 16); do
		# Too few even for the dynamic linker.
		(ulimit -n $n && "$DETACH" --version) >/dev/null 2>&1 ||
		    continue
		run bash -c 'exec 3>&-; ulimit -n $1; shift; exec "$@"' - $n \
		    "$DETACH" -p pid -o out -e err -i /dev/zero sleep 300
		if [ "$status" -eq 0 ]; then
			worked=1
		else
			refused=1
			matches "$output" \
			    'Too many open files|No file descriptors' "with $n"
		fi
		started_or_failed out err
		run bash -c 'exec 3>&-; ulimit -n $1; shift; exec "$@"' - $n \
		    "$DETACH" -p pid -o '|cat >got' sleep 300
		started_or_failed got
	done
	equal "$worked $refused" "1 1"
}

@test "L1: descriptors exhausted: no directory of a kept job is left" {
	local worked=0 refused=0

	for n in $(seq 3 24); do
		(ulimit -n $n && "$DETACH" --version) >/dev/null 2>&1 ||
		    continue
		run bash -c 'exec 3>&-; ulimit -n $1; shift; exec "$@"' - $n \
		    "$DETACH" -n job$n true
		if [ "$status" -eq 0 ]; then
			worked=1
			"$DETACH" --wait job$n
			continue
		fi
		refused=1
		status_is 125
		matches "$output" \
			    'Too many open files|No file descriptors' "with $n"
		[ ! -e "$DETACH_STATE_DIR/job$n" ] || fail "left with $n"
	done
	equal "$worked $refused" "1 1"
	nothing_left
}

@test "descriptors that are all in use but for a few" {
	run bash -c 'ulimit -n 64
	    for n in $(seq 3 63); do eval "exec $n</dev/null" || exit 99; done
	    exec "$@"' - "$DETACH" -p pid sleep 300
	# The dynamic linker needs one as well, and says 127.
	[ "$status" -eq 127 ] || started_or_failed
	nothing_left
	run bash -c 'ulimit -n 64
	    for n in $(seq 14 63); do eval "exec $n</dev/null" || exit 99; done
	    exec "$@"' - "$DETACH" -p pid sleep 300
	status_is 0
	started_or_failed
}

# --- rights and space ------------------------------------------------------

@test "a directory that cannot be written: the log is in \$HOME, or 125" {
	user_setup
	mkdir ../fixed
	chmod 555 ../fixed
	cd ../fixed
	run as_user "$DETACH" echo text
	status_is 0
	soon has "$HOME/detach.out" text
	HOME=$WORK/fixed run as_user "$DETACH" sleep 300
	failed
	matches "$output" 'Permission denied'
	run as_user "$DETACH" -o out sleep 300
	failed
	run as_user "$DETACH" -p pid -o /dev/null sleep 300
	failed
	matches "$output" '^detach: pid: Permission denied'
	equal "$(ls)" ""
}

@test "a read-only file system: 125" {
	in_tmpfs size=64k '
		mkdir there && echo text >there/log && mount -o remount,ro none . || exit 99
		HOME=$PWD; export HOME
		"$ENDS" 1=pipe "$DETACH" sleep 300 2>"$WORK/err"; echo $?
		"$DETACH" -o there/log sleep 300 2>>"$WORK/err"; echo $?
		"$DETACH" -p pid -o /dev/null sleep 300 2>>"$WORK/err"; echo $?
	' >statuses
	equal "$(cat statuses)" "$(printf '125\n125\n125')"
	equal "$(grep -c '^detach: .*: Read-only file system' err)" 3
	equal "$(wc -l <err)" 3
	nothing_left
}

@test "a full disk: no room for the pid is 125, and no pidfile is left" {
	in_tmpfs size=64k '
		: >stale; : >log
		cat /dev/zero >filler 2>/dev/null
		for file in stale new; do
			"$DETACH" -p $file -o log sleep 300 2>>"$WORK/err"
			echo $?
		done
		ls -A
		"$DETACH" -o /dev/null true; echo $?
	' >got
	# The stale one may be there still, or be gone.
	equal "$(grep -vx stale got)" "$(printf '125\n125\nfiller\nlog\n0')"
	equal "$(grep -c '^detach: .*: No space left on device' err)" 2
	equal "$(wc -l <err)" 2
	nothing_left
}

@test "a full disk: no room for a log's name is 125" {
	in_tmpfs size=64k,nr_inodes=2 '
		: >filler 2>/dev/null
		HOME=$PWD; export HOME
		"$ENDS" 1=pipe "$DETACH" sleep 300 2>>"$WORK/err"; echo $?
		"$DETACH" -o out sleep 300 2>>"$WORK/err"; echo $?
		"$DETACH" -o /dev/null -p pid sleep 300 2>>"$WORK/err"; echo $?
		ls -A
	' </dev/null >got
	equal "$(cat got)" "$(printf '125\n125\n125\nfiller')"
	equal "$(grep -c 'No space left on device' err)" 3
	nothing_left
}

@test "a full disk: the caller's output there does not matter without -P" {
	in_tmpfs size=64k '
		cat /dev/zero >filler 2>/dev/null
		"$DETACH" true >filler 2>&1; echo $?
	' >got
	equal "$(cat got)" 0
}

@test "L1: a file-size limit of nothing: the pidfile's writer dies or fails, and nothing is left" {
	for n in 1 2 3; do
		run bash -c 'ulimit -f 0; exec "$@"' - \
		    "$DETACH" -p pid -o log sleep 300
		status_is 125
		matches "$output" '^detach: .+'
		nothing_left
		[ ! -e pid ]
		[ ! -e log ]
	done
	run bash -c 'ulimit -f 0; exec "$@"' - "$DETACH" -o log sleep 300
	status_is 0
	for pid in $(leftovers); do started "$pid"; done
}

# --- processes and memory --------------------------------------------------

@test "fork refused (RLIMIT_NPROC): 125, a clear message, nothing left" {
	user_setup
	run as_user bash -c 'exec 3>&-; ulimit -u 1; exec "$@"' - \
	    "$DETACH" -p pid -o out sleep 300
	failed
	matches "$output" 'Resource temporarily unavailable'
	[ ! -e pid ]
	[ ! -e out ]
	# The limit is met at each of the later forks.
	[ "$(id -u)" -eq 0 ] || return 0
	for n in 1 2 3 4 5; do
		run as_user bash -c 'exec 3>&-; ulimit -u $1; shift; exec "$@"' \
		    - $n "$DETACH" -p pid -o out sleep 300
		started_or_failed out
		run as_user bash -c 'exec 3>&-; ulimit -u $1; shift; exec "$@"' \
		    - $n "$DETACH" -p pid -o '|cat >got' sleep 300
		started_or_failed got
	done
	# Zombies that nobody reaps count as well: by now there may be some.
	run as_user bash -c 'exec 3>&-; ulimit -u 64; exec "$@"' - \
	    "$DETACH" -p pid -o '|cat >got' sleep 300
	status_is 0
	started_or_failed got
}

@test "little memory: it works or fails, but leaves nothing" {
	for kb in 1000 2000 3000 4000 6000 9000; do
		(ulimit -v $kb && "$DETACH" --version) >/dev/null 2>&1 ||
		    continue
		run bash -c 'ulimit -v $1; shift; exec "$@"' - $kb \
		    "$DETACH" -p pid -o out sleep 300
		# The command may die of it once it has been executed.
		[ "$status" -eq 0 ] || failed
		for pid in $(leftovers); do
			started "$pid"
			end "$pid"
		done
		rm -f pid out
	done
	nothing_left
}

# --- arguments -------------------------------------------------------------

@test "an argument list near ARG_MAX arrives whole" {
	# 1 MiB of stack gives 256 KiB of arguments and environment.
	run bash -c 'ulimit -s 1024
	    arg=$(printf %01000d 7); args=()
	    for i in $(seq 200); do args+=("$arg"); done
	    exec "$DETACH" -o out sh -c "echo \$# \$*; echo end" - "${args[@]}"'
	status_is 0
	soon has out end
	equal "$(head -n 1 out | cut -c 1-12)" "200 00000000"
	equal "$(head -n 1 out | wc -c)" $((200 * 1001 + 4))
}

@test "an argument list too long for the command: an error, and nothing left" {
	# The command's path is longer than detach's, and counts as well.
	deep=$WORK
	while [ ${#deep} -lt 3500 ]; do
		deep=$deep/$(printf %0200d 1)
		mkdir "$deep"
	done
	printf '#!/bin/sh\nexec sleep 300\n' >"$deep/deepcommand"
	chmod +x "$deep/deepcommand"
	export PATH="$deep:$PATH" DETACH
	run bash -c 'ulimit -s 1024
	    arg=$(printf %01000d 7); args=()
	    for i in $(seq 300); do args+=("$arg"); done
	    shorter() { args=("${args[@]:1}"); }
	    # The most that can be given to detach itself.
	    until "$DETACH" --version "${args[@]}" >/dev/null 2>&1
	    do
		    [ ${#args[@]} -gt 100 ] || exit 99
		    shorter
	    done
	    "$DETACH" -p pid -o out deepcommand "${args[@]}" && exit 98
	    status=$?
	    shorter; shorter; shorter; shorter; shorter; shorter; shorter; shorter
	    "$DETACH" -p pid2 -o out2 deepcommand "${args[@]}" || exit 97
	    exit $status'
	matches "$status" '^12[56]$'
	matches "$output" '^detach: .*: Argument list too long'
	equal "${#lines[@]}" 1 "lines of the message"
	pid=$(cat pid2)
	started "$pid"
	end "$pid"
	soon no_leftovers
	[ ! -e pid ]
	[ ! -e out ]
}

@test "a very long environment variable, name and path" {
	long=$(printf %0100000d 1)
	"$DETACH" -E "LONG=$long" -o out sh -c 'echo ${#LONG}'
	soon has out 100000
	run "$DETACH" -o "$long" sleep 300
	failed
	run "$DETACH" -p "$long" -o /dev/null sleep 300
	failed
	run "$DETACH" -C "$long" -o /dev/null sleep 300
	failed
	run "$DETACH" -i "$long" -o /dev/null sleep 300
	failed
	run "$DETACH" -o /dev/null "/$long"
	matches "$status" '^12[67]$'
	run "$DETACH" -o /dev/null "$long"
	matches "$status" '^12[67]$'
	nothing_left
}

@test "no arguments at all, not even argv[0]" {
	if command -v perl >/dev/null; then
		run perl -e 'exec { $ARGV[0] } ()' "$DETACH"
		[ "$status" -ge 125 ] || fail "exit status $status"
	fi
	run bash -c 'exec -a "" "$@"' - "$DETACH"
	failed
	run bash -c 'exec -a other "$@"' - "$DETACH" /nonexistent/command
	status_is 127
	matches "$output" '^detach: /nonexistent/command: '
}

@test "L1: a launcher whose caller ignores SIGCHLD, or blocks everything, still knows" {
	trap '' CHLD
	run "$DETACH" -p pid -o out sleep 300
	status_is 0
	started_or_failed out
	run env --block-signal --ignore-signal=CHLD,PIPE,TERM \
	    "$DETACH" -p pid -o out sleep 300
	status_is 0
	started_or_failed out
	run env --block-signal --ignore-signal=CHLD,PIPE,TERM \
	    "$DETACH" -o out /nonexistent/command
	status_is 127
	trap - CHLD
	nothing_left
}
