package remote

import "github.com/cephstack/cephstack/remote/internal/wire"

// A command is what a session runs. Its input goes to standard input first.
type command struct{ line, input string }

// command starts the host's program with root's rights.
func (s *SSH) command(inline string) command {
	if s.cfg.Helper {
		return command{line: wire.HelperCommand()}
	}
	if s.cfg.Sudo && !s.cfg.Password.IsZero() {
		return command{wire.PasswordCommand(inline), s.cfg.Password.Reveal() + "\n"}
	}
	return command{line: wire.Command(s.cfg.Sudo, inline)}
}

// exchange is a new exchange of ops.
func (s *SSH) exchange(ops []Op) *exchange {
	x := newExchange(s.cfg.name(), ops)
	if s.cfg.Helper {
		x.inline = "" // the helper takes no arguments
	}
	return x
}

// started is the shell of the process that command started.
func (s *SSH) started(p process) *shell {
	sh := newShell(p, s.cfg.Sudo || s.cfg.Helper)
	sh.helper = s.cfg.Helper
	return sh
}
