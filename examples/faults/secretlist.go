//go:build linux && amd64

package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/integrate/integratetest"
)

// secretRuns are the runs without a random fault, in their order: each begins with what the ones before it have left.
// Once the host is prepared, no room works by the first entry any more: their errors are those of one stage.
func secretRuns(stage string) []secretRun {
	if stage == "faults" {
		return []secretRun{{name: "apply by the first entry", argv: applying(), code: 1}, logging(secretRun{name: "apply"})}
	}
	all := []secretRun{
		{name: "core files are written here", argv: []string{"plan", "-h"}, before: coreControl},
	}
	all = append(all, entryErrors()...)
	all = append(all,
		secretRun{name: "plan of a bare host", argv: flags("plan", "--output", "json"), code: 1},
		secretRun{name: "apply by the first entry", argv: applying(), code: 1},
		secretRun{name: "plan", argv: flags("plan"), code: 2},
		secretRun{name: "plan in JSON", argv: flags("plan", "--output", "json"), code: 2},
		secretRun{name: "apply", argv: flags("apply", "--output", "json", "--yes")},
		secretRun{name: "plan of nothing", argv: flags("plan"), code: 0},
		secretRun{name: "verify", argv: flags("verify", "--static"), code: anyCode},
		secretRun{name: "verify in JSON", argv: flags("verify", "--static", "--output", "json"), code: anyCode},
		secretRun{name: "the journey", argv: flags("verify", "--image", "image.raw"), code: anyCode, before: image},
		secretRun{name: "drift", argv: flags("plan", "--output", "json"), code: 2, before: drift},
		secretRun{name: "converge", argv: flags("converge", "--output", "json", "--yes")},
		logging(secretRun{name: "a log at debug", before: (*secretStage).rotate}),
		secretRun{name: "a panic", embed: "panic", code: anyCode, before: (*secretStage).rotate,
			after: func(s *secretStage) error { s.fakes.unlock(); return nil }},
	)
	if stage == "deploy" {
		all = append(all, roomErrors()...)
	}
	return append(all, signalled()...)
}

func flags(command string, more ...string) []string {
	return append([]string{command, "-f", "cloud.yaml"}, more...)
}

func image(s *secretStage) error {
	disk, err := io.ReadAll(integratetest.Image())
	if err != nil {
		return err
	}
	return os.WriteFile(s.operator("image.raw"), disk, 0o600)
}

// coreControl makes sure that a process which does nothing against it leaves a core file where the runs are.
func coreControl(s *secretStage) error {
	c, err := s.start("/bin/sh", "-c", "kill -ABRT $$")
	if err != nil {
		return err
	}
	_, err = c.wait()
	cores, _ := filepath.Glob(s.operator("core*"))
	if len(cores) == 0 {
		return errors.Join(err, errors.New("the kernel writes no core file into the folder of a process: see "+
			"/proc/sys/kernel/core_pattern"))
	}
	for _, core := range cores {
		err = errors.Join(err, os.Remove(core))
	}
	return err
}

// drift changes what keyrings and options have on the host.
func drift(s *secretStage) error {
	rings, err := filepath.Glob(s.host.file("/etc/ceph/*.keyring"))
	if err != nil || len(rings) == 0 {
		return fmt.Errorf("the host has no keyrings: %w", err)
	}
	for _, ring := range rings {
		f, err := os.OpenFile(ring, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("\n# somebody was here\n")
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return s.rotate()
}

// withScript is a run while a program of the host is another one.
func withScript(name, program, text string, argv []string) secretRun {
	return secretRun{name: name, argv: argv, code: 1,
		before: func(s *secretStage) error { return errors.Join(s.rotate(), s.script(program, text)) },
		after:  func(s *secretStage) error { s.fakes.unlock(); return s.unscript(program) }}
}

// logging is a run of a program that uses the library, in the place of the command line.
func logging(r secretRun) secretRun {
	r.embed = "log"
	return r
}

// fakeSudo asks for a password as sudo does, and says what it got.
const fakeSudo = `p= ; while [ $# -gt 0 ]; do case $1 in -p) p=$2; shift;; --) break;; esac; shift; done
printf '%s' "$p" >&2; IFS= read -r x; `

// entryErrors are those of a host that lets the first entry in, and nobody else.
func entryErrors() []secretRun {
	encoded := `printf 'sudo: %s is not in the sudoers file\n' "$(printf '%s' "$x" | base64)" >&2; exit 1`
	return []secretRun{
		withScript("sudo says what it got", "/usr/bin/sudo",
			fakeSudo+`echo "sudo: $x is not in the sudoers file" >&2; exit 1`, flags("plan")),
		withScript("sudo says a part of what it got", "/usr/bin/sudo",
			fakeSudo+`x=${x%??????}; echo "sudo: bad ${x#??}: is not in the sudoers file" >&2; exit 1`, flags("plan")),
		withScript("sudo says what it got in base64", "/usr/bin/sudo", fakeSudo+encoded, flags("plan")),
		withScript("sudo says what it got in a way of its own", "/usr/bin/sudo",
			fakeSudo+`x=$(printf '%s' "$x" | od -An -tx1 | tr -d ' \n'); echo "sudo: $x is not in the sudoers file" >&2; exit 1`,
			flags("plan")),
		withScript("sudo says what it got on standard output", "/usr/bin/sudo", fakeSudo+`echo "$x"; exit 1`, flags("plan")),
	}
}

// roomErrors are those of each room, whose words repeat what it was sent.
func roomErrors() []secretRun {
	echo := func(f func(cephCall) string) func(*secretStage) error {
		return func(s *secretStage) error {
			err := s.rotate()
			s.fakes.setEcho(f)
			return err
		}
	}
	quiet := func(s *secretStage) error { s.fakes.setEcho(nil); s.fakes.unlock(); return nil }
	input := func(c cephCall) string { return "cannot parse " + string(c.Command.JSON) + string(c.Input) }
	return []secretRun{
		{name: "ceph repeats its input", argv: applying(), code: anyCode, before: echo(input), after: quiet},
		{name: "ceph tells its keys", argv: flags("plan"), code: 1, after: quiet, before: func(s *secretStage) error {
			users, err := usersOf(s.fakes.cluster)
			var text strings.Builder
			for _, u := range users {
				fmt.Fprintf(&text, "[%s] key = %s %s ", u.Entity, u.Key, base64.StdEncoding.EncodeToString([]byte(u.Key)))
			}
			s.fakes.setEcho(func(cephCall) string { return text.String() })
			return err
		}},
		withScript("virsh repeats its input", "/usr/bin/virsh",
			"x=$(cat); echo \"error: failed: $x\" >&2; echo \"$x\"; exit 1\n", applying()),
		logging(withScript("virsh repeats its input when it sets a value", "/usr/bin/virsh",
			`case "$*" in *set-value*) x=$(cat); echo "error: failed to set $x" >&2; exit 1;; *) exec "$0.was" "$@";; esac`+"\n",
			applying())),
		logging(withScript("virsh says its input in base64", "/usr/bin/virsh",
			`case "$*" in *set-value*) x=$(base64 -w0); echo "error: failed to set $x" >&2; exit 1;; esac; exec "$0.was" "$@"`,
			applying())),
		withScript("a unit that does not start tells the keyrings", "/usr/bin/systemctl",
			`case "$*" in *restart*) cat /etc/ceph/*.keyring >&2; exit 1;; *) exec "$0.was" "$@";; esac`+"\n", applying()),
		{name: "the APIs repeat what they get", argv: flags("plan"), code: 1,
			before: func(s *secretStage) error { s.front.echoes.Store(true); return nil },
			after:  func(s *secretStage) error { s.front.echoes.Store(false); return nil }},
		{name: "the APIs repeat what they get after the login", argv: flags("verify", "--image", "image.raw"), code: 1,
			before: func(s *secretStage) error { s.front.later.Store(true); return nil },
			after:  func(s *secretStage) error { s.front.later.Store(false); return nil }},
		logging(secretRun{name: "apply after the errors"}),
	}
}

// signalled are programs that are ended while they wait for the APIs, and say where they are.
func signalled() []secretRun {
	var all []secretRun
	for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGSEGV, syscall.SIGTERM} {
		held := make(chan bool, 100)
		all = append(all, secretRun{name: "a program that gets " + signal.String(), argv: flags("verify", "--static"),
			code:   anyCode,
			before: func(s *secretStage) error { s.front.held.Store(&held); return nil },
			during: func(_ *secretStage, c *child) error {
				select {
				case <-held:
				case <-time.After(longestChild):
					return errors.New("no request came")
				}
				limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", c.cmd.Process.Pid))
				if err == nil && !strings.Contains(strings.Join(strings.Fields(string(limits)), " "), "Max core file size 0 0") {
					err = errors.New("the program may write core files")
				}
				return errors.Join(err, c.cmd.Process.Signal(signal))
			},
			after: func(s *secretStage) error { s.front.held.Store(nil); return nil }})
	}
	return all
}
