# What runs on this host. $1 is "domains" or "-", $2 is libvirt's URI, $3 is the container of libvirt or empty.
# Each part begins with a line that has the mark, a character that no XML can have.
LC_ALL=C; export LC_ALL
m=$(printf '\036')
exec </dev/null

# v runs virsh, where it is.
engine=
v() {
	if [ -n "$engine" ]; then
		"$engine" exec --user root --env LC_ALL=C "$box" virsh -q -r -c "$uri" "$@"
	else
		virsh -q -r -c "$uri" "$@"
	fi
}

# find says why virsh cannot be run.
find() {
	if [ -z "$box" ]; then
		command -v virsh >/dev/null 2>&1 || { echo 'virsh is not installed'; return 1; }
		return 0
	fi
	for e in docker podman; do
		said=$("$e" inspect --type container --format '{{.State.Running}}' "$box" 2>&1)
		case "
$said" in *"
true") engine=$e; return 0;; esac
	done
	echo "no container $box runs"
	return 1
}

uuids() {
	while read -r u rest; do
		case $u in
		*[!0-9a-f-]*) ;;
		????????-????-????-????-????????????) echo "$u";;
		esac
	done
}

# say is a command of virsh that begins a part. Some virsh end the line of an echo, and others do not.
say() { printf "echo '\n%s\n';" "$m$1"; }

# domains asks once for all UUIDs, and then for fifty domains at a time. The lists at the end prove that the daemon was
# there all the time.
domains() {
	uri=$1 box=$2
	why=$(find) || { printf '%sno-virsh\n%s\n' "$m" "$why"; return; }
	find >/dev/null
	all=$(v list --all --uuid) || { printf '%sno-list\n' "$m"; return; }
	live=$(say live) stored=$(say stored) over=$(say over)
	words= n=0
	for u in $(printf '%s\n' "$all" | uuids); do
		words="${words}echo '
${m}domain $u
'; domstate $u; $live dumpxml $u; $stored dumpxml --inactive $u; $over "
		n=$((n + 1))
		[ "$n" -ge 50 ] || continue
		v "$words"
		words= n=0
	done
	words="$words$(say persistent) list --all --persistent --uuid; $(say autostart) list --all --autostart --uuid; "
	words="$words$(say active) list --uuid; "
	v "$words$(say listed) list --all --uuid" ||
		printf '%sno-list\n' "$m"
}

# search prints the versions in a file, and whether it has the word aes256k. A file that cannot be read has no
# "searched".
search() {
	{
		tr '\0' '\n' <"$1" |
			grep -aoE -e '^[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-z.~+-]+)?$' -e 'aes256k' | sort -u
		tail -c 1 <"$1" >/dev/null && echo searched
	} 2>/dev/null # of a process that has ended meanwhile
}

# processes prints the mappings of Ceph's libraries, what there is to know of their processes, and what is in each
# file. A file is searched once, however many processes have it.
processes() {
	printf '%smaps\n' "$m"
	maps=$(grep -aE '/(librados|librbd|libceph-common)\.so[^/]*$' /proc/[0-9]*/maps 2>/dev/null |
		grep -aE '^[^ ]* [^ ]* 0+ ')
	printf '%s\n' "$maps"
	[ "$(id -u)" = 0 ] || printf '%snot-root\n' "$m"
	# Words of the rest: pid, range, device, inode.
	first=$(printf '%s\n' "$maps" |
		sed -n 's|^/proc/\([0-9]*\)/maps:\([0-9a-f-]*\) [^ ]* 0* \([0-9a-f:]*\) \([0-9]*\) *\(/.*\)$|\1 \2 \3 \4 \5|p')
	pids=$(printf '%s\n' "$first" | while read -r p rest; do echo "$p"; done | sort -un)
	set --
	for p in $pids; do set -- "$@" "/proc/$p/comm"; done
	printf '%snames\n' "$m"
	[ $# = 0 ] || grep -aH '' "$@" 2>/dev/null
	set --
	for p in $pids; do set -- "$@" "/proc/$p/cgroup"; done
	printf '%sgroups\n' "$m"
	[ $# = 0 ] || grep -aH '' "$@" 2>/dev/null
	set --
	for p in $pids; do set -- "$@" "/proc/$p/cmdline"; done
	printf '%sguests\n' "$m"
	[ $# = 0 ] || grep -azH -A1 --no-group-separator -x -e -uuid "$@" 2>/dev/null | tr '\n\036\0' '??\n'
	# What is in memory, and what the path has now. The kernel gives the path of a file in a chroot as this shell sees it,
	# and that of a file in another mount namespace as its processes do.
	set -f
	IFS='
'
	set --
	for line in $first; do
		p=${line%% *} path=/${line#*/} range=${line#* }
		case $path in *' (deleted)') continue;; esac
		set -- "$@" "/proc/$p/map_files/${range%% *}" "/proc/$p/root$path" "$path"
	done
	printf '%sfiles\n' "$m"
	[ $# = 0 ] || stat -L -c '%d:%i %n' -- "$@" 2>/dev/null
	for line in $(printf '%s\n' "$first" | sort -u -t ' ' -k 3,4); do
		IFS=' '
		set -- $line
		printf '%slibrary %s %s\n' "$m" "$3" "$4"
		search "/proc/$1/map_files/$2"
		IFS='
'
	done
	unset IFS
	set +f
}

# installed prints the files of Ceph's libraries below a folder, with what is in them.
installed() {
	for f in "$1"/usr/lib/ceph/libceph-common.so.[0-9] "$1"/usr/lib64/ceph/libceph-common.so.[0-9] \
		"$1"/usr/lib/*/ceph/libceph-common.so.[0-9] "$1"/usr/lib64/librados.so.2 "$1"/usr/lib/*/librados.so.2; do
		[ -e "$f" ] || continue
		printf '%sinstalled %s %s\n' "$m" "$2" "${f#"$1"}"
		id=$(stat -L -c '%d:%i' "$f")
		echo "$id"
		case $known in *"<$id>"*) continue;; esac
		known="$known<$id>"
		search "$f"
	done
}

libraries() {
	known=
	installed '' -
	printf '%spackages\n' "$m"
	if command -v dpkg-query >/dev/null 2>&1; then
		dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' librados2 librbd1 2>/dev/null
	elif command -v rpm >/dev/null 2>&1; then
		rpm -q --qf 'installed %{NAME} %{VERSION}-%{RELEASE}\n' librados2 librbd1 2>/dev/null
	fi
	for e in docker podman; do
		command -v "$e" >/dev/null 2>&1 || continue
		ids=$("$e" ps -q --no-trunc 2>/dev/null) || { printf '%sno-containers %s\n' "$m" "$e"; continue; }
		[ -n "$ids" ] || continue
		all=$("$e" inspect --type container --format '{{.State.Pid}} {{.Id}} {{.Name}}' $ids 2>/dev/null) ||
			printf '%sno-containers %s\n' "$m" "$e"
		printf '%scontainers\n%s\n' "$m" "$all"
		printf '%s\n' "$all" | while read -r p id name; do
			case $p in ''|0|*[!0-9]*) continue;; esac
			installed "/proc/$p/root" "$id"
		done
	done
}

everything() {
	[ "$1" != domains ] || domains "$2" "$3"
	processes
	libraries
	printf '%send\n' "$m"
}

if command -v gzip >/dev/null 2>&1; then everything "$@" | gzip -c; else everything "$@"; fi
