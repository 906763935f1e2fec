package step

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// Take sorts the results of operations into the host.
func (h *Host) Take(ops []remote.Op, results []remote.Result) error {
	if len(results) != len(ops) {
		return fmt.Errorf("%s: %d results for %d operations", h.Name, len(results), len(ops))
	}
	for i, op := range ops {
		if err := h.take(op, results[i]); err != nil {
			return err
		}
	}
	return nil
}

func (h *Host) take(op remote.Op, r remote.Result) error {
	switch op := op.(type) {
	case remote.Stat:
		h.Files[op.Path] = fileFrom(r)
	case remote.ReadFile:
		h.Files[op.Path] = fileFrom(r)
	case remote.ReadDir:
		if r.Err != nil && !errors.Is(r.Err, fs.ErrNotExist) {
			return fmt.Errorf("configuration folders cannot be read: %w", r.Err)
		}
		for _, f := range r.Files {
			h.Files[f.File.Path] = fileFrom(remote.Result{File: f.File, Data: f.Data, Err: f.Err})
		}
	case remote.UnitState:
		if r.Err != nil {
			return r.Err
		}
		h.Units[op.Unit] = r.Unit
	case remote.Run:
		h.runs[runKey(op)] = r
	case remote.Packages:
		if r.Err != nil {
			return r.Err
		}
		maps.Copy(h.Packages, r.Versions)
	default:
		return fmt.Errorf("%s: %T is not an operation that reads", h.Name, op)
	}
	return nil
}

func fileFrom(r remote.Result) File {
	switch {
	case errors.Is(r.Err, fs.ErrNotExist):
		return File{File: remote.File{Target: r.File.Target}, Missing: true}
	case r.Err != nil:
		return File{Err: r.Err}
	}
	return File{File: r.File, Data: r.Data}
}

// Ran is the result of a program that a resource has among its Asks.
func (h *Host) Ran(run remote.Run) remote.Result { return h.runs[runKey(run)] }

// Said is the output of a program that a resource has among its Asks; empty if it failed.
func (h *Host) Said(run remote.Run) string {
	r := h.Ran(run)
	if r.Err != nil || r.Exit != 0 {
		return ""
	}
	return string(r.Data)
}

// runKey is equal for equal programs of the same user with the same input, however long they may take.
func runKey(run remote.Run) string {
	return fmt.Sprintf("%q %q %q", run.Argv, run.User, run.Stdin.Reveal())
}

// Was is what a write of the file has to find, so that it overwrites nothing that
// the plan has not seen.
func (f File) Was() string {
	if f.Missing || f.SHA256 == "" {
		return remote.Absent
	}
	return f.SHA256
}

// ContentDiffs is the difference between the file and the content that it should have. It shows the
// desired content, so that no secret may be in it. Of a file that is there, it says "other content":
// its bytes may be secret.
func (f File) ContentDiffs(want []byte) []FieldDiff {
	old := ""
	if !f.Missing {
		old = "other content"
	}
	return []FieldDiff{{Field: "content", Observed: old, Desired: strings.TrimRight(string(want), "\n")}}
}

// ACLDiffs is what differs where a file has an access control list that it should not have: the
// list gives others rights besides owner, group and mode.
func (f File) ACLDiffs() []FieldDiff {
	if !f.ACL {
		return nil
	}
	return []FieldDiff{{Field: "acl", Observed: "others have rights, too", Desired: "none"}}
}

// Ownership is owner, group and mode as a plan shows them; empty for a file that is
// not there.
func (f File) Ownership() string {
	if f.Missing {
		return ""
	}
	return words.Ownership(f.Owner, f.Group, f.Mode)
}
