#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Standard input, output and error: every row of the contract's table, the
# options that change it, the log and where it goes, and `|COMMAND`.

# Scripts in quotes are for other shells; each test is a subshell; and some
# words are split on purpose.
# shellcheck disable=SC2016,SC2030,SC2031

load helper

setup() {
	detach_setup || return 1
	umask 022
}

# open_with ENDS-ARGUMENT ... -- DETACH-ARGUMENT ...: start a sleep with the
# descriptors that tests/ends makes, its pid in $pid.
open_with() {
	local with=()

	while [ "$1" != -- ]; do
		with+=("$1")
		shift
	done
	shift
	rm -f "$WORK/pid"
	"$ENDS" "${with[@]}" "$DETACH" -p "$WORK/pid" "$@" sleep 300 ||
	    fail "with ${with[*]} detach $*: exit status $?" || return 1
	pid=$(cat "$WORK/pid") && started "$pid"
}

# plainly COMMAND ...: with a pipe and no file for output, as in `x | cat`;
# bats's own are files, which would be kept.
plainly() {
	"$ENDS" 1=pipe 2=pipe "$@"
}

# goes FD TARGET: where descriptor FD of $pid goes, by name.
goes() {
	equal "$(fd_target "$pid" "$1")" "$2" "descriptor $1"
}

# shares FD FD: two descriptors of $pid are one open file: a write that one
# has made has moved the other.
shares() {
	local a b

	a=$(awk '$1 == "pos:" { print $2 }' "/proc/$pid/fdinfo/$1")
	b=$(awk '$1 == "pos:" { print $2 }' "/proc/$pid/fdinfo/$2")
	[ "$a" -gt 0 ] || fail "nothing was written through $1" || return 1
	equal "$b" "$a" "position of descriptor $2"
}

# appends FD: descriptor FD of $pid has O_APPEND.
appends() {
	(( 0$(fd_flags "$pid" "$1") & 02000 )) ||
	    fail "descriptor $1 does not append"
}

mode_of() {
	stat -c %a "$1"
}

# --- the table ------------------------------------------------------------

@test "S1: standard input that is a terminal, pipe, socket or closed becomes /dev/null" {
	for kind in tty pipe socket closed; do
		open_with 0=$kind --
		goes 0 /dev/null
		end "$pid"
	done
	mkfifo fifo
	exec 7<>fifo
	open_with -- <fifo 7>&-
	exec 7>&-
	goes 0 /dev/null
}

@test "S1: standard input that is a file or a device is kept" {
	echo text >file
	for source in "$WORK/file" /dev/null /dev/zero; do
		open_with -- <"$source"
		goes 0 "$source"
		end "$pid"
	done
}

@test "S1: a file on standard input is kept as it is, its position too" {
	printf 'one\ntwo\n' >file
	{
		read -r line
		"$DETACH" -o out sh -c 'cat; echo end'
	} <file
	equal "$line" one
	soon has out end
	# What the shell has read of the file is not read again.
	matches "$(cat out)" '^(two.)?end$'
	not grep one out
}

@test "S1: standard output that is a terminal, pipe, socket or closed becomes the log" {
	for kind in tty pipe socket closed; do
		rm -f detach.out
		open_with 1=$kind -- </dev/null 2>/dev/null
		goes 1 "$WORK/detach.out"
		goes 2 /dev/null
		appends 1
		end "$pid"
	done
}

@test "S1: standard output that is a file or a device is kept" {
	for target in "$WORK/file" /dev/null /dev/zero /dev/full; do
		open_with -- >>"$target" 2>&1
		goes 1 "$target"
		goes 2 "$target"
		[ ! -e detach.out ]
		end "$pid"
	done
}

@test "S1: standard error that is a terminal, pipe, socket or closed goes to the log with standard output" {
	for kind in tty pipe socket closed; do
		rm -f detach.out
		open_with 1=pipe 2=$kind --
		goes 1 "$WORK/detach.out"
		goes 2 "$WORK/detach.out"
		end "$pid"
	done
}

@test "S1: standard error that is a file or a device is kept" {
	for target in "$WORK/file" /dev/null /dev/zero /dev/full; do
		open_with 1=pipe -- 2>>"$target"
		goes 1 "$WORK/detach.out"
		goes 2 "$target"
		end "$pid"
		rm detach.out
	done
}

@test "S1: with standard output kept, standard error goes there, not to a log" {
	for kind in tty pipe socket closed; do
		for target in "$WORK/file" /dev/null; do
			open_with 2=$kind -- >"$target"
			goes 1 "$target"
			goes 2 "$target"
			[ ! -e detach.out ]
			end "$pid"
		done
	done
}

@test "S1: a file that only standard error goes to is left to it alone" {
	open_with 1=closed -- 2>err
	goes 1 "$WORK/detach.out"
	goes 2 "$WORK/err"
}

@test "S1: standard output and error that go to one log are one open file, and lines keep their order" {
	"$ENDS" 1=pipe 2=tty "$DETACH" -p "$WORK/pid" sh -c '
		for i in 1 2 3 4 5; do echo "out $i"; echo "err $i" >&2; done
		exec sleep 300'
	pid=$(cat pid)
	started "$pid"
	soon has_execed "$pid" sleep
	shares 1 2
	equal "$(cat detach.out)" "$(for i in 1 2 3 4 5; do
		echo "out $i"
		echo "err $i"
	done)"
}

@test "S1: a terminal's standard error shares a kept file's position" {
	"$ENDS" 2=tty "$DETACH" -p "$WORK/pid" sh -c \
	    'echo one; echo two >&2; echo three; exec sleep 300' >file
	pid=$(cat pid)
	started "$pid"
	soon has_execed "$pid" sleep
	shares 1 2
	equal "$(cat file)" "$(printf 'one\ntwo\nthree')"
}

@test "L6: no other descriptor is open, whatever 0, 1 and 2 were" {
	for zero in tty pipe socket closed; do
		open_with 0=$zero 1=pipe 2=tty 5=pipe 7=socket 9=tty --
		rm -f pid
		# One more: the pidfile's lock.
		equal "$(fds "$pid" | wc -w)" 4 "number of descriptors"
		end "$pid"
	done
}

# --- options --------------------------------------------------------------

@test "S1: -i FILE is standard input" {
	echo text >file
	open_with 0=tty -- -i file
	goes 0 "$WORK/file"
}

@test "S1: -i FILE that cannot be opened: 125, and nothing is left" {
	run "$DETACH" -i missing -o out -p pid sleep 300
	status_is 125
	matches "$output" '^detach: .*missing: No such file'
	nothing_left
	[ ! -e out ]
	[ ! -e pid ]
}

@test "S1: -i - keeps a terminal, pipe or socket" {
	for kind in tty pipe socket; do
		open_with 0=$kind -- -i -
		case $kind in
		tty)	matches "$(fd_target "$pid" 0)" '^/dev/pts/' ;;
		*)	matches "$(fd_target "$pid" 0)" "^$kind:" ;;
		esac
		end "$pid"
	done
}

@test "S1: -o FILE is standard output, and standard error goes there" {
	open_with 1=pipe 2=tty -- -o file
	goes 1 "$WORK/file"
	goes 2 "$WORK/file"
	appends 1
	appends 2
	[ ! -e detach.out ]
}

@test "S1: -o /dev/stdout and -e /dev/stderr: what the caller has, whatever it is" {
	for kind in pipe tty; do
		open_with 1=$kind 2=$kind -- -o /dev/stdout -e /dev/stderr
		matches "$(fd_target "$pid" 1)" '^(pipe:|/dev/pts/)'
		matches "$(fd_target "$pid" 2)" '^(pipe:|/dev/pts/)'
		end "$pid"
	done
	open_with -- -o /dev/stdout -e /dev/fd/1 >file 2>/dev/null
	goes 1 "$WORK/file"
	goes 2 "$WORK/file"
	text=$("$DETACH" -o /dev/stdout sh -c 'echo text' | cat)
	equal "$text" text
}

@test "S1: -o FILE replaces a kept file; standard error's own is kept" {
	open_with -- -o file >other 2>err
	goes 1 "$WORK/file"
	goes 2 "$WORK/err"
	[ ! -s other ]
}

@test "S1: -e FILE is standard error alone" {
	open_with 1=pipe 2=tty -- -e err
	goes 1 "$WORK/detach.out"
	goes 2 "$WORK/err"
	appends 2
}

@test "S1: -o FILE -e FILE, the same or another" {
	open_with 1=pipe 2=tty -- -o out -e err
	goes 1 "$WORK/out"
	goes 2 "$WORK/err"
	"$DETACH" -t -o both -e both sh -c 'echo a; echo b >&2; echo c; echo end'
	soon has both end
	equal "$(cat both)" "$(printf 'a\nb\nc\nend')"
}

@test "S1: -o - keeps a pipe, a socket and a terminal" {
	for kind in tty pipe socket; do
		open_with 1=$kind 2=closed -- -o -
		case $kind in
		tty)	matches "$(fd_target "$pid" 1)" '^/dev/pts/' ;;
		*)	matches "$(fd_target "$pid" 1)" "^$kind:" ;;
		esac
		goes 2 "$(fd_target "$pid" 1)"
		[ ! -e detach.out ]
		end "$pid"
	done
	"$ENDS" 1=pipe:got "$DETACH" -o - sh -c 'echo text' 2>/dev/null
	# The pipe lasts until the launcher ends; a later write is lost.
	[ ! -s got ] || equal "$(cat got)" text
}

@test "S1: -e - keeps a pipe, a socket and a terminal" {
	for kind in tty pipe socket; do
		rm -f detach.out
		open_with 1=pipe 2=$kind -- -e -
		goes 1 "$WORK/detach.out"
		case $kind in
		tty)	matches "$(fd_target "$pid" 2)" '^/dev/pts/' ;;
		*)	matches "$(fd_target "$pid" 2)" "^$kind:" ;;
		esac
		end "$pid"
	done
}

@test "S1: - for a closed descriptor is an error, and nothing is left" {
	local try

	for try in "-i 0" "-o 1" "-e 2"; do
		run "$ENDS" "${try#* }=closed" \
		    "$DETACH" "${try% *}" - -p pid sleep 300
		status_is 125
		[ ! -e pid ]
		[ ! -e detach.out ]
	done
	run "$ENDS" 0=closed "$DETACH" -i - -p pid sleep 300
	matches "$output" '^detach: .*standard input.*: '
	nothing_left
}

@test "S1: -t truncates, without it FILE is appended to" {
	echo old >file
	"$DETACH" -o file echo one
	soon has file one
	equal "$(cat file)" "$(printf 'old\none')"
	"$DETACH" -t -o file echo two
	soon has file two
	equal "$(cat file)" two
	"$DETACH" -t -o out -e file echo three
	soon has out three
	[ ! -s file ]
}

@test "S1: -t truncates the log, but not a kept file" {
	echo old >detach.out
	"$ENDS" 1=pipe "$DETACH" -t echo new 2>/dev/null
	soon has detach.out new
	equal "$(cat detach.out)" new
	echo old >kept
	"$DETACH" -t echo new >>kept
	soon has kept new
	equal "$(cat kept)" "$(printf 'old\nnew')"
}

@test "L1: -t does not truncate when the launch fails" {
	echo old >file
	echo old >err
	mkdir dir
	printf '#!/nonexistent/interpreter\n' >script
	chmod +x script
	run "$DETACH" -t -o file -e err /nonexistent/command
	status_is 127
	run "$DETACH" -t -o file -e err ./dir
	status_is 126
	run "$DETACH" -t -o file -e err ./script
	status_is 126
	run "$DETACH" -t -o file -e err -p dir sleep 300
	status_is 125
	run "$DETACH" -t -o file -e err -C missing sleep 300
	status_is 125
	run "$DETACH" -t -o file -e missing/err sleep 300
	status_is 125
	run "$DETACH" -t -o file -e err -i missing sleep 300
	status_is 125
	nothing_left
	equal "$(cat file err)" "$(printf 'old\nold')"
}

@test "L1: a launch that fails leaves no log that was not there before" {
	mkdir dir
	printf '#!/nonexistent/interpreter\n' >script
	chmod +x script
	for command in /nonexistent/command ./dir ./script; do
		run "$DETACH" "$command"
		run "$DETACH" -o out -e err "$command"
		run "$DETACH" -o out -i missing sleep 300
		run "$DETACH" -o out -e missing/err sleep 300
		run "$DETACH" -C missing sleep 300
	done
	nothing_left
	equal "$(ls)" "$(printf 'dir\nhome\nscript\ntmp')" "what is left"
}

# --- the log --------------------------------------------------------------

@test "S2: the log is detach.out here, with mode 0600 whatever the umask" {
	for mask in 000 022 077 277; do
		rm -f detach.out
		(umask $mask && plainly "$DETACH" echo text)
		soon has detach.out text
		equal "$(mode_of detach.out)" 600 "mode with umask $mask"
	done
}

@test "S2: a log that is there is appended to, its mode as it is" {
	echo old >detach.out
	chmod 640 detach.out
	plainly "$DETACH" echo new
	soon has detach.out new
	equal "$(cat detach.out)" "$(printf 'old\nnew')"
	equal "$(mode_of detach.out)" 640
}

@test "S2: -o FILE and -e FILE are created with 0666 less the umask" {
	for mask in 000 022 077; do
		rm -f out err
		(umask $mask && "$DETACH" -o out -e err echo text)
		soon has out text
		equal "$(mode_of out)" \
		    "$(printf %o $((0666 & ~0$mask)))" "out, umask $mask"
		equal "$(mode_of err)" \
		    "$(printf %o $((0666 & ~0$mask)))" "err, umask $mask"
	done
}

@test "S2: -m, the command's umask, does not change the log's mode" {
	plainly "$DETACH" -m 0 echo text
	soon has detach.out text
	equal "$(mode_of detach.out)" 600
}

@test "S2: where detach.out cannot be opened here, it is in \$HOME" {
	mkdir here here/detach.out
	cd here
	run "$DETACH" echo text
	status_is 0
	soon has "$HOME/detach.out" text
	equal "$(mode_of "$HOME/detach.out")" 600
}

@test "S2: a removed directory: the log is in \$HOME" {
	mkdir here
	cd here
	rmdir ../here
	run "$DETACH" echo text
	status_is 0
	soon has "$HOME/detach.out" text
}

@test "S2: neither here nor in \$HOME: 125, and nothing is left" {
	mkdir here here/detach.out "$HOME/detach.out"
	cd here
	run "$DETACH" -p ../pid sleep 300
	status_is 125
	matches "$output" '^detach: .*detach\.out: '
	[ ! -e ../pid ]
	nothing_left
	run env -u HOME "$DETACH" sleep 300
	status_is 125
	run env HOME= "$DETACH" sleep 300
	status_is 125
	run env HOME="$WORK/missing" "$DETACH" sleep 300
	status_is 125
	nothing_left
}

@test "S2: no log is made where nothing goes to it" {
	"$DETACH" -o out echo text
	soon has out text
	"$DETACH" echo text >file 2>&1
	soon has file text
	"$DETACH" true >/dev/null
	[ ! -e detach.out ]
	[ ! -e "$HOME/detach.out" ]
}

@test "S2: a FIFO in the log's place does not hold the caller" {
	mkfifo detach.out
	run timeout -k 5 10 "$DETACH" echo text
	status_is 0
	soon has "$HOME/detach.out" text
}

@test "S3: every log is opened for appending: two writers and a truncation are safe" {
	"$ENDS" 1=pipe 2=tty "$DETACH" -p pid sh -c \
	    'echo one; until [ -e go ]; do sleep 0.02; done; echo two; exec sleep 300'
	pid=$(cat pid)
	started "$pid"
	soon has detach.out one
	appends 1
	appends 2
	: >detach.out
	: >go
	soon has detach.out two
	# Not at its old offset, behind a hole.
	equal "$(stat -c %s detach.out)" 4
	open_with 1=pipe 2=tty -- -t -o out -e err
	appends 1
	appends 2
}

@test "S3: root never opens a log through another user's dangling link" {
	need_root
	mkdir theirs
	ln -s "$WORK/target" theirs/detach.out
	ln -s "$WORK/target" theirs/out
	chown -hR 65534:65534 theirs
	cd theirs
	run "$DETACH" sh -c 'echo text'
	[ ! -e "$WORK/target" ]
	status_is 0
	soon has "$HOME/detach.out" text
	run "$DETACH" -o out sleep 300
	status_is 125
	equal "$output" "detach: out: is another user's symbolic link, which \
root does not follow; name the file itself"
	run "$DETACH" -o /dev/null -e out sleep 300
	status_is 125
	[ ! -e "$WORK/target" ]
	nothing_left
}

@test "S3: an ordinary user's FILE can be another user's link to a file" {
	if [ "$(id -u)" -ne 0 ]; then
		skip "needs root, to be two users"
	fi
	need setpriv
	cp "$DETACH" program
	chmod 755 .
	: >file
	ln -s file out
	chown 54351 file
	chown -h 54352 out
	setpriv --reuid 54351 --regid 54351 --clear-groups \
	    ./program -o out echo text
	soon has file text
}

@test "S3: one's own dangling link is followed" {
	ln -s "$WORK/target" out
	"$DETACH" -o out echo text
	soon has target text
	[ -L out ]
}

# --- |COMMAND -------------------------------------------------------------

@test "S4: -o '|COMMAND' gets output and error, and ends at end-of-file" {
	plainly "$DETACH" -o '|cat >got; echo end >ended' sh -c 'echo a; echo b >&2; echo c'
	soon has ended end
	equal "$(cat got)" "$(printf 'a\nb\nc')"
	nothing_left
}

@test "S4: -o and -e can each have a COMMAND" {
	"$DETACH" -o '|cat >out; echo end >>out' -e '|cat >err; echo end >>err' \
	    sh -c 'echo a; echo b >&2'
	soon has out end
	soon has err end
	equal "$(cat out)" "$(printf 'a\nend')"
	equal "$(cat err)" "$(printf 'b\nend')"
	nothing_left
}

@test "S4: -e '|COMMAND' alone leaves standard output to the log" {
	"$ENDS" 1=pipe 2=tty "$DETACH" -e '|cat >err; echo end >>err' \
	    sh -c 'echo a; echo b >&2'
	soon has err end
	equal "$(cat err)" "$(printf 'b\nend')"
	equal "$(cat detach.out)" a
}

@test "S4: COMMAND is detached in the same way" {
	"$ENDS" 1=pipe 2=tty 5=pipe 6=socket "$DETACH" -p pid -o \
	    '|echo $$ >reader.new; mv reader.new reader; exec cat >got' \
	    sleep 300
	pid=$(cat pid)
	started "$pid"
	soon test -s reader
	reader=$(cat reader)
	soon has_execed "$reader" cat
	equal "$(stat_field "$reader" 7)" 0 "terminal"
	not [ "$(stat_field "$reader" 6)" = "$(stat_field $$ 6)" ]
	not [ "$(stat_field "$reader" 6)" = "$reader" ]
	# A group of its own: a signal to the command's is not one to the reader.
	equal "$(stat_field "$reader" 5)" "$reader" "process group"
	(( 0x$(proc_status "$reader" SigIgn) & 1 ))
	equal "$(proc_status "$reader" SigBlk)" 0000000000000000
	equal "$(fds "$reader")" "0 1 2" "the reader's descriptors"
	matches "$(fd_target "$reader" 0)" '^pipe:'
	matches "$(fd_target "$reader" 2)" '^/'
	[[ $(fd_target "$reader" 2) != /dev/pts/* ]]
	# Neither holds an end that would keep the other from its end.
	equal "$(fds "$pid" | wc -w)" 4 "the command's descriptors"
	end "$pid"
	soon gone "$reader"
}

@test "S4: the caller is not held by COMMAND" {
	begin=$(now_ms)
	text=$("$DETACH" -o '|cat >got; until [ -e go ]; do sleep 0.02; done' \
	    true 2>&1)
	[ $(($(now_ms) - begin)) -lt 20000 ]
	equal "$text" ""
	: >go
	nothing_left
}

@test "S4: COMMAND survives the command's group and lives until the last writer's end" {
	"$DETACH" -P -o '|cat >got; echo end >>got' sh -c \
	    'setsid sh -c "until [ -e go ]; do sleep 0.02; done; echo late" &
	    echo early' >pid
	soon has got early
	soon gone "$(cat pid)"
	not has got end
	: >go
	soon has got end
	equal "$(cat got)" "$(printf 'early\nlate\nend')"
}

@test "S4: a COMMAND that ends early gives the command SIGPIPE, nothing worse" {
	"$DETACH" -p pid -o '|true' sh -c \
	    'while echo text; do sleep 0.02; done; echo no >survived'
	pid=$(cat pid)
	[ -z "$pid" ] || soon gone "$pid"
	[ ! -e survived ]
	nothing_left
}

@test "S4: with -f, too, a COMMAND that ends early gives the command SIGPIPE" {
	run timeout 60 "$DETACH" -f -n job -o '|head -n 1' yes
	status_is $((128 + $(kill -l PIPE)))
	nothing_left
}

@test "L1: nothing of |COMMAND is left when the command cannot be executed" {
	printf '#!/nonexistent/interpreter\n' >script
	mkdir dir
	chmod +x script
	reader='|echo ran >>reader; cat >got; sleep 300'
	for command in /nonexistent/command ./script ./dir; do
		run "$DETACH" -o "$reader" -e "$reader" "$command"
		matches "$status" '^12[67]$'
		nothing_left
	done
	run "$DETACH" -o "$reader" -p dir sleep 300
	status_is 125
	"$DETACH" -P -o "$reader" sleep 300 >/dev/full || status=$?
	status_is 125
	nothing_left
	[ ! -e reader ]
}

@test "S4: an empty |COMMAND is an error" {
	run "$DETACH" -o '|' sleep 300
	status_is 125
	nothing_left
}
