#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# The manual, --help, the completions and the source agree with each other.

# shellcheck disable=SC2030,SC2031 # each test is a subshell
# shellcheck disable=SC2016 # some text is for another shell

load helper

setup() {
	detach_setup
	SRC=$(cd "${abs_top_srcdir:-$BATS_TEST_DIRNAME/..}" && pwd -P)
	MAN=$SRC/man/detach.1
	"$DETACH" --help >help
}

# lint_tool NAME: skip without it, but never in CI.
lint_tool() {
	command -v "$1" >/dev/null && return
	[ -z "$CI" ] || fail "CI needs $1"
	skip "needs $1"
}

# The options, one a line, sorted: -n, --name ...

options_of_help() {
	grep -oE -e '(^|[ (])--?[A-Za-z][a-z-]*' help | tr -d ' (' | sort -u
}

options_of_manual() {
	{
		# Every use of Fl with a long option is one of ours.
		grep -E '(^\.| )Fl ' "$MAN" | tr ' ' '\n' |
		    grep -xE -e '-[a-z][a-z-]+' | sed 's/^/-/'
		sed -nE 's/^\.It Fl ([A-Za-z])( .*)?$/-\1/p' "$MAN"
	} | sort -u
}

# Those that have an entry of their own.
options_described() {
	grep '^\.It Fl ' "$MAN" | grep -oE 'Fl -?[A-Za-z][a-z-]*' |
	    sed 's/^Fl /-/' | sort -u
}

same() {
	diff "$1" "$2" >&2 || fail "$3"
}

@test "help: fits 80 columns and 40 lines, on standard output" {
	"$DETACH" --help >help 2>err
	equal "$(cat err)" ''
	run awk 'length > 79' help
	equal "$output" '' 'too wide'
	run wc -l <help
	[ "$output" -ge 24 ] && [ "$output" -le 40 ] || fail "$output lines"
	run env LC_ALL=C grep -n '[^ -~]' help
	equal "$output" '' 'neither tabs nor letters beyond ASCII'
}

@test "help: names all the options that the manual describes, and no other" {
	options_of_help >a
	options_of_manual >b
	options_described >c
	[ "$(wc -l <a)" -gt 40 ]
	same a b 'help and manual differ'
	same b c 'the manual names options that it does not describe'
}

@test "help: detach knows every option that it names" {
	local option

	for option in $(options_of_help); do
		run "$DETACH" "$option" </dev/null
		[[ $output != *no\ such\ option* ]] ||
		    fail "$option: $output"
	done
	run "$DETACH" --no-such-option true
	status_is 125
	matches "$output" 'no such option'
	equal "$(ls "$DETACH_STATE_DIR" 2>/dev/null)" '' 'jobs'
}

@test "help: a standard output that cannot be written is an error" {
	local option

	for option in --help --version; do
		run sh -c '"$DETACH" "$1" >/dev/full' sh "$option"
		status_is 125
	done
}

@test "manual: mandoc has nothing to say" {
	lint_tool mandoc
	run mandoc -T lint -W warning "$MAN"
	equal "$output" ''
	status_is 0
}

@test "manual: groff has nothing to say" {
	lint_tool groff
	groff -mdoc -ww -Tascii "$MAN" >page 2>err
	equal "$(cat err)" ''
	[ -s page ]
}

@test "manual: no line is wider than 78 columns" {
	lint_tool mandoc
	mandoc -T ascii -O width=78 "$MAN" | sed "$(printf 's/.\b//g')" >page
	[ "$(wc -l <page)" -gt 300 ]
	run awk 'length > 78' page
	equal "$output" ''
}

# section NAME: its lines.
section() {
	awk -v name=".Sh $1" '/^\.Sh / { on = $0 == name } on' "$MAN"
}

@test "manual: EXIT STATUS has each number of exitcode.h, and no other" {
	local n

	section 'EXIT STATUS' >text
	# 128 and 130 are prose, as the others are not chosen by detach.
	sed -nE 's/^\.It ([0-9]+)$/\1/p' text | sort -nu >a
	sed -nE 's/^.*EXIT_[A-Z_]+ = ([0-9]+),.*/\1/p' "$SRC/src/exitcode.h" |
	    sort -nu >all
	awk '$1 < 128' all >b
	[ "$(wc -l <b)" -ge 7 ]
	same a b 'exit statuses differ'
	while read -r n; do
		[ "$n" -lt 128 ] || grep -qw "$n" text ||
		    fail "$n is not in EXIT STATUS"
	done <all
}

@test "manual: ENVIRONMENT has each variable that the source reads" {
	local var

	section ENVIRONMENT >text
	# keeper-main.c reads what the launcher tells it, and
	# ADOPT_FAULTS is defined in the tests' own build only.
	find "$SRC/src" -name '*.c' ! -name keeper-main.c -exec cat {} + |
	    awk '/^#ifdef ADOPT_FAULTS/ { off = 1 } !off
		/^#(else|endif)/ { off = 0 }' |
	    sed -nE 's/.*getenv\("([A-Z_]+)"\).*/\1/p' | sort -u >vars
	[ "$(wc -l <vars)" -ge 3 ]
	while read -r var; do
		grep -qE "^\.It Ev (.* )?$var( .*)?\$" text ||
		    fail "$var is not in ENVIRONMENT"
	done <vars
}

@test "manual: has each key of the JSON, and of a record" {
	local key

	section 'RECORDS AND JSON' | sed -n 's/^\.It Cm //p' |
	    sed 's/ , /\n/g' | sort >a
	"$DETACH" --json -n job true >json
	"$DETACH" --wait job
	# No string of this object has a quote, a comma or a brace in it.
	grep -oE '"[a-z_]+":' json | tr -d '":' | sort >b
	[ "$(wc -l <b)" -ge 18 ]
	same a b 'keys differ'
	section 'RECORDS AND JSON' >text
	"$DETACH" -n job sleep 100
	cat "$DETACH_STATE_DIR/job/record" >record
	"$DETACH" --stop job
	cat "$DETACH_STATE_DIR/job/record" >>record
	cut -d ' ' -f 1 record >keys
	while read -r key; do
		grep -qE "^\.(It )?Cm (.* )?$key( .*)?\$" text ||
		    fail "the record's $key is not in the manual"
	done <keys
}

@test "manual: FILES has each file of a job" {
	local file

	section FILES >text
	# A pipe, for a job whose output is a file has no log.
	"$DETACH" -n job true | cat
	"$DETACH" --wait job
	"$DETACH" -n job sleep 100 | cat
	for file in "$DETACH_STATE_DIR"/job/*; do
		grep -q "/name/${file##*/}\$" text ||
		    fail "$file is not in FILES"
	done
	[ -e "$DETACH_STATE_DIR/job/log.1" ]
	"$DETACH" --stop job
}

@test "completions: bash, zsh and fish know every option, and no other" {
	local c=$SRC/completions

	options_of_help >a
	grep -oE -e '(^|[ '"'"'])--?[A-Za-z][a-z-]*' \
	    <(awk '/^_detach\(\)/, /^}/' "$c/detach.bash" |
	    awk '/opts=/ { on = 1 } on; /;;/ { on = 0 }') |
	    tr -d " '" | sort -u >bash.options
	same a bash.options 'bash'
	{
		sed -nE "s/^.*\{-(.),--([a-z-]+)=?\}.*/-\1\n--\2/p" "$c/_detach"
		grep -oE -e "['\")]--[a-z-]+=?\[" "$c/_detach" |
		    grep -oE -e '--[a-z-]+'
	} | sort -u >zsh.options
	same a zsh.options 'zsh'
	{
		grep -oE '^complete .* -s [A-Za-z]' "$c/detach.fish" |
		    sed 's/.* -s /-/'
		grep -oE '^complete .* -l [a-z-]+' "$c/detach.fish" |
		    sed 's/.* -l /--/'
	} | sort -u >fish.options
	same a fish.options 'fish'
}

# bash_completes WORD ...: what bash offers for the last word.
bash_completes() {
	bash --norc -c '. "$1"; shift
	    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
	    _detach 2>/dev/null; echo "${COMPREPLY[*]}"' \
	    bash "$SRC/completions/detach.bash" "$@"
}

@test "completions: bash offers jobs, values and commands" {
	mkdir -p "$DETACH_STATE_DIR/build" "$DETACH_STATE_DIR/bat"
	equal "$(bash_completes detach --stop b)" 'bat build'
	equal "$(bash_completes detach --stop --grace = 3 bu)" build
	equal "$(bash_completes detach --restart = on)" on-failure
	equal "$(bash_completes detach --signal = KIL)" KILL
	equal "$(bash_completes detach --wait --)" --timeout=
	matches "$(bash_completes detach -fn x set)" setsid
	equal "$(bash_completes detach ls --st)" ''
}

@test "completions: zsh and fish can read theirs" {
	local some=false

	! command -v zsh >/dev/null || {
		zsh -n "$SRC/completions/_detach"
		some=true
	}
	! command -v fish >/dev/null || {
		fish --no-config -n "$SRC/completions/detach.fish"
		mkdir -p "$DETACH_STATE_DIR/build"
		run fish --no-config -c '. $argv[1]
		    complete -C "detach --wait bu"' \
		    "$SRC/completions/detach.fish"
		matches "$output" '^build'
		some=true
	}
	$some || { lint_tool zsh; lint_tool fish; }
}
