# The desired state as a shell script that is sent to every host. The lines
# that say what is desired, calls of put and secret and the list of options, take
# the place of the mark below. All of it is a function, so that nothing reads it as input.
main() {
	umask 077
	LC_ALL=C
	export LC_ALL
	changed=
	[ -d /etc/ceph ] || mkdir -m 0755 /etc/ceph || return
	desired || return
	ini /etc/nova/nova.conf || return
	[ -z "$changed" ] || systemctl restart nova-compute
}

# put PATH OWNER GROUP MODE BASE64
put() {
	new=$(mktemp "${1%/*}/.new.XXXXXX") || return
	printf %s "$5" | base64 -d >"$new" || return
	if cmp -s "$new" "$1" && [ "$(stat -c %U:%G:0%a "$1")" = "$2:$3:$4" ]; then
		rm -f "$new"
		return
	fi
	chown "$2:$3" "$new" && chmod "$4" "$new" && sync "$new" && mv -f "$new" "$1" && sync "${1%/*}" || return
	changed=1
}

# secret UUID XML-IN-BASE64 VALUE
secret() {
	have=$(virsh -q -c qemu:///system secret-get-value "$1" 2>/dev/null)
	if [ $? != 0 ]; then
		printf %s "$2" | base64 -d | virsh -q -c qemu:///system secret-define --file /dev/stdin >/dev/null || return
	fi
	[ "$have" = "$3" ] || printf %s "$3" | virsh -q -c qemu:///system secret-set-value --secret "$1" --file /dev/stdin >/dev/null
}

# ini FILE sets the lines "section option value" of $options in it.
ini() {
	new=$(mktemp "${1%/*}/.new.XXXXXX") || return
	awk -v options="$options" '
		function missing(  i) {
			for (i = 1; i <= n; i++)
				if (section[i] == now && !done[i]) { print option[i] " = " value[i]; done[i] = 1 }
		}
		BEGIN {
			lines = split(options, line, "\n")
			for (i = 1; i <= lines; i++)
				if (split(line[i], word, " ") > 2) {
					n++
					section[n] = word[1]; option[n] = word[2]; value[n] = substr(line[i], length(word[1] word[2]) + 3)
				}
		}
		/^\[/ { missing(); now = substr($0, 2, index($0, "]") - 2); seen[now] = 1 }
		{
			name = $0
			sub(/[ \t]*[=:].*/, "", name)
			for (i = 1; i <= n; i++)
				if (section[i] == now && option[i] == name) {
					if (!done[i]) print option[i] " = " value[i]
					done[i] = 1
					next
				}
			print
		}
		END {
			missing()
			for (i = 1; i <= n; i++)
				if (!seen[section[i]]) { now = section[i]; seen[now] = 1; print "[" now "]"; missing() }
		}' "$1" >"$new" || return
	if cmp -s "$new" "$1"; then
		rm -f "$new"
		return
	fi
	chown --reference="$1" "$new" && chmod --reference="$1" "$new" && sync "$new" && mv -f "$new" "$1" && sync "${1%/*}" || return
	changed=1
}

@DESIRED@

main </dev/null
