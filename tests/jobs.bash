# SPDX-License-Identifier: ISC
#
# What the test files about kept jobs load: helper.bash, and ways to start a
# job, to read and to forge its record, and to end all jobs in the end.

load helper

setup() {
	detach_setup
	WITHOUT=${WITH}out
	unset NO_COLOR COLUMNS
}

teardown() {
	end_jobs
	detach_teardown
}

# Every job that a test leaves behind, by the record's own words.
end_jobs() {
	local dir record pid keeper

	[ -d "$DETACH_STATE_DIR" ] || return 0
	# One grep(1) for a thousand that have ended.
	# A record may be a FIFO, which a test has put there.
	grep -LZ -D skip '^ended ' -- "$DETACH_STATE_DIR"/*/record 2>/dev/null |
	    while IFS= read -r -d '' record; do
		dir=${record%/record}
		[ ! -f "$dir/forged" ] || continue
		pid=$(record_value "$dir/record" pid)
		keeper=$(record_value "$dir/record" keeper)
		# The keeper first, or it would start the command again.
		end_recorded "$keeper" \
		    "$(record_value "$dir/record" keeper_start_time)"
		end_recorded "$pid" \
		    "$(record_value "$dir/record" start_time)"
	done
}

end_recorded() {
	[ -n "$1" ] && [ "$(stat_field "$1" 22)" = "$2" ] || return 0
	kill -KILL -- "-$1" "$1" 2>/dev/null
	wait_for 5 gone "$1" || :
}

# job OPTION ... COMMAND ...: start it with pipes for output, as over ssh, so
# that a kept job has a log of its own.
job() {
	"$DETACH" "$@" </dev/null 2>&1 | cat
	return "${PIPESTATUS[0]}"
}

record_value() {
	sed -n "s/^$2 //p" "$1" 2>/dev/null || :
}

# record NAME KEY: a line's value, as it stands in the file.
record() {
	record_value "$DETACH_STATE_DIR/$1/record" "$2"
}

# field JOB KEY: a value of --status --json.
field() {
	"$DETACH" --status --json "$1" | json "$2"
}

state_of() {
	field "$1" state
}

in_state() {
	[ "$(state_of "$1" 2>/dev/null)" = "$2" ]
}

# ended JOB: for soon.
ended() {
	! in_state "$1" running
}

command_pid() {
	record "$1" pid
}

keeper_pid() {
	record "$1" keeper
}

boot_id() {
	cat /proc/sys/kernel/random/boot_id
}

# forge NAME KEY=VALUE ...: a record that no start has written. Without more
# it is of a command that was here and is gone. KEY= leaves the line out.
forge() {
	local name=$1 dir=$DETACH_STATE_DIR/$1 keys key

	shift
	mkdir -p "$dir"
	chmod 700 "$DETACH_STATE_DIR" "$dir"
	keys="version name pid start_time keeper keeper_start_time boot_id
	    pid_namespace
	    started restarts adopted tree managed host user directory
	    command log pidfile scope ended elapsed exit_status signal core"
	local -A v=([version]=1 [name]=$name [pid]=4194303 [start_time]=1
	    [keeper]=4194302 [keeper_start_time]=1 [boot_id]=$(boot_id)
	    [started]=1700000000.000000000 [restarts]=0 [adopted]=0 [tree]=0
	    [managed]=0 [host]=$(hostname) [user]=somebody [directory]=/
	    [command]=forged [pidfile]=$dir/pid)
	for key; do
		v[${key%%=*}]=${key#*=}
	done
	for key in $keys; do
		[ -z "${v[$key]}" ] || echo "$key ${v[$key]}"
	done >"$dir/record"
	chmod 600 "$dir/record"
	: >"$dir/forged"
}

# need_without WHAT: seccomp(2) can take system calls away here.
need_without() {
	"$WITHOUT" "$1" true || skip "needs seccomp(2)"
}

# parsed: what a real parser makes of each line of JSON: compact, sorted.
parsed() {
	if command -v jq >/dev/null; then
		jq -cS .
	elif command -v python3 >/dev/null; then
		python3 -c 'import json, sys
for line in sys.stdin:
    print(json.dumps(json.loads(line), sort_keys=True,
        separators=(",", ":"), ensure_ascii=False))'
	else
		skip "needs jq or python3"
	fi
}
