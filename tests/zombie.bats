# SPDX-License-Identifier: ISC
# L10: no zombie is left by detach, ever.  Looked at below a subreaper that
# reaps nobody, as the PID 1 of some containers: whatever ends there without
# having been reaped by its parent stays for us to count.

load helper

# below COMMAND ...: run it below such a subreaper; its zombies, when it is
# done, one "PID NAME" a line, in $zombies.  Output in $WORK/output.
below() {
	local reaper

	mkfifo "$WORK/hold"
	"$WITH" -r sh -c '"$@"; echo $? >"$WORK/done"' sh "$@" \
	    <"$WORK/hold" >"$WORK/output" 2>&1 3>&- &
	reaper=$!
	exec 9>"$WORK/hold"
	started "$reaper"
	# That is work, not an event: hundreds of launches on a busy machine.
	wait_for 240 test -s "$WORK/done"
	soon settled "$reaper"
	zombies=$(ps -o pid=,stat=,comm= --ppid "$reaper" |
	    awk '$2 ~ /^Z/ { print $1, $3 }')
	exec 9>&-
	wait "$reaper" || :
	rm -f "$WORK/hold"
}

# Whatever the subreaper has got is a zombie by now.
settled() {
	! ps -o stat= --ppid "$1" | grep -qv '^Z'
}

@test "L10: 500 launches leave no zombie but the ended commands themselves" {
	cat >many <<-'END'
		i=0
		while [ $i -lt 500 ]; do
			"$DETACH" -P -o /dev/null true || exit 1
			i=$((i + 1))
		done
	END
	below sh ./many
	equal "$(cat done)" 0 status
	equal "$(sort -u output | wc -l | tr -d ' ')" 500 commands
	# The commands are the subreaper's to reap; nothing else is there.
	diff <(sort output) <(awk '{ print $1 }' <<<"$zombies" | sort)
}

@test "L10: a command that is not found, or not executable, is not even forked" {
	cat >many <<-'END'
		i=0
		while [ $i -lt 20 ]; do
			"$DETACH" -o log no-such-command
			"$DETACH" -p pid "$WORK"
			"$DETACH" -o "|cat" ./no-such-command
			"$DETACH" -C nowhere true
			i=$((i + 1))
		done
	END
	below sh ./many
	equal "$zombies" "" zombies
}

@test "L10: nor with a pidfile and a |COMMAND" {
	cat >many <<-'END'
		i=0
		while [ $i -lt 20 ]; do
			"$DETACH" -p pid$i -o "|exec cat" echo || exit 1
			i=$((i + 1))
		done
	END
	below sh ./many
	equal "$(cat done)" 0 status
	equal "$(awk '{ print $2 }' <<<"$zombies" | sort | uniq -c |
	    tr -s ' \n' ' ')" " 20 cat 20 echo " zombies
}

@test "L10: a zombie is not taken for a running command" {
	mkfifo hold
	"$WITH" -r "$DETACH" -P -p pidfile true <hold >pid 3>&- &
	started $!
	exec 9>hold
	soon test -s pid
	soon state_is "$(cat pid)" Z
	# Its pid is taken, it answers kill -0, and yet it does not run.
	kill -0 "$(cat pid)"
	run "$DETACH" -p pidfile true
	status_is 0
	exec 9>&-
}
