stat_one() {
	look "$p" || { fault "$1" sys "$s"; return; }
	say "stat$1 $s"
	acl "$1" "$(ls -ld -- "$p" 2>/dev/null)"
	case $s in a???:*) say "link$1 $(readlink -n -- "$p" | base64 -w0)" ;;
	esac
}
# Read p, at most x bytes; the facts have the number of the file behind their words.
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
	y=$(cat -- "$p" 2>&1 >&4)
	c=$?
	over
	[ "$c" = 0 ] || fault "$1" sys "$y"
}
# Several files at once: they are read as one, and then described. If one changed
# just now, it may have done so while it was read: they are read again, and
# described again. If that is not the same, or one is not a plain file, each is read
# by itself. Of a path with an s before it only the description is asked for; folders
# go along, as head has nothing of them.
op_files() {
	line x
	line c
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
		else
			set -- "$@" "$p"
			at="$at $n"
		fi
		n=$((n + 1))
	done
	[ "$#" -gt 0 ] || return
	for p in "$@"; do
		[ -f "$p" ] || [ -d "$p" ] || { each "$@"; return; }
	done
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
		[ "$s" = "$(stat -L -c "$F" -- "$@" 2>/dev/null)" ] || { each "$@"; return; }
	fi
	v=$(ls -ldLU -- "$@" 2>/dev/null) || { each "$@"; return; }
	for p in "$@"; do
		at=${at# }
		i=${at%% *}
		at=${at#"$i"}
		say "stat$i ${s%%"$nl"*}"
		s=${s#*"$nl"}
		acl "$i" "${v%%"$nl"*}"
		v=${v#*"$nl"}
		[ -h "$p" ] && say "link$i $(readlink -n -- "$p" | base64 -w0)"
	done
}
# The contents of all; of each no more than shows that it is too large.
all() {
	raw all 65536
	head -q -c $((x + 1)) -- "$@" 2>/dev/null >&4
	over
}
# When the inode of a description changed, in seconds.
changed() {
	z=${1%:*:*}
	z=${z##*:}
	z=${z%%.*}
}
# By s, all are plain files, or folders, and none is too large; late is when the
# last of the files changed.
plain() {
	sum=0
	late=0
	v=$s
	for p in "$@"; do
		y=${v%%"$nl"*}
		v=${v#*"$nl"}
		case $y in 4???:*) [ -d "$p" ] || return 1 ;;
		8???:*) z=${y#*:}
			z=${z%%:*}
			[ "$z" -le "$x" ] || return 1
			sum=$((sum + z))
			changed "$y"
			[ "$z" -le "$late" ] || late=$z ;;
		*) return 1 ;;
		esac
	done
	[ "$sum" -le 33554432 ]
}
# Read each by itself; at has their numbers.
each() {
	for p in "$@"; do
		at=${at# }
		i=${at%% *}
		at=${at#"$i"}
		read_one "$i"
	done
}
# The files of a folder whose names have an end, in the order of their names.
op_dir() {
	line p
	line e
	line x
	i=0
	if absent "$p"; then fail notexist ""; return; fi
	if [ -d "$p/." ]; then :; else
		look "$p/." && s="$p: Not a directory"
		fail sys "$s"
		return
	fi
	for p in "$p"/*"$e"; do
		[ -f "$p" ] || continue
		say "name$i $(printf %s "$p" | base64 -w0)"
		read_one "$i"
		i=$((i + 1))
	done
}
