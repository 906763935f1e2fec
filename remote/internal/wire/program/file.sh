# Files.
F=%f:%s:%u:%g:%.Y:%.Z:%U:%G
look() { s=$(stat -c "$F" -- "$1" 2>&1); }
# s to numbers: owner, group, permission bits.
split() {
	r=${s#*:}
	r=${r#*:}
	su=${r%%:*}
	r=${r#*:}
	sg=${r%%:*}
	sm=$((0x${s%%:*} & 4095))
}
# Names to numbers u and g, empty for empty; numbers stay. The last ones asked for are kept.
user=root uid=0 group=root gid=0
who() {
	u=
	g=
	if [ -n "$1" ]; then
		if [ "$1" = root ]; then u=0; elif [ "$1" = "$user" ]; then u=$uid
		elif case $1 in [1-9]*) ;; *) false ;; esac; then u=$1; else
			u=$(id -u "$1" 2>/dev/null) || { fail owner "unknown user $1"; return 1; }
			user=$1 uid=$u
		fi
	fi
	if [ -n "$2" ]; then
		if [ "$2" = root ]; then g=0; elif [ "$2" = "$group" ]; then g=$gid
		elif case $2 in [1-9]*) ;; *) false ;; esac; then g=$2; else
			g=$(getent group "$2") || { fail owner "unknown group $2"; return 1; }
			g=${g#*:}
			g=${g#*:}
			g=${g%%:*}
			group=$2 gid=$g
		fi
	fi
}
# What was not asked for stays as it is.
stay() {
	u=${u:-$su}
	g=${g:-$sg}
	[ -n "$md" ] || md=$(printf "0%04o" "$sm")
	dm=$((0$md))
}
# Owner, group and mode of an existing path; on the way it has no bit that is not in both modes.
setattr() {
	stay
	a=0
	if [ "$u:$g" = "$su:$sg" ]; then
		[ "$dm" -ne "$sm" ] || return 0
		a=1
		e=$(chmod "$md" "$1" 2>&1) || { fail sys "$e"; return 1; }
	else
		a=1
		low=$(printf "0%04o" $((dm & sm)))
		e=$( { chmod "$low" "$1" && chown -h "$u:$g" "$1" && chmod "$md" "$1"; } 2>&1 ) || { fail sys "$e"; return 1; }
	fi
	e=$(sync "$1" 2>&1) || { fail unknown "$e"; return 1; }
}
# Remove what killed runs left behind: temp files whose process is gone. A request
# does so once in each folder, or again after it was in another.
sweep() {
	[ "$1" = "$swept" ] && return
	swept=$1
	for f in "$1"/.cephstack.*; do
		[ -f "$f" ] || continue
		z=${f##*/.cephstack.}
		z=${z%%.*}
		[ "$z" -gt 0 ] 2>/dev/null || continue
		grep -q "cephstack 2" "/proc/$z/cmdline" 2>/dev/null || rm -f -- "$f"
	done
}
digest() {
	h=$(sha256sum 2>&1 <"$1") || { fail sys "$h"; return 1; }
	h=${h%% *}
}
folder() {
	d=${p%/*}
	d=${d:-/}
}
# True only if the listing of the folder, or of one above it, shows that there is
# no such name; no name of these begins with a dot. A folder with many names is
# listed once: after that, only the words of stat can show it.
large=$nl
absent() {
	case ${1##*/} in .*|"") return 1 ;;
	esac
	if [ -e "$1" ] || [ -h "$1" ]; then return 1; fi
	if [ -d "${1%/*}/." ]; then
		case $large in *"$nl${1%/*}$nl"*) return 1 ;;
		esac
		y=0
		for f in "${1%/*}"/*; do
			if [ "$f" = "$1" ]; then return 1; fi
			y=$((y + 1))
		done
		[ "$y" -le 200 ] || large=$large${1%/*}$nl
		[ -e "$f" ] || [ -h "$f" ]
	else
		absent "${1%/*}"
	fi
}
gone() {
	case $s in *": No such file or directory") return 0 ;;
	esac
	fail sys "$s"
}
