# SPDX-License-Identifier: ISC
#
# --adopt saves a command in each state that its shell could have it in, from
# each way in which a terminal can end. The command is one that ends at the
# first line that it cannot write; without detach, it is always dead.

load helper
load adopt

setup() {
	detach_setup
}

teardown() {
	detach_teardown
}

# cell SHELL STATE ENDING: in a directory of its own.
cell() {
	local dir=$WORK/$1.$2.$3 pid

	mkdir "$dir"
	terminal "$dir" "$1" "$2" "$3" "$TICK $dir/pid" || return 1
	"$DETACH" --adopt -o "$dir/log" "$pid" 3>&- || return 1
	close_terminal "$dir" || return 1
	works "$pid" "$dir/log" || return 1
	: >"$dir/saved"
}

# row SHELL STATE ENDING ...: all endings at once.
row() {
	local shell=$1 state=$2 ending pids=

	need "${shell/login/bash}"
	shift 2
	for ending; do
		cell "$shell" "$state" "$ending" 3>&- &
		pids+=" $!"
	done
	# shellcheck disable=SC2086 # words
	wait $pids || :
	for ending; do
		if [ ! -e "$WORK/$shell.$state.$ending/saved" ]; then
			echo "$shell, $state, $ending: lost" >&2
			tail "$WORK/$shell.$state.$ending/screen" >&2
			return 1
		fi
	done
}

@test "V8: foreground of bash: closed, exit, killed" {
	row bash fg close exit kill
}

@test "V8: background of bash: closed, exit, killed" {
	row bash bg close exit kill
}

@test "V8: stopped in bash: closed, exit, killed" {
	row bash stopped close exit kill
}

@test "V8: foreground of a login bash with huponexit" {
	row login fg huponexit
}

@test "V8: background of a login bash with huponexit" {
	row login bg huponexit
}

@test "V8: stopped in a login bash with huponexit" {
	row login stopped huponexit
}

@test "V8: foreground of dash: closed, exit, killed" {
	row dash fg close exit kill
}

@test "V8: background of dash: closed, exit, killed" {
	row dash bg close exit kill
}

@test "V8: stopped in dash: closed, exit, killed" {
	row dash stopped close exit kill
}

@test "V8: foreground of zsh: closed, exit, killed" {
	row zsh fg close exit kill
}

@test "V8: background of zsh: closed, exit, killed" {
	row zsh bg close exit kill
}

@test "V8: stopped in zsh: closed, exit, killed" {
	row zsh stopped close exit kill
}

@test "V8: what is not adopted is lost, or this file would prove nothing" {
	mkdir t
	terminal "$PWD/t" bash bg close "$TICK $PWD/t/pid"
	close_terminal "$PWD/t"
	soon gone "$pid"
}
