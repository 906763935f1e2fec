package integratetest

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// Bare makes a host refuse the normal login until the host has the keys and the sudo rule that the Spec asks for. Until
// then only the host's entry of World.Entries gets in. Call Bare before integrate.New.
func (w *World) Bare(name string) {
	m, user := w.Machines[name], w.spec.SSH.User
	home := "/home/" + user
	m.AddUser(user, user)
	_, _ = m.Do(context.Background(), remote.Mkdir{Path: home, Owner: user, Group: user, Mode: 0o755})
	m.AddFile("/etc/sudoers", []byte("root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n"), 0o440)
	m.AddFile("/etc/sudoers.d/README", []byte("# see sudoers(5)\n"), 0o440)
	m.Handle("visudo", visudo(m))
	m.Forget()
	w.Entries[name] = m
	w.Hosts[name] = &gate{Host: m, name: name, home: home, spec: w.spec}
}

// Relogin makes the normal login of bare hosts that of another Spec for the same hosts.
func (w *World) Relogin(s spec.Spec) {
	for _, h := range w.Hosts {
		if g, ok := h.(*gate); ok {
			g.spec = s
		}
	}
}

// A gate is what the normal login of a host goes through.
type gate struct {
	*remotetest.Host
	name, home string
	spec       spec.Spec
}

// Do implements remote.Host.
func (g *gate) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	if err := g.refuses(); err != nil {
		results := make([]remote.Result, len(ops))
		for i := range results {
			results[i].Err = err
		}
		return results, err
	}
	if !g.helped() {
		return g.Host.Do(ctx, ops...)
	}
	list, _ := g.Contents(helper.AllowPath)
	var results []remote.Result
	for i, op := range ops {
		r, err := g.help(ctx, string(list), op, results[:i])
		if err != nil {
			return append(results, r), err
		}
		results = append(results, r)
	}
	return results, nil
}

// help does an operation as the helper does: if the allow-list has each line that it takes.
func (g *gate) help(ctx context.Context, list string, op remote.Op, earlier []remote.Result) (remote.Result, error) {
	if guard, ok := op.(remote.If); ok {
		if err := guard.Ready(earlier); err != nil {
			return remote.Result{Err: err}, nil
		}
		op = guard.Op
	}
	run, runs := op.(remote.Run)
	line := op
	if runs {
		line = probed(run)
	}
	if missing := lacks(list, helper.AllowList([]remote.Op{line})); missing != "" && (!runs || !script(list, run)) {
		name, object := remote.Describe(op)
		return remote.Result{Err: &remote.OpError{Host: g.name, Op: name, Object: object, Err: helper.ErrDenied,
			Detail: "the allow-list does not have: " + missing}}, nil
	}
	results, err := g.Host.Do(ctx, op)
	return results[0], err
}

var probeName = regexp.MustCompile(`(^|/)` + helper.AnyProbe + `[0-9a-f]{8}-[0-9]{8}T[0-9]{6}Z$`)

// probed is a program with AnyProbe in place of the name of a probe.
func probed(run remote.Run) remote.Op {
	run.Argv = slices.Clone(run.Argv)
	for i, a := range run.Argv {
		run.Argv[i] = probeName.ReplaceAllString(a, "${1}"+helper.AnyProbe)
	}
	return run
}

// lacks is the first line that a list does not have. What needs no line is what a helper never does.
func lacks(list string, needed []byte) string {
	head, lines, _ := strings.Cut(string(needed), "\n")
	if lines == "" {
		return "what a helper never does"
	}
	if !strings.HasPrefix(list, head+"\n") {
		return head
	}
	for line := range strings.Lines(lines) {
		if line[0] != '#' && !strings.Contains(list, "\n"+line) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// script reports whether a list has the script that a program is, and each argument behind it.
func script(list string, run remote.Run) bool {
	for _, n := range []int{5, 10} {
		if len(run.Argv) <= n {
			continue
		}
		start := remote.Run{Argv: run.Argv[:n], User: run.User}
		fits := lacks(list, helper.AllowList(nil, helper.Script{Start: start})) == ""
		for _, a := range run.Argv[n:] {
			fits = fits && (lacks(list, helper.AllowList(nil, helper.Script{Start: start, Secrets: []string{a}})) == "" ||
				lacks(list, helper.AllowList(nil, helper.Script{Start: start, Arguments: []string{a}})) == "")
		}
		if fits {
			return true
		}
	}
	return false
}

func (g *gate) helped() bool { return g.spec.Prepare != nil && g.spec.SSH.Helps(*g.spec.Prepare) }

func (g *gate) refuses() error {
	keys, _ := g.Contents(g.home + "/.ssh/authorized_keys")
	var wanted []string
	if p := g.spec.Prepare; p != nil && p.Authorize != nil {
		wanted = p.Authorize.Keys
	}
	for _, key := range wanted {
		if !strings.Contains("\n"+string(keys), "\n"+key+"\n") {
			return &remote.HostError{Host: g.name, Step: "authenticate", Err: remote.ErrAuth}
		}
	}
	rule, _ := g.Contents("/etc/sudoers.d/cephstack-" + g.spec.SSH.User)
	text, _ := g.Contents(helper.Path)
	needed := "NOPASSWD"
	if g.helped() {
		needed = helper.Rule(g.spec.SSH.User)
	}
	other := !g.helped() && strings.Contains(string(rule), helper.Path) ||
		g.helped() && string(text) != string(helper.Text())
	if !strings.Contains(string(rule), needed) || other {
		return &remote.HostError{Host: g.name, Step: "sudo", Err: remote.ErrSudo}
	}
	return nil
}

// visudo stands for the program visudo. It accepts only the forms of lines that the files of this world have.
func visudo(m *remotetest.Host) func(remote.Run) (stdout, stderr []byte, exit int) {
	return func(run remote.Run) (stdout, stderr []byte, exit int) {
		if len(run.Argv) == 2 && run.Argv[1] == "-V" {
			return []byte("visudo version 1.9.13p3\n"), nil, 0
		}
		texts := map[string]string{"stdin": run.Stdin.Reveal()}
		if strings.Join(run.Argv[1:], " ") == "-c" {
			texts = map[string]string{}
			r := m.Look(remote.ReadDir{Path: "/etc/sudoers.d"})
			if r.Err != nil {
				return nil, []byte(r.Err.Error()), 1
			}
			for _, f := range r.Files {
				texts[f.File.Path] = string(f.Data)
			}
		} else if strings.Join(run.Argv[1:], " ") != "-c -f -" {
			return nil, []byte("usage: visudo [-c] [-f sudoers]\n"), 1
		}
		for name, text := range texts {
			for line := range strings.Lines(text) {
				if line = strings.TrimSpace(line); line != "" && line[0] != '#' && !strings.HasPrefix(line, "Defaults:") &&
					!strings.Contains(line, " ALL=(root) NOPASSWD: ") {
					return nil, []byte(name + ":1:1: syntax error\n"), 1
				}
			}
		}
		return []byte("parsed OK\n"), nil, 0
	}
}
