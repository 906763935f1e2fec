package remote

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatSudoRefuses(t *testing.T) {
	for noise, refused := range map[string]bool{
		"sudo: a password is required\n":                                                         true,
		"no newlinesudo: a password is required":                                                 true,
		"plain is not in the sudoers file.\nThis incident has been reported.":                    true,
		"plain is not allowed to run sudo on c1.":                                                true,
		"Sorry, user plain is not allowed to execute '/bin/sh -c x' as root on c1.":              true,
		"Sorry, user plain may not run sudo on c1.":                                              true,
		"Sorry, try again.\nsudo: 1 incorrect password attempt":                                  true,
		"sudo: no password was provided":                                                         true,
		"sudo: sorry, you must have a tty to run sudo":                                           true,
		"sudo: account validation failure, is your account locked?":                              true,
		"sudo: /usr/bin/sudo must be owned by uid 0 and have the setuid bit set":                 true,
		"sudo: effective uid is not 0, is sudo installed setuid root?":                           true,
		"sudo: The \"no new privileges\" flag is set, which prevents sudo from running as root.": true,
		"/etc/sudoers:3:1: syntax error\nsudo: no valid sudoers sources found, quitting":         true,
		"sudo: interactive authentication is required":                                           true,
		"sudo: I'm sorry plain. I'm afraid I can't do that":                                      true,
		"sudo: Maximum 3 incorrect authentication attempts":                                      true,
		"sudo: Authentication required but not attempted":                                        true,
		// Warnings, and failures of others.
		"sudo: unable to resolve host c1: Name or service not known\n":                        false,
		"sudo: unable to resolve host c1\n/etc/profile: line 3: syntax error":                 false,
		"sudo: unable to send audit message: Operation not permitted":                         false,
		"/usr/bin/env: 'sudo': No such file or directory":                                     false,
		"bash: sudo: command not found":                                                       false,
		"welcome, users of sudo\nThis account is currently not available.":                    false,
		"a password is required":                                                              false,
		"To run a command as administrator (user \"root\"), use \"sudo <command>\".\nexiting": false,
	} {
		require.Equal(t, refused, sudoRefused(noise), noise)
	}
}

func TestNoiseThatRepeatsWhatWasSentIsLeftOut(t *testing.T) {
	const secret = "AQCanaryOfAKey=="
	for name, c := range map[string]struct {
		ops  []Op
		asks question
		said string
	}{
		"a line of a file": {ops: []Op{WriteFile{Path: "/k", Data: []byte("[client.x]\n\tkey = " + secret + "\n")}},
			said: "invalid choice: key = " + secret},
		"standard input": {ops: []Op{If{Op: Run{Argv: []string{"a"}, Stdin: []byte(secret)}}}, said: "x" + secret + "y"},
		"a password":     {asks: question{"prompt", NewPassword("pw")}, said: "sorry: pw"},
	} {
		stderr := bytes.NewReader([]byte(c.said))
		s := newShell(process{stdout: bytes.NewReader(nil), stderr: stderr}, true, c.asks)
		<-s.ended
		require.Equal(t, repeats, s.said(c.ops), name)
		s.asks = question{}
		require.Equal(t, c.said, s.said(nil), name)
	}
}
