package integrate

import (
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// The kinds of changes that make the way in; the other parts of a preparation
// are files and folders, as others are.
const (
	KindAuthorizedKeys Kind = "authorized-keys"
	KindSudoRule       Kind = "sudo-rule"
)

// concernsWayIn tells findings about the way in.
func (f Finding) concernsWayIn() bool {
	return f.Object == "login" || strings.HasSuffix(f.Object, "/authorized_keys") || strings.HasPrefix(f.Object, sudoersDir)
}

// prepare is the Spec's, with nothing asked for where there is none.
func (s *site) prepare() spec.Prepare {
	if s.spec.Prepare == nil {
		return spec.Prepare{}
	}
	return *s.spec.Prepare
}

// prepareOps reads what the preparation of a host has to know.
func (s *site) prepareOps(h spec.Host) []remote.Op {
	if s.spec.Prepare == nil {
		return s.floorOps()
	}
	ops := append([]remote.Op{remote.ReadFile{Path: osRelease}}, s.guestLooks(h)...)
	return slices.Concat(ops, s.repositoryOps(), s.sudoOps(), s.authorizeOps(), s.floorOps())
}

// said is what a program that was run for a plan printed; nothing if it failed.
func (h *observedHost) said(run remote.Run) string {
	r := h.runs[runKey(run)]
	if r.Err != nil || r.Exit != 0 {
		return ""
	}
	return string(r.Data)
}

func runKey(run remote.Run) string { return strings.Join(run.Argv, " ") }
