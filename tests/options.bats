#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# The options of a launch, and the command line as a whole: what each does,
# and that misuse ends with 125 and one message, nothing started.

# Scripts in quotes are for other shells; each test is a subshell; and some
# words are split on purpose.
# shellcheck disable=SC2016,SC2030,SC2031,SC2086,SC2206

load helper

# misuse [ARGUMENT ...]: detach refuses these arguments, and leaves nothing;
# a process that it left would fail the test at its end.
misuse() {
	local left=$WORK/misuse

	mkdir "$left"
	cd "$left" || return 1
	run timeout -k 5 20 "$DETACH" "$@"
	[ "$status" -eq 125 ] ||
	    fail "detach $*: exit status $status, wanted 125: $output" ||
	    return 1
	matches "$output" '^detach: [^:]+.*: .+' "message of detach $*" ||
	    return 1
	equal "${#lines[@]}" 1 "lines of the message of detach $*" || return 1
	cd "$WORK" || return 1
	rmdir "$left" || fail "detach $* left a file"
}

# sees OPTION ... -- SCRIPT: what the shell script prints under detach.
sees() {
	local options=()

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	rm -f "$WORK/sees"
	"$DETACH" -q -t -o "$WORK/sees" "${options[@]}" /bin/sh -c "$2
		echo end" || fail "detach ${options[*]}: status $?" || return 1
	soon has "$WORK/sees" end || return 1
	sed '$d' "$WORK/sees"
}

# --- -C --------------------------------------------------------------------

@test "-C DIR: the command runs there" {
	mkdir dir
	equal "$(sees -C dir -- pwd)" "$WORK/dir"
	equal "$(sees --chdir=/ -- pwd)" /
	equal "$(sees --chdir dir -- pwd)" "$WORK/dir"
}

@test "-C DIR: a relative path of the command is relative to DIR" {
	mkdir dir dir/sub
	printf '#!/bin/sh\necho inner\n' >dir/sub/script
	printf '#!/bin/sh\necho outer\n' >script
	chmod +x dir/sub/script script
	"$DETACH" -C dir -o out sub/script
	soon has out inner
	run "$DETACH" -C dir -o out ./script
	status_is 127
	"$DETACH" -C dir -o out2 ../script
	soon has out2 outer
}

@test "-C DIR: a relative element of PATH is relative to DIR, as in env -C" {
	mkdir dir dir/bin bin
	printf '#!/bin/sh\necho inner\n' >dir/bin/testcommand
	printf '#!/bin/sh\necho outer\n' >bin/testcommand
	chmod +x dir/bin/testcommand bin/testcommand
	PATH=bin:$PATH "$DETACH" -C dir -o out testcommand
	soon test -s out
	equal "$(cat out)" inner
}

@test "-C DIR: FILEs of options stay relative to the caller's directory" {
	mkdir dir
	echo text >in
	"$DETACH" -C dir -i in -o out -e err -p pid sh -c \
	    'cat; pwd; echo error >&2; echo end; exec sleep 300'
	started "$(cat pid)"
	soon has out end
	equal "$(cat out)" "text
$WORK/dir
end"
	equal "$(cat err)" error
	[ -z "$(ls dir)" ]
}

@test "-C DIR: the log stays in the caller's directory" {
	mkdir dir
	"$ENDS" 1=pipe 2=pipe "$DETACH" -C dir pwd
	soon has detach.out "$WORK/dir"
	[ -z "$(ls dir)" ]
}

@test "-C misuse: no directory, a file, an empty name" {
	: >"$WORK/file"
	misuse -C missing true
	misuse -C "$WORK/file" true
	misuse -C '' true
}

@test "L7: without -C, the command runs in the caller's directory" {
	mkdir dir
	cd dir
	equal "$(sees -- pwd)" "$WORK/dir"
}

# --- -E --------------------------------------------------------------------

@test "-E NAME=VALUE sets a variable, NAME unsets it" {
	export TESTA=old TESTB=old
	unset TESTC
	equal "$(sees -E TESTA=new -E TESTB --env=TESTC='a b=c' -E TESTD= -- \
	    'echo "$TESTA,${TESTB-unset},$TESTC,${TESTD-unset}"')" \
	    "new,unset,a b=c,"
	# The rest is the caller's.
	equal "$(sees -E TESTA=new -- 'echo "$HOME,$TESTB"')" "$HOME,old"
}

@test "-E: the last of several wins" {
	equal "$(sees -E T=1 -E T=2 -- 'echo "$T"')" 2
	equal "$(sees -E T=1 -E T -- 'echo "${T-unset}"')" unset
	equal "$(sees -E T -E T=3 -- 'echo "$T"')" 3
	# And there is one of it in the environment, not two.
	equal "$(T=0 sees -E T=1 -E T=2 -- 'env | grep -c ^T=')" 1
}

@test "-E: unsetting what is not set is no error" {
	unset NOSUCH
	equal "$(sees -E NOSUCH -- 'echo "${NOSUCH-unset}"')" unset
}

@test "-E: a name that begins another's is not that one" {
	equal "$(TESTLONG=long sees -E TEST=short -E TESTLON -- \
	    'echo "$TESTLONG,$TEST"')" long,short
}

@test "L8: a command is searched in the PATH that it is given" {
	mkdir bin
	printf '#!/bin/sh\necho found\n' >bin/testcommand
	chmod +x bin/testcommand
	run "$DETACH" testcommand
	status_is 127
	"$DETACH" -E "PATH=$WORK/bin:$PATH" -o out testcommand
	soon has out found
	PATH=$WORK/bin:$PATH run "$DETACH" -E "PATH=/bin:/usr/bin" testcommand
	status_is 127
	# Without PATH the default one is searched, as execvp does.
	"$DETACH" -E PATH -o out2 echo text
	soon has out2 text
	PATH=$WORK/bin:$PATH run "$DETACH" -E PATH testcommand
	status_is 127
}

@test "-E misuse: no name" {
	misuse -E '' true
	misuse -E =value true
	misuse -E = true
}

@test "L7: the environment is the caller's, untouched" {
	env -i A=1 B='two words' C=$'line\nline' PATH="$PATH" \
	    DETACH_TEST_ID="$DETACH_TEST_ID" \
	    "$DETACH" -p pid sleep 300
	started "$(cat pid)"
	tr '\0' '\n' <"/proc/$(cat pid)/environ" >seen
	equal "$(cat seen)" "A=1
B=two words
C=line
line
PATH=$PATH
DETACH_TEST_ID=$DETACH_TEST_ID"
}

# --- -m --------------------------------------------------------------------

@test "-m MODE is the command's umask" {
	equal "$(sees -m 027 -- umask)" 0027
	equal "$(sees -m 0 -- umask)" 0000
	equal "$(sees --umask=777 -- umask)" 0777
	equal "$(sees -m 0022 -- umask)" 0022
	umask 031
	equal "$(sees -- umask)" 0031 "the caller's (L7)"
}

@test "-m misuse: no octal number" {
	for mode in '' 8 09 1000 -1 +1 0x1f u=rwx '22 ' ' 22' 22a \
	    77777777777777777777; do
		misuse -m "$mode" true
	done
}

# --- -k --------------------------------------------------------------------

@test "-k N: the descriptor stays open, others do not" {
	exec 5>kept 6>closed
	launch -k 5 sleep 300 >/dev/null
	exec 5>&- 6>&-
	equal "$(fds "$pid")" "0 1 2 5"
	equal "$(fd_target "$pid" 5)" "$WORK/kept"
}

@test "-k: many, none clobbered by detach's own" {
	mkdir files
	for n in 3 4 5 6 7 8 9; do
		keep+=(-k $n)
	done
	(
		for n in 3 4 5 6 7 8 9; do
			eval "exec $n>>files/$n"
		done
		exec "$DETACH" "${keep[@]}" -p pid -C files \
		    -o '|cat >reader' sleep 300
	)
	pid=$(cat pid)
	started "$pid"
	for n in 3 4 5 6 7 8 9; do
		equal "$(fd_target "$pid" $n)" "$WORK/files/$n" "descriptor $n"
	done
	# 0, 1, 2, the seven, and the pidfile's lock.
	equal "$(fds "$pid" | wc -w)" 11 "number of descriptors"
	end "$pid"
}

@test "-k: a high descriptor, twice, and written to" {
	(
		ulimit -n 256
		exec 200>kept
		exec "$DETACH" -k 200 --keep-fd=200 bash -c 'echo text >&200'
	)
	soon has kept text
}

@test "-k: standard descriptors are open in any case" {
	launch -k 0 -k 1 -k 2 -o /dev/null sleep 300
	equal "$(fds "$pid")" "0 1 2"
	equal "$(fd_target "$pid" 1)" /dev/null
}

@test "-k misuse: a closed descriptor, none at all" {
	# Low numbers are those that detach's own files would get.
	for n in 3 4 5 6 7 8 9 77; do
		run bash -c 'for n in 3 4 5 6 7 8 9; do eval "exec $n>&-"; done
		    exec "$@"' - "$DETACH" -p pid -o out -k $n sleep 300
		status_is 125
		matches "$output" "^detach: .*$n: .*"
		[ ! -e pid ]
		[ ! -e out ]
	done
	for n in '' x 3x -1 ' 3' 4294967296 2147483648 \
	    99999999999999999999; do
		misuse -k "$n" true
	done
}

# --- -P, -q, -t, -- --------------------------------------------------------

@test "-P prints the command's pid, nothing else" {
	run "$DETACH" -P sh -c 'echo $$ >own; exec sleep 300'
	status_is 0
	started "$output"
	soon test -s own
	equal "$output" "$(cat own)"
	run "$DETACH" --print-pid sleep 300
	started "$output"
	matches "$output" '^[1-9][0-9]*$'
	soon has_execed "$output" sleep
}

@test "L1: -P that cannot be written: 125, and nothing is started" {
	[ -w /dev/full ] || skip "needs /dev/full"
	for n in 1 2 3; do
		status=0
		"$DETACH" -P -p pid -o out sh -c 'echo ran >ran; sleep 300' \
		    >/dev/full 2>err || status=$?
		equal "$status" 125 "exit status"
		matches "$(cat err)" '^detach: .*: No space left on device'
		status=0
		"$DETACH" -P -p pid -o out -e err2 sh -c 'echo ran >ran' \
		    >&- 2>err || status=$?
		equal "$status" 125 "exit status with no standard output"
		matches "$(cat err)" '^detach: .*: Bad file descriptor'
		nothing_left
		[ ! -e pid ]
		[ ! -e out ]
		[ ! -e err2 ]
		[ ! -e ran ]
	done
}

@test "L1: -P to a pipe that nobody reads: 125, and nothing is started" {
	mkfifo fifo
	# Opened for both, then only for writing: no reader is left.
	exec 7<>fifo
	exec 8>fifo 7>&-
	status=0
	"$DETACH" -P -p pid -o out sh -c 'echo ran >ran; sleep 300' \
	    >&8 2>err || status=$?
	exec 8>&-
	# 141 is SIGPIPE's way of saying the same, as for any program.
	matches "$status" '^(125|141)$' "exit status"
	nothing_left
	[ ! -e pid ]
	[ ! -e ran ]
}

@test "a FIFO without a reader is said to be, and nothing is started" {
	mkfifo fifo
	run "$DETACH" -o fifo touch ran
	status_is 125
	matches "$output" '^detach: fifo: is a FIFO that nobody reads'
	nothing_left
	[ ! -e ran ]
}

@test "an option after a job is said to be too late" {
	local verb

	for verb in --log --status; do
		run "$DETACH" $verb a --lines=1
		status_is 125
		matches "$output" '^detach: --lines=1: options come before'
	done
	run "$DETACH" --log a b
	status_is 125
	matches "$output" '^detach: b: one job at a time'
}

@test "without -P nothing is on standard output" {
	run "$DETACH" -o out echo text
	status_is 0
	equal "$output" ""
}

@test "-- ends the options, and so does the first operand" {
	"$DETACH" -o out -- echo -- -o text
	soon has out text
	equal "$(cat out)" "-- -o text"
	"$DETACH" -o out2 echo -P --quiet -o text
	soon has out2 text
	equal "$(cat out2)" "-P --quiet -o text"
	run "$DETACH" -o out3 -- -P
	status_is 127
	matches "$output" '^detach: -P: '
	[ ! -e out3 ]
	# POSIXLY_CORRECT changes nothing.
	POSIXLY_CORRECT=1 "$DETACH" -o out4 echo -q
	soon has out4 -q
}

@test "L8: the arguments reach the command untouched" {
	"$DETACH" -o out sh -c 'printf "<%s>" "$0" "$@"; echo; echo end' '' \
	    ' a  b ' $'line\nline' '*' '$HOME' '' -- -x $'\xff\x01' '"'
	soon has out end
	printf '<><%s><%s><*><$HOME><><--><-x><%s><">\nend\n' ' a  b ' \
	    $'line\nline' $'\xff\x01' | cmp - out
}

@test "L8: argv[0] is as typed" {
	mkdir bin
	cp "$(command -v sleep)" bin/testsleep
	export PATH="$WORK/bin:$PATH"
	for typed in testsleep bin/testsleep ./bin/../bin/testsleep; do
		launch -o /dev/null "$typed" 300
		equal "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "$typed 300 "
		end "$pid"
	done
}

@test "short options can be joined, with their arguments too" {
	pid=$("$DETACH" -Pqtofile -m027 sh -c 'umask; exec sleep 300')
	started "$pid"
	soon has file 0027
}

# --- the command line ------------------------------------------------------

@test "misuse: no command" {
	misuse
	misuse --
	misuse -q
	misuse -o out
}

@test "misuse: unknown options" {
	misuse -z true
	misuse -qz true
	misuse -1 true
	misuse '-?' true
	misuse -: true
	misuse --nonsense true
	misuse --nonsense=1 true
	misuse --=x true
	misuse -W quiet true
}

@test "misuse: options whose argument is missing" {
	for option in -n -i -o -e -p -C -E -m -u -k --name --input --output \
	    --error --pidfile --chdir --env --umask --user --keep-fd \
	    --on-exit --restart --restart-delay --restart-limit --scope; do
		misuse $option
	done
}

@test "misuse: options whose argument is empty" {
	for option in -n -i -o -e -p -C -E -m -u -k; do
		misuse $option '' true
	done
	for option in name input output error pidfile chdir env umask user \
	    keep-fd restart restart-delay restart-limit scope; do
		misuse --$option= true
	done
}

@test "misuse: an argument to an option that has none" {
	for option in truncate print-pid quiet foreground tree json; do
		misuse --$option=1 true
	done
	misuse --list=job
	misuse --help=x
}

@test "misuse: values that make no sense" {
	misuse --restart=sometimes true
	misuse --restart=always --restart-delay=1x true
	misuse --restart=always --restart-delay=-1 true
	misuse --restart=always --restart-limit=x true
	misuse --restart=always --restart-limit=-1 true
	misuse --scope=maybe true
	for name in 123 .hidden -x a/b 'a b' ../up . .. a$'\n' "$(printf '%065d' 0 | tr 0 a)"; do
		misuse --name="$name" true
	done
}

@test "misuse: a verb with an option of a launch" {
	local verb option

	for verb in --list "--status job" "--wait job" "--log job" \
	    "--stop job" "--signal=TERM job" "--forget job"; do
		for option in -q -P -t -f --tree "-i x" "-o x" "-e x" "-p x" \
		    "-C /" "-E A=1" "-m 022" "-k 1" "-n x" "-u root" \
		    --on-exit=x --restart=no --scope=auto; do
			misuse $option $verb
		done
	done
	for option in -P -t -f --tree "-i x" "-e x" "-C /" "-E A=1" \
	    "-m 022" "-k 1" "-u root" --on-exit=x --restart=no; do
		misuse $option --adopt 1
	done
}

@test "misuse: a verb's option with another verb or a launch" {
	local verb

	for verb in --list "--status job" "--log job" "--stop job" true; do
		misuse --timeout=1 $verb
	done
	for verb in --list "--status job" "--log job" "--wait job" true; do
		misuse --grace=1 $verb
	done
	for verb in --list "--status job" "--stop job" "--wait job" true; do
		misuse --follow $verb
		misuse --lines=1 $verb
	done
	for verb in "--wait job" "--log job" "--stop job" "--forget job"; do
		misuse --json $verb
	done
}

@test "misuse: two verbs, and verbs without their operands" {
	misuse --list --status job
	misuse --stop --wait job
	misuse --status
	misuse --wait
	misuse --log
	misuse --stop
	misuse --signal=TERM
	misuse --signal
	misuse --forget
	misuse --adopt
	misuse --status one two
	misuse --log one two
	misuse --adopt 1 2
	misuse --adopt notapid
	misuse --adopt ''
	misuse --signal=NONSENSE job
	misuse --signal= job
	misuse --timeout=x --wait job
	misuse --grace=x --stop job
	misuse --lines=x --log job
	misuse --lines=-1 --log job
}

@test "long options can be abbreviated as getopt_long has it" {
	"$DETACH" --out=out --trunc --qui echo text
	soon has out text
	"$DETACH" --outp out2 --um=027 sh -c umask
	soon has out2 0027
	pid=$("$DETACH" --pr --pid pid sleep 300)
	started "$pid"
	equal "$(cat pid)" "$pid"
	"$DETACH" --ver | grep -q detach
	# An exact name is not ambiguous, though it begins others.
	"$DETACH" --restart=no -o out3 echo text
	soon has out3 text
}

@test "misuse: an ambiguous abbreviation" {
	misuse --o=x true
	misuse --p=x true
	misuse --restart-=1 true
	misuse --s job
}
