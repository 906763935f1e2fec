package host

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/pubkey"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// AuthorizedKeysID is the public keys that let the normal login in.
func (n *Node) AuthorizedKeysID() step.ID { return n.ID("authorized-keys", n.authorizedKeys()) }

// home is the home folder of the user who logs in.
func (n *Node) home() string {
	user, a := n.Site.SSH.User, n.Site.Prep().Authorize
	switch {
	case a != nil && a.Home != "":
		return a.Home
	case user == place.Root:
		return "/root"
	}
	return "/home/" + user
}

func (n *Node) sshDir() string         { return n.home() + "/.ssh" }
func (n *Node) authorizedKeys() string { return n.sshDir() + "/authorized_keys" }

// accountRuns ask a host about a user.
func accountRuns(user string) (passwd, group remote.Run) {
	return remote.Run{Argv: []string{"getent", "passwd", user}}, remote.Run{Argv: []string{"id", "-gn", user}}
}

// authorizedKeys are the lines for public keys in the file of the user who logs in.
type authorizedKeys struct{ *Node }

func newAuthorizedKeys(n *Node) []step.Resource {
	if n.Site.Prep().Authorize == nil {
		return nil
	}
	return []step.Resource{authorizedKeys{n}}
}

// ID implements step.Resource.
func (k authorizedKeys) ID() step.ID { return k.AuthorizedKeysID() }

// Needs implements step.Resource.
func (k authorizedKeys) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (k authorizedKeys) Asks() step.Asks {
	passwd, group := accountRuns(k.Site.SSH.User)
	return step.Asks{Host: []remote.Op{remote.Stat{Path: k.home()}, remote.Stat{Path: k.sshDir()},
		remote.ReadFile{Path: k.authorizedKeys()}, passwd, group}}
}

// Compare implements step.Resource.
func (k authorizedKeys) Compare(v step.View) step.Delta {
	path := k.authorizedKeys()
	file := v.Host.Files[path]
	group, set, err := k.account(v.Host)
	var data []byte
	var diffs []step.FieldDiff
	if err == nil {
		data, diffs, err = k.lines(file.Data)
	}
	if err != nil {
		return left(step.Delta{}, path, fmt.Errorf("the keys cannot be placed: %w", err), "file-unreadable")
	}
	user := k.Site.SSH.User
	mode := func(field string, f step.File, want fs.FileMode) {
		if have, desired := f.Ownership(), words.Ownership(user, group, want); have != desired {
			diffs = append(diffs, step.FieldDiff{Field: field, Observed: have, Desired: desired})
		}
		diffs = append(diffs, f.ACLDiffs()...)
	}
	mode("mode of .ssh", v.Host.Files[k.sshDir()], 0o700)
	mode("mode", file, 0o600)
	if len(diffs) == 0 {
		return step.Delta{}
	}
	d := step.Delta{Action: step.Update, Reason: "sshd would not let " + user + " in by the keys", Diffs: diffs}
	if file.Missing {
		d.Action = step.Create
	}
	ops := step.Chain(remote.Mkdir{Path: k.sshDir(), Owner: user, Group: set, Mode: 0o700},
		remote.WriteFile{Path: path, Data: data, Owner: user, Group: set, Mode: 0o600, Was: file.Was()})
	d.Do = step.HostStep{Alone: true, Entry: v.Host.Entered || k.Site.Helps(), Size: len(data),
		Ops: func(step.Late) ([]remote.Op, error) { return ops, nil }}
	return d
}

// account checks what sshd checks before it heeds the keys of a user, and gives the
// group of the user: its name, and how it is set. A name that no operation takes, such
// as that of a group with a space, is set by its number.
func (k authorizedKeys) account(h *step.Host) (group, set string, err error) {
	user := k.Site.SSH.User
	askPasswd, askGroup := accountRuns(user)
	account := strings.Split(strings.TrimSpace(h.Said(askPasswd)), ":")
	group = strings.TrimSpace(h.Said(askGroup))
	fits := func(group string) bool { return remote.Check(remote.Mkdir{Path: "/", Group: group}) == nil }
	if set = group; len(account) == 7 && !fits(set) {
		set = account[3]
	}
	if len(account) != 7 || group == "" || !fits(set) {
		return "", "", refuse("login-user-missing", "there is no user %s on this host", user)
	}
	home, dir, file := h.Files[k.home()], h.Files[k.sshDir()], h.Files[k.authorizedKeys()]
	others := home.Owner != user && home.Owner != place.Root || home.Mode&0o022 != 0
	switch err := errors.Join(home.Err, dir.Err, file.Err); {
	case account[5] != k.home():
		return "", "", refuse("login-home-differs",
			"the home of %s is %s here, not %s; set prepare.authorize.home in the Spec",
			user, account[5], k.home())
	case err != nil:
		return "", "", err
	case home.Missing || home.Kind != "dir":
		return "", "", refuse("login-home-missing", "the home %s does not exist", k.home())
	case others:
		return "", "", refuse("login-home-open", "%s belongs to %s and has the mode %s: "+
			"sshd heeds no keys where others may write", k.home(), home.Owner, words.Octal(home.Mode))
	case !dir.Missing && dir.Kind != "dir":
		return "", "", refuse("ssh-folder-is-not-a-folder", "%s is a %s, not a folder", k.sshDir(), dir.Kind)
	case file.Target != "":
		return "", "", refuse("authorized-keys-is-symlink", "%s is a symlink", k.authorizedKeys())
	}
	return group, set, nil
}

// lines adds the missing keys to the content of the file.
func (k authorizedKeys) lines(have []byte) (data []byte, diffs []step.FieldDiff, err error) {
	data = slices.Clone(have)
	for _, text := range k.Site.Prep().Authorize.Keys {
		key, err := pubkey.Parse(text)
		if err != nil {
			return nil, nil, refuse("public-key-invalid", "%w", err)
		}
		there, optioned := key.In(data)
		if optioned {
			return nil, nil, refuse("public-key-has-options", "%s has options on the key %s, "+
				"which keep it from logging in freely; remove that line", k.authorizedKeys(), key.Fingerprint())
		}
		if there {
			continue
		}
		if n := len(data); n > 0 && data[n-1] != '\n' {
			data = append(data, '\n')
		}
		data = append(data, key.Line()+"\n"...)
		diffs = append(diffs, step.FieldDiff{Field: "key", Desired: strings.TrimSpace(key.Fingerprint() + " " +
			key.Comment)})
	}
	return data, diffs, nil
}
