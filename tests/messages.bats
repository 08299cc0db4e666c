#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# What detach says, where, and with which exit status: messages, notes,
# --help and --version, 126 and 127.

# Scripts in quotes are for other shells; each test is a subshell; and some
# words are split on purpose.
# shellcheck disable=SC2016,SC2030,SC2031,SC2086

load helper

# clean FILE: nothing in it can act on a terminal: no control character but
# the line ends, no C1 control, raw or as UTF-8.
clean() {
	if LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]' "$1" ||
	    LC_ALL=C grep -qP '\xc2[\x80-\x9f]' "$1" ||
	    LC_ALL=C grep -qP '(?<![\xc2-\xf4\x80-\xbf])[\x80-\x9f]' "$1"; then
		fail "raw bytes in a message: $(od -c "$1")"
	fi
}

# says STATUS ARGUMENT ...: the exit status, and one clean message.
says() {
	local wanted=$1 got=0

	shift
	timeout -k 5 20 "$DETACH" "$@" >out.says 2>err || got=$?
	equal "$got" "$wanted" "exit status of detach $*" || return 1
	[ ! -s out.says ] || fail "on standard output: $(cat out.says)" || return 1
	clean err || return 1
	matches "$(cat err)" '^detach: .+: .+' "message" || return 1
	equal "$(wc -l <err)" 1 "lines of the message" || return 1
	rm out.says
}

script() {
	printf '%s\n' "$2" >"$1"
	chmod +x "$1"
}

# --- 126 and 127 -----------------------------------------------------------

@test "127: a command that is not found" {
	says 127 nosuchcommand
	matches "$(cat err)" '^detach: nosuchcommand: .*not found'
	says 127 ./nosuchcommand
	says 127 /nonexistent/command
	matches "$(cat err)" '^detach: /nonexistent/command: '
	says 127 ''
	: >file
	says 127 ./missing/command
	nothing_left
	[ ! -e detach.out ]
}

@test "126: not executable, a directory, below a file" {
	: >file
	mkdir dir
	says 126 ./file
	matches "$(cat err)" '^detach: \./file: Permission denied'
	says 126 ./dir
	says 126 /
	says 126 ./file/command
	matches "$(cat err)" '^detach: \./file/command: Not a directory'
	nothing_left
	[ ! -e detach.out ]
}

@test "126: a script whose interpreter is missing" {
	script bad '#!/nonexistent/interpreter'
	says 126 ./bad
	matches "$(cat err)" 'interpreter|loader'
	script bad2 '#! /nonexistent/interpreter -x'
	says 126 ./bad2
	: >noexec
	script bad3 "#!$WORK/noexec"
	says 126 ./bad3
	PATH=$WORK:$PATH says 126 bad
	nothing_left
}

@test "126: a program whose ELF loader is missing" {
	# One of detach's own kind, 32 bits or 64.
	LC_ALL=C sed 's,/ld-,/lx-,g' "$TICK" >program
	chmod +x program
	! cmp -s program "$TICK" || skip "needs a dynamic program"
	says 126 ./program 300
	PATH=$WORK:$PATH says 126 program 300
	nothing_left
}

@test "126: a program for another machine, or a broken one" {
	head -c 20 "$(command -v sleep)" >broken
	chmod +x broken
	got=0
	"$DETACH" -o /dev/null ./broken 2>err || got=$?
	# As execvp: what is no program at all is given to /bin/sh.
	matches "$got" '^(0|126)$'
	soon no_leftovers
}

@test "126: a text file that is busy, a file system without exec" {
	need_root
	need unshare mount
	mkdir mnt
	unshare -m sh -c 'mount -t tmpfs -o noexec none mnt &&
	    cp "$(command -v sleep)" mnt/ && cd mnt &&
	    exec "$DETACH" -o /dev/null ./sleep 300' 2>err && got=0 || got=$?
	[ "$got" -ne 1 ] && [ "$got" -ne 32 ] || skip "needs a mount namespace"
	equal "$got" 126
	matches "$(cat err)" '^detach: \./sleep: Permission denied'
	nothing_left
}

@test "126: ELOOP and other errors of the path" {
	ln -s loop loop
	says 126 ./loop
	says 126 ./loop/command
	nothing_left
}

@test "L8: a script without #! is run under /bin/sh, with its arguments" {
	script plain 'echo "$0,$#,$1,$2"'
	"$DETACH" -o out ./plain 'a b' c
	soon has out ,2,
	equal "$(cat out)" "./plain,2,a b,c"
	PATH=$WORK:$PATH "$DETACH" -o out2 plain x
	soon has out2 ,1,
	equal "$(cat out2)" "$WORK/plain,1,x,"
	mkdir dir
	script dir/inner 'echo inner $1'
	"$DETACH" -C dir -o out3 ./inner x
	soon has out3 "inner x"
	: >empty
	chmod +x empty
	run "$DETACH" -o out4 ./empty
	status_is 0
}

@test "L8: PATH: the first that can be executed wins, others are passed over" {
	mkdir one two three
	PATH=$WORK/one:$WORK/two:$WORK/three:$PATH
	script two/testcommand $'#!/bin/sh\necho two'
	script three/testcommand $'#!/bin/sh\necho three'
	finds() {
		rm -f out
		"$DETACH" -o out testcommand && soon test -s out &&
		    equal "$(cat out)" "$1" "found with $2"
	}
	finds two nothing
	: >one/testcommand
	finds two "a file that is not executable"
	rm one/testcommand
	mkdir one/testcommand
	finds two "a directory"
	rmdir one/testcommand
	ln -s missing one/testcommand
	finds two "a dangling link"
	rm one/testcommand
	script one/testcommand '#!/nonexistent/interpreter'
	finds two "a missing interpreter"
	script one/testcommand $'#!/bin/sh\necho one'
	finds one "a good one"
	: >file
	PATH=/nonexistent:$WORK/file:$PATH
	finds one "no directories"
}

@test "L8: PATH: what could not be executed gives 126, what is not there 127" {
	mkdir one two
	PATH=$WORK/one:$WORK/two:$PATH
	: >one/testcommand
	says 126 testcommand
	matches "$(cat err)" 'testcommand: Permission denied'
	mv one/testcommand two/
	says 126 testcommand
	rm two/testcommand
	says 127 testcommand
}

@test "L8: PATH: a directory that may not be searched" {
	if [ "$(id -u)" -eq 0 ]; then
		need setpriv
		cp "$DETACH" program
		chmod 755 .
		as_user() { setpriv --reuid 54341 --clear-groups --regid 54341 "$@"; }
	else
		ln -s "$DETACH" program
		as_user() { "$@"; }
	fi
	mkdir closed open
	script closed/testcommand $'#!/bin/sh\necho closed'
	script open/testcommand $'#!/bin/sh\nexit 0'
	chmod 755 open open/testcommand
	chmod 0 closed
	run as_user env PATH="$WORK/closed:$WORK/open:$PATH" \
	    ./program -o /dev/null testcommand
	status_is 0
	run as_user env PATH="$WORK/closed:$PATH" \
	    ./program -o /dev/null testcommand
	chmod 755 closed
	status_is 126
	matches "$output" 'Permission denied'
}

@test "L8: PATH: empty elements are the current directory" {
	script testcommand $'#!/bin/sh\necho here'
	mkdir dir
	script dir/testcommand $'#!/bin/sh\necho dir'
	for path in "" ":/nonexistent" "/nonexistent:" "/nonexistent::/bin" ":"; do
		rm -f out
		PATH=$path "$DETACH" -o out testcommand
		soon test -s out
		equal "$(cat out)" here "with PATH='$path'"
	done
	PATH=: "$DETACH" -C dir -o out2 testcommand
	soon test -s out2
	equal "$(cat out2)" dir "with -C"
	unset PATH
	status=0
	"$DETACH" -o out3 testcommand 2>err || status=$?
	PATH=/bin:/usr/bin:/sbin:/usr/sbin
	equal "$status" 127 "without PATH"
}

# --- what messages may contain ---------------------------------------------

@test "no escape sequence of an argument or a path reaches the terminal" {
	local evil

	for evil in $'\e[31mred' $'a\nb' $'a\rb' $'\b\b' $'\177' $'\x9b31m' \
	    $'\xc2\x9b31m' $'\a' $'\t' $'\e]0;title\a' $'a\x01b' '%s%n%d' \
	    $'\xff\xfe'; do
		says 127 "$evil"
		says 125 "--$evil" true
	done
	evil=$'%n\e[31m\n\r\b\a\t\x01\177\x9b31m\xc2\x9b31m'
	says 127 "/nonexistent/$evil"
	says 125 "--output-$evil=x" true
	says 125 -o "/nonexistent/$evil" true
	says 125 -e "/nonexistent/$evil" true
	says 125 -i "$evil" true
	says 125 -p "/nonexistent/$evil" -o /dev/null true
	says 125 -C "/nonexistent/$evil" true
	says 125 -k "$evil" true
	says 125 -m "$evil" true
	says 125 -E "=$evil" true
	says 125 -n "$evil/" true
	says 125 -u "$evil" true
	says 125 --scope="$evil" true
	says 125 --restart="$evil" true
	says 125 --restart-delay="$evil" true
	says 125 -f "$evil"
	says 125 --signal="$evil" job
	says 125 --adopt "$evil"
	says 125 --wait --timeout="$evil" job
	says 125 --wait "$evil"
	says 125 --log "$evil"
	says 125 --log "./$evil"
	says 1 --stop "$evil"
	says 1 --stop "./$evil"
	says 1 --forget "$evil"
	says 4 --status "$evil"
	script bad "#!/nonexistent/${evil//$'\n'/}"
	says 126 ./bad
	# What a locale takes for text is shown as it is, and nothing else.
	for locale in C C.UTF-8; do
		LC_ALL=$locale says 127 $'\xc2\x9b31m\x9b31m\e[m\xed\xa0\x80'
		LC_ALL=$locale says 127 $'x\xe2\x80\xa8y\xe2\x80\xaez'
	done
	LC_ALL=C.UTF-8 says 127 $'caf\xc3\xa9'
	grep -q $'caf\xc3\xa9' err
	# getopt's own words name a short option.
	says 125 $'-\e' true
	says 125 $'-\x9b' true
	says 125 $'-q\n' true
	[ ! -e detach.out ]
}

@test "no escape sequence of a name reaches the terminal through a note" {
	evil=$'\e[31mred\x9b'
	script "$evil" $'#!/bin/sh\nexec sleep 300'
	"$ENDS" 2=tty:note "$DETACH" -p pid -o "out$evil" "./$evil"
	started "$(cat pid)"
	[ -s note ]
	clean note
	rm -f note
	"$ENDS" 2=tty:note "$DETACH" -p "pid$evil" -o out sleep 300
	started "$(cat "pid$evil")"
	clean note
	says 1 -p "pid$evil" -o out sleep 300
}

@test "messages never begin with argv[0]'s path" {
	mkdir dir
	ln -s "$DETACH" dir/other
	run dir/other /nonexistent/command
	status_is 127
	matches "$output" '^detach: /nonexistent/command: '
	run dir/other --nonsense
	matches "$output" '^detach: '
}

@test "a message is one write" {
	need strace
	strace -f -qq -e trace=write -e write=none -o trace \
	    "$DETACH" /nonexistent/command 2>err || :
	[ -s err ] || skip "strace does not work here"
	equal "$(grep -c 'write(2,' trace)" 1 "writes to standard error"
}

# --- notes and warnings ----------------------------------------------------

@test "a note says what runs, its pid and where its output is, on a terminal only" {
	"$ENDS" 1=pipe 2=tty:note "$DETACH" -p pid sleep 300
	pid=$(cat pid)
	started "$pid"
	matches "$(cat note)" "^detach: sleep runs as pid $pid, output in .*detach\.out"
	equal "$(wc -l <note)" 1 "lines of the note"
	end "$pid"
	"$ENDS" 2=tty:note "$DETACH" -p pid -o "my file" sleep 300
	pid=$(cat pid)
	started "$pid"
	matches "$(cat note)" "sleep runs as pid $pid, output in .*my file"
	end "$pid"
	for kind in pipe socket; do
		"$ENDS" 2=$kind:note "$DETACH" -p pid sleep 300
		started "$(cat pid)"
		[ ! -s note ]
		end "$(cat pid)"
	done
	"$DETACH" -p pid sleep 300 2>note
	started "$(cat pid)"
	[ ! -s note ]
}

@test "a note says where the log is when it is in \$HOME" {
	mkdir here here/detach.out
	cd here
	"$ENDS" 1=pipe 2=tty:../note "$DETACH" -p ../pid sleep 300
	started "$(cat ../pid)"
	matches "$(cat ../note)" "output in .*(home|~)/detach\.out"
}

@test "-q: no note on a terminal, but errors" {
	"$ENDS" 2=tty:note "$DETACH" -q -p pid sleep 300
	started "$(cat pid)"
	[ ! -s note ]
	"$ENDS" 2=tty:note "$DETACH" -q /nonexistent/command || got=$?
	equal "$got" 127
	matches "$(cat note)" '^detach: /nonexistent/command: '
}

@test "nothing is said on success where standard error is no terminal" {
	run "$DETACH" -o out true
	status_is 0
	equal "$output" ""
	run "$DETACH" -n job true
	status_is 0
	equal "$output" ""
	soon no_leftovers
}

# --- --help, --version, standard output ------------------------------------

@test "--help goes to standard output, within 80 columns, and exits 0" {
	"$DETACH" --help >help 2>err
	[ -s help ]
	[ ! -s err ]
	equal "$(awk 'length > 80' help)" ""
	clean help
	grep -q '^usage: detach' help
	for option in -n -i -o -e -t -p -C -E -m -u -k -P -q -f; do
		grep -qe "^ *$option, --" help || fail "no $option in --help"
	done
	# Whatever else is said on the line.
	"$DETACH" --help true >help2
	cmp help help2
}

@test "--version goes to standard output and exits 0" {
	"$DETACH" --version >version 2>err
	[ ! -s err ]
	matches "$(head -n 1 version)" '^detach [0-9]+\.[0-9]+'
}

@test "misuse points at --help or says what is allowed" {
	run "$DETACH"
	status_is 125
	matches "$output" '--help|usage'
	run "$DETACH" --nonsense
	status_is 125
	matches "$output" 'nonsense'
}

@test "a failed write to standard output is 125" {
	[ -w /dev/full ] || skip "needs /dev/full"
	launch -n job sleep 300 >/dev/null
	started "$(stat_field "$pid" 4)"
	for verb in --help --version --list "--list --json" "--status job" \
	    "--status --json job"; do
		got=0
		"$DETACH" $verb >/dev/full 2>err || got=$?
		equal "$got" 125 "$verb to a full device"
		matches "$(cat err)" '^detach: .*: No space left on device'
		equal "$(wc -l <err)" 1
		got=0
		"$DETACH" $verb >&- 2>err || got=$?
		equal "$got" 125 "$verb with standard output closed"
		matches "$(cat err)" '^detach: .*: Bad file descriptor'
	done
	end "$pid"
}

@test "detach needs no HOME, no PATH, no environment at all to be helpful" {
	run env -i "$DETACH" --help
	status_is 0
	run env -i "$DETACH" /nonexistent/command
	status_is 127
	run env -i DETACH_TEST_ID="$DETACH_TEST_ID" "$DETACH" -o out echo text
	status_is 0
	soon has out text
}
