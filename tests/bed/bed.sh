#!/bin/bash
# SPDX-License-Identifier: ISC
#
# bed.sh: a throwaway machine to log in to and out of: a Debian that boots
# systemd as PID 1, with logind, dbus, sshd, cron and ordinary users, in
# namespaces of its own.  Up in about a second, once its root file system is
# in the cache; gone without a trace when it is taken down.
#
#	bed.sh up		make the root file system (cached), and boot
#	bed.sh ssh CMD ...	run CMD as BED_USER over SSH
#	bed.sh sshargs		the ssh command line, quoted for the shell:
#				append OPTION ..., USER@127.0.0.1, CMD
#	bed.sh root CMD ...	run a shell command as root, in no session
#	bed.sh down		kill it: all that ran in it and its mounts go
#	bed.sh clean		down, and remove the cached file system
#
# Environment:
#	BED_DIR		its state, one directory below for each bed
#						[${TMPDIR:-/tmp}/detach-bed]
#	BED_CACHE	where root file systems are kept	[BED_DIR]
#	BED_NAME	of this bed: many may run at once	[bed]
#	BED_SUITE	Debian's release	[this Debian's, or bookworm]
#	BED_LOGIND	lines for logind.conf			[none]
#	BED_BIND	a directory to be seen at /t, read-only	[none]
#	BED_USER	for ssh: u01 to u40, or root		[u01]
#
# Needs root, and takes from apt what is missing of mmdebstrap, openssh-client,
# util-linux and iproute2.

set -euo pipefail

self=$(readlink -f "$0")
release() {
	# shellcheck source=/dev/null
	. /etc/os-release 2>/dev/null || :
	[ "${ID:-}" = debian ] && [ -n "${VERSION_CODENAME:-}" ] ||
		VERSION_CODENAME=bookworm
	echo "$VERSION_CODENAME"
}
: "${BED_DIR:=${TMPDIR:-/tmp}/detach-bed}" "${BED_NAME:=bed}"
: "${BED_CACHE:=$BED_DIR}" "${BED_SUITE:=$(release)}"
: "${BED_LOGIND:=}" "${BED_BIND:=}" "${BED_USER:=u01}"

packages="systemd systemd-sysv libpam-systemd dbus dbus-user-session \
openssh-server cron procps sudo libbsd0"
users=40
key=$BED_SUITE-$(cksum <"$self" | cut -d' ' -f1)
base=$BED_CACHE/rootfs/$key
st=$BED_DIR/$BED_NAME

die() {
	echo "bed: $*" >&2
	exit 1
}

# --- knowing it ---------------------------------------------------------------

starttime() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null |
		awk '$1 != "Z" { print $20 }'
}

# The recorded pid is trusted only with the recorded start time.
alive() {
	[ -s "$st/pid" ] && read -r pid start <"$st/pid" &&
		[ "$(starttime "$pid")" = "$start" ]
}

# The ssh client is a process of the host, in the bed's network.
load() {
	alive || die "$BED_NAME is not up"
	sshcmd=(nsenter "--net=/proc/$pid/ns/net" ssh -F none -i "$st/key"
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
		-o LogLevel=ERROR -o BatchMode=yes)
}

# --- making it ----------------------------------------------------------------

install_missing() {
	local missing=() p

	for p in mmdebstrap:mmdebstrap ssh:openssh-client unshare:util-linux \
	    ip:iproute2; do
		command -v "${p%%:*}" >/dev/null || missing+=("${p#*:}")
	done
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
		missing+=(debian-archive-keyring)
	[ ${#missing[@]} -gt 0 ] || return 0
	apt-get -qq -o DPkg::Lock::Timeout=300 update
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		-o DPkg::Lock::Timeout=300 install --no-install-recommends \
		"${missing[@]}" >/dev/null
}

make_rootfs() {
	local include

	[ -e "$base/.complete" ] && return
	rm -rf "$base"
	mkdir -p "$base"
	include=${packages// /,}
	# shellcheck disable=SC2016 # for mmdebstrap to expand
	mmdebstrap --quiet --variant=minbase --include="$include" \
		--customize-hook='chroot "$1" sh -c '"'
			for i in \$(seq -w 1 $users); do
				useradd -m -s /bin/bash u\$i
			done
			echo \"ALL ALL=(ALL) NOPASSWD: ALL\" >/etc/sudoers.d/bed
			mkdir -p /etc/ssh/sshd_config.d'" \
		"$BED_SUITE" "$base/root" >"$base/log" 2>&1 || {
			tail -20 "$base/log" >&2
			die "mmdebstrap $BED_SUITE failed"
		}
	: >"$base/.complete"
}

# Runs in a mount namespace: a cgroup of its own in the host's cgroup2 tree.
write_outer() {
	cat >"$st/outer" <<-'E'
	set -eu
	mount --make-rprivate /
	mkdir -p "$st/cg"
	mount -t cgroup2 none "$st/cg"
	mkdir -p "$st/cg/$cgname"
	echo 0 >"$st/cg/$cgname/cgroup.procs"
	umount "$st/cg"
	exec unshare --mount --pid --fork --kill-child --uts --ipc --cgroup \
		--net bash "$st/inner"
	E
}

# Runs as PID 1: a tmpfs over the root file system, and systemd in it.
write_inner() {
	cat >"$st/inner" <<-'E'
	set -eu
	m=$st/merged
	mkdir -p "$m"
	mount -t tmpfs -o size=1g,mode=755 bed "$m"
	mkdir "$m/upper" "$m/work" "$m/root"
	r=$m/root
	mount -t overlay -o \
		"lowerdir=$base/root,upperdir=$m/upper,workdir=$m/work" bed "$r"
	mount -t proc -o nosuid,nodev,noexec proc "$r/proc"
	mount --bind "$r/proc/sys" "$r/proc/sys"
	mount -o remount,bind,ro "$r/proc/sys"
	mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$r/sys"
	mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$r/sys/fs/cgroup"
	mount -t tmpfs -o mode=755,nosuid dev "$r/dev"
	mkdir "$r/dev/pts" "$r/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts \
		"$r/dev/pts"
	mount -t tmpfs -o mode=1777,nosuid,nodev shm "$r/dev/shm"
	ln -s pts/ptmx "$r/dev/ptmx"
	ln -s /proc/self/fd "$r/dev/fd"
	for i in 0:stdin 1:stdout 2:stderr; do
		ln -s "/proc/self/fd/${i%:*}" "$r/dev/${i#*:}"
	done
	for d in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
		IFS=: read -r n a b <<<"$d"
		mknod -m 666 "$r/dev/$n" c "$a" "$b"
	done
	mount -t tmpfs -o mode=755,nosuid,nodev run "$r/run"
	mount -t tmpfs -o mode=1777,nosuid,nodev tmp "$r/tmp"
	if [ -n "$BED_BIND" ]; then
		mkdir -p "$r/t"
		mount --bind "$BED_BIND" "$r/t"
		mount -o remount,bind,ro "$r/t"
	fi
	echo bed >"$r/etc/hostname"
	hostname bed
	echo '127.0.0.1 localhost bed' >"$r/etc/hosts"
	: >"$r/etc/machine-id"
	: >"$r/etc/resolv.conf"
	rm -f "$r/etc/nologin"
	mkdir -p "$r/etc/systemd/logind.conf.d"
	printf '[Login]\n%s\n' "$BED_LOGIND" \
		>"$r/etc/systemd/logind.conf.d/bed.conf"
	cp "$st/key.pub" "$r/etc/ssh/bed_keys"
	chmod 644 "$r/etc/ssh/bed_keys"
	printf '%s\n' 'AuthorizedKeysFile /etc/ssh/bed_keys' \
		'MaxStartups 200' 'PrintMotd no' 'PrintLastLog no' \
		>"$r/etc/ssh/sshd_config.d/bed.conf"
	ip link set lo up
	for s in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
	    e2scrub_all.timer fstrim.timer systemd-modules-load.service \
	    systemd-networkd.service systemd-timesyncd.service \
	    systemd-resolved.service getty.target console-getty.service; do
		ln -sf /dev/null "$r/etc/systemd/system/$s"
	done
	mkdir -p "$r/oldroot"
	cd "$r"
	pivot_root . oldroot
	umount -l /oldroot
	exec env -i container=bed PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		LANG=C.UTF-8 /lib/systemd/systemd --show-status=0 \
		</dev/null >/dev/null 2>&1
	E
}

# wait_pid UNSHARE: the bed's PID 1, the child of unshare --fork, in $c.
wait_pid() {
	local _

	c=
	for _ in $(seq 600); do
		c=$(cat "/proc/$1/task/$1/children" 2>/dev/null || :)
		c=${c%% *}
		if [ -n "$c" ] &&
		    [ "$(cat "/proc/$c/comm" 2>/dev/null)" = systemd ]; then
			return
		fi
		if [ ! -d "/proc/$1" ]; then
			cat "$st/log" >&2
			die "$BED_NAME did not start"
		fi
		sleep .05
	done
	die "$BED_NAME has no PID 1"
}

wait_ssh() {
	local _

	for _ in $(seq 600); do
		! "${sshcmd[@]}" -o ConnectTimeout=2 root@127.0.0.1 true \
			2>/dev/null || return 0
		if ! alive; then
			cat "$st/log" >&2
			die "$BED_NAME died while booting"
		fi
		sleep .1
	done
	die "$BED_NAME: no ssh after a minute"
}

up() {
	[ "$(id -u)" -eq 0 ] || die "needs root"
	if alive; then
		echo "already up: pid $pid"
		return
	fi
	down
	install_missing
	make_rootfs
	mkdir -p "$st"
	ssh-keygen -q -t ed25519 -N '' -C bed -f "$st/key"
	write_outer
	write_inner
	cgname=bed-$BED_NAME-$$
	echo "$cgname" >"$st/cgname"
	export st base cgname BED_BIND BED_LOGIND
	setsid unshare --mount bash "$st/outer" </dev/null >"$st/log" 2>&1 3>&- &
	wait_pid $!
	echo "$c $(starttime "$c")" >"$st/pid"
	load
	wait_ssh
	echo "up: pid $pid"
}

# --- ending it ----------------------------------------------------------------

remove_cgroups() {
	cg=$(cat "$st/cgname")
	mkdir -p "$st/cg"
	# shellcheck disable=SC2016 # expanded by that bash
	st=$st cg=$cg unshare --mount bash -c '
		mount --make-rprivate /
		mount -t cgroup2 none "$st/cg"
		for i in 1 2 3 4 5 6 7 8 9 10; do
			[ -d "$st/cg/$cg" ] || break
			find "$st/cg/$cg" -depth -type d -exec rmdir {} + \
				2>/dev/null && break
			sleep .1
		done'
}

down() {
	local _

	if alive; then
		# PID 1 of the namespace: the kernel kills the others.
		kill -KILL "$pid"
		for _ in $(seq 200); do
			alive || break
			sleep .05
		done
		! alive || die "pid $pid does not die"
	fi
	[ ! -s "$st/cgname" ] || remove_cgroups
	rm -rf "$st"
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
up)	up ;;
ssh)	load
	exec "${sshcmd[@]}" "$BED_USER@127.0.0.1" "$@" ;;
sshargs) load
	printf '%q ' "${sshcmd[@]}"
	echo ;;
root)	load
	exec nsenter -t "$pid" -a env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LANG=C.UTF-8 bash -c "cd /; $*" ;;
down)	down ;;
clean)	down
	rm -rf "$base" ;;
*)	sed -n '4,/^$/s/^# \{0,1\}//p' "$self"
	exit 2 ;;
esac
