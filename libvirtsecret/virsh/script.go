package virsh

// Marks in readScript's output. Neither XML nor base64 has "<#" in it, so it does
// not matter whether virsh ends its lines.
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
	exitNoValue  = 78  // the values did not arrive whole: the secret, and those after it, were not touched
	exitChanged  = 79  // the secret is not as it was seen
	exitUnable   = 126 // the program cannot be started, says timeout
	exitNone     = 127 // there is no such program, says timeout
	signals      = 128 // and the number of the signal that ended the program
)

// byWhat is what the scripts say of a virsh that was killed, before the number of the signal.
const byWhat = " was killed by signal "

// enterScript runs the program $2 and its arguments in the container $1. It uses
// the engine that has the container. An engine may print warnings before its
// answer.
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
// virsh's table, where the type has its name in the C locale.
const prelude = `LC_ALL=C; export LC_ALL
uri=$1
command -v virsh >/dev/null 2>&1 || { echo 'virsh is not installed' >&2; exit 72; }
v() { virsh -q -c "$uri" "$@"; ended $?; }
ended() {
	[ "$1" -lt 129 ] || echo "virsh was killed by signal $(($1 - 128))" >&2
	return "$1"
}
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

// readWords are the commands that make one virsh tell about one secret. endWords
// come after the commands for all secrets. virsh goes on after a command that
// fails. A value that the daemon does not give out, or a secret that is not
// there, is therefore left out. The list at the end proves that the daemon was
// there all the time.
const (
	readWords = "echo '" + markSecret + "%[1]s'; secret-dumpxml %[1]s; echo '" + markValue + "'; secret-get-value %[1]s; "
	endWords  = "echo '" + markEnd + "'; secret-list"
)

// readScript prints all secrets, or the secret that $2 names. It runs virsh
// twice, however many secrets there are.
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

// defineScript defines secrets. Its arguments are the URI and then, for each
// secret, the UUID, the XML, whether the secret is private, and how it was seen:
// any, absent or there. The values come on standard input, a line each; after that
// of a secret that was there comes a line with the value that it had. The function
// fits compares with what is there now, and a value that is wanted fits, too. The
// list at its end proves that the daemon was there all the time. The output has, after the mark
// of each secret, a status and what was read back: the value, nothing for a private secret, or
// libvirt's words against it. Defining and setting need two virsh: a single virsh
// would go on and set the value after it failed to define the secret.
const defineScript = `
shift
bad=0
over() {
	printf '%s\n' "<#defined $1 $2" "$said"
	if [ "$2" != 0 ]; then bad=77; fi
}
why() {
	said="$said
$(ended "$1" 2>&1)"
}
fits() {
	[ "$seen" != any ] || return 0
	words="secret-dumpxml $uuid; echo '<#value'; secret-get-value $uuid; echo '<#end'; secret-list"
	now=$(x "$words" </dev/null 2>/dev/null) || {
		said=$(ended $? 2>&1)
		[ -n "$said" ] || said=$(v secret-list </dev/null 2>&1 >/dev/null)
		said=${said:-the secret cannot be read}
		return 71
	}
	rest=${now#*"<#value"} have=
	for word in ${rest%%"<#end"*}; do have=$word; done
	case $seen:${now%%"<#value"*} in
	*"<secret"*) ;;
	*)
		said='secret '$uuid' cannot be read'
		case ${now#*"<#end"} in *"$uuid"*) return 75;; esac
		said='the secret was removed since it was seen'
		[ "$seen" = absent ] || return 79
		return 0;;
	esac
	if [ -n "$have" ] && [ "$have" = "$value" ]; then return 0; fi
	said='somebody defined the secret since'
	[ "$seen" = there ] || return 79
	said='its value was changed since it was seen'
	[ "$have" = "$was" ] || return 79
}
while [ $# -gt 3 ]; do
	uuid=$1 xml=$2 private=$3 seen=$4 was=
	shift 4
	IFS= read -r value || exit 78
	if [ "$seen" = there ]; then IFS= read -r was || exit 78; fi
	fits || { over "$uuid" $?; continue; }
	said=$(printf '%s\n' "$xml" | x secret-define --file /dev/stdin 2>&1) || { why $?; over "$uuid" 73; continue; }
	words="secret-set-value --secret $uuid --file /dev/stdin"
	[ "$private" = yes ] || words="$words; secret-get-value --secret $uuid"
	said=$(printf '%s' "$value" | x "$words" 2>&1) || { why $?; over "$uuid" 74; continue; }
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
