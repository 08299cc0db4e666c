# SPDX-License-Identifier: ISC
# L11: the command survives the end of its terminal, in each state that the
# shell or the kernel could have left it in.
#
# A script starts the same command in four ways, `command &`, `command >file &`,
# `nohup command &` and `detach command`, and waits.  An interactive bash in a terminal of
# its own runs that script
#	in the foreground; in the background; or stopped by Ctrl-Z,
# with SIGHUP
#	as by default; or ignored,
# with the shell option huponexit
#	off; or on,
# and then
#	the terminal is closed; the shell exits; or the shell is killed.
# Who is still at work after that?  The table of it is written as comments;
# detach's command has to be, in each cell, and those that are known to die
# have to have died, or the terminal had not really ended.

load helper

# A command in the foreground keeps the shell from its next line, so that a
# shell that exits has none but detach's.
setup() {
	detach_setup
	need bash
	cat >start <<-'END'
		"$TICK" plain.pid &
		"$TICK" file.pid >file.log 2>&1 &
		nohup "$TICK" nohup.pid >nohup.log 2>&1 &
		"$DETACH" -q -o detach.log "$TICK" detach.pid
		wait
	END
}

# steps STATE HUP HUPONEXIT END: the script for the terminal driver.
steps() {
	echo "type cd '$WORK'"
	[ "$2" = default ] || echo "type trap '' HUP"
	[ "$3" = off ] || echo "type shopt -s huponexit"
	if [ "$1-$4" = foreground-exit ]; then
		echo "type \$DETACH -q -o detach.log \$TICK detach.pid"
	elif [ "$1" = background ]; then
		echo "type sh ./start & echo \$! >job.pid"
	else
		# A pid for the driver to look at, then the script itself.
		echo "type sh -c 'echo \$\$ >job.pid; exec sh ./start'"
	fi
	[ "$1-$4" = foreground-exit ] || {
		echo "file plain.pid"
		echo "file file.pid"
		echo "file nohup.pid"
	}
	echo "file detach.pid"
	if [ "$1" = stopped ]; then
		echo "key Z"
		echo "state job.pid T"
		echo "state plain.pid T"
	fi
	case $4 in
	close)
		echo close
		# With SIGHUP ignored, the script keeps the shell waiting.
		[ "$1-$2" != foreground-ignored ] || {
			echo "gone plain.pid"
			echo kill
		}
		;;
	exit)
		# The first is refused if there are stopped jobs.
		echo "type exit"
		[ "$1" != stopped ] || echo "type exit"
		;;
	kill)
		echo kill
		;;
	esac
	echo wait
}

# fate WAY: alive, stopped or dead, once it is settled: what is dead in the
# end is so soon after the end of the terminal, as it writes all the time.
fate() {
	local pid

	[ -s "$1.pid" ] || { echo -; return 0; }
	pid=$(cat "$1.pid")
	if gone "$pid"; then
		echo dead
	elif state_is "$pid" T; then
		echo stopped
	else
		echo alive
	fi
}

# cell STATE HUP HUPONEXIT END: play it, for a line of the table.
cell() {
	local before opts='' way

	rm -f ./*.pid ./*.log
	[ "$2" = default ] || opts=-h
	steps "$@" >steps
	# shellcheck disable=SC2086 # none or one
	PS1='' HISTFILE='' "$PTY" $opts \
	    bash --login --noprofile --norc --noediting -i \
	    <steps >screen 2>&1 3>&- ||
	    fail "$* could not be played: $(cat steps screen)" || return 1
	for way in plain file nohup detach job; do
		[ ! -s $way.pid ] || started "$(cat $way.pid)"
	done
	# The proof of life is work done after the end.
	before=$(wc -c <detach.log)
	soon grown detach.log $((before + 100)) ||
	    fail "detach, $*: dead" || return 1
	if [ -s plain.pid ]; then
		soon gone "$(cat plain.pid)" || fail "&, $*: survived" ||
		    return 1
	fi
	# At its exit bash sends SIGHUP to each job with huponexit, and SIGTERM
	# to stopped ones without.
	case "$*" in
	'stopped default '*' exit' | 'stopped ignored off exit' | \
	    'background default on exit')
		soon gone "$(cat file.pid)" || fail ">file &, $*: survived" ||
		    return 1
		;;
	esac
	case "$*" in
	'stopped '*' off exit')
		soon gone "$(cat nohup.pid)" || fail "nohup, $*: survived" ||
		    return 1
		;;
	esac
	row "$@" "$(fate plain)" "$(fate file)" "$(fate nohup)" \
	    "$(fate detach)"
	equal "$(fate detach)" alive "detach, $*" || return 1
	end_started
	: >"$STARTED"
}

grown() {
	[ "$(wc -c <"$1")" -gt "$2" ]
}

row() {
	printf '# %-10s %-7s %-9s %-5s  %-7s %-7s %-7s %-7s\n' "$@" >&3
}

matrix() {
	local hup huponexit end

	fast
	row job SIGHUP huponexit end '&' '>file &' 'nohup &' detach
	for hup in default ignored; do
		for huponexit in off on; do
			for end in close exit kill; do
				cell "$1" $hup $huponexit $end || return 1
			done
		done
	done
}

@test "L11: in the foreground" {
	matrix foreground
}

@test "L11: in the background" {
	matrix background
}

@test "L11: stopped by Ctrl-Z" {
	matrix stopped
}

@test "L11: the command itself stopped goes on once it is continued" {
	local end before

	fast
	for end in close 'type exit' kill; do
		rm -f ./*.pid ./*.log
		"$PTY" sh <<-END >screen 3>&-
			type '$DETACH' -q -o detach.log '$TICK' detach.pid
			file detach.pid
			type kill -STOP \$(cat detach.pid)
			state detach.pid T
			$end
			wait
		END
		pid=$(cat detach.pid)
		started "$pid"
		state_is "$pid" T
		kill -CONT "$pid"
		before=$(wc -c <detach.log)
		soon grown detach.log "$before"
	done
}

@test "L11: started in the background, and the terminal gone at once" {
	local i before

	fast
	for i in 1 2 3 4 5 6 7 8; do
		rm -f ./*.pid ./*.log
		"$PTY" bash --norc --noprofile --noediting -i \
		    <<-END >screen 2>&1 3>&-
			type '$DETACH' -q -o detach.log '$TICK' detach.pid &
			file detach.pid
			close
		END
		started "$(cat detach.pid)"
		before=$(wc -c <detach.log)
		soon grown detach.log "$before"
	done
}

@test "L11: started when the terminal has gone already: none of it is kept" {
	fast
	"$PTY" -h sh <<-END >screen 3>&-
		type sh -c 'until [ -e go ]; do sleep 0.05; done; "\$@"' - \
		    '$DETACH' sh -c 'echo out; echo err >&2; \
		    readlink /proc/self/fd/0 >in; touch done' & echo \$! >bg.pid
		file bg.pid
		close
		wait
	END
	started "$(cat bg.pid)"
	touch go
	soon test -e done
	equal "$(cat in)" /dev/null
	equal "$(xargs <detach.out)" "out err"
}
