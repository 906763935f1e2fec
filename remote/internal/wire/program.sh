# The one program that remote runs on a host. It reads operations from
# standard input and answers on standard output; doc.go of this package has
# the format. Command joins these lines into one and puts it between single
# quotes for whatever login shell there is. Hence, here: no single quote, no
# exclamation mark before a non-blank, no two backslashes in a row, a case pattern and its first
# command on one line, and two semicolons only at the end of a line.
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
HOME=/root
export PATH LC_ALL HOME
# As every shell sets it: space, tab, newline.
nl=${IFS#??}
unset IFS ENV BASH_ENV CDPATH TMPDIR LANG LANGUAGE
cd /
# Requests are read from 3, after the one that came as an argument; answers go
# to 4. So no command can eat or spoil them.
exec 3<&0 4>&1 </dev/null >/dev/null
t=

# Answers.
say() { printf "%s %s\n" "$m" "$1" >&4 || exit 92; }
enc() { printf "%s" "$1" | tail -c 6000 | base64 -w0; }
# What follows on 4 are bytes as they are, up to a line that nobody can foresee: the
# mark may be seen in the list of processes.
raw() {
	IFS= read -r eot </proc/sys/kernel/random/uuid || exit 92
	say "raw $1 $eot $2"
}
over() { printf "\n%s\n" "$eot" >&4 || exit 92; }
# An error: a class, and words that tell it where the class does not.
fail() {
	fault "" "$1" "$2"
	return 1
}
fault() {
	ko=1
	case $2:$3 in "$2:") say "err$1 $2" ;;
	sys:*": No such file or directory") say "err$1 notexist" ;;
	*) say "err$1 $2 $(enc "$3")" ;;
	esac
}
# Several lines, each as a fact of its own.
lines() {
	i=0
	set -f
	IFS=$nl
	for y in $2; do
		say "$1$i $y"
		i=$((i + 1))
	done
	unset IFS
	set +f
}
beat() {
	while sleep 15 2>/dev/null 3<&- 4>&-; do printf "%s beat\n" "$m" >&4 || exit; done
}
quiet() { kill "$b" 2>/dev/null; wait "$b" 2>/dev/null; }

# Input: a line, a text of several lines, counted data. Lines are taken from q, where
# many are at once, as the shell reads a pipe byte by byte.
q=
line() {
	[ -n "$q" ] || more
	eval "$1=\${q%%\"\$nl\"*}"
	q=${q#*"$nl"}
}
# A part of the request, which ends with a newline.
more() {
	IFS= read -r z <&3 || exit 90
	q=$(feed "$z"; echo x)
	[ "${#q}" -eq $((z + 1)) ] || exit 90
	q=${q%x}
}
text() {
	line k
	line v
	while [ "$k" -gt 0 ]; do line y; v=$v$nl$y; k=$((k - 1)); done
}
# Data comes as a text, v, with its number of newlines behind a t, or as n bytes to be fed.
data() {
	line n
	case $n in t*) k=${n#t}
		line v
		while [ "$k" -gt 0 ]; do line y; v=$v$nl$y; k=$((k - 1)); done
		w=$v n=0 ;;
	*) w= ;;
	esac
}
feed() { [ "$1" = 0 ] || dd bs=65536 iflag=fullblock,count_bytes count="$1" status=none <&3 2>/dev/null; }

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
# Names to numbers u and g, empty for empty; the last ones asked for are kept.
user=root uid=0 group=root gid=0
who() {
	u=
	g=
	if [ -n "$1" ]; then
		if [ "$1" = root ]; then u=0; elif [ "$1" = "$user" ]; then u=$uid; else
			u=$(id -u "$1" 2>/dev/null) || { fail owner "unknown user $1"; return 1; }
			user=$1 uid=$u
		fi
	fi
	if [ -n "$2" ]; then
		if [ "$2" = root ]; then g=0; elif [ "$2" = "$group" ]; then g=$gid; else
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
stat_one() {
	look "$p" || { fault "$1" sys "$s"; return; }
	say "stat$1 $s"
	case $s in a???:*) say "link$1 $(readlink -n -- "$p" | base64 -w0)" ;;
	esac
}
# Read p, at most x bytes; the facts have the number of the file behind their words.
read_one() {
	s=$(stat -L -c "$F" -- "$p" 2>&1) || { fault "$1" sys "$s"; return; }
	say "stat$1 $s"
	case $s in 8???:*) ;;
	4???:*) fault "$1" isdir ""; return ;;
	*) fault "$1" notreg ""; return ;;
	esac
	z=${s#*:}
	z=${z%%:*}
	[ "$z" -le "$x" ] || { fault "$1" toolarge "$z bytes"; return; }
	[ -h "$p" ] && say "link$1 $(readlink -n -- "$p" | base64 -w0)"
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
	for p in "$@"; do
		at=${at# }
		i=${at%% *}
		at=${at#"$i"}
		say "stat$i ${s%%"$nl"*}"
		s=${s#*"$nl"}
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
op_write() {
	line p
	line was
	line o
	line og
	line md
	line sum
	line rnd
	data
	left=$n
	write
	[ "$left" = 0 ] || feed "$left"
}
# What is there now: its attributes and digest, h.
before() {
	if absent "$p" && [ -d "$d" ]; then
		nothing
	elif look "$p"; then
		case $s in 8???:*) ;;
		a???:*) fail symlink ""; return 1 ;;
		4???:*) fail isdir ""; return 1 ;;
		*) fail notreg ""; return 1 ;;
		esac
		# What it must still be is compared right before it is replaced.
		case $was in ""|absent|"$sum") digest "$p" || return 1 ;;
		*) h=$was ;;
		esac
		split
	else
		gone || return 1
		if [ -d "$d" ]; then :; else
			e=$(stat -L -c %f -- "$d" 2>&1) || { fail sys "$e"; return 1; }
			fail sys "$d: Not a directory"
			return 1
		fi
		nothing
	fi
	case $was in ""|"$h") ;;
	*) fail conflict ""; return 1 ;;
	esac
}
nothing() {
	h=absent
	su=0
	sg=0
	sm=384
}
write() {
	who "$o" "$og" || return
	folder
	before || return
	sweep "$d"
	if [ "$h" = "$sum" ]; then
		setattr "$p" || return
	else
		stay
		replace || return
		a=1
	fi
	look "$p" || { fail sys "$s"; return; }
	say "stat $s"
	say "sha $sum"
	say "changed $a"
}
replace() {
	t=$d/.cephstack.$$.$rnd
	e=$(create 2>&1)
	c=$?
	[ "$c" -ge 50 ] && left=0
	[ "$c" = 0 ] && left=0 && t= && return 0
	[ "$c" = 53 ] || rm -f -- "$t"
	t=
	case $c in 51) fail content "$e" ;;
	52) fail conflict "" ;;
	53) fail unknown "$e" ;;
	*) fail sys "$e" ;;
	esac
}
# The temp file is made new (-C), its mode is 0600 by the umask, and all that
# follows reaches it by its descriptor, so that a symlink put in its place is not followed.
create() {
	set -C
	{ fill; } 5>"$t"
}
fill() {
	set +C
	if [ -n "$w" ]; then
		printf "%s" "$w" >&5 || { printf "%s" "$w" | cat >&5; } || exit 50
	else
		feed "$n" | { cat >&5 || { c=$?; cat; exit "$c"; }; } >/dev/null || exit 50
	fi
	{ [ "$u:$g" = 0:0 ] && ! [ -g "$d" ]; } || chown "$u:$g" /proc/self/fd/5 || exit 50
	[ "$dm" = 384 ] || chmod "$md" /proc/self/fd/5 || exit 50
	if [ -e /sys/fs/selinux/enforce ]; then
		if [ "$h" = absent ]; then chcon "$(matchpathcon -n "$p")" "$t"; else chcon --reference="$p" /proc/self/fd/5; fi
	fi
	sync /proc/self/fd/5 || exit 50
	# Its digest, and that of what it replaces.
	set -- /proc/self/fd/5
	case $was in ""|absent) ;;
	*) set -- /proc/self/fd/5 "$p" ;;
	esac
	x=$(sha256sum "$@" 2>/dev/null)
	[ "${x%% *}" = "$sum" ] || { echo "the content did not arrive whole"; exit 51; }
	x=${x#*"$nl"}
	case $was in "") ;;
	absent) if [ -e "$p" ] || [ -h "$p" ]; then exit 52; fi ;;
	*) case ${x%% *} in *"$was") [ -h "$p" ] && exit 52 ;;
		*) exit 52 ;;
		esac ;;
	esac
	mv -fT -- "$t" "$p" || exit 50
	sync "$d" || exit 53
}
op_attr() {
	line p
	line o
	line og
	line md
	who "$o" "$og" || return
	look "$p" || { fail sys "$s"; return; }
	case $s in a???:*) fail symlink ""; return ;;
	esac
	split
	setattr "$p" || return
	look "$p" || { fail sys "$s"; return; }
	say "stat $s"
	say "changed $a"
}
op_mkdir() {
	line p
	line o
	line og
	line md
	who "$o" "$og" || return
	folder
	made=0
	if absent "$p"; then
		s=": No such file or directory"
		false
	else
		look "$p"
	fi
	if [ "$?" = 0 ]; then
		case $s in 4???:*) ;;
		a???:*) fail symlink ""; return ;;
		*) fail notdir ""; return ;;
		esac
	else
		gone || return
		md=${md:-00755}
		first=$md
		[ -z "$u$g" ] || [ "$u:$g" = 0:0 ] || first=00700
		e=$( { [ -d "$d" ] || { umask 022 && mkdir -p -- "$d" && umask 077; } && mkdir -m "$first" -- "$p" && sync "$d" "$p"; } 2>&1 ) || { fail sys "$e"; return; }
		look "$p" || { fail sys "$s"; return; }
		made=1
		say "changed 1"
	fi
	split
	setattr "$p" || return
	[ "$a" = 0 ] || look "$p" || { fail sys "$s"; return; }
	say "stat $s"
	say "changed $((made | a))"
}
op_remove() {
	line p
	line was
	folder
	look "$p" || { gone; return; }
	case $s in 4???:*) fail isdir ""; return ;;
	8???:*) h=; [ -z "$was" ] || digest "$p" || return ;;
	*) h=other; [ -z "$was" ] && h= ;;
	esac
	[ "$was" = "$h" ] || { fail conflict ""; return; }
	e=$(rm -f -- "$p" 2>&1) || { fail sys "$e"; return; }
	say "changed 1"
	e=$(sync "$d" 2>&1) || fail unknown "$e"
}

# Units. v is what systemctl shows of x; NRestarts is for settle alone.
props=Id,LoadState,ActiveState,SubState,MainPID,ExecMainStartTimestamp,ActiveEnterTimestamp,InvocationID,UnitFileState
show() {
	v=$(systemctl show --timestamp=us+utc -p "$props$1" -- "$x" 2>&1) || v=$(TZ=UTC systemctl show -p "$props$1" -- "$x" 2>&1) || { fail sys "$v"; return 1; }
}
op_unit() {
	line x
	show "" && lines show "$v"
}
# The value of a line of v.
prop() {
	z=
	case $nl$v in *"$nl$1="*) z=$nl$v
		z=${z#*"$nl$1="}
		z=${z%%"$nl"*} ;;
	esac
}
# What must stay as it is while a unit settles.
run_of() {
	prop ActiveState
	k=$z
	prop NRestarts
	k=$k:$z
	prop InvocationID
	k=$k:$z
}
op_restart() {
	line x
	line n
	line step
	show ,NRestarts || return
	prop InvocationID
	old=$z
	beat &
	b=$! c=0
	e=$(timeout -k 5 300 systemctl --no-ask-password restart -- "$x" 2>&1 3<&- 4>&-)
	c=$?
	[ "$c" = 124 ] && e="systemctl restart did not return in 300 s"
	[ "$c" = 0 ] || [ "$c" = 124 ] || again
	if [ "$c" = 0 ]; then settle || c=1; fi
	quiet
	[ "$c" = 0 ] || show ,NRestarts || return
	lines show "$v"
	prop InvocationID
	[ "$z" = "$old" ] || say "changed 1"
	[ "$c" = 0 ] || fail unit "$e$nl$(journalctl -q --no-pager -o cat -n 10 -u "$x" 2>/dev/null)"
}
# A start that failed: systemd may be set to try again, for 90 s at most here.
again() {
	k=450
	while [ "$k" -gt 0 ]; do
		case $(systemctl show -p ActiveState -- "$x" 2>&1) in
		*=active) c=0; return ;;
		*=activating) ;;
		*) return ;;
		esac
		k=$((k - 1))
		sleep 0.2
	done
}
# Active, the same start, no automatic restart, for n looks with a pause before each.
settle() {
	show ,NRestarts || return
	run_of
	while :; do
		case $k in active:*) ;;
		*) return 1 ;;
		esac
		[ "$n" -gt 0 ] || return 0
		n=$((n - 1))
		sleep "$step"
		old_k=$k
		show ,NRestarts || return
		run_of
		[ "$k" = "$old_k" ] || return 1
	done
}

# Packages. Hosts with rpm may have dpkg and apt as programs like others.
debian() { command -v dpkg-query >/dev/null && [ -s /var/lib/dpkg/status ]; }
query() {
	if debian; then
		v=$(dpkg-query -W -f "\${db:Status-Abbrev} \${Package} \${Version}\n" -- "$@" 2>/dev/null)
		[ "$?" -le 1 ] || { fail sys "dpkg-query does not work"; return 1; }
	elif command -v rpm; then
		v=$(rpm -q --qf "ii  %{NAME} %{EVR}\n" -- "$@" 2>&1)
	else
		fail sys "neither dpkg-query nor rpm is there"
		return 1
	fi
	v=$nl$v$nl
	need=
	for x in "$@"; do
		case $v in *"$nl"?i?" $x "*) ;;
		*) need="$need $x" ;;
		esac
	done
	# To an rpm that cannot read its database, nothing is installed.
	case $need$v in " "*"${nl}error: "*) fail sys "$v"; return 1 ;;
	esac
}
op_packages() {
	line c
	set --
	while [ "$c" -gt 0 ]; do text; set -- "$@" "$v"; c=$((c - 1)); done
	query "$@" || return
	lines pkgs "$v"
}
apt() {
	DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 apt-get -y -q --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}
install() {
	if debian; then
		apt install $need && return
		dpkg --configure -a
		apt update && apt install $need
	else
		# What dnf keeps is for everybody to read. What it knows of repositories may be
		# old; of two failures, the second one tells.
		umask 022
		set -- dnf -y -q --setopt=install_weak_deps=False
		"$@" install $need >/dev/null 2>&1 && return
		"$@" --refresh install $need
	fi
}
op_install() {
	line c
	set --
	while [ "$c" -gt 0 ]; do text; set -- "$@" "$v"; c=$((c - 1)); done
	query "$@" || return
	e=
	if [ -n "$need" ]; then
		old=$v
		beat &
		b=$! c=0
		e=$(install 2>&1 3<&- 4>&- | tail -c 3000)
		quiet
		query "$@" || return
		[ "$old" = "$v" ] || say "changed 1"
	fi
	lines pkgs "$v"
	[ -z "$need" ] || fail install "$e"
}

# Programs. Standard output streams out on 4 by way of cat, so that what a
# program leaves behind cannot write there later; standard error, or its end if
# there is very much, is collected in r, with the exit status (by way of 6)
# somewhere in it, behind the mark.
cap=8388609
# Hundredths of a second since the machine started.
clock() {
	read -r y z </proc/uptime
	y=${y%.*}${y#*.}
}
op_run() {
	line o
	line to
	line ms
	line kind
	line c
	set --
	while [ "$c" -gt 0 ]; do text; set -- "$@" "$v"; c=$((c - 1)); done
	data
	# All of the standard input must be here before the program starts.
	in=$w
	case $n:$kind in 0:*) kind=text ;;
	*:text) in=$(feed "$n"; echo x)
		[ "${#in}" -eq $((n + 1)) ] || exit 90
		in=${in%x} ;;
	*) in=$(feed "$n" | base64 -w0)
		[ "${#in}" -eq $(((n + 2) / 3 * 4)) ] || exit 90 ;;
	esac
	home=/root
	if [ -n "$o" ]; then
		home=$(getent passwd "$o") || { fail owner "unknown user $o"; return; }
		home=${home%:*}
		home=${home##*:}
		set -- runuser -u "$o" -- "$@"
	fi
	raw out
	clock
	k=$y
	r=$( { { { if [ -z "$in" ]; then go "$@"; else given | go "$@"; fi; } | cat >&4; } 2>&1 | tail -c "$cap"; printf x; } 6>&1 )
	r=${r%x}
	over
	clock
	c=${r##*"<$m:"}
	c=${c%%">"*}
	r=${r%%"<$m:"*}${r#*"<$m:$c>"}
	case $c in 124|137) [ $((y - k)) -lt $((ms / 10)) ] || c=late ;;
	esac
	say "exit $c"
	[ -z "$r" ] || say "errors $(printf "%s" "$r" | base64 -w0)"
	[ "$c" = 0 ] || ko=1
}
go() {
	HOME=$home timeout -k 5 "$to" "$@" 3<&- 4>&- 6>&-
	printf "<%s:%s>" "$m" "$?" >&6
}
given() {
	if [ "$kind" = text ]; then printf "%s" "$in"; else printf "%s" "$in" | base64 -d 2>/dev/null; fi
}

# An operation that needs others comes with its length, to be passed over: lines,
# and bytes of data after them.
op_need() {
	line x
	line k
	line n
	for y in $x; do
		eval "z=\$f$y"
		[ -n "$z" ] || continue
		while [ "$k" -gt 0 ]; do line z; k=$((k - 1)); done
		feed "$n"
		fail skipped "$y"
		return
	done
	line op
	known && "op_$op"
}
known() {
	case $op in files|dir|write|attr|mkdir|remove|unit|restart|packages|install|run) ;;
	*) exit 91 ;;
	esac
}
# A request after the other, until there is none.
serve() {
	trap "[ -z \"\$t\" ] || rm -f -- \"\$t\"" EXIT
	trap "exit 92" HUP INT TERM PIPE
	m=
	while begin; do
		case $h in "cephstack 2 "*) m=${h##* } ;;
		*) foreign ;;
		esac
		printf "\n%s hello 2\n" "$m" >&4 || exit 92
		n_op=0
		while line op; do
			[ "$op" = end ] && break
			say "op $n_op"
			ko=
			if [ "$op" = need ]; then op_need; else known && "op_$op"; fi
			eval "f$n_op=\$ko"
			say "done $n_op"
			n_op=$((n_op + 1))
		done
		say bye
	done
	[ -n "$m" ] || foreign
	exit 0
}
foreign() {
	echo "cephstack: the input is not ours; does a login script read standard input?" >&2
	exit 91
}
# The first line of a request. The one that is an argument has its only part in q already.
begin() {
	if [ -n "$q" ]; then
		line h
		line z
	else
		IFS= read -r h <&3
	fi
}
q=$(printf %b "$1"; echo x)
q=${q%x}
serve
