# Packages. Hosts with rpm may have dpkg and apt as programs like others.
debian() { command -v dpkg-query >/dev/null && [ -s /var/lib/dpkg/status ]; }
# bad is the class of an error. Nobody knows what is missing if the program is killed, or does not end.
query() {
	# To dpkg and rpm, none means all.
	[ "$#" -gt 0 ] || { v= need= && allow "$op" ""; return; }
	for x in "$@"; do allow "$op" "$x" || return; done
	lost=
	if debian; then
		k=dpkg-query
		v=$(timeout -k 5 60 dpkg-query -W -f "\${db:Status-Abbrev} \${Package} \${Version}\n" -- "$@" 2>/dev/null 3<&- 4>&-)
		z=$?
		[ "$z" -le 1 ] || lost=1
	elif command -v rpm; then
		k=rpm
		v=$(timeout -k 5 60 rpm -q --qf "ii  %{NAME} %{EVR}\n" -- "$@" 2>&1 3<&- 4>&-)
		z=$?
	else
		fail "$bad" "neither dpkg-query nor rpm is there"
		return 1
	fi
	v=$nl$v$nl
	need=
	for x in "$@"; do
		case $k$v in *"$nl"?i?" $x "*) continue ;;
		dpkg-query*|*"${nl}package $x is not installed$nl"*) ;;
		*) lost=1 ;;
		esac
		need="$need $x"
	done
	# To an rpm that cannot read its database, nothing is installed.
	case $need$v in " "*"${nl}error: "*) fail "$bad" "$v"; return 1 ;;
	esac
	[ -n "$lost" ] || return 0
	y="$k does not work: it ended with the status $z"
	case $z in 124|137) y="$k was killed, or did not return in 60 s" ;;
	esac
	fail "$bad" "$y"
}
op_packages() {
	count
	set --
	while [ "$c" -gt 0 ]; do text; set -- "$@" "$v"; c=$((c - 1)); done
	bad=sys
	query "$@" || return
	lines pkgs "$v"
}
# A command of an installation, which ends in time as a whole. Before it is killed,
# it has 30 s to leave the packages in order.
within() {
	clock
	z=$(((end - y + 99) / 100))
	[ "$z" -gt 0 ] || return 124
	timeout -k 30 "$z" "$@"
}
apt() {
	within env DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 \
		apt-get -y -q --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}
install() {
	if debian; then
		apt install $need && return
		within dpkg --configure -a
		apt update && apt install $need
	else
		# What dnf keeps is for everybody to read. What it knows of repositories may be
		# old; of two failures, the second one tells.
		umask 022
		set -- within dnf -y -q --setopt=install_weak_deps=False
		"$@" install $need >/dev/null 2>&1 && return
		"$@" --refresh install $need
	fi
}
op_install() {
	count
	set --
	while [ "$c" -gt 0 ]; do text; set -- "$@" "$v"; c=$((c - 1)); done
	bad=sys
	query "$@" || return
	e=
	if [ -n "$need" ]; then
		old=$v
		beat &
		b=$! c=0
		clock
		end=$((y + 180000))
		n=1840
		e=$(exec 3<&- 4>&-; install 2>&1 | pass | tail -c 3000)
		clock
		[ "$y" -lt "$end" ] || e="$e${nl}the installation was ended after 30 minutes"
		quiet
		bad=unknown
		query "$@" || return
		[ "$old" = "$v" ] || say "changed 1"
	fi
	lines pkgs "$v"
	[ -z "$need" ] || fail install "$e"
}
