package virsh

// Marks in readScript's output. No XML has "<#" in it, nor has base64, so that
// it does not matter whether virsh ends its lines.
const (
	markSecret = "<#secret " // UUID and XML follow
	markValue  = "<#value"
	markEnd    = "<#end" // the list of secrets follows, as it is now

	markDefined = "<#defined " // UUID, status and text follow, in defineScript's output
)

// Exit statuses of the scripts.
const (
	exitOutside  = 70  // the container does not run
	exitUnlisted = 71  // the daemon does not list its secrets
	exitMissing  = 72  // there is no virsh
	exitRefused  = 73  // secret-define refused
	exitUnset    = 74  // secret-set-value, or secret-get-value after it, refused
	exitUnread   = 75  // a secret that is there cannot be read or removed
	exitAbsent   = 76  // no secret of usage type ceph has the UUID
	exitListed   = 1   // virsh itself
	exitSome     = 77  // not all secrets were defined
	exitNone     = 127 // there is no such program, says timeout
)

// enterScript runs the program $2 and its arguments in the container $1, by the
// engine under which that runs. An engine may say more before its answer.
const enterScript = `
all=
for engine in docker podman; do
	said=$("$engine" inspect --type container --format '{{.State.Running}}' "$1" 2>&1 </dev/null)
	case "
$said" in *"
true") exec "$engine" exec --interactive --user root --env LC_ALL=C "$@";; esac
	all="$all$engine: $said
"
done
printf 'no container %s runs\n%s' "$1" "$all" >&2
exit 70
`

// prelude has what the scripts share. $1 is the URI. Every virsh has its own
// standard input. rows prints the UUIDs of the secrets of usage type ceph, by
// virsh's table; the type's name in it is in the C locale.
const prelude = `LC_ALL=C; export LC_ALL
uri=$1
command -v virsh >/dev/null 2>&1 || { echo 'virsh is not installed' >&2; exit 72; }
v() { virsh -q -c "$uri" "$@"; }
x() { exec virsh -q -c "$uri" "$@"; }
rows() {
	table=$(v secret-list </dev/null) || return 71
	printf '%s\n' "$table" | while read -r uuid type usage; do
		case $uuid in
		*[!0-9a-f-]*) ;;
		????????-????-????-????-????????????)
			if [ "$type" = ceph ]; then echo "$uuid"; fi;;
		esac
	done
}
listed() {
	all=$(rows) || exit 71
	case $all in *"$1"*) return 0;; esac
	return 1
}
`

// readWords are the commands of one virsh that tell of a secret; endWords come
// after those of all. virsh goes on after a command that fails, so that a
// value that is not given out, or a secret that is not there, is left out;
// that the daemon was there until the end is what the list proves.
const (
	readWords = "echo '" + markSecret + "%[1]s'; secret-dumpxml %[1]s; echo '" + markValue + "'; secret-get-value %[1]s; "
	endWords  = "echo '" + markEnd + "'; secret-list"
)

// readScript prints all secrets, or the one that $2 names: two virsh, however
// many there are.
const readScript = `
all=$(rows) || exit 71
words=
for uuid in $all; do
	case $2 in ''|"$uuid") ;; *) continue;; esac
	words="${words}echo '<#secret $uuid'; secret-dumpxml $uuid; echo '<#value'; secret-get-value $uuid; "
done
[ -n "$words" ] || exit 0
v "${words}echo '<#end'; secret-list" </dev/null || exit 75
`

// defineScript defines secrets: after the URI come, for each, its UUID, its XML,
// and whether it is private; the values come on standard input, a line each. What
// became of each follows its mark: a status, and then the value that it now
// has, which a private one does not give out, or what libvirt said against it.
// Defining and setting are not one virsh, which would set the value after it
// failed to define.
const defineScript = `
shift
bad=0
over() {
	printf '%s\n' "<#defined $1 $2" "$said"
	if [ "$2" != 0 ]; then bad=77; fi
}
while [ $# -gt 2 ]; do
	uuid=$1 xml=$2 private=$3
	shift 3
	IFS= read -r value || exit 78
	said=$(printf '%s\n' "$xml" | x secret-define --file /dev/stdin 2>&1) || { over "$uuid" 73; continue; }
	words="secret-set-value --secret $uuid --file /dev/stdin"
	[ "$private" = yes ] || words="$words; secret-get-value --secret $uuid"
	said=$(printf '%s' "$value" | x "$words" 2>&1) || { over "$uuid" 74; continue; }
	over "$uuid" 0
done
exit $bad
`

// undefineScript removes the secret $2.
const undefineScript = `
listed "$2" || exit 76
v secret-undefine --secret "$2" </dev/null >/dev/null || {
	if listed "$2"; then exit 75; fi
	exit 76
}
`
