stat_one() {
	look "$p" || { fault "$1" sys "$s"; return; }
	say "stat$1 $s"
	acl "$1" "$(ls -ld -- "$p" 2>/dev/null)"
	case $s in a???:*) linked "$1" "$p" ;;
	esac
}
# The symlink $2, which is p.
linked() {
	say "link$1 $(readlink -n -- "$2" | base64 -w0)"
	z=$(leads "$p") && say "real$1 $z"
}
# The folder where the symlink $1 leads, if each folder and symlink on the way is of root, who alone
# can change it, and everybody can enter the folders: so none of it changes meanwhile.
leads() {
	x= y=$1 z= k=99
	while [ $((k -= 1)) -gt 0 ] && s=$(stat -c %u:%f -- "$x/$z"); do
		case $s in 0:a???) y=$(readlink -n -- "$x/$z")/$y
			case $y in /*) x= ;;
			esac ;;
		0:4?[02468ace][159d]) x=$x/$z ;;
		*) return 1 ;;
		esac
		[ -n "$y" ] || { readlink -nf -- "$1" | base64 -w0; return; }
		y=${y#/} z=${y%%/*}
		y=${y#"$z"}
	done
	return 1
}
# Read p, at most x bytes; the facts have the number of the file behind their words. A fifo may
# be in its place by now, which would keep whoever opens it.
read_one() {
	[ -h "$p" ] && say "link$1 $(readlink -n -- "$p" | base64 -w0)"
	s=$(stat -L -c "$F" -- "$p" 2>&1) || { fault "$1" sys "$s"; return; }
	say "stat$1 $s"
	acl "$1" "$(ls -ldL -- "$p" 2>/dev/null)"
	case $s in 8???:*) ;;
	4???:*) fault "$1" isdir ""; return ;;
	*) fault "$1" notreg ""; return ;;
	esac
	z=${s#*:}
	z=${z%%:*}
	[ "$z" -le "$x" ] || { fault "$1" toolarge "$z bytes"; return; }
	raw "data$1" "$z"
	y=$(dd if="$p" bs=65536 iflag=nonblock,fullblock,count_bytes count=$((x + 1)) status=none 2>&1 >&4)
	z=$?
	over
	[ "$z" = 0 ] || { fault "$1" sys "$y"; return; }
	[ -f "$p" ] || fault "$1" notreg ""
}
# Of a path with an s before it only the description is asked for. Folders go along
# with the files to read, as head has nothing of them.
op_files() {
	line x
	count
	num "$x"
	set --
	at=
	n=0
	while [ "$n" -lt "$c" ]; do
		text
		p=${v#[rs]}
		if absent "$p"; then
			fault "$n" notexist ""
		elif [ "$v" = "s$p" ] && { [ -h "$p" ] || ! [ -d "$p" ]; }; then
			stat_one "$n"
		elif [ -f "$p" ] || [ -d "$p" ]; then
			set -- "$@" "$p"
			at="$at$n "
		else
			read_one "$n"
		fi
		n=$((n + 1))
	done
	[ "$#" = 0 ] || together "$@"
}
# Several files at once; at has their numbers. They are read as one, and then
# described. If one changed just now, it may have done so while it was read: they
# are read again, and described again. If that is not the same, if one is not a plain
# file, or if they did not have as many bytes as their descriptions say, as in /proc, each
# is read by itself.
together() {
	clock
	k=$y
	all "$@"
	# What is in /proc is as old as the process: the host says what time it is.
	s=$(stat -L -c "$F" -- "$@" /proc/self 2>/dev/null) || { each "$@"; return; }
	clock
	changed "${s##*"$nl"}"
	now=$((z - 1 - (y - k) / 100))
	s=${s%"$nl"*}
	plain "$@" || { each "$@"; return; }
	if [ "$late" -ge "$now" ]; then
		all "$@"
		[ "$got:$s" = "$sum:$(stat -L -c "$F" -- "$@" 2>/dev/null)" ] || { each "$@"; return; }
	fi
	v=$(ls -ldLUq -- "$@" 2>/dev/null) || { each "$@"; return; }
	IFS=$nl
	for y in $s; do
		i=${at%% *}
		at=${at#* }
		say "stat$i $y"
		acl "$i" "${v%%"$nl"*}"
		v=${v#*"$nl"}
		[ -h "$1" ] && say "link$i $(readlink -n -- "$1" | base64 -w0)"
		shift
	done
	unset IFS
}
# The contents of all; of each no more than shows that it is too large. got is how many bytes
# they are. A fifo in place of a file does not keep this shell for ever.
all() {
	raw "all${at%% *}" 65536
	got=$(timeout 20 head -q -c $((x + 1)) -- "$@" 2>/dev/null |
		dd bs=65536 iflag=fullblock,count_bytes count=33554433 2>&1 >&4)
	over
	got=${got##*"$nl"} got=${got%% *}
}
# When the inode of a description changed, in seconds.
changed() {
	z=${1%:*:*}
	z=${z##*:}
	z=${z%%.*}
}
# By s, all are plain files, or folders, none is too large, and all was read; late is when
# the last of the files changed.
plain() {
	sum=0
	late=0
	odd=
	IFS=$nl
	for y in $s; do
		case $y in 4???:*) [ -d "$1" ] || odd=1 ;;
		8???:*) z=${y#*:}
			z=${z%%:*}
			[ "$z" -le "$x" ] || odd=1
			sum=$((sum + z))
			changed "$y"
			[ "$z" -le "$late" ] || late=$z ;;
		*) odd=1 ;;
		esac
		shift
	done
	unset IFS
	[ -z "$odd" ] && [ "$sum" = "$got" ]
}
# Read each by itself.
each() {
	for p in "$@"; do
		i=${at%% *}
		at=${at#* }
		read_one "$i"
	done
}
# The files of a folder whose names have an end, in the order of their names.
op_dir() {
	line p
	line e
	line x
	num "$x"
	if absent "$p"; then fail notexist ""; return; fi
	if [ -d "$p/." ]; then :; else
		look "$p/." && s="$p: Not a directory"
		fail sys "$s"
		return
	fi
	set --
	at=
	n=0
	for p in "$p"/*"$e"; do
		[ -f "$p" ] || continue
		set -- "$@" "$p"
		at="$at$n "
		n=$((n + 1))
		[ "$#" -lt 256 ] || { named "$@"; set --; }
	done
	[ "$#" = 0 ] || named "$@"
}
named() {
	raw "names${at%% *}"
	printf "%s\0" "$@" >&4 || exit 92
	over
	together "$@"
	at=
}
