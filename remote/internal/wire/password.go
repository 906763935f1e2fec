package wire

import "strings"

// asker is what PasswordCommand runs as the user. It takes the password from
// standard input, and gives it to sudo if sudo asks for one. The password is
// first tried on a command that does nothing: after a wrong password, sudo would
// take what follows on standard input for further attempts. The password is
// never an argument of a process, as printf is part of the shell.
const asker = `IFS= read -r p; if sudo -n /bin/sh -c : </dev/null >/dev/null 2>&1; then exec sudo -n -- "$@"; fi; ` +
	`printf "%s\n" "$p" | sudo -k -S -p "" -- /bin/sh -c : >/dev/null || exit 1; ` +
	`{ printf "%s\n" "$p"; exec cat; } | sudo -k -S -p "" -- "$@"`

// PasswordCommand is Command through a sudo that may ask for a password. The
// password, and a line end, go to standard input before everything else.
func PasswordCommand(inline string) string {
	const plainEnv = "exec /usr/bin/env -i "
	return plainEnv + "PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C /bin/sh -c '" + asker + "' sh " +
		strings.TrimPrefix(Command(false, inline), plainEnv)
}
