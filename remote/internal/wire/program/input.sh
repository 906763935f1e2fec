# The one program that remote runs on a host, in several files. It reads operations from
# standard input and answers on standard output; doc.go of this package has
# the format. Command joins these lines into one and puts it between single
# quotes for whatever login shell there is. Hence, here: no single quote, no
# exclamation mark before a non-blank, no two backslashes in a row, a case
# pattern and its first command on one line, and two semicolons only at the end
# of a line. A backslash at the end of a line goes on with the next one.
umask 077
ulimit -c 0
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
HOME=/root
export PATH LC_ALL HOME
# As every shell sets it: space, tab, newline.
nl=${IFS#??}
# SUDO_COMMAND is this whole program: a sudo that looks at what this shell starts kills what has so much in its
# environment.
unset IFS ENV BASH_ENV CDPATH TMPDIR LANG LANGUAGE SUDO_COMMAND
cd /
# Requests are read from 3, after the one that came as an argument; answers go
# to 4. So no command can eat or spoil them.
exec 3<&0 4>&1 </dev/null >/dev/null
t=
# What the installed helper does in other ways: guard.sh has the other functions.
allow() { :; }
above() { :; }
here() { :; }
rules() { :; }

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
# Still alive, as long as the main shell is: it may have been killed.
beat() {
	while sleep 15 2>/dev/null 3<&- 4>&- && kill -0 "$$" 2>/dev/null; do
		printf "%s beat\n" "$m" >&4 || exit
	done
}
quiet() { kill -9 "$b" 2>/dev/null; wait "$b" 2>/dev/null; }

# Input: a line, a text of several lines, counted data. Lines are taken from q, where
# many are at once, as the shell reads a pipe byte by byte.
q=
# What is counted with, $2 at most: no arithmetic of a shell gets to see anything else.
num() { { [ "$1" -ge 0 ] && [ "$1" -le "${2:-$1}" ]; } 2>/dev/null || exit 91; }
# How many elements a list has.
count() {
	line c
	num "$c" 4096
}
line() {
	[ -n "$q" ] || more
	eval "$1=\${q%%\"\$nl\"*}"
	q=${q#*"$nl"}
}
# A part of the request, which ends with a newline. The status 90 says that the operation which
# reads, and those after it, had no effect: all lines come before that.
more() {
	IFS= read -r z <&3 || exit 90
	num "$z"
	q=$(feed "$z"; echo x)
	[ "${#q}" -eq $((z + 1)) ] || exit 90
	q=${q%x}
}
text() {
	line k
	num "$k"
	line v
	[ "$k" = 0 ] || rest
}
# The k further lines of v, of which some are put together first: v may be long.
rest() {
	some=
	while [ "$k" -gt 0 ]; do
		line y
		some=$some$nl$y
		k=$((k - 1))
		[ $((k % 64)) -gt 0 ] || { v=$v$some; some=; }
	done
}
# Data comes as a text, v, with its number of newlines behind a t, or as n bytes to be fed and
# a line with the mark.
data() {
	line n
	num "${n#t}"
	case $n in t*) k=${n#t}
		line v
		rest
		w=$v n=0 ;;
	*) w= ;;
	esac
}
feed() { [ "$1" = 0 ] || dd bs=65536 iflag=fullblock,count_bytes count="$1" status=none <&3; }
# Pass over the end of the data, of which $1 bytes at least are left. What had to read the data
# may have failed anywhere: the mark shows where the data ends.
drain() {
	feed "$1" >/dev/null 2>/dev/null
	while IFS= read -r z <&3 || exit 92; do
		case $z in *"$m") return ;;
		esac
	done
}
