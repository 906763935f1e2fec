package virsh

// Marks in readScript's output. No XML has "<#" in it, nor has base64, so that
// it does not matter whether virsh ends its lines.
const (
	markSecret = "<#secret " // UUID and XML follow
	markValue  = "<#value"
	markEnd    = "<#end" // the list of secrets follows, as it is now
)

// Exit statuses of the scripts.
const (
	exitUnlisted = 71 // the daemon does not list its secrets
	exitMissing  = 72 // there is no virsh
	exitRefused  = 73 // secret-define refused
	exitUnset    = 74 // secret-set-value refused
	exitUnread   = 75 // a secret that is there cannot be read or removed
	exitAbsent   = 76 // no secret of usage type ceph has the UUID
)

// prelude has what the scripts share. $1 is the URI. Every virsh has its own
// standard input. rows prints the UUIDs of the secrets of usage type ceph, by
// virsh's table; the type's name in it is in the C locale.
const prelude = `LC_ALL=C; export LC_ALL
uri=$1
command -v virsh >/dev/null 2>&1 || { echo 'virsh is not installed' >&2; exit 72; }
v() { virsh -q -c "$uri" "$@"; }
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

// readScript prints all secrets, or the one that $2 names: two virsh, however
// many there are. The second goes on after a command that fails, so that a
// value that is not given out is left out; that the daemon was there until
// the end is what the last list proves.
// The third argument are UUIDs that are expected: if there are no others, one
// virsh tells all.
const readScript = `
words=
for uuid in $3; do
	words="${words}echo '<#secret $uuid'; secret-dumpxml $uuid; echo '<#value'; secret-get-value $uuid; "
done
if [ -n "$words" ]; then
	told=$(v "${words}echo '<#end'; secret-list" </dev/null 2>/dev/null) && others=$(printf '%s\n' "${told##*<#end}" | while read -r uuid type usage; do
		case " $3 " in *" $uuid "*) ;; *) if [ "$type" = ceph ]; then echo "$uuid"; fi;; esac
	done) && [ -z "$others" ] && { printf '%s\n' "$told"; exit 0; }
fi
all=$(rows) || exit 71
words=
for uuid in $all; do
	case $2 in ''|"$uuid") ;; *) continue;; esac
	words="${words}echo '<#secret $uuid'; secret-dumpxml $uuid; echo '<#value'; secret-get-value $uuid; "
done
[ -n "$words" ] || exit 0
v "${words}echo '<#end'; secret-list" </dev/null || exit 75
`

// defineScript defines the secret $2 by the XML $3, with the value on standard
// input, and prints the value that it then has unless $4, private, is yes. It
// is not one virsh, which would set the value after it failed to define. cat
// is there because /dev/stdin cannot be opened when it is a socket.
const defineScript = `
printf '%s\n' "$3" | v secret-define --file /dev/stdin >/dev/null || exit 73
if [ -p /dev/stdin ]; then
	v secret-set-value --secret "$2" --file /dev/stdin >/dev/null || exit 74
else # a socket cannot be opened by its name
	cat | v secret-set-value --secret "$2" --file /dev/stdin >/dev/null || exit 74
fi
if [ "$4" = yes ]; then exit 0; fi
v secret-get-value --secret "$2" </dev/null || exit 75
`

// undefineScript removes the secret $2.
const undefineScript = `
listed "$2" || exit 76
v secret-undefine --secret "$2" </dev/null >/dev/null || {
	if listed "$2"; then exit 75; fi
	exit 76
}
`
