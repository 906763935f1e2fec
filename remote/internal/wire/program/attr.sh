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
		e=$( { [ -d "$d" ] || { umask 022 && mkdir -p -- "$d" && umask 077; } &&
			mkdir -m "$first" -- "$p" && sync "$d" "$p"; } 2>&1 ) || { fail sys "$e"; return; }
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
