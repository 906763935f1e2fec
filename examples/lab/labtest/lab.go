package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A lab is the running lab and what was there before the integration.
type lab struct {
	program string // examples/lab/lab
	state   string
	hosts   []string // those that an integration changes
	asNova  string   // what runs a program as Nova does, in a shell
	before  before
	started time.Time
	killed  string // owner of the operator lock that a killed program left; empty if none was killed
}

// before is what the lab's cloud holds before anybody integrates it.
type before struct {
	Image  struct{ ID, SHA256 string }
	Server struct{ ID, Host, Name string }
	Volume struct{ ID string }
	Flavor struct{ Name string }
}

func openLab() (*lab, error) {
	l := &lab{program: "examples/lab/lab", state: state(os.Getenv), asNova: "runuser -u nova --", started: time.Now(),
		hosts: []string{"controller", "compute1", "compute2"}}
	data, err := os.ReadFile(l.out("before.json"))
	if err != nil {
		return nil, fmt.Errorf("is the lab up (make lab)? %w", err)
	}
	return l, json.Unmarshal(data, &l.before)
}

// holder is whose operator lock the program of this lab holds: it takes the name that sudo tells.
func holder() (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", err
	}
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name + "@" + host, nil
	}
	u, err := user.Current()
	if err != nil {
		return "", err
	}
	return u.Username + "@" + host, nil
}

// state is the folder of the lab of the suite that the environment names.
func state(getenv func(string) string) string {
	dir, suite := getenv("CEPHSTACK_LAB"), getenv("SUITE")
	switch {
	case dir != "":
		return dir
	case suite == "" || suite == "bookworm":
		return "/var/lib/cephstack-lab"
	default:
		return "/var/lib/cephstack-lab-" + suite
	}
}

func (l *lab) out(name string) string { return filepath.Join(l.state, "out", name) }

// run runs a command of the lab that resets it, such as reset. One that fails
// is tried once more: a service may hang while a host boots.
func (l *lab) run(ctx context.Context, args ...string) error {
	var err error
	for range 2 {
		l.title("lab %v", args)
		cmd := exec.CommandContext(ctx, l.program, args...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err = cmd.Run(); err == nil {
			return nil
		}
		l.say("lab %v: %v", args, err)
	}
	return err
}

// sh runs a shell command on a host as root and returns what it printed.
func (l *lab) sh(ctx context.Context, host, script string) (string, error) {
	return l.tell(ctx, host, script, "")
}

// tell is sh with a standard input, such as a key, which must not be in an argument of a process.
func (l *lab) tell(ctx context.Context, host, script, input string) (string, error) {
	cmd := exec.CommandContext(ctx, "ssh", "-F", l.out("ssh_config"), "-o", "BatchMode=yes", host,
		"sudo sh -c "+quote(script))
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%s: %s: %w: %s", host, script, err, exit.Stderr)
	}
	return string(out), err
}

func quote(s string) string {
	out := "'"
	for _, r := range s {
		if r == '\'' {
			out += `'\''`
		} else {
			out += string(r)
		}
	}
	return out + "'"
}

// open gives an Integration of the lab's Spec, after some changes to it, against
// the real world.
func (l *lab) open(ctx context.Context, changes ...func(*spec.Spec) error) (
	*integrate.Integration, *connect.World, error,
) {
	s, err := l.load()
	for _, change := range changes {
		if err == nil {
			err = change(&s)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	world, err := connect.Open(ctx, s, connect.Options{})
	if err != nil {
		return nil, nil, err
	}
	in, err := integrate.New(integrate.Config{Spec: s, World: world.World, Observer: l.event})
	if err != nil {
		return nil, nil, errors.Join(err, world.Close())
	}
	return in, world, nil
}

// load reads the lab's Spec.
func (l *lab) load() (spec.Spec, error) {
	f, err := os.Open(l.out("cloud.yaml"))
	if err != nil {
		return spec.Spec{}, err
	}
	defer f.Close()
	return spec.Load(f, l.out(""))
}

func (l *lab) event(e integrate.Event) {
	switch e := e.(type) {
	case integrate.ChangeFinished:
		o := e.Outcome
		l.say("%-9s %s %s (%.1fs) %s", o.Status, o.Change.Action, o.Change.ID, o.Seconds, o.Error)
	case integrate.CheckFinished:
		l.say("%-9s %s (%.1fs) %s", e.Check.Status, e.Check.Name, e.Check.Seconds, e.Check.Evidence)
	}
}

func (l *lab) say(format string, args ...any) {
	fmt.Printf("%6.1fs  %s\n", time.Since(l.started).Seconds(), fmt.Sprintf(format, args...))
}

func (l *lab) title(format string, args ...any) {
	l.say("== "+format, args...)
}
