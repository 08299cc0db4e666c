#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Every example of the README and of the manual's EXAMPLES is taken from the
# file itself and run exactly as printed, in a place of its own, with
# stand-ins for make, rsync, ssh, mail and the like.  Examples come in blocks
# of a kind that their first line tells:
#	$ command	commands of a user, one a line
#	# command	the same of root
#	*/5 * * * * ...	a line for crontab(5)
#	#!/bin/sh	a script

# shellcheck disable=SC2016 # what stands in runs it, or takes it as printed
# shellcheck disable=SC2030,SC2031 # each test is a subshell

load helper

top() {
	cd "${abs_top_srcdir:-$BATS_TEST_DIRNAME/..}" && pwd -P
}

setup() {
	detach_setup
	SRC=$(top)
	cd "$HOME" || return 1
	mkdir "$HOME/bin" "$HOME/src" "$HOME/run"
	ln -s "$DETACH" "$HOME/bin/detach"
	RAN=$WORK/ran
	: >"$RAN"
	PATH=$HOME/bin:$PATH
	export PATH RAN
	# Each stand-in leaves a line of what it was called with.
	local name
	for name in make rsync dump upload backup simulate crawl run-tests
	do
		stand_in "$name" 'echo "$name: $*"' 'sleep 0.2'
	done
	stand_in server 'echo "$name: $*"' 'exec sleep 300'
	cp "$HOME/bin/server" testdb
	stand_in mail 'cat >"$HOME/mailed"'
	stand_in logger 'cat >>"$HOME/syslog"'
	stand_in chroot 'shift' 'exec "$@"'
	# What sshd does with a command, as far as a command can see.
	stand_in ssh 'shift' 'cd "$HOME"' 'exec setsid -w sh -c "$*"'
	command -v jq >/dev/null || stand_in jq 'cat'
}

# stand_in NAME LINE ...
stand_in() {
	local name=$1

	shift
	{
		echo '#!/bin/sh'
		echo "name=${name##*/}"
		echo 'echo "$name $*" >>"${RAN:-'"$RAN"'}"'
		printf '%s\n' "$@"
	} >"$HOME/bin/$name"
	chmod +x "$HOME/bin/$name"
}

# --- taking the examples out of the documents -----------------------------

# blocks FILE: the lines of its examples, each block after a line "%%".
blocks() {
	case $1 in
	README)
		# An indented block is an example.
		awk '/^    / { if (!in_block) print "%%"; in_block = 1
			sub(/^    /, ""); print; next }
		    /^$/ { next }
		    { in_block = 0 }' "$SRC/README" ;;
	*)
		awk '/^\.Sh / { in_examples = $0 == ".Sh EXAMPLES" }
		    !in_examples { next }
		    /^\.Bd -literal/ { print "%%"; in_block = 1; next }
		    /^\.Ed/ { in_block = 0 }
		    in_block { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print }' \
		    "$SRC/man/detach.1" ;;
	esac
}

# commands FILE: what is printed after a prompt, the prompt taken away.
commands() {
	blocks "$1" | sed -n 's/^[$#] //p'
}

# blocks_of FILE START: the blocks whose first line begins with START.
blocks_of() {
	blocks "$1" | awk -v start="$2" '
	    $0 == "%%" { first = 1; next }
	    first { wanted = index($0, start) == 1; first = 0
		if (wanted) print "%%" }
	    wanted'
}

# take_script FILE WORD: write the script that has WORD in it to ./script.
take_script() {
	blocks_of "$1" '#!/bin/sh' | awk -v word="$2" '
	    $0 == "%%" { if (index(text, word)) exit; text = ""; next }
	    { text = text $0 "\n" }
	    END { if (index(text, word)) printf "%s", text }' >script
	[ -s script ] || fail "$1: no script with $2"
	chmod +x script
}

# --- running them ---------------------------------------------------------

# The names that kept jobs of a command line get.
name_in() {
	[[ $1 =~ detach\ (-[a-z]\ )*-n\ ([a-z]+) ]] && echo "${BASH_REMATCH[2]}"
}

# can_run LINE: what is composed with detach is there and works here.
can_run() {
	local tool

	case $1 in
	*taskset*) taskset -c 0 true 2>/dev/null || return 1 ;;
	esac
	for tool in nice ionice chrt taskset prlimit timeout stdbuf setpriv; do
		[[ $1 != *" $tool "* ]] || command -v "$tool" >/dev/null ||
		    return 1
	done
}

# run_line LINE: run it as printed, and look at what it should have done.
# Its failures are returned: run_all calls it where errexit does not act.
run_line() {
	local line=$1 name word

	if ! can_run "$line"; then
		echo "# not run, a tool is missing here: $line" >&3
		return 0
	fi
	# The next day: the job of that name has ended.
	name=$(name_in "$line") && [ -d "$DETACH_STATE_DIR/$name" ] &&
	    "$DETACH" --wait --timeout=30 "$name"
	: >"$RAN"
	run sh -c "$line"
	echo "$output" >&2
	case $line in
	*--status*) [[ $status == [03] && $output == build* ]] ;;
	*) [ "$status" -eq 0 ] ;;
	esac || { fail "exit status $status"; return 1; }
	# What is launched has been called.
	[[ ! $line =~ \ --(list|status|log|wait|stop|signal) ]] || return 0
	for word in upload make crawl simulate server backup logger; do
		[[ $line != *" $word"* && $line != *"|$word"* ]] ||
		    soon has "$RAN" "$word" || return 1
	done
}

# run_all FILE: all its commands, in their order.
run_all() {
	local line n=0

	while IFS= read -r line; do
		echo "+ $line" >&2
		run_line "$line" </dev/null || return 1
		n=$((n + 1))
	done < <(commands "$1")
	[ $n -ge 15 ] || fail "only $n commands in $1"
}

# settle: what is still there, and is meant to be, is a server or a sleep.
settle() {
	local pid

	for pid in $(leftovers); do
		! has_execed "$pid" sleep || started "$pid"
	done
}

@test "README: every command runs as printed" {
	stand_in ../bootstrap 'true'
	ln -s "$DETACH" "$HOME/src/detach"
	run_all README
	# on-exit has had its say, and the syslog its lines
	soon has mailed 'make: '
	soon has syslog 'backup: '
	has server.log 'server: --port 8080'
	settle
}

@test "manual: every command of EXAMPLES runs as printed" {
	run_all detach.1
	soon has mailed 'make: '
	soon has syslog 'backup: '
	has server.log 'server: --port 8080'
	settle
}

@test "README: the story, with a terminal that closes" {
	local story start rest

	story=$(awk '/^## / { on = $0 == "## The story" } on' "$SRC/README" |
	    sed -n 's/^    \$ //p')
	start=$(head -n 1 <<<"$story")
	rest=$(tail -n +2 <<<"$story")
	equal "$start" 'detach -n build make -j8' "the story's first line"
	equal "$(wc -l <<<"$rest")" 4 "what can be typed the next day"
	stand_in make 'echo "make: $*"' \
	    'while [ ! -e "$HOME/go" ]; do sleep 0.1; done' 'exit 3'
	# script(1) closes the terminal when its command has ended.
	need script
	script -qec "$start" /dev/null </dev/null >/dev/null 3>&-
	run "$DETACH" --status build
	status_is 0
	run sh -c "$(sed -n 1p <<<"$rest")"
	status_is 0
	matches "$output" 'build.*running.*make -j8'
	touch go
	run sh -c "$(sed -n 4p <<<"$rest")"
	status_is 3
	run sh -c "$(sed -n 2p <<<"$rest")"
	status_is 3
	matches "$output" 'build.*exited 3'
	run sh -c "$(sed -n 3p <<<"$rest")"
	status_is 0
	equal "$output" 'make: -j8' 'the log'
}

# cron_run COMMAND: run it as cron does: a shell with the least of an
# environment, standard input an empty pipe, output a file.
cron_run() {
	: | env -i HOME="$HOME" LOGNAME=me SHELL=/bin/sh \
	    PATH="$HOME/bin:/usr/bin:/bin" RAN="$RAN" \
	    DETACH_STATE_DIR="$DETACH_STATE_DIR" \
	    DETACH_TEST_ID="$DETACH_TEST_ID" \
	    setsid -w /bin/sh -c "$1" >cron.out 2>&1 3>&-
}

cron_recipe() {
	local line status

	line=$(blocks_of "$1" '*/5' | sed '/^%%$/d')
	equal "$(wc -l <<<"$line")" 1 "cron lines in $1"
	[[ $line == '*/5 * * * * '* ]]
	line=${line#'*/5 * * * * '}
	# % has a meaning of its own in crontab(5)
	[[ $line != *%* ]]
	stand_in rsync 'echo "rsync: $*"' \
	    'while [ ! -e "$HOME/go" ]; do sleep 0.1; done'
	cron_run "$line"
	equal "$(cat cron.out)" '' "what cron mails of a start"
	status=0
	cron_run "$line" || status=$?
	equal $status 1 'exit status of an overlap'
	matches "$(cat cron.out)" 'already running'
	touch go
	"$DETACH" --wait --timeout=30 sync
	cron_run "$line"
	equal "$(cat cron.out)" '' "what cron mails of the next start"
	"$DETACH" --wait --timeout=30 sync
	equal "$(grep -cx 'rsync: -a src/ host:dst/' sync.log)" 2 'runs'
	equal "$(grep -c '^rsync ' "$RAN")" 2 'runs'
}

@test "README: the crontab line does not overlap, and is silent" {
	cron_recipe README
}

@test "manual: the crontab line does not overlap, and is silent" {
	cron_recipe detach.1
}

@test "manual: the script for cron says nothing of an overlap" {
	stand_in rsync 'echo "rsync: $*"' \
	    'while [ ! -e "$HOME/go" ]; do sleep 0.1; done'
	take_script detach.1 sync
	cron_run ./script
	equal "$(cat cron.out)" ''
	cron_run ./script
	equal "$(cat cron.out)" '' 'what cron mails of an overlap'
	touch go
	"$DETACH" --wait --timeout=30 sync
	equal "$(grep -c '^rsync ' "$RAN")" 1 'runs'
}

two_jobs() {
	take_script "$1" left
	stand_in make 'echo "make: $*"' '[ "$1" != right ] || exit 3'
	run ./script
	status_is 0
	equal "$output" 'right failed: 3'
	matches "$("$DETACH" --log left)" 'make: left'
}

@test "README: two jobs at once, and both are waited for" {
	two_jobs README
}

@test "manual: two jobs at once, and both are waited for" {
	two_jobs detach.1
}

while_it_runs() {
	take_script "$1" testdb
	stand_in run-tests "detach --status testdb >running"
	run ./script
	status_is 0
	matches "$(cat running)" 'testdb.*running'
	has "$RAN" 'run-tests --port 5433'
	run "$DETACH" --status testdb
	status_is 3
	nothing_left
	# Without its server it does not go on.
	rm testdb running
	status=0
	./script || status=$?
	status_is 127
	[ ! -e running ]
}

@test "README: a server for as long as the script runs" {
	while_it_runs README
}

@test "manual: a server for as long as the script runs" {
	while_it_runs detach.1
}

@test "README, manual: there is no example of a kind that is not run" {
	local file

	for file in README detach.1; do
		blocks "$file" | awk '
		    $0 == "%%" { n++; first = 1; next }
		    first && !/^([$#] |\*\/5 \* \* \* \* |#!\/bin\/sh$)/ {
			print "of no known kind: " $0; bad = 1 }
		    first { script = /^#!/ }
		    !first && !script && !/^[$#] / {
			print "no command: " $0; bad = 1 }
		    { first = 0 }
		    END { exit bad || n < 10 }' || fail "$file"
	done
}
