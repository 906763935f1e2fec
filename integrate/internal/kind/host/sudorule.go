package host

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

const (
	sudoers    = "/etc/sudoers"
	sudoersDir = "/etc/sudoers.d"
)

// SudoRuleID is the sudo rule of the user who logs in.
func (n *Node) SudoRuleID() step.ID { return n.ID("sudo-rule", n.sudoFile()) }

// sudoFile is the file of the rule. sudo ignores files with a dot in their name.
func (n *Node) sudoFile() string {
	return sudoersDir + "/cephstack-" + strings.ReplaceAll(n.Site.SSH.User, ".", "_")
}

// sudoRule is the sudo rule of the user who logs in, in a file of its own.
type sudoRule struct{ *Node }

func newSudoRule(n *Node) []step.Resource {
	if n.Site.Prep().Sudo == nil {
		return nil
	}
	return []step.Resource{sudoRule{n}}
}

// ID implements step.Resource.
func (r sudoRule) ID() step.ID { return r.SudoRuleID() }

// Needs implements step.Resource.
func (r sudoRule) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (r sudoRule) Asks() step.Asks {
	passwd, _ := accountRuns(r.Site.SSH.User)
	return step.Asks{Host: []remote.Op{remote.ReadFile{Path: sudoers}, remote.ReadFile{Path: r.sudoFile()}, passwd,
		visudoVersion()}}
}

// visudoVersion tells sudo-rs from the other sudo.
func visudoVersion() remote.Run { return remote.Run{Argv: []string{"visudo", "-V"}} }

// rust reports whether the sudo of a host is sudo-rs. It never asks for a terminal, and refuses rules that speak of
// requiretty, or of the digest of a program.
func rust(h *step.Host) bool { return strings.HasPrefix(h.Said(visudoVersion()), "visudo-rs ") }

// text is the content of the file.
func (r sudoRule) text(h *step.Host) []byte {
	user, what := r.Site.SSH.User, "ALL"
	if r.Site.Prep().Sudo.Narrow {
		what = "/bin/sh -c *"
	}
	terminal := "Defaults:" + user + " !requiretty\n"
	if rust(h) {
		terminal = ""
	}
	rule := fmt.Sprintf("%s ALL=(root) NOPASSWD: %s\n", user, what)
	if r.Site.Helps() {
		rule = helper.Rule(user)
	}
	return []byte("# Written by cephstack.\n" + terminal + rule)
}

// Compare implements step.Resource.
func (r sudoRule) Compare(v step.View) step.Delta {
	main, file := v.Host.Files[sudoers], v.Host.Files[r.sudoFile()]
	if err := cmp.Or(r.unfit(main, file), r.digestless(v.Host), r.unknown(v.Host)); err != nil {
		return left(step.Delta{}, r.sudoFile(), fmt.Errorf("the sudo rule cannot be written: %w", err),
			"file-unreadable")
	}
	want := r.text(v.Host)
	var diffs []step.FieldDiff
	if string(file.Data) != string(want) {
		diffs = file.ContentDiffs(want)
	}
	if have, desired := file.Ownership(), words.Ownership(place.Root, place.Root, 0o440); have != desired {
		diffs = append(diffs, step.FieldDiff{Field: "mode", Observed: have, Desired: desired})
	}
	diffs = append(diffs, file.ACLDiffs()...)
	if len(diffs) == 0 {
		return step.Delta{}
	}
	if err := symlinked(file); err != nil {
		return left(step.Delta{}, r.sudoFile(), err, "file-is-symlink")
	}
	d := step.Delta{Action: step.Update, Reason: "the rule is not as asked for", Diffs: diffs}
	if file.Missing {
		d.Action, d.Reason = step.Create, "there is no rule of its own for "+r.Site.SSH.User
	}
	w := ruleWrite{host: r.Spec.Name, old: file, want: want, path: r.sudoFile()}
	d.Do = step.HostStep{Alone: true, Entry: v.Host.Entered || r.Site.Helps(), Size: len(want) + len(file.Data),
		Judge: w.judge, Undo: w.undo, Ops: func(step.Late) ([]remote.Op, error) { return w.ops(), nil }}
	return d
}

// unfit says why the rule cannot be written, or would have no effect.
func (r sudoRule) unfit(main, file step.File) error {
	switch err := errors.Join(main.Err, file.Err); {
	case main.Missing:
		return refuse("sudo-missing", "there is no /etc/sudoers: install sudo")
	case err != nil:
		return err
	case !includesDir(main.Data):
		return refuse("sudoers-ignores-folder", "/etc/sudoers does not read %s: "+
			"add the line \"@includedir %[1]s\" with visudo", sudoersDir)
	}
	return nil
}

// digestless says why the rule of the helper cannot be written.
func (r sudoRule) digestless(h *step.Host) error {
	if r.Site.Helps() && rust(h) {
		return refuse("sudo-without-digests", "sudo of this host is sudo-rs, which knows no digests of programs, "+
			"and the rule "+
			"of the helper has one: make sudo of Todd Miller the host's sudo, or set prepare.sudo.narrow in place of "+
			"prepare.sudo.helper")
	}
	return nil
}

// unknown says why the rule would not be for the user. A rule for nobody would be for
// whoever gets that name later.
func (r sudoRule) unknown(h *step.Host) error {
	user := r.Site.SSH.User
	passwd, _ := accountRuns(user)
	ran := h.Ran(passwd)
	name, _, _ := strings.Cut(string(ran.Data), ":")
	const notFound = 2 // exit status of getent
	switch {
	case ran.Err != nil:
		return ran.Err
	case ran.Exit == notFound:
		return refuse("login-user-missing", "there is no user %s on this host", user)
	case ran.Exit != 0 || name == "":
		return refuse("login-user-unknown", "getent does not tell whether there is a user %s on this host: "+
			"exit status %d: %s", user, ran.Exit, words.LastWords(ran))
	case name != user:
		return refuse("login-user-missing", "the user %s has the name %s on this host, by which sudo knows it; "+
			"set ssh.user to that name", user, name)
	}
	return nil
}

// includesDir reports whether the rules read the folder. A line #includedir is not a
// comment.
func includesDir(data []byte) bool {
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) == 2 && (f[0] == "@includedir" || f[0] == "#includedir") && strings.Trim(f[1], `"`) == sudoersDir {
			return true
		}
	}
	return false
}

// A ruleWrite writes the rule. visudo checks the rule, and all rules as they are,
// before the file is written, and all rules again afterwards.
type ruleWrite struct {
	host, path string
	old        step.File
	want       []byte
}

// The indexes of two operations of a ruleWrite.
const (
	ruleWritten   = 2
	rulesAccepted = 3
)

func (w ruleWrite) ops() []remote.Op {
	all := remote.Run{Argv: []string{"visudo", "-c"}}
	return step.Chain(
		remote.Run{Argv: []string{"visudo", "-c", "-f", "-"}, Stdin: cephstack.Redact(w.want)},
		all,
		remote.WriteFile{Path: w.path, Data: w.want, Owner: place.Root, Group: place.Root, Mode: 0o440,
			Was: w.old.Was()},
		all)
}

func (w ruleWrite) judge(results []remote.Result) (changed bool, err error) {
	ops := w.ops()
	if len(results) != len(ops) {
		return false, fmt.Errorf("%s: %s: %d results for %d operations", w.host, w.path, len(results), len(ops))
	}
	if w.refused(results) {
		last := results[rulesAccepted]
		if last.Err != nil {
			return false, fmt.Errorf("whether visudo accepts the rules with the new rule is not known: %w", last.Err)
		}
		return false, fmt.Errorf("with the rule, visudo does not accept the rules of %s: %s%s", w.host,
			words.LastWords(last),
			w.theirs(results))
	}
	for i, r := range results {
		if r.Err != nil {
			return false, r.Err
		}
		if r.Exit != 0 {
			_, object := remote.Describe(ops[i])
			return false, fmt.Errorf("%s: %s: exit status %d: %s", w.host, object, r.Exit, words.LastWords(r))
		}
	}
	return results[ruleWritten].Changed, nil
}

// refused reports whether the rule is there, and is not known to be accepted.
func (w ruleWrite) refused(results []remote.Result) bool {
	if len(results) <= rulesAccepted || results[ruleWritten].Err != nil {
		return false
	}
	last := results[rulesAccepted]
	return last.Err != nil || last.Exit != 0
}

// theirs says that a rule stays which somebody else wrote since the plan.
func (w ruleWrite) theirs(results []remote.Result) string {
	if results[ruleWritten].Changed {
		return ""
	}
	return "; somebody else has written " + w.path + " since the plan, so the file stays: correct the rules with visudo"
}

// undo puts back what was there if the rules are not accepted. A rule that somebody else
// wrote since the plan stays, although it is as the Spec asks for.
func (w ruleWrite) undo(results []remote.Result) []remote.Op {
	if !w.refused(results) || !results[ruleWritten].Changed {
		return nil
	}
	was := results[ruleWritten].File.SHA256
	if w.old.Missing {
		return []remote.Op{remote.Remove{Path: w.path, Was: was}}
	}
	return []remote.Op{remote.WriteFile{Path: w.path, Data: w.old.Data, Owner: w.old.Owner, Group: w.old.Group,
		Mode: w.old.Mode, Was: was}}
}
