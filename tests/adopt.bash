# SPDX-License-Identifier: ISC
#
# For the tests of --adopt: commands in terminals that go away.

# shellcheck disable=SC2034 # for who loads this
TARGET=${abs_top_builddir:-$BATS_TEST_DIRNAME/..}/tests/adopt/target
# shellcheck disable=SC2034
FAULTS=${abs_top_builddir:-$BATS_TEST_DIRNAME/..}/tests/adopt/detach-faults
# shellcheck disable=SC2034
TICK=${abs_top_builddir:-$BATS_TEST_DIRNAME/..}/tests/tick

# The words that start a shell in which nothing is configured.
shell_words() {
	case $1 in
	bash)	echo "bash --norc --noprofile -i" ;;
	login)	echo "bash --norc --noprofile -li" ;;
	zsh)	echo "zsh -f -i" ;;
	*)	echo "$1 -i" ;;
	esac
}

# terminal DIR SHELL STATE ENDING COMMAND: a terminal with that shell in it,
# in which COMMAND runs in the state (fg, bg, stopped), and which ends in the
# way named (close, exit, huponexit, kill) once DIR/end is there and not
# empty. COMMAND writes its pid to DIR/pid. The screen is in DIR/screen.
terminal() {
	local dir=$1 shell=$2 state=$3 ending=$4 command=$5

	{
		if [ "$ending" = huponexit ]; then
			echo "type shopt -s huponexit"
		fi
		if [ "$state" = bg ]; then
			echo "type $command &"
		else
			echo "type $command"
		fi
		echo "file $dir/pid"
		if [ "$state" = stopped ]; then
			echo "key Z"
			echo "state $dir/pid T"
			echo "type echo y >$dir/ready"
		else
			echo "state $dir/pid SRD"
			echo "file $dir/pid"
		fi
		echo "await $dir/end"
		case $ending in
		close)	echo "close" ;;
		kill)	printf '%s\n' kill wait close ;;
		*)	printf '%s\n' "type exit" "type exit" ;;
		esac
		echo "wait"
	} >"$dir/script"
	# shellcheck disable=SC2046 # words
	"$PTY" $(shell_words "$shell") <"$dir/script" >"$dir/screen" 2>&1 3>&- &
	echo $! >"$dir/pty"
	started $!
	soon filled "$dir/pid" || return 1
	pid=$(cat "$dir/pid")
	started "$pid"
	if [ "$state" = stopped ]; then
		soon filled "$dir/ready" || return 1
	elif [ "$state" = fg ]; then
		soon in_foreground "$pid" || return 1
	fi
}

filled() {
	[ -s "$1" ]
}

in_foreground() {
	[ "$(stat_field "$1" 5)" = "$(stat_field "$1" 8)" ]
}

# close_terminal DIR: let it end in its way, and wait until it has.
close_terminal() {
	local ptypid

	ptypid=$(cat "$1/pty")
	echo y >"$1/end"
	soon gone "$ptypid"
}

# in_terminal COMMAND: one in bash's background, in the current directory.
in_terminal() {
	terminal "$PWD" bash "${2:-bg}" close "$1"
}

size() {
	stat -c %s "$1" 2>/dev/null || echo 0
}

grown() {
	[ "$(size "$1")" -gt "$2" ]
}

# works PID LOG: it lives, is not stopped, and its log grows.
works() {
	alive "$1" && ! state_is "$1" T && soon grown "$2" "$(size "$2")"
}

# terminals PID: its descriptors that are terminals.
terminals() {
	local fd

	for fd in "/proc/$1"/fd/*; do
		case $(readlink "$fd") in
		/dev/pts/* | /dev/tty*) echo "${fd##*/}" ;;
		esac
	done
}

ignores_hup() {
	((0x$(proc_status "$1" SigIgn) & 1))
}

# snapshot PID: all that an adoption might change.
snapshot() {
	local dir=/proc/$1

	grep -HE '^(Pid|PPid|TracerPid|Sig[A-Z][a-z]|Shd|Threads|Seccomp)' \
	    "$dir"/task/*/status
	stat_field "$1" 5
	stat_field "$1" 6
	stat_field "$1" 7
	find "$dir/fd" -type l -printf '%f %l\n' | sort -n
	grep -HE '^(flags|tfd)' "$dir"/fdinfo/*
	cat "$dir/maps"
}
