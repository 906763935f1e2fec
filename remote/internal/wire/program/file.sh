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
# Remove what killed runs left behind: temp files whose process is gone.
sweep() {
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
# no such name; no name of these begins with a dot.
absent() {
	case ${1##*/} in .*|"") return 1 ;;
	esac
	if [ -d "${1%/*}/." ]; then
		for f in "${1%/*}"/*; do
			if [ "$f" = "$1" ]; then return 1; fi
		done
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
