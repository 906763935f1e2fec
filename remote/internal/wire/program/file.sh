# Files.
F=%f:%s:%u:%g:%.Y:%.Z:%U:%G
look() { s=$(stat -c "$F" -- "$1" 2>&1); }
# Whether a file has an access control list, by its line of ls; nothing if there is none.
acl() {
	case ${2%% *} in "") ;;
	*+) say "acl$1 +" ;;
	*) say "acl$1 -" ;;
	esac
}
# Into the folder of p, which is held by that: what p is about is b from here on, even
# if somebody puts another folder in its place.
enter() {
	b=./${p##*/}
	if cd -P "${p%/*}/" 2>/dev/null; then here; return; fi
	e=$(stat -c %f -- "${p%/*}/" 2>&1) && e="the folder cannot be entered"
	fail sys "$e"
}
# Set if others than root may change a folder above.
others=
# What b is, without following a symlink: kind, owner, group, size, permission bits, and a
# plus for an access control list. risky says whether others than root may put something
# else in its place, and lists whether the folder has a list. Without b, s is the error.
peek() {
	if s=$(ls -ldnU -- . "$b" 2>&1); then
		parse "${s%%"$nl"*}"
		s=${s#*"$nl"}
	else
		parse "${s##*"$nl"}"
		s=${s%%"$nl"*} kind=
	fi
	risky= lists=$plus
	[ "$su:$((sm & 18)):$others" = 0:0: ] || risky=1
	[ -z "$kind" ] || parse "$s"
	[ -n "$kind" ]
}
# A line of ls to kind, plus, su, sg, size and sm.
parse() {
	set -f
	set -- $1
	set +f
	plus=
	case $1 in *+) plus=+ ;;
	esac
	y=${1%"${1#?}"} z=${1#?} su=$3 sg=$4 size=$5 sm=0
	kind=$y
	for i in 256 128 64 32 16 8 4 2 1; do
		case $i in 64) y=2048 ;;
		8) y=1024 ;;
		*) y=512 ;;
		esac
		case $z in -*) ;;
		[st]*) sm=$((sm | i | y)) ;;
		[ST]*) sm=$((sm | y)) ;;
		*) sm=$((sm | i)) ;;
		esac
		z=${z#?}
	done
}
# A fifo in place of a file would keep the shell that opens it for ever. Where others could
# do that, this shell waits 20 s at most, or 22 s if it came with TERM ignored. calm is for when it has the file.
dog() {
	dog=
	[ -n "$risky" ] || return 0
	read -r y z </proc/self/stat
	{ sleep 20; ours && kill $y; sleep 2; ours && kill -9 $y; } >/dev/null 2>&1 3<&- 4>&- 9>&- &
	dog=$! y=
}
# Whether y is still the parent: else, its number may be that of a process of others.
ours() { read -r z z z k z </proc/self/stat && [ "$k" = "$y" ]; }
# A process that was just started may lose a TERM: it still has the traps of this shell.
calm() { [ -z "$dog" ] || { kill -9 "$dog"; wait "$dog"; } 2>/dev/null; dog=; }
# One after the other in the folder of p, which was entered: $1 runs with the file open as 9 that is
# locked. Only root can reach it. Whoever is not root locks the folder. Whoever may read the folder can
# hold that lock.
locked() {
	y=$(stat -c %d-%i . 2>&1) || { fail sys "$y"; return; }
	[ -d $notes ] || mkdir -m 700 $notes 2>/dev/null
	lk=$notes/lock-$y
	{ [ -O $notes ] && true >>$lk; } 2>/dev/null || lk=.
	$1 9<$lk || [ -n "$ko" ] || fail sys "the folder cannot be opened"
}
lock() {
	command -v flock >/dev/null || return 0
	if [ $lk = . ]; then
		flock -w 5 9 2>/dev/null || :
	else
		flock -w 30 9 2>/dev/null || fail sys "another change in the folder lasts too long: try again"
	fi
}
# Names to numbers u and g, empty for empty; numbers stay. The last ones asked for are kept.
user=root uid=0 group=root gid=0
number() { [ "$1" -ge 0 ] 2>/dev/null; }
who() {
	u=
	g=
	if [ -n "$1" ]; then
		if [ "$1" = root ]; then u=0; elif [ "$1" = "$user" ]; then u=$uid
		elif number "$1"; then u=$1; else
			u=$(id -u "$1" 2>/dev/null) || { fail owner "unknown user $1"; return 1; }
			number "$u" || { fail owner "the number of user $1 cannot be read"; return 1; }
			user=$1 uid=$u
		fi
	fi
	if [ -n "$2" ]; then
		if [ "$2" = root ]; then g=0; elif [ "$2" = "$group" ]; then g=$gid
		elif number "$2"; then g=$2; else
			g=$(getent group "$2") || { fail owner "unknown group $2"; return 1; }
			g=${g#*:}
			g=${g#*:}
			g=${g%%:*}
			number "$g" || { fail owner "the number of group $2 cannot be read"; return 1; }
			group=$2 gid=$g
		fi
	fi
}
# What was not asked for stays as it is. A file with another owner or group runs as nobody else any more.
stay() {
	u=${u:-$su}
	g=${g:-$sg}
	case $md:$kind:$u:$g in :d:*|:*:$su:$sg) md=$(printf "0%04o" "$sm") ;;
	:*) md=$(printf "0%04o" $((sm & 1023))) ;;
	esac
	dm=$((0$md))
}
# Whether owner, group and mode are what was asked for, without an access control list.
fits() { [ "$u:$g:$dm:" = "$su:$sg:$sm:$plus" ]; }
# Right before $1, or b, is opened.
before() {
	id=
	[ -z "$risky" ] || id=$(stat -c %d.%i -- "${1:-$b}" 2>&1)
	dog
}
# Whether what is open as $1, or was entered, is what was there before.
held() { [ -z "$id" ] || [ "$id" = "$(stat -L -c %d.%i -- "$1" 2>&1)" ]; }
# The same of what is open as $1; e is what is wrong.
fit() {
	e=$(ls -ldnLU -- "$1" 2>&1) || return
	parse "$e"
	fits && return
	e="owner or mode did not become what was asked for"
	[ -z "$plus" ] || e="its access control list cannot be removed: install the package acl on the host"
	return 1
}
# Owner, group and mode of $1: a folder that was entered, ., or an open file. On the
# way it has no bit that is not in both modes.
setattr() {
	a=0
	held "$1" || { fail conflict ""; return 1; }
	e=$(ls -ldnLU -- "$1" 2>&1) || { fail sys "$e"; return 1; }
	parse "$e"
	old=$su:$sg:$sm:$plus owners=$su:$sg om=$sm a=1
	low=$(printf "0%04o" $((dm & sm)))
	e=$( {
		if [ -n "$plus" ]; then drop "$1"; elif ! [ "$u:$g" = "$su:$sg" ]; then chmod "$low" "$1"; fi &&
			{ [ "$u:$g" = "$su:$sg" ] || chown "$u:$g" "$1"; } && chmod "$md" "$1"
	} 2>&1 ) && fit "$1" || revert "$1" || return
	e=$(sync "$1" 2>&1) || { fail unknown "$e"; return 1; }
}
# For e, $1 did not get owner, group and mode. It may have them all the same. Else it gets back
# what it had, which only an access control list cannot.
revert() {
	why=$e
	fit "$1" && return
	if as_was "$1"; then :; else
		y=$( { chmod "$low" "$1" && chown "$owners" "$1" && chmod "$(printf "0%04o" "$om")" "$1" && sync "$1"; } 2>&1 ) &&
			as_was "$1" || { fail unknown "$why"; return 1; }
	fi
	e=$why a=0
	fail sys "$e"
}
as_was() { y=$(ls -ldnLU -- "$1" 2>&1) && parse "$y" && [ "$su:$sg:$sm:$plus" = "$old" ]; }
# What is there already may have been made by a run that was killed before it was synced.
safe() { e=$(sync "$1" . 2>&1) || fail sys "$e"; }
# Describe $1 as it is now. Only if nothing was changed, a look that fails is no more than that.
seen() {
	if look "$1" || look "$1"; then :; else
		if [ $((made | a)) = 0 ]; then fail sys "$s"; else fail unknown "$s"; fi
		return 1
	fi
	say "stat $s"
	say "acl -"
}
# Replace the access control list by a mode that is narrow. cp of coreutils before 9.2 can do that,
# too; whether it went well is for fit to say.
drop() {
	if command -v setfacl >/dev/null; then
		if [ -d "$1" ]; then setfacl -k --set u::rwx,g::-,o::- "$1"; else setfacl --set u::r,g::-,o::- "$1"; fi
	elif [ -d "$1" ]; then
		mkdir -p $notes/acl && cp -rT --attributes-only --preserve=mode $notes/acl "$1/." || :
	else
		cp --attributes-only --preserve=mode /proc/self/environ "$1"
	fi
}
# Remove what killed runs left behind in the folder of p: temp files, and folders without
# anything in them, whose process is gone. A request does so once in each folder, or again after it was in another.
# Where a symlink leads is not looked at. A process may keep whoever asks for its arguments.
sweep() {
	[ "${p%/*}" = "$swept" ] && return
	swept=${p%/*}
	for f in ./.cephstack.*; do
		z=${f##*/.cephstack.}
		z=${z%%.*}
		[ "$z" -gt 0 ] 2>/dev/null || continue
		timeout -k 1 5 grep -q "cephstack 2" "/proc/$z/cmdline" "/proc/$z/environ" 2>/dev/null
		case $? in 0|124|137) ;;
		*) rm -df -- "$f" 2>/dev/null ;;
		esac
	done
}
# What was opened as 6 has to be a plain file, and what was there before. A fifo would keep whoever reads it.
opened() {
	calm
	[ -f /proc/self/fd/6 ] && held /proc/self/fd/6 || { fail conflict ""; return 1; }
}
# The digest of what is open as 6.
digest() {
	h=$(sha256sum /proc/self/fd/6 2>&1) || { fail sys "$h"; return 1; }
	h=${h%% *}
}
# Whether b is what is open as 6.
still() { [ "$b" -ef /proc/self/fd/6 ] && ! [ -h "$b" ]; }
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
