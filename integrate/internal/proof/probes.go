package proof

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// probes tries the rights of each Ceph user, on a host that has the keyring of the user and
// with the account of a service. It also tries rights that the user must not have.
func (v *verifier) probes(ctx context.Context) {
	for _, u := range v.Site.Users {
		const next = "compare the users check with the pools; foreign rights can be dropped with remove_foreign_caps: true"
		v.check(ctx, rightsOf(v.Site, u), next, func(ctx context.Context) (string, error) { return v.probe(ctx, u.User) })
	}
}

// rightsOf is the name of the check that tries the rights of a user.
func rightsOf(s *want.Site, u want.User) string {
	if len(s.Clusters) > 1 {
		return "rights " + u.Entity + " in " + u.Cluster
	}
	return "rights " + u.Entity
}

// A door runs programs where a Ceph user's keyring is used.
type door struct {
	host, account string
	engine        string // docker or podman; empty where there is no container
	container     string
}

// run runs a program as the service's account, where the service runs.
func (d door) run(argv ...string) remote.Op {
	if d.container == "" {
		return remote.Run{Argv: argv, User: d.account}
	}
	return remote.Run{Argv: append([]string{d.engine, "exec", "--user", d.account, d.container}, argv...)}
}

// doorOf finds a host and an account that use a user's keyring.
func (v *verifier) doorOf(id spec.User) (door, bool) {
	for _, h := range v.Site.InOrder() {
		seen := v.Hosts[h.Name]
		if seen == nil || seen.Err != nil {
			continue
		}
		node := host.NewNode(v.Site, h)
		boxes := v.Site.Containers(seen)
		for _, c := range node.Copies() {
			for _, name := range c.Services {
				if !slices.Contains(c.Users, id) || !slices.Contains(v.Site.UsersOn(name), id) {
					continue
				}
				d := door{host: h.Name, account: node.Service(name).Account}
				if c.Kolla != nil {
					d.container, d.engine = c.Kolla.Container, boxes.ByName[c.Kolla.Container].Engine
				}
				path, copied := c.Path(boxes, place.KeyringPath(id.Cluster, id.Entity))
				if there := !copied || !seen.Files[path].Missing; there && (c.Kolla == nil || d.engine != "") {
					return d, true
				}
			}
		}
	}
	return door{}, false
}

func (v *verifier) probe(ctx context.Context, id spec.User) (string, error) {
	door, ok := v.doorOf(id)
	if !ok {
		return "", unable("no reachable host has its keyring")
	}
	rights := v.Site.Rights(id)
	p := host.Prober{User: id, Name: probeName(), As: door.run}
	var ops, cleanup []remote.Op
	for _, r := range rights {
		ops = append(ops, p.Try(r))
		if r.Write {
			cleanup = append(cleanup, p.Undo(r))
		}
	}
	results, err := v.World.Hosts[door.host].Do(ctx, append(slices.Clone(ops), cleanup...)...)
	if err != nil {
		return "", unable("%w", err)
	}
	return judge(rights, results[:len(ops)], results[len(ops):], door.account+"@"+door.host)
}

// tried says what came of a try. Only the cluster's own refusal counts as a
// refusal; any other failure proves nothing.
func tried(r want.Right, res remote.Result) (done, refused bool) {
	text := string(res.Stderr)
	switch {
	case res.Err != nil:
		return false, false
	case res.Exit == 0:
		return true, false
	case r.Data && !r.Write && strings.Contains(text, "error stat-ing") &&
		strings.Contains(text, "No such file or directory"):
		return true, false // it could look
	}
	return false, strings.Contains(text, "Operation not permitted")
}

// judge compares what happened with what had to.
func judge(rights []want.Right, results, cleanup []remote.Result, who string) (string, error) {
	var seen, wrong []string
	next := 0
	for i, r := range rights {
		res := results[i]
		done, refused := tried(r, res)
		if r.Write {
			if done && (cleanup[next].Err != nil || cleanup[next].Exit != 0) {
				wrong = append(wrong, "left what was tried in "+r.Pool+" (cephstack-probe-…)")
			}
			next++
		}
		switch {
		case !done && !refused:
			return "", unable("as %s: %s: %w", who, r, failure(res))
		case done != r.Allowed:
			wrong = append(wrong, r.String()+", but the opposite holds")
		default:
			seen = append(seen, r.String())
		}
	}
	if len(wrong) > 0 {
		return "", fmt.Errorf("as %s: %s", who, strings.Join(wrong, "; "))
	}
	return "as " + who + ": " + strings.Join(seen, ", "), nil
}

// failure is why a program did not do what it was run for.
func failure(res remote.Result) error {
	switch text := words.LastLine(res.Stderr); {
	case res.Err != nil:
		return res.Err
	case text == "":
		return fmt.Errorf("exit status %d", res.Exit)
	default:
		return fmt.Errorf("exit status %d: %s", res.Exit, text)
	}
}

// probeName is the name of what a run makes to try a right: it has an ID of its own and the time.
func probeName() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	return helper.AnyProbe + hex.EncodeToString(b[:]) + "-" + time.Now().UTC().Format(runTime)
}
