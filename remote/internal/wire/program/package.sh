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
	DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 \
		apt-get -y -q --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
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
