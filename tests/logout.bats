#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Who survives a logout: real machines (tests/bed), real sessions over SSH,
# and a real end of each: SIGKILL to the ssh client.
#
# All cells of the matrix run at once, in setup_file, each as a user of its
# own (for the end of a user's last session is part of the question), in four
# machines that differ in logind.conf:
#
#	plain	as Debian ships it: KillUserProcesses=no
#	kill	KillUserProcesses=yes
#	excl	the same, and KillExcludeUsers=u01 (so root is not exempt)
#	only	KillUserProcesses=no, and KillOnlyUsers=u01 u02
#
# A cell's command is `sleep NUMBER`, a number of its own.  Judged are two
# looks at the machines: one just before the cut, and one at least 13 seconds
# after it (a user's manager ends 10 seconds after the user's last session)
# and after all that must die has died.
#
# Needs root.  Takes a minute, and another to make the root file system if
# BED_CACHE names no directory that has it already.

load helper

BEDS=(plain kill excl only)

# --- the machines and their sessions ------------------------------------------

bed() {
	BED_NAME=$1 "$BATS_TEST_DIRNAME/bed/bed.sh" "${@:2}" 3>&-
}

boot() {
	local b

	mkdir "$F/bin"
	for b in detach detach-scope detach-keeper; do
		[ ! -x "${DETACH%/*}/$b" ] || cp "${DETACH%/*}/$b" "$F/bin/"
	done
	export BED_DIR=$F/beds BED_BIND=$F/bin
	: "${BED_CACHE:=$F/beds}"
	export BED_CACHE
	BED_LOGIND='' bed plain up &&
	    BED_LOGIND=KillUserProcesses=yes bed kill up &&
	    BED_LOGIND=$'KillUserProcesses=yes\nKillExcludeUsers=u01' \
		bed excl up &&
	    BED_LOGIND=$'KillUserProcesses=no\nKillOnlyUsers=u01 u02' \
		bed only up || return 1
	for b in "${BEDS[@]}"; do
		bed "$b" sshargs >"$F/$b.ssh"
		bed "$b" root '/t/detach --version' >"$F/$b.version" || {
			echo "detach does not run in the machine" >&2
			return 1
		}
	done
}

# tty BED USER NAME COMMAND: an interactive shell on a terminal, told to run
# COMMAND and to go on; what it said is in $F/tty/NAME.  Its pid is in
# $client.
tty() {
	local fd ssh

	eval "ssh=($(cat "$F/$1.ssh"))"
	mkfifo "$F/tty/$3.in"
	exec {fd}<>"$F/tty/$3.in"
	"${ssh[@]}" -tt "$2@127.0.0.1" <"$F/tty/$3.in" >"$F/tty/$3" 2>&1 \
	    3>&- &
	client=$!
	# Split, for the terminal echoes what is typed; and one line, for sudo
	# drops what was typed ahead.
	printf '%s; echo REA""DY\n' "$4" >&"$fd"
	NAMES+=("$3")
}

# cell BED USER COMMAND: a tty that will be cut.
cell() {
	[[ $3 =~ sleep\ ([0-9]+)($|\ [^0-9]) ]]
	tty "$1" "$2" "$1-$2-${BASH_REMATCH[1]}" "$3"
	CUT+=("$client")
}

# other BED USER: a second session, that stays.
other() {
	tty "$1" "$2" "$1-$2-other" :
	STAY+=("$client")
}

# forty BED USER NUMBER: `ssh host detach`, 40 times; a line a time, its exit
# status.  The command's first act is to tell where it is, in ~/cgroups.
forty() {
	local i ssh

	eval "ssh=($(cat "$F/$1.ssh"))"
	for ((i = 0; i < 40; i++)); do
		timeout 60 "${ssh[@]}" "$2@127.0.0.1" "/t/detach \
		    sh -c 'cat /proc/self/cgroup >>cgroups; exec sleep $3'" \
		    </dev/null >>"$F/forty.$1.out" 2>&1
		echo $? >>"$F/forty.$1"
	done
}

# cron BED: u06's cron job, at once, and one that is loud, as a control.
cron() {
	bed "$1" root "
		echo '@reboot u06 /t/detach sleep 1006' >/etc/cron.d/cell
		echo '@reboot u20 echo loud' >/etc/cron.d/loud
		rm -f /run/crond.reboot
		systemctl restart cron"
}

linger() {
	bed "$1" root "for u in ${*:2}; do loginctl enable-linger \$u; done"
}

# sleeps BED: a line for each sleep: NUMBER USER CGROUP
sleeps() {
	# shellcheck disable=SC2016 # expanded there
	bed "$1" root '
		for p in $(pgrep -x sleep); do
			set -- $(tr "\0" " " </proc/$p/cmdline 2>/dev/null)
			[ "$1" = sleep ] || continue
			echo "$2 $(stat -c %U /proc/$p)" \
			    "$(sed -n "s/^0:://p" /proc/$p/cgroup)"
		done 2>/dev/null' || :
}

look() {
	local b

	for b in "${BEDS[@]}"; do
		sleeps "$b" >"$F/$b.$1"
	done
}

all_ready() {
	local n

	for n in "${NAMES[@]}"; do
		has "$F/tty/$n" READY || return 1
	done
}

# What must die, or the test has not shown that anything could: the plain
# background job and, where logind kills, setsid and the like.
MUST_DIE='plain:(1001|1007) kill:(1001|1002|1003|1004|1011) excl:(1002|1022)
    only:1002'

all_dead() {
	local d

	for d in $MUST_DIE; do
		! sleeps "${d%%:*}" | grep -qE "^${d#*:} " || return 1
	done
}

setup_cells() {
	local d='/t/detach sleep' s='setsid -f sleep' o='</dev/null >/dev/null'

	linger plain u08
	linger kill u03 u07 u08 u09 u11 u13
	linger only u01
	cron plain
	cron kill

	cell plain u01 "sleep 1001 $o & :"
	cell plain u02 "$s 1002"
	cell plain u03 "$d 1003"
	other plain u05
	cell plain u05 "$d 1005"
	cell plain u07 "/t/detach --scope=always sleep 1007"
	cell plain u08 "/t/detach --scope=always sleep 1008"
	cell plain u09 "/t/detach -n job sleep 1009"
	cell plain root "$d 1021"

	cell kill u01 "sleep 1001 $o & :"
	cell kill u02 "$s 1002"
	cell kill u03 "$s 1003"
	cell kill u04 "$d 1004"
	other kill u05
	cell kill u05 "$d 1005"
	cell kill u13 "$d 1013"
	cell kill u08 "/t/detach -n job sleep 1008"
	cell kill u09 "/t/detach -o '|exec sleep 1019' sleep 1009"
	cell kill u11 "/t/detach --scope=never sleep 1011"
	cell kill u12 "sudo $d 1012"
	cell kill root "$d 1021"

	cell excl u01 "$d 1001"
	cell excl u02 "$s 1002"
	cell excl root "$d 1021"
	cell excl root "$s 1022"

	cell only u01 "$d 1001"
	cell only u02 "$s 1002"
	cell only u03 "$d 1003"
	cell only u04 "$s 1004"
}

setup_file() {
	local lanes p

	F=$BATS_FILE_TMPDIR
	export F
	: >"$F/skip"
	if [ "$(id -u)" -ne 0 ]; then
		echo "needs root, to boot a machine" >"$F/skip"
		return 0
	fi
	detach_programs || return 1
	if [ ! -x "${DETACH%/*}/detach-scope" ]; then
		echo "built without systemd" >"$F/skip"
		return 0
	fi
	if ! boot >"$F/boot" 2>&1; then
		cat "$F/boot" >&2
		[ "${CI:-}" != true ] || return 1
		echo "no machine boots here: $(tail -n 1 "$F/boot")" >"$F/skip"
		return 0
	fi
	mkdir "$F/tty"
	NAMES=() CUT=() STAY=()
	forty plain u04 1004 3>&- & lanes=($!)
	forty kill u07 1007 3>&- & lanes+=($!)
	setup_cells
	wait_for 60 all_ready || {
		tail -n 5 "$F"/tty/*
		return 1
	} >&2
	wait "${lanes[@]}"
	look before

	kill -KILL "${CUT[@]}"
	for p in "${CUT[@]}"; do
		wait "$p" || :
	done 2>/dev/null
	sleep 13
	wait_for 60 all_dead || :
	look after
	echo "${STAY[@]}" >"$F/stay"
}

teardown_file() {
	local b

	[ -d "$F/beds" ] || return 0
	for b in "${BEDS[@]}"; do
		bed "$b" down
	done
	# The clients of the second sessions end with their servers.
	wait
}

setup() {
	[ ! -s "$F/skip" ] || skip "$(cat "$F/skip")"
}

# What was seen is shown once, with the first failure.
teardown() {
	[ -z "${BATS_TEST_COMPLETED:-}" ] && [ ! -s "$F/skip" ] &&
	    [ ! -e "$F/shown" ] || return 0
	: >"$F/shown"
	{
		for b in "${BEDS[@]}"; do
			echo "--- $b before, after"
			grep -vE '^(1004 u04|1007 u07) ' "$F/$b.before"
			echo
			grep -vE '^(1004 u04|1007 u07) ' "$F/$b.after"
		done
		tail -n 4 "$F"/tty/*[0-9] "$F"/forty.*.out
	} >&2
}

# --- judging ------------------------------------------------------------------

# count WHEN BED NUMBER: how many of the cell's commands there were.
count() {
	grep -c "^$3 " "$F/$2.$1" || :
}

dies() {
	equal "$(count before "$1" "$2")" 1 "$1 $2 before the cut"
	equal "$(count after "$1" "$2")" 0 "$1 $2 after the cut"
}

lives() {
	equal "$(count before "$1" "$2")" "${3:-1}" "$1 $2 before the cut"
	equal "$(count after "$1" "$2")" "${3:-1}" "$1 $2 after the cut"
}

# cgroup BED NUMBER REGEX: where the command was before the cut.
cgroup() {
	matches "$(awk -v n="$2" '$1 == n { print $3 }' "$F/$1.before")" "$3"
}

# said BED USER NUMBER REGEX: what the terminal showed; silent: no word.
said() {
	matches "$(cat "$F/tty/$1-$2-$3")" "$4"
}

silent() {
	! grep 'detach: warning' "$F/tty/$1-$2-$3"
}

in_session='/session-[0-9a-z]*\.scope$'
in_manager='/user@[0-9]*\.service/.*/detach-[0-9]+-[0-9a-f]+\.scope$'
in_system='/system\.slice/detach-[0-9]+-[0-9a-f]+\.scope$'

@test "logout: control: a background job dies" {
	dies plain 1001
}

@test "logout: control: setsid lives where logind does not kill" {
	lives plain 1002
	lives only 1004
}

@test "logout: control: setsid dies where logind kills, linger or not" {
	dies kill 1002
	dies kill 1003
	dies excl 1002
	dies excl 1022
	dies only 1002
}

@test "logout: control: a scope dies where the user does not linger" {
	dies plain 1007
	said plain u07 1007 "warning: .*loginctl enable-linger u07"
}

@test "logout: control: detach --scope=never dies where logind kills" {
	dies kill 1011
	cgroup kill 1011 "$in_session"
}

@test "logout: KillUserProcesses=no: the command lives, where it was" {
	lives plain 1003
	cgroup plain 1003 "$in_session"
	silent plain u03 1003
}

@test "logout: KillUserProcesses=no: 40 of 40 of ssh host detach live" {
	equal "$(sort "$F/forty.plain" | uniq -c | tr -s ' ')" " 40 0"
	lives plain 1004 40
	[ ! -s "$F/forty.plain.out" ]
}

@test "logout: KillUserProcesses=no: with a second session open" {
	lives plain 1005
	silent plain u05 1005
}

@test "logout: KillUserProcesses=no: --scope=always and linger" {
	lives plain 1008
	cgroup plain 1008 "$in_manager"
	silent plain u08 1008
}

@test "logout: KillUserProcesses=no: a kept job" {
	lives plain 1009
	run bed plain root "runuser -l u09 -c '/t/detach --status job'"
	status_is 0
	matches "$output" running
}

@test "logout: KillUserProcesses=yes: without linger, it warns of the end" {
	dies kill 1004
	cgroup kill 1004 "$in_manager"
	said kill u04 1004 "warning: .*loginctl enable-linger u04"
}

@test "logout: KillUserProcesses=yes: with a second session open" {
	lives kill 1005
	cgroup kill 1005 "$in_manager"
}

@test "logout: KillUserProcesses=yes and linger: the command lives" {
	lives kill 1013
	cgroup kill 1013 "$in_manager"
	silent kill u13 1013
}

@test "logout: KillUserProcesses=yes and linger: 40 of 40 live" {
	equal "$(sort "$F/forty.kill" | uniq -c | tr -s ' ')" " 40 0"
	lives kill 1007 40
	[ ! -s "$F/forty.kill.out" ]
	# Each in a scope of its own, and in it from its first instruction.
	equal "$(bed kill root 'cat /home/u07/cgroups' |
	    grep '^0::' | grep -E "$in_manager" | sort -u | wc -l)" 40
}

@test "logout: KillUserProcesses=yes and linger: a kept job and its keeper" {
	lives kill 1008
	cgroup kill 1008 "$in_manager"
	run bed kill root "runuser -l u08 -c '/t/detach --status --json job'"
	status_is 0
	equal "$(json state <<<"$output")" running
	matches "$(json scope <<<"$output")" '^detach-.*\.scope$'
	# The keeper is there to record the end.
	run bed kill root "runuser -l u08 -c '/t/detach --stop job'"
	status_is 0
	run bed kill root "runuser -l u08 -c '/t/detach --status job'"
	status_is 3
	matches "$output" "killed TERM"
}

@test "logout: KillUserProcesses=yes and linger: output piped to a command" {
	lives kill 1009
	lives kill 1019
	cgroup kill 1019 "$in_manager"
}

@test "logout: KillUserProcesses=yes: root is exempt and is not moved" {
	lives kill 1021
	cgroup kill 1021 "$in_session"
	silent kill root 1021
}

@test "logout: KillUserProcesses=yes: root by sudo needs no linger" {
	lives kill 1012
	cgroup kill 1012 "$in_system"
	silent kill u12 1012
}

@test "logout: KillExcludeUsers: its user is not moved and lives" {
	lives excl 1001
	cgroup excl 1001 "$in_session"
	silent excl u01 1001
}

@test "logout: KillExcludeUsers without root: root is moved and lives" {
	lives excl 1021
	cgroup excl 1021 "$in_system"
	silent excl root 1021
}

@test "logout: KillOnlyUsers: its user is moved and lives" {
	lives only 1001
	cgroup only 1001 "$in_manager"
}

@test "logout: KillOnlyUsers: another user is not moved and lives" {
	lives only 1003
	cgroup only 1003 "$in_session"
	silent only u03 1003
}

@test "logout: a cron job lives, plainly and silently" {
	local b

	for b in plain kill; do
		lives "$b" 1006
		cgroup "$b" 1006 '/cron\.service$'
		run bed "$b" root 'journalctl -u cron'
		matches "$output" '\(CRON\).*discarding output'
		equal "$(grep -c 'discarding output' <<<"$output")" 1 "$b"
	done
}
