# SPDX-License-Identifier: ISC
#
# --adopt: what changes in a command, what does not, which commands are
# adopted whole, and which are refused in which words.

load helper
load adopt

setup() {
	detach_setup
	JOB=j${WORK##*.}
}

teardown() {
	detach_teardown
}

# play_script: ./script in a terminal, $pty, with bash in it, until ./pid is
# there. The screen is in ./screen.
play_script() {
	"$PTY" bash --norc -i <script >screen 2>&1 3>&- &
	pty=$!
	started "$pty"
	soon filled pid
}

# adopt_and_close: into ./log, and close the terminal.
adopt_and_close() {
	"$DETACH" --adopt -o log "$pid"
	[ -z "$(terminals "$pid")" ]
	close_terminal .
}

# ---- what changes ----------------------------------------------------------------

@test "V8: SIGHUP, descriptors and the process group change, and nothing else" {
	in_terminal "$TARGET fds $PWD/pid"
	local session group
	session=$(stat_field "$pid" 6)
	group=$(stat_field "$pid" 5)
	"$DETACH" --adopt -o log "$pid"
	ignores_hup "$pid"
	[ "$(stat_field "$pid" 6)" = "$session" ]
	[ "$(stat_field "$pid" 5)" != "$group" ]
	# Readers have /dev/null, writers the log, as they were: 5 is read
	# only and close-on-exec, 6 a copy of 1, 7 write only, 8 /dev/tty.
	[ "$(fd_target "$pid" 0)" = /dev/null ]
	[ "$(fd_target "$pid" 1)" = "$WORK/log" ]
	[ "$(fd_target "$pid" 2)" = "$WORK/log" ]
	[ "$(fd_target "$pid" 5)" = /dev/null ]
	[ "$(fd_target "$pid" 6)" = "$WORK/log" ]
	[ "$(fd_target "$pid" 7)" = "$WORK/log" ]
	[ "$(fd_target "$pid" 8)" = /dev/null ]
	[ -z "$(terminals "$pid")" ]
	(( $(fd_flags "$pid" 5) & 02000000 ))
	! (( $(fd_flags "$pid" 6) & 02000000 )) || false
	# Appending, and not O_NONBLOCK.
	(( $(fd_flags "$pid" 1) & 02000 ))
	! (( $(fd_flags "$pid" 1) & 04000 )) || false
	works "$pid" log
}

@test "V8: without -o the log is detach.out here, 0600, else in HOME" {
	in_terminal "$TICK $PWD/pid"
	umask 077
	"$DETACH" --adopt "$pid"
	[ "$(fd_target "$pid" 1)" = "$WORK/detach.out" ]
	[ "$(stat -c %a detach.out)" = 600 ]
	end "$pid"
	rm -f pid end detach.out
	mkdir here
	cd here
	in_terminal "$TICK $PWD/pid"
	mkdir detach.out
	"$DETACH" --adopt "$pid"
	[ "$(fd_target "$pid" 1)" = "$HOME/detach.out" ]
}

@test "V8: a FILE of -o gets 0666 less the umask, and is appended to" {
	in_terminal "$TICK $PWD/pid"
	umask 027
	"$DETACH" --adopt -o new "$pid"
	[ "$(stat -c %a new)" = 640 ]
	end "$pid"
	rm -f pid end
	in_terminal "$TICK $PWD/pid"
	echo first >old
	"$DETACH" --adopt -o old "$pid"
	soon grown old 6
	[ "$(head -n 1 old)" = first ]
}

@test "V8: a redirected output is left alone, and then there is no log" {
	in_terminal "$TICK $PWD/pid >file 2>&1"
	"$DETACH" --adopt "$pid"
	[ "$(fd_target "$pid" 0)" = /dev/null ]
	[ "$(fd_target "$pid" 1)" = "$WORK/file" ]
	[ ! -e detach.out ]
	close_terminal .
	works "$pid" file
}

@test "V8: a SIGHUP handler is kept, for nothing reaches it any more" {
	in_terminal "$TARGET hup $PWD/pid"
	adopt_and_close
	! ignores_hup "$pid" || false
	works "$pid" log
}

@test "V8: one that leads its session stays in it and ignores SIGHUP" {
	printf '%s\n' "file pid" "file end" close wait >script
	"$PTY" "$TARGET" hup "$PWD/pid" <script >screen 2>&1 3>&- &
	echo $! >pty
	started $!
	soon filled pid
	pid=$(cat pid)
	started "$pid"
	run "$DETACH" --adopt -o log "$pid"
	[ "$status" -eq 0 ]
	[[ $output == *"leads its session"* ]]
	ignores_hup "$pid"
	echo y >end
	works "$pid" log
}

@test "V8: Ctrl-C and Ctrl-Z at the old terminal do not reach it" {
	cat >script <<-END
		type $TICK $PWD/pid
		file pid
		file adopted
		key C
		key Z
		type echo \$((40 + 2))
		expect 42
		file end
		close
		wait
	END
	local pty
	play_script
	echo "$pty" >pty
	pid=$(cat pid)
	started "$pid"
	soon in_foreground "$pid"
	"$DETACH" --adopt -o log "$pid"
	echo y >adopted
	soon has screen 42
	works "$pid" log
	close_terminal .
	works "$pid" log
}

@test "V8: the shell's jobs and wait go on, with the exit status" {
	cat >script <<-END
		type $TARGET status $PWD/pid 7 &
		file pid
		file adopted
		type jobs
		expect Running
		type wait %1; echo status \$?
		expect status 7
		close
		wait
	END
	local pty
	play_script
	"$DETACH" --adopt "$(cat pid)"
	echo y >adopted
	soon has screen Running
	: >pid.end
	wait $pty
}

@test "V8: a limit of processes: it stays in its group, and that is said" {
	need_root
	need setpriv
	chmod 711 "$WORK"
	mkdir -m 777 open
	cp "$TARGET" open	# the build tree may be root's alone
	terminal "$PWD/open" bash bg close "exec setpriv --reuid 65534 \
--clear-groups bash -c 'ulimit -u 1; exec $PWD/open/target hup $PWD/open/pid'"
	pid=$(cat open/pid)
	run "$DETACH" --adopt -o "$PWD/open/log" "$pid"
	[ "$status" -eq 0 ]
	[[ $output == *"stays in its shell's process group"* ]]
	[[ $output == *"in place of its own handler"* ]]
	ignores_hup "$pid"
}

# ---- which commands -----------------------------------------------------------------

@test "V8: threads blocked in futex, poll, nanosleep, epoll_wait and read" {
	in_terminal "$TARGET threads $PWD/pid" fg
	adopt_and_close
	works "$pid" log
	# The read of the terminal has its end-of-file; nothing else has ended.
	soon has log "read returned 0"
	! grep -v -e '^tick$' -e '^read returned 0' log || false
}

@test "V8: a process whose first thread has exited" {
	in_terminal "$TARGET leader $PWD/pid" fg
	"$DETACH" --adopt -o log "$pid"
	close_terminal .
	soon grown log "$(size log)"
}

@test "V8: a pipeline, by either end" {
	in_terminal "$TICK $PWD/pid | cat"
	local cat
	cat=$(pgrep -g "$pid" -x cat)
	started "$cat"
	"$DETACH" --adopt -o log "$cat"
	[ -z "$(terminals "$pid")$(terminals "$cat")" ]
	close_terminal .
	works "$cat" log
	alive "$pid"
}

@test "V8: a shell script, its children, and those that it starts later" {
	cat >job <<-END
		trap : EXIT
		echo \$\$ >$PWD/pid
		sleep 1000 &
		echo \$! >$PWD/first
		until [ -e $PWD/go ]; do sleep 0.05; done
		$TICK $PWD/second
		echo "ended \$?"
	END
	in_terminal "bash $PWD/job"
	soon filled first
	started "$(cat first)"
	adopt_and_close
	[ -z "$(terminals "$(cat first)")" ]
	: >go
	soon filled second
	started "$(cat second)"
	works "$(cat second)" log
	kill -TERM "$(cat second)"
	soon has log "ended 143"
}

@test "V8: a child in another session that holds the terminal" {
	in_terminal "bash -c 'echo \$\$ >$PWD/pid; setsid -w $TICK $PWD/other'"
	soon filled other
	started "$(cat other)"
	adopt_and_close
	[ -z "$(terminals "$(cat other)")" ]
	works "$(cat other)" log
}

@test "V8: one that makes short-lived children all the time" {
	in_terminal "$TARGET fork $PWD/pid"
	adopt_and_close
	works "$pid" log
}

@test "V8: python3" {
	need python3
	cat >loop.py <<-END
		import os, time
		open("$PWD/pid", "w").write("%d\n" % os.getpid())
		for i in range(1200):
		    print("tick", i, flush=True)
		    time.sleep(0.1)
	END
	in_terminal "python3 $PWD/loop.py"
	adopt_and_close
	works "$pid" log
}

@test "V8: a pseudo-terminal of its own is not the terminal" {
	need python3
	cat >own.py <<-END
		import os, pty, time
		pty.openpty()
		open("$PWD/pid", "w").write("%d\n" % os.getpid())
		for i in range(1200):
		    print("tick", i, flush=True)
		    time.sleep(0.1)
	END
	in_terminal "python3 $PWD/own.py"
	"$DETACH" --adopt -o log "$pid"
	[ "$(terminals "$pid" | wc -l)" -eq 1 ]
	[ "$(fd_target "$pid" 1)" = "$WORK/log" ]
	close_terminal .
	works "$pid" log
}

@test "V8: a program of 32 bits" {
	[ "$(uname -m)" = x86_64 ] || skip "for x86_64"
	cat >t.c <<-END
		static long call(long n, long a, long b, long c)
		{
			long r;
			__asm__ volatile ("int \$0x80" : "=a" (r) :
			    "a" (n), "b" (a), "c" (b), "d" (c) : "memory");
			return r;
		}
		void _start(void)
		{
			long ts[2] = { 0, 20000000 };
			int i;
			for (i = 0; i < 6000; i++)
				if (call(4, 1, (long)"tick\n", 5) != 5 ||
				    call(162, (long)ts, 0, 0) != 0)
					call(1, 1, 0, 0);
			call(1, 0, 0, 0);
		}
	END
	gcc -m32 -nostdlib -static -ffreestanding -fno-pie -no-pie \
	    -fno-stack-protector -o t t.c 2>/dev/null || skip "no gcc -m32"
	in_terminal "sh -c 'echo \$\$ >$PWD/pid; exec ./t'"
	soon has_execed "$pid" t
	adopt_and_close
	works "$pid" log
}

@test "V8: a static program" {
	need gcc
	gcc -static -o t "${abs_top_srcdir:-$BATS_TEST_DIRNAME/..}/tests/tick.c" \
	    2>/dev/null || skip "no static C library"
	in_terminal "./t $PWD/pid"
	adopt_and_close
	works "$pid" log
}

@test "V8: an epoll loop on its terminal sees one end-of-file" {
	in_terminal "$TARGET epoll $PWD/pid"
	adopt_and_close
	soon has log "eof 0"
	works "$pid" log
	# It could take its descriptor out, and is not woken all the time.
	[ "$(grep -c eof log)" -eq 1 ]
	[[ $(tail -n 1 log) == *"woken 1" || $(tail -n 2 log) == *"woken 1"* ]]
}

@test "V8: in the middle of a large write: every byte once, in order" {
	local n=100000

	# Nobody reads the terminal while the script has no next step.
	mkfifo script
	"$PTY" sh -c "trap '' TTOU; $TARGET write $PWD/pid $n & wait" \
	    <script >screen 2>&1 3>&- &
	local pty=$!
	started $pty
	exec 8>script
	soon filled pid
	pid=$(cat pid)
	started "$pid"
	soon blocked "$pid"
	"$DETACH" --adopt -o log "$pid"
	soon gone "$pid"
	printf 'file %s\nwait\n' "$WORK/done" >&8
	exec 8>&-
	soon complete
	echo y >done
	soon gone $pty
	cat screen log >all
	seq -f %09.0f 0 $((n - 1)) | cmp - all
	[ -s screen ]
}

complete() {
	[ $(($(size screen) + $(size log))) -ge $((n * 10)) ]
}

blocked() {
	[[ $(cat "/proc/$1/wchan" 2>/dev/null) == *write* ]] ||
	    { state_is "$1" S && [ "$(cat "/proc/$1/syscall" |
	    cut -d' ' -f1)" = 1 ]; }
}

# ---- what is refused ------------------------------------------------------------------

# refused PATTERN PID: exit status 125, in these words.
refused() {
	run "$DETACH" --adopt "$2"
	echo "$output"
	[ "$status" -eq 125 ]
	# shellcheck disable=SC2053 # a pattern
	[[ $output == "detach: "$1 ]]
}

@test "V8: refused: what is no process, init, a kernel thread, ourselves" {
	refused "*takes the pid of a command that runs" x
	refused "*takes the pid*" 0
	refused "4194304*" 4194304
	refused "1 (*): this is init*" 1
	refused "$$ (*): this detach was started from it*" $$
	if [ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ]; then
		refused "2 (kthreadd): this is a kernel thread" 2
	fi
}

@test "V8: refused: a zombie" {
	bash -c 'sleep 1 & echo $! >zombie; exec sleep 1000' 3>&- &
	started $!
	soon filled zombie
	soon state_is "$(cat zombie)" Z
	refused "$(cat zombie) (sleep): it has ended already*" "$(cat zombie)"
}

@test "V8: refused: the shell of another terminal" {
	in_terminal "$TICK $PWD/pid"
	local shell
	shell=$(stat_field "$pid" 4)
	refused "$shell (bash): this is a terminal's shell*" "$shell"
	alive "$shell"
}

@test "V8: a loop that a shell runs itself, in the background and foreground" {
	local loop shell state

	loop="(for i in 1 2 3; do :; done; echo \$BASHPID >\$PID; \
while sleep 0.1; do echo x; done)"
	for state in bg fg; do
		mkdir "$state"
		terminal "$PWD/$state" bash "$state" close \
		    "PID=$PWD/$state/pid; $loop"
		shell=$(cat "/proc/$pid/comm")
		equal "$shell" bash
		"$DETACH" --adopt -n "$JOB$state" "$pid"
		ignores_hup "$pid"
		close_terminal "$state"
		works "$pid" "$DETACH_STATE_DIR/$JOB$state/log"
		run "$DETACH" --stop "$JOB$state"
		status_is 0
		soon gone "$pid"
	done
}

@test "V8: refused: a shell started in a terminal's shell" {
	cat >script <<-END
		type bash --norc -i
		type echo \$\$ >$PWD/pid
		file end
		close
		wait
	END
	local pty
	play_script
	refused "$(cat pid) (bash): this is a terminal's shell*" "$(cat pid)"
	echo y >end
	soon gone $pty
}

@test "V8: refused: a process that is traced, by whom is said" {
	need strace
	in_terminal "$TICK $PWD/pid"
	strace -q -o trace -p "$pid" 3>&- &
	started $!
	soon traced "$pid"
	refused "$pid (tick): it is traced by $! (strace) already*" "$pid"
	kill -INT $!
}

traced() {
	[ "$(proc_status "$1" TracerPid)" != 0 ]
}

@test "V8: refused: a seccomp filter of its own; root can have it suspended" {
	in_terminal "$TARGET filter $PWD/pid"
	snapshot "$pid" >before
	refused "$pid (target): it runs under a seccomp filter*" "$pid"
	snapshot "$pid" >after
	cmp before after
	if [ "$(id -u)" -eq 0 ]; then
		DETACH_ADOPT_FORCE=1 "$DETACH" --adopt -o log "$pid"
		close_terminal .
		works "$pid" log
		[ "$(proc_status "$pid" Seccomp)" = 2 ]
	fi
}

# as_nobody COMMAND ...: what only an ordinary user is refused.
as_nobody() {
	need_root
	need setpriv
	chmod 711 "$WORK"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

@test "V8: refused: another user's process" {
	need_root
	in_terminal "$TICK $PWD/pid"
	run as_nobody "$DETACH" --adopt "$pid"
	[ "$status" -eq 125 ]
	[[ $output == "detach: $pid (tick): it belongs to root: adopt it as that \
user, or with sudo" ]]
}

@test "V8: refused: a process that is not dumpable; root may" {
	need_root
	need setpriv
	chmod 711 "$WORK"
	mkdir -m 777 open
	terminal "$PWD/open" bash bg close "exec setpriv --reuid 65534 \
--regid 65534 --clear-groups $TARGET hidden $PWD/open/pid"
	run as_nobody "$DETACH" --adopt "$pid"
	[ "$status" -eq 125 ]
	[[ $output == *"it is protected, as set-uid programs are: only root can"* ]]
	"$DETACH" --adopt -o "$PWD/open/log" "$pid"
	works "$pid" open/log
}

@test "V8: refused: Yama's ptrace_scope 1, 2, 3, each with its ways out" {
	in_terminal "$TICK $PWD/pid"
	local as=
	if [ "$(id -u)" -eq 0 ]; then
		chmod 755 "$WORK"
		setpriv --reuid 65534 --regid 65534 --clear-groups \
		    sleep 1000 3>&- &
		pid=$!
		started $pid
		soon has_execed $pid sleep
		as=as_nobody
	fi
	export DETACH_ADOPT_YAMA=$WORK/yama
	echo 1 >yama
	run $as "$FAULTS" --adopt "$pid"
	[ "$status" -eq 125 ]
	[[ $output == *"kernel.yama.ptrace_scope is 1"*"sudo detach --adopt \
$pid"*"bg; disown -h"*"not what it prints"* ]]
	echo 2 >yama
	run $as "$FAULTS" --adopt "$pid"
	[ "$status" -eq 125 ]
	[[ $output == *"kernel.yama.ptrace_scope is 2"*"sudo detach --adopt \
$pid"*"bg; disown -h"* ]]
	echo 3 >yama
	run $as "$FAULTS" --adopt "$pid"
	[ "$status" -eq 125 ]
	[[ $output == *"until its next boot"*"scope is 3"*"bg; disown -h"* ]]
	[[ $output != *sudo* ]]
	echo 0 >yama
	run $as "$FAULTS" --adopt "$pid"
	[ "$status" -eq 125 ]
	[[ $output == *"forbidden here, by a container or a security module"* ]]
}

@test "V8: refused, and as it was: a log that cannot be opened" {
	in_terminal "$TARGET epoll $PWD/pid"
	snapshot "$pid" >before
	run "$DETACH" --adopt -o /nowhere/log "$pid"
	[ "$status" -eq 125 ]
	[[ $output == *"cannot open /nowhere/log as this process"*"No such file"* ]]
	mkfifo fifo
	run "$DETACH" --adopt -o fifo "$pid"
	[ "$status" -eq 125 ]
	run "$DETACH" --adopt -o "|cat" "$pid"
	[ "$status" -eq 125 ]
	snapshot "$pid" >after
	diff -u before after
}

@test "V8: -o is opened though nothing goes there" {
	"$TICK" "$PWD/pid" </dev/null >out 2>&1 3>&- &
	started $!
	soon filled pid
	pid=$!
	snapshot "$pid" >before
	run "$DETACH" --adopt -o /nowhere/log "$pid"
	[ "$status" -eq 125 ]
	[[ $output == *"cannot open /nowhere/log as this process"*"No such file"* ]]
	snapshot "$pid" >after
	diff -u before after
	run "$DETACH" --adopt -o log "$pid"
	[ "$status" -eq 0 ]
	[[ $output == *"it writes to no terminal, so nothing goes to $WORK/log" ]]
	[ -e log ]
	[ ! -s log ]
	works "$pid" out
}

@test "V8: refused, and as it was: no descriptor is free" {
	in_terminal "(ulimit -n 64; exec $TARGET nofd $PWD/pid)"
	sleep 0.2
	snapshot "$pid" >before
	run "$DETACH" --adopt -o log "$pid"
	[ "$status" -eq 125 ]
	[[ $output =~ "Too many open files"|"No file descriptors" ]]
	[ ! -e log ]
	snapshot "$pid" >after
	diff -u before after
}

@test "V8: refused: one that waits in vfork; later it is adopted" {
	in_terminal "$TARGET vfork $PWD/pid"
	soon state_is "$pid" D
	run "$DETACH" --adopt -o log "$pid"
	if [ "$status" -ne 0 ]; then
		[ "$status" -eq 125 ]
		[[ $output == *"cannot be interrupted; nothing was changed"* ]]
		: >pid.end
		soon state_is "$pid" S
		"$DETACH" --adopt -o log "$pid"
	fi
	: >pid.end
	works "$pid" log
}

# ---- into what ------------------------------------------------------------------------

@test "V8: without -n nothing stays behind" {
	in_terminal "$TICK $PWD/pid"
	leftovers | sort >before
	"$DETACH" --adopt -o log "$pid" 3>&-
	leftovers | sort >after
	for p in $(comm -13 before after); do
		gone "$p" || fail "$(describe "$p")"
	done
	[ ! -e "$DETACH_STATE_DIR" ]
}

@test "V8: -p: the pidfile is locked as long as the command lives" {
	in_terminal "$TICK $PWD/pid"
	"$DETACH" --adopt -o log -p file.pid "$pid"
	[ "$(cat file.pid)" = "$pid" ]
	locked file.pid
	run "$DETACH" -p file.pid true
	[ "$status" -eq 1 ]
	[[ $output == *"already running (pid $pid,"* ]]
	end "$pid"
	soon not locked file.pid
}

@test "V8: -p of a live pidfile: exit status 1, and it is as it was" {
	in_terminal "$TICK $PWD/pid"
	launch -o other -p file.pid sleep 1000
	pid=$(cat pid)
	snapshot "$pid" >before
	run "$DETACH" --adopt -o log -p file.pid "$pid"
	[ "$status" -eq 1 ]
	[[ $output == *"already running"* ]]
	snapshot "$pid" >after
	diff -u before after
	[ ! -e log ]
}

@test "V8: -n makes it a job: listed, with a keeper that init has adopted" {
	in_terminal "$TICK $PWD/pid"
	"$DETACH" --adopt -n "$JOB" --json "$pid" >json
	[ "$(json name <json)" = "$JOB" ]
	[ "$(json pid <json)" = "$pid" ]
	[ "$(json adopted <json)" = true ]
	[ "$(json state <json)" = running ]
	[ "$(json log <json)" = "$DETACH_STATE_DIR/$JOB/log" ]
	[ "$(json command <json)" = "[\"$TICK\",\"$PWD/pid\"]" ]
	[ "$(json directory <json)" = "$WORK" ]
	local keeper
	keeper=$(json keeper <json)
	[ "$(stat_field "$keeper" 4)" != $$ ]
	if [ -x "${DETACH%/*}/detach-keeper" ]; then
		[ "$(tr '\0' ' ' <"/proc/$keeper/cmdline" | sed 's/ *$//')" = \
		    "detach: $JOB" ]
	else
		# In the launcher's image it can only be the process's name.
		title="detach: $JOB"
		[ "$(cat "/proc/$keeper/comm")" = "${title:0:15}" ]
	fi
	[ "$(cat "$DETACH_STATE_DIR/$JOB/pid")" = "$pid" ]
	locked "$DETACH_STATE_DIR/$JOB/pid"
	locked "$DETACH_STATE_DIR/$JOB"
	"$DETACH" --status "$JOB"
	close_terminal .
	works "$pid" "$DETACH_STATE_DIR/$JOB/log"
	run "$DETACH" --adopt -n "$JOB" "$pid"
	[ "$status" -eq 1 ]
	"$DETACH" --stop "$JOB"
	gone "$pid"
	soon gone "$keeper"
	[ ! -e "$DETACH_STATE_DIR/$JOB/pid" ]
	run "$DETACH" --status "$JOB"
	[ "$status" -eq 3 ]
}

@test "V8: -n: a command that is a job already is refused, and named" {
	in_terminal "$TICK $PWD/pid"
	"$DETACH" --adopt -n "$JOB" "$pid"
	snapshot "$pid" >before
	run "$DETACH" --adopt -n "$JOB.b" "$pid"
	[ "$status" -eq 1 ]
	[ "$output" = \
	    "detach: $pid (tick): already running as the job $JOB" ]
	snapshot "$pid" >after
	diff -u before after
	[ "$("$DETACH" --list --json | jq -r .name)" = "$JOB" ]
	[ ! -e "$DETACH_STATE_DIR/$JOB.b" ]
	# One that was launched as a job is no other.
	"$DETACH" -n "$JOB.c" "$TICK" "$PWD/pid2"
	soon filled pid2
	pid=$(cat pid2)
	run "$DETACH" --adopt -n "$JOB.b" "$pid"
	[ "$status" -eq 1 ]
	[[ $output == *"already running as the job $JOB.c" ]]
	# Without a name, or with a pidfile, it is a job no less.
	for options in "" "-p x.pid" "-o x.out"; do
		# shellcheck disable=SC2086 # they are words
		run "$DETACH" --adopt $options "$pid"
		[ "$status" -eq 1 ]
		[[ $output == *"already running as the job $JOB.c" ]]
		[ ! -e x.pid ]
		[ ! -e x.out ]
	done
	run "$DETACH" --adopt -n "$JOB.b" "$("$DETACH" --status --json \
	    "$JOB.c" | jq .keeper)"
	[ "$status" -eq 1 ]
	[[ $output == *"already running as the job $JOB.c" ]]
	"$DETACH" --stop "$JOB.c" "$JOB"
}

@test "V8: -n: of two at the same time at most one succeeds" {
	in_terminal "$TICK $PWD/pid"
	local first second one=0 two=0
	"$DETACH" --adopt -q -n "$JOB" "$pid" 3>&- &
	first=$!
	"$DETACH" --adopt -q -n "$JOB.b" "$pid" 3>&- &
	second=$!
	wait $first || one=$?
	wait $second || two=$?
	echo "$one $two"
	[ $((one == 0)) -eq 0 ] || [ $((two == 0)) -eq 0 ]
	[ "$("$DETACH" --list --json | grep -c running)" -le 1 ]
	alive "$pid"
	end "$pid"
}

@test "V8: -n: by the pidfile that it had before, it is the job" {
	local verb

	for verb in --stop --wait; do
		"$DETACH" -p pid -o /dev/null sh -c 'sleep 1; exit 3'
		"$DETACH" --adopt -q -n a "$(cat pid)"
		"$DETACH" $verb ./pid || :
		"$DETACH" -q -n a true
		"$DETACH" --wait a
	done
}

@test "V8: -n: --stop ends the whole job, and nothing else of the terminal" {
	in_terminal "$TICK $PWD/pid | cat"
	local cat shell
	cat=$(pgrep -g "$pid" -x cat)
	started "$cat"
	shell=$(stat_field "$pid" 4)
	"$DETACH" --adopt -n "$JOB" "$pid"
	"$DETACH" --stop "$JOB"
	gone "$pid"
	soon gone "$cat"
	alive "$shell"
}

@test "V8: -n: a job that is stopped, and ignores SIGTERM, is killed" {
	in_terminal "sh -c 'trap \"\" TERM; echo \$\$ >$PWD/pid; while sleep 1; do \
:; done'"
	"$DETACH" --adopt -n "$JOB" "$pid"
	"$DETACH" --stop --grace=0.5 "$JOB"
	gone "$pid"
	run "$DETACH" --status "$JOB"
	[[ $output == *KILL* || $(uname -r) != [67].* ]]
}

@test "V8: -n: how it ended is on record, where the kernel tells" {
	in_terminal "$TARGET status $PWD/pid 7"
	"$DETACH" --adopt -n "$JOB" "$pid"
	: >pid.end
	local status=0
	"$DETACH" --wait "$JOB" || status=$?
	case $(uname -r) in
	[1-5].* | 6.[0-9].* | 6.1[0-4].*)
		[ $status -eq 125 ] ;;
	*)	[ $status -eq 7 ] ;;
	esac
}

@test "V8: --json without -n describes the command" {
	in_terminal "$TICK $PWD/pid"
	"$DETACH" --adopt -o log --json "$pid" >json
	[ "$(json name <json)" = null ]
	[ "$(json pid <json)" = "$pid" ]
	[ "$(json adopted <json)" = true ]
	[ "$(json log <json)" = "$WORK/log" ]
}
