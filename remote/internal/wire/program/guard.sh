# What the installed helper has besides: each operation asks here first. The allow-list, which
# only root can change, has a line for each thing that is allowed: a word and an object. Both
# are compared as they are. Nothing that a request brings can change these functions.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
list=/etc/cephstack/allow
cr=$(printf "\r")
# Limits that the login user gives to what it starts would end a program of root in the middle, and a terminal
# would stop it.
for z in "-t unlimited" "-f unlimited" "-d unlimited" "-v unlimited" "-s 8192" "-n 1024"; do ulimit $z; done 2>/dev/null
trap "" TSTP TTIN TTOU
[ "$#" = 0 ] || { echo "cephstack-helper takes no arguments" >&2; exit 94; }
# The allow-list as it is now, before each request; why says what is wrong with the list.
rules() {
	cd /
	clock
	read_at=$y allowed=
	why="the allow-list $list cannot be trusted"
	s=$(stat -c %u:%f:%s -- / /etc /etc/cephstack "$list" 2>&1) || { why="$why: $s"; return; }
	k=0:4?[02468ace][014589cd]
	case $s in $k:*"$nl"$k:*"$nl"$k:*"$nl"0:8?[02468ace][014589cd]:*) ;;
	*)
		why="$why: the list and the folders above must be root's alone, and no symlinks"
		return
		;;
	esac
	z=${s##*:}
	[ "$z" -le 262144 ] || { why="$why: it has more than 256 KiB"; return; }
	allowed=$(cat -- "$list"; echo x)
	allowed=$nl${allowed%x}
	case $allowed in *"$cr"*) z=-1 ;;
	"${nl}cephstack allow 1$nl"*"$nl") ;;
	*) z=-1 ;;
	esac
	if [ "${#allowed}" = "$((z + 1))" ]; then why=; else allowed= why="$why: its text is not one of cephstack"; fi
}
# A request may come slowly: after 5 s, the list is read again.
renew() {
	clock
	[ $((y - read_at)) -lt 500 ] || rules
}
# Whether the allow-list has the word $1 with the object $2, and $3 behind that. A comment begins with
# no word.
allows() {
	case $2 in ""|*"$nl"*|?*/|*//*|*/./*|*/.|*/../*|*/..) return 1 ;;
	esac
	case $allowed in *"$nl$1 $2${3:-}$nl"*) return 0 ;;
	esac
	return 1
}
denied() { fail denied "${why:-the allow-list does not have: $1}"; }
allow() {
	renew
	case $1 in run)
		shift
		programs "$@"
		return
		;;
	write|attr|mkdir|remove) ;;
	*)
		allows "$1" "$2" || denied "$1 $2"
		return
		;;
	esac
	may "$2" || { denied "$1 $2$as"; return; }
	# Whoever foresees the name of a temp file may put a symlink there: a request does not name it.
	IFS= read -r rnd </proc/sys/kernel/random/uuid || exit 92
	keeps "$2" && rights "$1" || return
	real "$2"
	[ "$y" = "$2" ] || may "$y" || { elsewhere; return; }
	keeps "$y"
}
# Whether the path $1 may be changed as it is asked: with owner o, group og and mode md, as they are.
may() {
	as=
	[ "$op" != remove ] || { allows remove "$1"; return; }
	z=${md#0}
	as=" ${o:--} ${og:--} ${z:--}"
	for z in "$o" "$og"; do
		case $z in -*|*[!A-Za-z0-9_.\$-]*) return 1 ;;
		esac
	done
	allows "$op" "$1" "$as"
}
# What makes the limits, and what programs of root read, is never changed, whatever the allow-list has:
# of /etc, only files of services and keyrings are changed.
keeps() {
	case $1/ in /etc/*/rootwrap*|/run/*.d/*|/run/credstore*|/run/NetworkManager/*|/run/cephstack/*|/run/confexts/*) ;;
	/run/credentials/*|/run/dbus/*|/run/extensions/*|/run/initramfs/*|/run/netplan/*|/run/polkit-1/*|/run/portables/*) ;;
	/run/sshd/*|/run/sudo/*|/run/systemd/*|/run/udev/*|/run/user/*) ;;
	/etc/ceph/?*.keyring/|/etc/cinder/?*|/etc/glance/?*|/etc/nova/?*|/run/?*|/var/log/?*) return 0 ;;
	/|//|/bin/*|/boot/*|/dev/*|/etc/*|/home/*|/lib*|/opt/*|/proc/*|/root/*|/run/|/sbin/*|/sys/*|/usr/*|/var/*) ;;
	/efi/*|/gnu/*|/nix/*|/ostree/*|/snap/*|/sysroot/*) ;;
	/*/?*) return 0 ;;
	esac
	fail denied "$1 is never changed by the helper"
}
# A file that runs as its owner, or that everybody can change, would be a way around the limits.
rights() {
	case $1:$md in remove:*|*:|*:00[0-7][0-7][0145]|mkdir:0[0-3][0-7][0-7][0145]) return 0 ;;
	esac
	fail denied "the mode $md is not allowed to anybody"
}
# Into the folder $1, with PWD as the kernel has it. A bash makes PWD of the symlinks that it sees before and
# after it enters a folder, and somebody may change them in between.
inside() { cd -P "$1" 2>/dev/null && cd -P /proc/self/cwd/ 2>/dev/null; }
# Where $1 is by its folders, as y: nothing is said of what is behind a symlink that the list does not
# have. y is empty if the symlink leads to no folder.
real() {
	y=${1%/*} z=/${1##*/}
	until [ -d "$y/" ]; do
		! [ -h "$y" ] || { y=; return; }
		z=/${y##*/}$z
		y=${y%/*}
	done
	y=$(inside "$y/" && printf "%s/" "${PWD%/}$z")
	y=${y%/}
}
led="a symlink leads to where the allow-list does not have"
elsewhere() { fail denied "$led: $op $p"; }
# After a folder was entered: what was reached has to be what was allowed. A symlink above may
# lead somewhere else.
here() {
	cd -P /proc/self/cwd/ 2>/dev/null || { elsewhere; return; }
	y=${PWD%/}/${b#./}
	[ "$y" = "$p" ] || { may "$y" || { elsewhere; return; }; keeps "$y" || return; }
	others=
	alone "$PWD" || others=1
	peek || gone || return
	! linkable || { fail denied "$linked"; return; }
	[ "$op" = write ] || return 0
	# There, a program opens the temp file by its name.
	[ -z "$risky" ] || [ -z "$lists" ] ||
		fail denied "the folder of $p has an access control list, and others than root may change that or one above"
}
# Whether the folder $1 and those above are root's alone. Else somebody might mount a file system there, which
# says what they like of owners and modes.
alone() {
	y=$1
	set -- /
	while [ -n "${y%/}" ]; do
		set -- "$@" "$y"
		y=${y%/*}
	done
	y=$(stat -c %u:%f -- "$@" 2>&1) || return
	IFS=$nl
	for z in $y; do
		case $z in 0:4?[02468ace][014589cd]) ;;
		*) y= ;;
		esac
	done
	unset IFS
	[ -n "$y" ]
}
# After peek: whoever may change the folder might link files of others into it.
linkable() {
	[ -n "$risky" ] || return
	z=
	{ read -r z </proc/sys/fs/protected_hardlinks; } 2>/dev/null
	linked="others than root may change the folder of $p, or one above: set the sysctl fs.protected_hardlinks to 1"
	[ "$z" != 1 ]
}
# What was not asked for stays as it is, but for the modes that nobody may have.
stay() {
	u=${u:-$su}
	g=${g:-$sg}
	if [ -n "$md" ]; then :
	elif [ "$op" = mkdir ] || [ "$kind" = d ]; then md=$(printf "0%04o" "$sm")
	else md=$(printf "0%04o" $((sm & 1021)))
	fi
	dm=$((0$md))
}
# Folders above others are made where nobody but root can put something else in their place.
above() {
	deepest
	y=$x
	while :; do
		case $(stat -c %u:%f -- "${y:-/}" 2>&1) in 0:4?[02468ace][014589cd]) ;;
		*)
			fail denied "the folder $d is not there, and ${y:-/} is a symlink or others than root may change ${y:-/}"
			return
			;;
		esac
		[ -n "$y" ] || return 0
		y=${y%/*}
	done
}
# A program with exactly these arguments, and as the user o; or a script of which the beginning
# is known, with UUIDs and texts that are allowed.
programs() {
	allows run "$(sum "$@")" && return
	allows probe "$(probed "$@")" && return
	for n in 5 10; do
		[ "$#" -gt "$n" ] && (known_script "$@") && return
	done
	denied "run $(sum "$@"), which is $1 with these arguments as ${o:-root}"
}
# The number of the texts comes first: so the beginning of texts is never others.
sum() {
	y=$(printf "%s\0" "$(($# + 1))" "$o" "$@" | sha256sum)
	printf "%s" "${y%% *}"
}
# The digest of arguments that have the name of a probe behind the last slash, if any, of an
# argument: what verify makes to try a right, and removes. Of the name, only the beginning counts.
hex="[0-9a-f]" day="[0-9][0-9][0-9][0-9]"
hex=$hex$hex$hex$hex$hex$hex$hex$hex day=$day${day}T$day[0-9][0-9]Z
probed() {
	i=$#
	while [ "$i" -gt 0 ]; do
		z=${1##*/}
		case $z in cephstack-probe-) return ;;
		cephstack-probe-$hex-$day) set -- "$@" "${1%"$z"}cephstack-probe-" ;;
		*) set -- "$@" "$1" ;;
		esac
		shift
		i=$((i - 1))
	done
	sum "$@"
}
# The first n arguments are the script and what it is about.
known_script() {
	i=0 c=$#
	while [ "$i" -lt "$n" ]; do
		set -- "$@" "$1"
		shift
		i=$((i + 1))
	done
	rest=$((c - n))
	while [ "$rest" -gt 0 ]; do
		z=$(o= && sum "$1")
		allows secret "$1" || allows argument "$z" || return
		shift
		rest=$((rest - 1))
	done
	allows script "$(sum "$@")"
}
# The digests of what a process reads at its start are for whom may read the files. If one of
# the files may not be read, there is no note, as with a file that cannot be read.
unit_inputs() {
	w=
	for f in "$@"; do
		y=$(p=$f; input_of) || { w=; return; }
		[ -z "$y" ] || w=$w$y$nl
	done
}
# The same of a note that is there: another way may have written it, or the list was another.
told() {
	{
		IFS= read -r w
		while IFS= read -r z; do
			readable "${z#* }" || return
			w=$w$nl$z
		done
		printf "%s\n" "$w"
	} 2>/dev/null <"$note"
}
input_of() {
	readable "$p" || return
	real "$p"
	z=$y
	[ "$z" = "$p" ] || readable "$z" || return
	if absent "$p"; then printf "absent %s" "$p"; return; fi
	z=$(readlink -f -- "$p") && readable "$z" || return
	b=./${z##*/}
	inside "${z%/*}/" && [ "${PWD%/}/${b#./}" = "$z" ] || return
	peek && ! linkable || return
	[ -f "$b" ] || return 0
	s=$( { { timeout -k 5 60 dd if="$b" bs=65536 iflag=nofollow,nonblock status=none 2>/dev/null 3<&- 4>&- ||
		echo failed >&6; } | sha256sum 3<&- 4>&-; } 6>&1 )
	case $s in *failed*) return 1 ;;
	esac
	printf "%s %s" "${s%% *}" "$p"
}
# Whether the file $1 may be read, by itself or with others of its folder.
readable() {
	allows read "$1" && return
	y=${1##*/}
	case $y in ""|.*) return 1 ;;
	esac
	while [ -n "$y" ]; do
		allows dir "${1%/*}/*$y" && return
		y=${y#?}
	done
	allows dir "${1%/*}/*"
}
# Files are read one by one, each by its folder, without following a symlink that somebody
# puts there meanwhile.
op_files() {
	line x
	count
	num "$x"
	n=0
	while [ "$n" -lt "$c" ]; do
		text
		p=${v#?}
		case $v in s*) verb=stat ;;
		*) verb=read ;;
		esac
		visit "$n"
		n=$((n + 1))
	done
}
op_dir() {
	line p
	line e
	line x
	num "$x"
	allow dir "$p/*$e" || return
	real "$p/x"
	[ "$y" = "$p/x" ] || allows dir "${y%x}*$e" || { elsewhere; return; }
	if absent "$p"; then fail notexist ""; return; fi
	if [ -d "$p/." ]; then :; else
		look "$p/." && s="$p: Not a directory"
		fail sys "$s"
		return
	fi
	inside "$p/" || { fail sys "the folder cannot be entered"; return; }
	[ "$PWD" = "$p" ] || allows dir "$PWD/*$e" || { elsewhere; cd /; return; }
	set --
	for f in ./*"$e"; do
		hidden || [ -f "$f" ] || continue
		set -- "$@" "$p/${f#./}"
	done
	cd /
	[ "$#" -gt 0 ] || return 0
	raw names0
	printf "%s\0" "$@" >&4 || exit 92
	over
	n=0
	verb=read
	for p in "$@"; do
		visit "$n"
		n=$((n + 1))
	done
}
# Whether f is a symlink to what may not be read: it is named, whatever is behind it.
hidden() { [ -h "$f" ] && ! readable "$(readlink -f -- "$f")"; }
visit() { renew; (look_at "$1"; [ -z "$ko" ]) || ko=1; }
permit() {
	allows "$verb" "$1" && return
	if [ "$op" = dir ]; then
		case ${1##*/} in *"$e") allows dir "${1%/*}/*$e" && return ;;
		esac
	fi
	if [ "$1" = "$p" ]; then fault "$2" denied "${why:-the allow-list does not have: $verb $p}"; return 1; fi
	fault "$2" denied "$led: $verb $p"
	return 1
}
look_at() {
	ko=
	permit "$p" "$1" || return
	real "$p"
	[ "$y" = "$p" ] || permit "$y" "$1" || return
	if absent "$p"; then fault "$1" notexist ""; return; fi
	y=$p
	into "$1" || return
	if [ "$verb" = read ] && [ -h "$b" ]; then
		link=$(readlink -n -- "$b" | base64 -w0)
		y=$(readlink -f -- "$b")
		permit "$y" "$1" || return
		say "link$1 $link"
		into "$1" || return
	fi
	peek || { fault "$1" sys "${s%%"$nl"*}"; return; }
	! linkable || { fault "$1" denied "$linked"; return; }
	look "$b" || { fault "$1" sys "$s"; return; }
	say "stat$1 $s"
	say "acl$1 ${plus:--}"
	case $verb:$s in stat:a???:*) linked "$1" "$b" ;;
	stat:*) ;;
	read:4???:*) fault "$1" isdir "" ;;
	read:8???:*) contents "$1" ;;
	*) fault "$1" notreg "" ;;
	esac
}
# Into the folder of y, which has to be one that is allowed.
into() {
	b=./${y##*/}
	inside "${y%/*}/" || { s=$(stat -c %f -- "${y%/*}/." 2>&1); fault "$1" sys "$s"; return 1; }
	[ "${PWD%/}/${b#./}" = "$y" ] || permit "${PWD%/}/${b#./}" "$1"
}
contents() {
	z=${s#*:}
	z=${z%%:*}
	[ "$z" -le "$x" ] || { fault "$1" toolarge "$z bytes"; return; }
	raw "data$1" "$z"
	y=$(dd if="$b" bs=65536 count=$((x + 1)) iflag=nofollow,nonblock,count_bytes,fullblock status=none 2>&1 >&4)
	z=$?
	over
	[ "$z" = 0 ] || fault "$1" sys "$y"
}
