package wire

import "strings"

// asker is what PasswordCommand runs as the user. It puts the prompt together, so that the
// prompt is not in the command line as a whole: whatever echoes the command line does not
// ask for the password.
const asker = `p=$1$2; shift 2; exec sudo -S -p "$p" -- "$@"`

// PasswordCommand is Command through a sudo that may ask for a password. Sudo then writes the
// prompt, and reads a line from standard input: the password. What follows is the program's.
// The password is never an argument of a process, nor in a shell.
func PasswordCommand(prompt, inline string) string {
	const plainEnv = "exec /usr/bin/env -i "
	half := len(prompt) / 2
	return plainEnv + "PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C /bin/sh -c '" + asker + "' sh " +
		prompt[:half] + " " + prompt[half:] + " " + strings.TrimPrefix(Command(false, inline), plainEnv)
}
