# SPDX-License-Identifier: ISC
# cron's way of calling: no terminal, an empty pipe as standard input, one
# deleted regular file as standard output and error, next to no environment.

load helper

# cron COMMANDLINE: as cron would; what would be mailed in $mail.
cron() {
	local status=0

	exec 7<>"$WORK/mail"
	rm "$WORK/mail"
	printf '' | timeout 20 setsid -w env -i PATH=/usr/bin:/bin \
	    SHELL=/bin/sh HOME="$HOME" LOGNAME="$(id -un)" \
	    DETACH_TEST_ID="$DETACH_TEST_ID" \
	    /bin/sh -c "$1" >&7 2>&7 7>&- || status=$?
	mail=$(cat "/proc/$BASHPID/fd/7" 2>/dev/null)
	exec 7>&-
	return $status
}

@test "L9: a cron job with detach goes on at once, and nothing is mailed" {
	cron "cd $WORK && $DETACH -p pid -o log sleep 60"
	started "$(cat pid)"
	equal "$mail" "" mail
	locked pid
	has_execed "$(cat pid)" sleep
}

@test "a cron job's standard streams: an empty input, the mail's file kept" {
	cron "$DETACH $PROBE $WORK/seen"
	soon probe_done seen
	probe_value seen fd | grep -q '^0 .* /dev/null$'
	probe_value seen fd | grep -q "^1 .* $WORK/mail (deleted)\$"
	probe_value seen fd | grep -q "^2 .* $WORK/mail (deleted)\$"
	equal "$(probe_value seen fd | wc -l | tr -d ' ')" 3 descriptors
	equal "$(probe_value seen tty)" none
	equal "$(probe_value seen SigIgn)" 0000000000000001
	[ ! -e detach.out ] && [ ! -e home/detach.out ]
	equal "$mail" "" mail
}

@test "a cron job finds commands in cron's PATH, without XDG_RUNTIME_DIR" {
	cron "cd $WORK && $DETACH -o log sh -c 'echo \$PATH; env'"
	soon has log /usr/bin:/bin
	equal "$mail" "" mail
	run grep XDG log
	status_is 1
}

@test "a failure in a cron job is mailed, and is the job's status" {
	local status=0

	cron "$DETACH no-such-command" || status=$?
	equal "$status" 127 status
	matches "$mail" '^detach: no-such-command: '
}

@test "a cron job started each minute, while the first still runs" {
	cron "cd $WORK && $DETACH -p pid -o log sleep 60"
	started "$(cat pid)"
	local status=0
	cron "cd $WORK && $DETACH -p pid -o log sleep 60" || status=$?
	equal "$status" 1 status
	matches "$mail" "already running \(pid $(cat pid), since "
}
