# SPDX-License-Identifier: ISC
# A real sshd on a loopback port, with throwaway keys: what happens to a
# command when its connection is cut.  Works as any user that may log in to
# itself with a key; sshd need not be root's.

load helper

setup_file() {
	PATH=$PATH:/usr/sbin:/sbin
	command -v sshd >/dev/null && command -v ssh >/dev/null || return 0
	export SSHDIR
	SSHDIR=$(cd "$BATS_FILE_TMPDIR" && pwd -P)
	ssh-keygen -q -t ed25519 -N '' -f "$SSHDIR/hostkey"
	ssh-keygen -q -t ed25519 -N '' -f "$SSHDIR/key"
	cp "$SSHDIR/key.pub" "$SSHDIR/authorized_keys"
	start_sshd
	cat >"$SSHDIR/ssh_config" <<-END
		Host host
		HostName 127.0.0.1
		Port $(cat "$SSHDIR/port")
		User $(id -un)
		IdentityFile $SSHDIR/key
		IdentitiesOnly yes
		IdentityAgent none
		BatchMode yes
		StrictHostKeyChecking no
		UserKnownHostsFile $SSHDIR/known_hosts
		LogLevel ERROR
		ConnectTimeout 20
	END
	timeout 25 ssh -F "$SSHDIR/ssh_config" host true \
	    </dev/null >"$SSHDIR/refused" 2>&1 3>&- || return 0
	rm "$SSHDIR/refused"
	# sshd fails where it is not root and finds a terminal's group wrong.
	timeout 25 ssh -F "$SSHDIR/ssh_config" -tt host true \
	    </dev/null >"$SSHDIR/notty" 2>&1 3>&- || return 0
	rm "$SSHDIR/notty"
}

# Ports are tried until sshd has got one.  Root's wants /run/sshd to be there,
# which a machine without one lacks: who uses that holds a lock on it, so that
# another run of these tests does not take it away.
start_sshd() {
	local hold='' i port pid

	for ((i = 0; i < 20; i++)); do
		if [ "$(id -u)" -eq 0 ]; then
			hold='flock -s -o /run/sshd/.'
			! mkdir -m 755 /run/sshd 2>/dev/null ||
			    : >"$SSHDIR/made-run"
		fi
		port=$((20000 + RANDOM % 10000))
		cat >"$SSHDIR/sshd_config" <<-END
			Port $port
			ListenAddress 127.0.0.1
			HostKey $SSHDIR/hostkey
			AuthorizedKeysFile $SSHDIR/authorized_keys
			PidFile none
			StrictModes no
			UsePAM no
			PasswordAuthentication no
			KbdInteractiveAuthentication no
			PermitRootLogin prohibit-password
			PermitUserRC no
			PrintLastLog no
			PrintMotd no
			UseDNS no
			MaxStartups 100
		END
		# shellcheck disable=SC2086
		$hold "$(command -v sshd)" -D -e -f "$SSHDIR/sshd_config" \
		    </dev/null >>"$SSHDIR/sshd.log" 2>&1 3>&- &
		pid=$!
		if wait_for 10 listening "$port" "$pid" && alive "$pid"; then
			[ -z "$hold" ] || pid=$(ps -o pid= --ppid "$pid")
			pid=${pid// /}
			echo "$port" >"$SSHDIR/port"
			echo "$pid $(stat_field "$pid" 22)" >"$SSHDIR/sshd.pid"
			return 0
		fi
	done
	cat "$SSHDIR/sshd.log" >&2
	return 1
}

# listening PORT PID: somebody listens there, or the process has given up.
listening() {
	! alive "$2" || (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

teardown_file() {
	local pid start p

	[ -n "$SSHDIR" ] || return 0
	if read -r pid start <"$SSHDIR/sshd.pid" &&
	    [ "$(stat_field "$pid" 22)" = "$start" ]; then
		for p in $(ps -o pid= --ppid "$pid"); do
			kill "$p" 2>/dev/null || :
		done
		kill "$pid"
		wait_for 10 gone "$pid"
	fi
	[ ! -e "$SSHDIR/made-run" ] ||
	    flock -n -x /run/sshd/. rmdir /run/sshd 2>/dev/null || :
}

setup() {
	detach_setup
	need ssh sshd ssh-keygen
	[ -e "$SSHDIR/port" ]
	[ ! -e "$SSHDIR/refused" ] ||
	    skip "this user cannot log in here: $(cat "$SSHDIR/refused")"
	# What a test's remote shell is to know; its HOME is not the user's.
	cat >env <<-END
		cd '$WORK'
		export HOME='$HOME' DETACH_TEST_ID='$DETACH_TEST_ID'
		DETACH='$DETACH' PROBE='$PROBE' TICK='$TICK'
		unset XDG_STATE_HOME
	END
}

need_tty() {
	[ ! -e "$SSHDIR/notty" ] ||
	    skip "this user's sshd has no terminals: $(cat "$SSHDIR/notty")"
}

# remote [-tt] COMMAND: ssh host COMMAND, in the test's directory.
remote() {
	local tty=-T

	[ "$1" != -tt ] || { tty=-tt; shift; }
	timeout 25 ssh -F "$SSHDIR/ssh_config" $tty host \
	    ". '$WORK/env'; $1" </dev/null
}

# client [-tt] COMMAND: the same in the background, in $client; its standard
# input stays open.
client() {
	local tty=-T

	[ "$1" != -tt ] || { tty=-tt; shift; }
	[ -e "$WORK/input" ] || mkfifo "$WORK/input"
	ssh -F "$SSHDIR/ssh_config" $tty host ". '$WORK/env'; $1" \
	    <>"$WORK/input" >"$WORK/screen" 2>&1 3>&- &
	client=$!
	started "$client"
}

# works PIDFILE LOG: the command goes on: alive, its lines come.
works() {
	local size

	alive "$(cat "$1")" || return 1
	size=$(wc -c <"$2")
	soon grown "$2" "$size"
}

grown() {
	[ "$(wc -c <"$1")" -gt "$2" ]
}

# What every cut has to leave: the command at work, its pidfile locked.
unharmed() {
	equal "$(cat pid)" "$(cat tick.pid)" pidfile || return 1
	works tick.pid log || fail "dead: $(tail -n 1 log)" || return 1
	locked pid || fail "the pidfile is not locked"
}

# cut_client: end the client as the network would, and wait until sshd knows.
cut_client() {
	local server

	server=$(cat server.pid)
	kill -KILL "$client"
	soon gone "$client"
	soon gone "$server"
}

@test "L9: ssh host detach command returns, the command goes on" {
	run remote '"$DETACH" -p pid -o log "$TICK" tick.pid'
	status_is 0
	equal "$output" "" output
	started "$(cat pid)"
	soon test -s tick.pid
	unharmed
}

@test "L9: ssh -tt host detach command returns, the command goes on" {
	need_tty
	run remote -tt '"$DETACH" -p pid -o log "$TICK" tick.pid'
	status_is 0
	started "$(cat pid)"
	soon test -s tick.pid
	unharmed
	# On a terminal, there is a note.
	matches "$output" "runs as pid $(cat pid)"
}

@test "L9: ssh host with stray descriptors of the connection" {
	local tty

	for tty in '' -tt; do
		[ -z "$tty" ] || [ ! -e "$SSHDIR/notty" ] || continue
		rm -f tick.pid
		# shellcheck disable=SC2086
		run remote $tty 'exec 7>&1 8>&2 9<&0 123>&1
		    "$DETACH" -p pid -o log "$TICK" tick.pid'
		status_is 0
		started "$(cat pid)"
		soon test -s tick.pid
		unharmed
		end "$(cat pid)"
	done
}

@test "L9: what this is measured against: ssh host 'nohup command &' hangs" {
	client 'nohup "$TICK" tick.pid & echo $PPID >server.pid'
	soon test -s tick.pid
	started "$(cat tick.pid)"
	sleep 0.5
	alive "$client" || fail "this sshd does not show the difference"
	cut_client
	soon gone "$(cat tick.pid)"	# its output was the connection
}

@test "L11: the client killed, without a terminal" {
	client '"$DETACH" -p pid -o log "$TICK" tick.pid
	    "$TICK" plain.pid & echo $PPID >server.pid; cat'
	soon test -s tick.pid
	started "$(cat tick.pid)"
	soon test -s plain.pid
	soon test -s server.pid
	cut_client
	soon gone "$(cat plain.pid)"
	unharmed
}

@test "L11: the client killed, with a terminal" {
	need_tty
	client -tt '"$DETACH" -p pid -o log "$TICK" tick.pid
	    "$TICK" plain.pid & echo $PPID >server.pid; cat'
	soon test -s tick.pid
	started "$(cat tick.pid)"
	soon test -s plain.pid
	soon test -s server.pid
	cut_client
	soon gone "$(cat plain.pid)"
	unharmed
}

@test "L11: the client killed while the remote shell is interactive" {
	need_tty
	echo 'export DETACH TICK' >>env
	client -tt 'echo $PPID >server.pid; exec bash --norc --noprofile -i'
	soon test -s server.pid
	echo '"$DETACH" -p pid -o log "$TICK" tick.pid' >input
	soon test -s tick.pid
	started "$(cat tick.pid)"
	cut_client
	unharmed
}

@test "L11: the server's side of the connection killed" {
	need_tty
	client -tt '"$DETACH" -p pid -o log "$TICK" tick.pid
	    "$TICK" plain.pid & echo $PPID >server.pid; cat'
	soon test -s tick.pid
	started "$(cat tick.pid)"
	soon test -s plain.pid
	soon test -s server.pid
	kill -KILL "$(cat server.pid)"
	soon gone "$(cat server.pid)"
	soon gone "$client"
	soon gone "$(cat plain.pid)"
	unharmed
}

@test "L11: the log has all of the output, before and after the cut" {
	need_tty
	client -tt '"$DETACH" -p pid "$TICK" tick.pid
	    echo $PPID >server.pid; cat'
	soon test -s server.pid
	soon test -s tick.pid
	started "$(cat tick.pid)"
	soon has detach.out 'tick 5'
	cut_client
	works tick.pid detach.out
	soon has detach.out 'tick 40'
	end "$(cat tick.pid)"
	awk '$0 != "tick " NR { exit 1 }' <(head -n 40 detach.out)
}

@test "L3: over ssh: no terminal, not sshd's session, nothing of sshd's open" {
	need_tty
	run remote -tt '"$DETACH" "$PROBE" seen; ps -o sid= -p $$ >shell.sid'
	status_is 0
	soon probe_done seen
	equal "$(probe_value seen tty)" none
	[ "$(probe_value seen sid)" -ne "$(cat shell.sid)" ]
	equal "$(probe_value seen fd | awk '{ printf "%s ", $1 }')" "0 1 2 "
	probe_value seen fd | grep -q '^0 .* /dev/null$'
	equal "$(probe_value seen SigIgn)" 0000000000000001
}
