# SPDX-License-Identifier: ISC
# L9: the caller is never held.  bats waits for whoever has its descriptor 3,
# so that each test here that ends is one more proof.  What goes through
# sshd is in ssh.bats, cron in cron.bats.

load helper

# prompt COMMAND ...: it returns long before what it has started ends.
prompt() {
	local t0

	t0=$(now_ms)
	run timeout 20 "$@"
	[ "$status" -ne 124 ] || fail "held: $*"
	status_is 0
	[ $(($(now_ms) - t0)) -lt 15000 ]
}

ended_later() {
	soon test -s "$WORK/pid"
	started "$(cat "$WORK/pid")"
	has_execed "$(cat "$WORK/pid")" sleep
}

@test "L9: \$(detach command)" {
	prompt bash -c 'x=$("$DETACH" -p pid sleep 60); echo "got:$x"'
	equal "$output" got:
	ended_later
}

@test "L9: \$(detach -P command 2>&1)" {
	prompt bash -c 'x=$("$DETACH" -P -p pid sleep 60 2>&1); echo "$x"'
	equal "$output" "$(cat pid)"
	ended_later
}

@test "L9: detach command | cat" {
	prompt bash -c '"$DETACH" -p pid sleep 60 2>&1 | cat'
	ended_later
}

@test "L9: a stray descriptor of the caller's pipe" {
	prompt bash -c 'x=$(exec 7>&1 8>&1 63>&1
	    "$DETACH" -p pid sleep 60); echo "got:$x"'
	equal "$output" got:
	ended_later
}

@test "L9: a |COMMAND does not hold the caller either" {
	prompt bash -c 'x=$(exec 7>&1
	    "$DETACH" -p pid -o "|cat >out" sleep 60 2>&1); echo "got:$x"'
	equal "$output" got:
	ended_later
}

@test "L9: a caller whose standard error alone is the pipe" {
	prompt bash -c '"$DETACH" -p pid sleep 60 2>&1 >/dev/null | cat'
	ended_later
}

@test "L9: a socket as the standard streams" {
	local script='
		use Socket;
		socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
		defined(my $p = fork) or die;
		if ($p == 0) {
			close $a;
			open STDIN, "<&", $b; open STDOUT, ">&", $b;
			open STDERR, ">&", $b;
			exec $ENV{DETACH}, "-p", "pid", "sleep", "60";
		}
		close $b; waitpid $p, 0;
		exit 1 if $?;
		1 while <$a>;'	# until nobody has the other end
	need perl
	perl -MSocket -e 1 2>/dev/null || skip "needs perl's Socket"
	prompt perl -e "$script"
	ended_later
}

@test "L9: the shell's wait does not wait for the command" {
	prompt bash -c '"$DETACH" -p pid sleep 60 & wait'
	ended_later
}

@test "L9: the launcher's own pipe, held by nobody, is not waited for" {
	# A process that was started meanwhile by somebody else in the same
	# shell must not keep the launcher's descriptors: they are its own.
	prompt bash -c 'for i in 1 2 3 4 5; do
		sleep 0.2 & "$DETACH" -o log true &
	done; wait'
}
