package integrate

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/remote"
)

// An AuthorizeSpec places public keys for the login user of ssh, as
// ssh-copy-id does: a line for each in ~/.ssh/authorized_keys, beside what is
// there. Lines are never changed or removed. A host that does not let the user
// in yet is reached by its first entry (see World.Entries).
type AuthorizeSpec struct {
	// Keys are public keys: type, key and comment, as in a .pub file.
	Keys []string `json:"keys" yaml:"keys"`
	// Home is the user's home folder on the hosts; /root or /home/<user> when
	// empty. Another one there is a Problem.
	Home string `json:"home,omitempty" yaml:"home,omitempty"`
}

// A publicKey is a line of a .pub file.
type publicKey struct{ kind, blob, comment string }

var errPublicKey = errors.New("is not a public key: type, key in base64, and comment, on one line")

func publicKeyTypes() []string {
	return []string{"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
		"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"}
}

// parsePublicKey never puts the text into its error: it may be a private key.
func parsePublicKey(text string) (publicKey, error) {
	f := strings.Fields(text)
	if len(f) < 2 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) || !slices.Contains(publicKeyTypes(), f[0]) {
		return publicKey{}, errPublicKey
	}
	data, err := base64.StdEncoding.DecodeString(f[1])
	if err != nil || len(data) < 4 {
		return publicKey{}, errPublicKey
	}
	n := binary.BigEndian.Uint32(data)
	if uint64(n) > uint64(len(data)-4) || string(data[4:4+n]) != f[0] || len(data) == 4+int(n) {
		return publicKey{}, errPublicKey
	}
	return publicKey{f[0], f[1], strings.Join(f[2:], " ")}, nil
}

func (k publicKey) line() string { return strings.TrimSpace(k.kind + " " + k.blob + " " + k.comment) }

func (k publicKey) fingerprint() string {
	data, _ := base64.StdEncoding.DecodeString(k.blob) // it was parsed
	sum := sha256.Sum256(data)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// in looks for the key among the lines of a file: there, with options before
// it, or neither. Of several lines, sshd takes the first.
func (k publicKey) in(data []byte) (there, optioned bool) {
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if i := slices.Index(f, k.blob); i > 0 && f[i-1] == k.kind && f[0][0] != '#' {
			return i == 1, i > 1
		}
	}
	return false, false
}

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
		key, err := parsePublicKey(text)
		if err != nil {
			return err
		}
		there, optioned := key.in(w.data)
		if optioned {
			return fmt.Errorf("%s has options on the key %s, which keep it from logging in freely; remove that line", x.site.authorizedKeys(), key.fingerprint())
		}
		if there {
			continue
		}
		if n := len(w.data); n > 0 && w.data[n-1] != '\n' {
			w.data = append(w.data, '\n')
		}
		w.data = append(w.data, key.line()+"\n"...)
		w.diffs = append(w.diffs, FieldDiff{"key", "", strings.TrimSpace(key.fingerprint() + " " + key.comment)})
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
