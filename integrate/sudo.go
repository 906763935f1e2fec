package integrate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/remote"
)

const (
	sudoers    = "/etc/sudoers"
	sudoersDir = "/etc/sudoers.d"
)

// sudoFile is the rule's file. Files with a dot in their name do not count.
func (s *site) sudoFile() string {
	return sudoersDir + "/cephstack-" + strings.ReplaceAll(s.spec.SSH.User, ".", "_")
}

// sudoRule is the file's content.
func (s *site) sudoRule() []byte {
	user, what := s.spec.SSH.User, "ALL"
	if s.prepare().Sudo.Narrow {
		what = "/bin/sh -c *"
	}
	return fmt.Appendf(nil, "# Written by cephstack.\nDefaults:%s !requiretty\n%[1]s ALL=(root) NOPASSWD: %s\n", user, what)
}

func (s *site) sudoOps() []remote.Op {
	if s.prepare().Sudo == nil {
		return nil
	}
	return []remote.Op{remote.ReadFile{Path: sudoers}, remote.ReadFile{Path: s.sudoFile()}}
}

// sudo plans the rule, and reports whether nothing keeps it from being written.
func (x *hostDiffer) sudo() bool {
	if x.site.prepare().Sudo == nil {
		return true
	}
	w, err := x.desiredRule()
	if err != nil {
		x.problem(x.spec.Name, x.site.sudoFile(), err, "the sudo rule cannot be written: %v", err)
		return false
	}
	if len(w.diffs) > 0 {
		action, reason := Update, "the rule is not as asked for"
		if x.seen.files[x.site.sudoFile()].missing {
			action, reason = Create, "there is no rule of its own for "+x.site.spec.SSH.User
		}
		x.change(KindSudoRule, action, x.site.sudoFile(), reason, w.diffs)
	}
	return true
}

func (x *hostDiffer) desiredRule() (wantedFile, error) {
	w := wantedFile{owner: rootName, group: rootName, mode: 0o440, data: x.site.sudoRule()}
	main, file := x.seen.files[sudoers], x.seen.files[x.site.sudoFile()]
	switch err := errors.Join(main.err, file.err); {
	case main.missing:
		return w, errors.New("there is no /etc/sudoers: install sudo")
	case err != nil:
		return w, err
	case !includesDir(main.data):
		return w, fmt.Errorf("/etc/sudoers does not read %s: add the line \"@includedir %[1]s\" with visudo", sudoersDir)
	}
	if string(file.data) != string(w.data) {
		w.diffs = contentDiff(file, w.data)
	}
	have, want := "", "root:root 0440"
	if !file.missing {
		have = file.Owner + ":" + file.Group + " " + octal(file.Mode)
	}
	if have != want {
		w.diffs = append(w.diffs, FieldDiff{"mode", have, want})
	}
	return w, nil
}

// includesDir reports whether the rules read the folder; a line of that form
// with # is no comment.
func includesDir(data []byte) bool {
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) == 2 && (f[0] == "@includedir" || f[0] == "#includedir") && strings.Trim(f[1], `"`) == sudoersDir {
			return true
		}
	}
	return false
}

// placeRule has the rule checked, writes it, has all of the rules checked, and
// puts back what was there if they do not pass.
func (h *hostRun) placeRule(ctx context.Context, host remote.Host) (changed bool, err error) {
	w, err := h.diff.desiredRule()
	if err != nil {
		return false, err
	}
	path, was := h.in.site.sudoFile(), remote.Absent
	old := h.diff.seen.files[path]
	if !old.missing {
		was = old.SHA256
	}
	all := remote.Run{Argv: []string{"visudo", "-c"}}
	if _, err := h.do(ctx, host,
		remote.Run{Argv: []string{"visudo", "-c", "-f", "-"}, Stdin: w.data},
		remote.If{OK: []int{0}, Op: all}); err != nil {
		return false, err
	}
	write := remote.WriteFile{Path: path, Data: w.data, Owner: w.owner, Group: w.group, Mode: w.mode, Was: was}
	results, err := host.Do(ctx, write, remote.If{OK: []int{0}, Op: all})
	if err != nil || len(results) < 2 || results[0].Err != nil {
		return false, errors.Join(err, firstError(results))
	}
	if results[1].Err == nil && results[1].Exit == 0 {
		return results[0].Changed, nil
	}
	back := remote.Op(remote.Remove{Path: path, Was: results[0].File.SHA256})
	if !old.missing {
		back = remote.WriteFile{Path: path, Data: old.data, Owner: old.Owner, Group: old.Group, Mode: old.Mode, Was: results[0].File.SHA256}
	}
	_, err = h.do(ctx, host, back)
	return false, errors.Join(fmt.Errorf("with the rule, visudo does not accept the rules of %s, so it was taken back: %s", h.spec.Name, lastWords(results[1])), results[1].Err, err)
}

func firstError(results []remote.Result) error {
	for _, r := range results {
		if r.Err != nil {
			return r.Err
		}
	}
	return nil
}
