#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# -u: what the command may do, what it sees of its user, and with whose
# rights each file is opened.  With a passwd and a group file of its own, in
# a mount namespace, so that the machine's users are not touched.

# Scripts in quotes are for other shells; each test is a subshell; and some
# words are split on purpose.
# shellcheck disable=SC2016,SC2030,SC2031,SC2086

load helper

readonly TESTUID=54321 TESTGID=54322 TESTEXTRA=54323 TESTOTHER=54324

setup() {
	detach_setup || return 1
	USERHOME=$WORK/home/tester
	export USERHOME
	mkdir "$USERHOME" dir
	chmod 755 . home
	if [ "$(id -u)" -eq 0 ]; then
		make_users
	fi
}

make_users() {
	cat >passwd <<-END
		root:x:0:0:root:/root:/bin/sh
		tester:x:$TESTUID:$TESTGID:Test User:$USERHOME:/bin/test-shell
		other:x:$TESTOTHER:$TESTOTHER::/nonexistent:
		toor:x:0:0:another root:/root:/bin/sh
	END
	cat >group <<-END
		root:x:0:
		tester:x:$TESTGID:
		extra:x:$TESTEXTRA:other,tester
		other:x:$TESTOTHER:
	END
	chown $TESTUID:$TESTGID "$USERHOME"
}

# as_root COMMAND ...: with the users above; skips where it cannot.
as_root() {
	unshare -m sh -c 'mount --bind "$WORK/passwd" /etc/passwd &&
	    mount --bind "$WORK/group" /etc/group && exec "$@"' - "$@"
}

need_users() {
	need_root
	need unshare
	as_root true 2>/dev/null || skip "needs a mount namespace"
}

# run_user OPTION ...: launch a sleep with the options, its pid in $pid.
run_user() {
	rm -f "$WORK/pid"
	as_root "$DETACH" -q -p "$WORK/pid" -o /dev/null "$@" sleep 300 ||
	    fail "detach $*: exit status $?" || return 1
	pid=$(cat "$WORK/pid") && started "$pid"
}

# ids KEY: the ids of a line of /proc/PID/status.
ids() {
	proc_status "$pid" "$1"
}

environment() {
	tr '\0' '\n' <"/proc/$pid/environ" | sed -n "s/^$1=//p"
}

refused() {
	run as_root timeout -k 5 20 "$DETACH" -p pid -o out "$@" sleep 300
	[ "$status" -eq 125 ] ||
	    fail "detach $*: exit status $status: $output" || return 1
	matches "$output" '^detach: .+: .+' || return 1
	equal "${#lines[@]}" 1 "lines of the message" || return 1
	if [ -e pid ] || [ -e out ]; then
		fail "detach $* left a file"
	fi
}

@test "-u USER: all user, group and supplementary ids are that user's" {
	need_users
	run_user -u tester
	equal "$(ids Uid)" "$TESTUID $TESTUID $TESTUID $TESTUID"
	equal "$(ids Gid)" "$TESTGID $TESTGID $TESTGID $TESTGID"
	equal "$(ids Groups | tr ' ' '\n' | sort -u | tr '\n' ' ')" \
	    "$TESTGID $TESTEXTRA "
}

@test "-u USER:GROUP: that group, and none of root's" {
	need_users
	run_user --user=tester:other
	equal "$(ids Uid)" "$TESTUID $TESTUID $TESTUID $TESTUID"
	equal "$(ids Gid)" "$TESTOTHER $TESTOTHER $TESTOTHER $TESTOTHER"
	not grep -qw 0 <<<"$(ids Groups)"
	# The user's groups are still the user's.
	matches " $(ids Groups) " " $TESTEXTRA "
}

@test "-u: no supplementary group of the caller is left" {
	need_users
	need setpriv
	as_root setpriv --groups 0,4,$TESTOTHER "$DETACH" -q -p "$WORK/pid" \
	    -o /dev/null -u tester sleep 300
	pid=$(cat pid)
	started "$pid"
	equal "$(ids Groups | tr ' ' '\n' | sort -u | tr '\n' ' ')" \
	    "$TESTGID $TESTEXTRA "
}

@test "-u: HOME, USER, LOGNAME and SHELL are that user's, the rest the caller's" {
	need_users
	TESTVAR=value run_user -u tester
	equal "$(environment HOME)" "$USERHOME" HOME
	equal "$(environment USER)" tester USER
	equal "$(environment LOGNAME)" tester LOGNAME
	equal "$(environment SHELL)" /bin/test-shell SHELL
	equal "$(environment TESTVAR)" value
	equal "$(environment HOME | wc -l)" 1 "HOMEs"
	end "$pid"
	# An empty shell field means /bin/sh (passwd(5)).
	run_user -u other
	equal "$(environment SHELL)" /bin/sh SHELL
}

@test "-u: -E has the last word on the variables" {
	need_users
	run_user -E HOME=/elsewhere -u tester -E SHELL
	equal "$(environment HOME)" /elsewhere
	equal "$(environment USER)" tester
	not grep -qz '^SHELL=' "/proc/$pid/environ"
}

@test "-u: no capability is left, whatever the caller had, and none comes back" {
	need_users
	need setpriv
	run_user -u tester
	for set in CapInh CapPrm CapEff CapAmb; do
		equal "$(ids $set)" 0000000000000000 $set
	done
	end "$pid"
	for bits in -noroot +noroot +no_setuid_fixup \
	    +no_setuid_fixup,+noroot; do
		rm -f pid
		status=0
		as_root setpriv --securebits "$bits" --inh-caps +kill,+chown \
		    --ambient-caps +kill,+chown \
		    "$DETACH" -p "$WORK/pid" -o /dev/null -u tester sleep 300 \
		    2>err || status=$?
		# Refusing to start under such bits is as good.
		if [ "$status" -ne 0 ]; then
			equal "$status" 125 "$(cat err)"
			continue
		fi
		pid=$(cat pid)
		started "$pid"
		for set in CapPrm CapEff CapAmb; do
			equal "$(ids $set)" 0000000000000000 "$set, $bits"
		done
		end "$pid"
	done
	# The command cannot have root's rights again.
	if command -v perl >/dev/null; then
		as_root "$DETACH" -q -u tester perl -e \
		    '$> = 0; $< = 0; $) = 0; print "$< $> ", $)+0, " end\n"' \
		    >uids
		soon has uids end
		equal "$(cat uids)" "$TESTUID $TESTUID $TESTGID end"
	fi
}

@test "-u: an empty or unknown name is an error, never root" {
	need_users
	for user in '' nosuchuser nosuchuser:tester tester:nosuchgroup \
	    : :tester tester: root: tester:: 'tester ' ' tester' ' ' \
	    'tester:other:extra' -1 4294967295 4294967296 0x0; do
		refused -u "$user"
	done
	refused --user=
	nothing_left
}

@test "-u: an ordinary user is refused" {
	if [ "$(id -u)" -eq 0 ]; then
		need setpriv
		cp "$DETACH" program
		chown $TESTUID dir
		cd dir
		program() {
			setpriv --reuid $TESTUID --regid $TESTGID \
			    --clear-groups ../program "$@"
		}
	else
		program() { "$DETACH" "$@"; }
	fi
	for user in root nobody "$(id -un)"; do
		run program -u "$user" -p pid sleep 300
		status_is 125
		matches "$output" '^detach: .+: .+'
		[ ! -e pid ]
		[ ! -e detach.out ]
	done
	nothing_left
}

@test "-u root, as root, is root" {
	need_users
	run_user -u root
	equal "$(ids Uid)" "0 0 0 0"
	equal "$(environment HOME)" /root
}

@test "-u: FILEs are opened with that user's rights" {
	need_users
	chmod 700 dir
	echo secret >in
	chmod 600 in
	for option in "-o dir/file" "-e dir/file" "-o file" "-i in"; do
		refused $option -u tester
		matches "$output" 'Permission denied'
	done
	[ ! -e file ]
	[ ! -e dir/file ]
	nothing_left
	: >theirs
	chown $TESTUID theirs
	run_user -u tester -o "$USERHOME/out" -e theirs
	equal "$(stat -c %u:%g "$USERHOME/out")" $TESTUID:$TESTGID owner
	equal "$(fd_target "$pid" 2)" "$WORK/theirs"
}

@test "-u: a FILE that only the user's supplementary group opens" {
	need_users
	: >shared
	chgrp $TESTEXTRA shared
	chmod 060 shared
	run_user -u tester -o shared
	equal "$(fd_target "$pid" 1)" "$WORK/shared"
}

@test "-u: a FILE that only root's group opens is refused" {
	need_users
	: >shared
	chmod 660 shared
	run as_root "$DETACH" -u tester -o shared sleep 300
	status_is 125
	nothing_left
}

@test "-u: -t does not empty what the user may not write" {
	need_users
	echo text >file
	chmod 644 file
	run as_root "$DETACH" -u tester -t -o file sleep 300
	status_is 125
	equal "$(cat file)" text
}

@test "-u: the pidfile is root's, where only root can write" {
	need_users
	chmod 700 dir
	as_root "$DETACH" -q -u tester -o /dev/null -p dir/pid sleep 300
	pid=$(cat dir/pid)
	started "$pid"
	equal "$(stat -c %u dir/pid)" 0 "the pidfile's owner"
	locked dir/pid
	equal "$(ids Uid)" "$TESTUID $TESTUID $TESTUID $TESTUID"
}

@test "-u: the command has the pidfile's lock, but cannot write to the file" {
	need_users
	as_root "$DETACH" -q -u tester -o /dev/null -p pid bash -c '
	    for n in {3..20}; do
		{ echo 1 >&$n; } 2>/dev/null
		{ : >/proc/self/fd/$n; } 2>/dev/null
	    done
	    touch "$HOME/done"; exec sleep 300'
	soon test -e "$USERHOME/done"
	pid=$(cat pid)
	[ "$pid" != 1 ]
	started "$pid"
	locked pid
	run "$DETACH" --stop ./pid
	status_is 0
	soon gone "$pid"
}

@test "-u: the log without -o is the user's, never one that root opened" {
	need_users
	rm -f pid
	as_root sh -c '"$DETACH" -q -p pid -u tester sh -c \
	    "echo text; exec sleep 300" | cat'
	pid=$(cat pid)
	started "$pid"
	soon has_execed "$pid" sleep
	log=$(fd_target "$pid" 1)
	equal "$(stat -c %u "$log")" $TESTUID "owner of $log"
	equal "$(cat "$log")" text
}

@test "-u: -o '|COMMAND' is run as that user" {
	need_users
	as_root "$DETACH" -q -p "$WORK/pid" -u tester \
	    -o "|echo \$\$ >$USERHOME/reader; exec cat >$USERHOME/got" sleep 300
	command=$(cat pid)
	started "$command"
	soon test -s "$USERHOME/reader"
	pid=$(cat "$USERHOME/reader")
	soon has_execed "$pid" cat
	equal "$(ids Uid)" "$TESTUID $TESTUID $TESTUID $TESTUID"
	equal "$(ids Gid)" "$TESTGID $TESTGID $TESTGID $TESTGID"
	not grep -qw 0 <<<"$(ids Groups)"
	end "$command"
	soon gone "$pid"
}

@test "-u: a command that only root can execute is 126, and nothing is left" {
	need_users
	cp "$(command -v sleep)" mine
	chmod 700 mine
	run as_root "$DETACH" -u tester -p pid -o /dev/null ./mine 300
	status_is 126
	[ ! -e pid ]
	nothing_left
}

@test "-u with -n: the record is root's, the command the user's" {
	need_users
	pid=$(as_root "$DETACH" -q -P -n job -u tester -o /dev/null sleep 300)
	started "$pid" "$(stat_field "$pid" 4)"
	equal "$(ids Uid)" "$TESTUID $TESTUID $TESTUID $TESTUID"
	equal "$(stat -c %u "$DETACH_STATE_DIR/job/record")" 0 "the record's owner"
	equal "$(stat -c %u "$DETACH_STATE_DIR/job/pid")" 0 "the pidfile's owner"
}

@test "-u: the output of --on-exit goes where that user may write" {
	need_users
	echo root >precious
	chmod 644 precious
	as_root "$DETACH" -q -n hook -u tester -o "$USERHOME/out" \
	    --on-exit='echo hook; echo end >>"$HOME/done"' \
	    sh -c "rm $USERHOME/out; ln -s $WORK/precious $USERHOME/out"
	soon test -s "$USERHOME/done"
	equal "$(cat precious)" root
	as_root sh -c '"$DETACH" -q -n log -u tester --on-exit="echo hook" \
	    echo text 2>&1 | cat'
	soon has "$DETACH_STATE_DIR/log/log" hook
}
