package remote

import (
	"strings"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// command is the command line that starts the host's program with root's rights, and the
// question that sudo may have then.
func (c Config) command(inline string) (line string, asks question) {
	if c.Helper {
		return wire.HelperCommand(), question{}
	}
	password := c.sudoPassword()
	if password.IsZero() {
		return wire.Command(c.Sudo, inline), question{}
	}
	prompt := token(16)
	return wire.PasswordCommand(prompt, inline), question{prompt, password}
}

// exchange is a new exchange of ops.
func (s *SSH) exchange(ops []Op) *exchange {
	x := newExchange(s.cfg.name(), ops)
	if s.cfg.Helper {
		x.inline = "" // the helper takes no arguments
	}
	return x
}

// started is the shell of the process that a command line started.
func (s *SSH) started(p process, asks question) *shell {
	sh := newShell(p, s.cfg.Sudo || s.cfg.Helper, asks)
	sh.helper = s.cfg.Helper
	return sh
}

// helperRefused reports whether sudo says that it does not run the helper: it may be missing.
func helperRefused(noise string) bool {
	for line := range strings.Lines(noise) {
		if strings.Contains(line, "sudo") && strings.Contains(line, wire.HelperPath) {
			return true
		}
	}
	return sudoRefused(noise)
}

// ownStatus reports whether an exit status is one with which the program refuses what it was sent: a
// helper of another version may not know the request.
func ownStatus(exit int) bool { return exit >= 90 && exit <= 94 }
