package integrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/pubkey"
	"github.com/cephstack/cephstack/remote"
)

func (s *site) home() string {
	user, a := s.spec.SSH.User, s.prepare().Authorize
	switch {
	case a != nil && a.Home != "":
		return a.Home
	case user == rootName:
		return "/root"
	}
	return "/home/" + user
}

func (s *site) sshDir() string         { return s.home() + "/.ssh" }
func (s *site) authorizedKeys() string { return s.sshDir() + "/authorized_keys" }

// accountRuns ask a host about the login user.
func accountRuns(user string) (passwd, group remote.Run) {
	return remote.Run{Argv: []string{"getent", "passwd", user}}, remote.Run{Argv: []string{"id", "-gn", user}}
}

func (s *site) authorizeOps() []remote.Op {
	if s.prepare().Authorize == nil {
		return nil
	}
	passwd, group := accountRuns(s.spec.SSH.User)
	return []remote.Op{remote.Stat{Path: s.home()}, remote.Stat{Path: s.sshDir()}, remote.ReadFile{Path: s.authorizedKeys()}, passwd, group}
}

// authorize plans the keys that are missing, and reports whether nothing
// keeps them from being placed.
func (x *hostDiffer) authorize() bool {
	if x.site.prepare().Authorize == nil {
		return true
	}
	path := x.site.authorizedKeys()
	w, err := x.desiredKeys()
	if err != nil {
		x.problem(x.spec.Name, path, err, "the keys cannot be placed: %v", err)
		return false
	}
	if len(w.diffs) > 0 {
		action := Update
		if x.seen.files[path].missing {
			action = Create
		}
		x.change(KindAuthorizedKeys, action, path, "sshd would not let "+w.owner+" in by the keys", w.diffs)
	}
	return true
}

// desiredKeys is the authorized_keys file as it should be.
func (x *hostDiffer) desiredKeys() (wantedFile, error) {
	s, user := x.site, x.site.spec.SSH.User
	w := wantedFile{owner: user, mode: 0o600}
	passwd, group := accountRuns(user)
	account := strings.Split(strings.TrimSpace(x.seen.said(passwd)), ":")
	w.group = strings.TrimSpace(x.seen.said(group))
	if len(account) != 7 || w.group == "" {
		return w, fmt.Errorf("there is no user %s on this host", user)
	}
	home, dir, file := x.seen.files[s.home()], x.seen.files[s.sshDir()], x.seen.files[s.authorizedKeys()]
	switch err := errors.Join(home.err, dir.err, file.err); {
	case account[5] != s.home():
		return w, fmt.Errorf("the home of %s is %s here, not %s; say prepare.authorize.home in the Spec", user, account[5], s.home())
	case err != nil:
		return w, err
	case home.missing || home.Kind != "dir":
		return w, fmt.Errorf("the home %s does not exist", s.home())
	case home.Owner != user && home.Owner != rootName || home.Mode&0o022 != 0:
		return w, fmt.Errorf("%s belongs to %s and has the mode %s: sshd heeds no keys where others may write", s.home(), home.Owner, octal(home.Mode))
	case !dir.missing && dir.Kind != "dir":
		return w, fmt.Errorf("%s is a %s, not a folder", s.sshDir(), dir.Kind)
	case file.Target != "":
		return w, fmt.Errorf("%s is a symlink", s.authorizedKeys())
	}
	return w, x.addKeys(&w, dir, file)
}

// addKeys completes the file with the missing keys, and says what differs.
func (x *hostDiffer) addKeys(w *wantedFile, dir, file observedFile) error {
	w.data = slices.Clone(file.data)
	for _, text := range x.site.prepare().Authorize.Keys {
		key, err := pubkey.Parse(text)
		if err != nil {
			return err
		}
		there, optioned := key.In(w.data)
		if optioned {
			return fmt.Errorf("%s has options on the key %s, which keep it from logging in freely; remove that line", x.site.authorizedKeys(), key.Fingerprint())
		}
		if there {
			continue
		}
		if n := len(w.data); n > 0 && w.data[n-1] != '\n' {
			w.data = append(w.data, '\n')
		}
		w.data = append(w.data, key.Line()+"\n"...)
		w.diffs = append(w.diffs, FieldDiff{"key", "", strings.TrimSpace(key.Fingerprint() + " " + key.Comment)})
	}
	mode := func(field string, f observedFile, want fs.FileMode) {
		have, desired := "", w.owner+":"+w.group+" "+octal(want)
		if !f.missing {
			have = f.Owner + ":" + f.Group + " " + octal(f.Mode)
		}
		if have != desired {
			w.diffs = append(w.diffs, FieldDiff{field, have, desired})
		}
	}
	mode("mode of .ssh", dir, 0o700)
	mode("mode", file, w.mode)
	return nil
}

// placeKeys writes the file. Its folder comes first, and both are the user's.
func (h *hostRun) placeKeys(ctx context.Context, host remote.Host) (changed bool, err error) {
	w, err := h.diff.desiredKeys()
	if err != nil {
		return false, err
	}
	path, was := h.in.site.authorizedKeys(), remote.Absent
	if f := h.diff.seen.files[path]; !f.missing {
		was = f.SHA256
	}
	return h.do(ctx, host,
		remote.Mkdir{Path: h.in.site.sshDir(), Owner: w.owner, Group: w.group, Mode: 0o700},
		remote.If{OK: []int{0}, Op: remote.WriteFile{Path: path, Data: w.data, Owner: w.owner, Group: w.group, Mode: w.mode, Was: was}})
}

// each makes the changes of a kind one by one.
func (h *hostRun) each(ctx context.Context, kind Kind, apply func(Change) (changed bool, err error)) {
	for _, c := range h.mine(kind) {
		if h.ready(ctx, c) {
			began := time.Now()
			changed, err := apply(c)
			h.settle(c.ID, changed, err, began)
		}
	}
}

// do runs operations of which each needs the one before, and gives the first
// error; a program that fails is one.
func (h *hostRun) do(ctx context.Context, host remote.Host, ops ...remote.Op) (changed bool, err error) {
	results, err := host.Do(ctx, ops...)
	for i, r := range results {
		changed = changed || r.Changed
		if r.Err != nil {
			return changed, r.Err
		}
		if r.Exit != 0 {
			_, object := remote.Describe(ops[i])
			return changed, fmt.Errorf("%s: %s: exit status %d: %s", h.spec.Name, object, r.Exit, lastWords(r))
		}
	}
	return changed, err
}

// lastWords is the end of what a program said.
func lastWords(r remote.Result) string {
	words := strings.Join(strings.Fields(string(r.Data)+" "+string(r.Stderr)), " ")
	if len(words) > 300 {
		words = "…" + words[len(words)-300:]
	}
	return words
}
