package integrate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// A right is something that a Ceph user may do in a pool, or must not.
type right struct {
	pool    string
	data    bool // the pool holds no headers of images
	write   bool
	allowed bool
}

func (r right) String() string {
	verb, may := "read", "may "
	if r.write {
		verb = "write"
	}
	if !r.allowed {
		may = "must not "
	}
	return may + verb + " " + r.pool
}

// rights lists what a user must and must not be able to do, for every pool of
// the Spec on its cluster.
func (s *site) rights(id spec.User) []right {
	write, read := s.poolRights(id)
	var out []right
	for _, p := range s.pools[id.Cluster] {
		r := right{pool: p.Name, data: s.holdsData(id.Cluster, p.Name)}
		reads, writes := r, r
		writes.write = true
		if writes.allowed = slices.Contains(write, p.Name); !writes.allowed {
			reads.allowed = slices.Contains(read, p.Name)
			out = append(out, reads)
		}
		out = append(out, writes)
	}
	return out
}

func (s *site) poolRights(id spec.User) (write, read []string) {
	l := s.layout(id.Cluster)
	if pools, data := s.poolsOf(id, spec.ForImages); len(pools) > 0 {
		return slices.Concat(pools, data), nil
	}
	if pools, data := s.poolsOf(id, spec.ForBackups); len(pools) > 0 {
		if write = slices.Concat(pools, data); l.Classic {
			return write, nil
		}
		return write, slices.Concat(l.VolumePools, l.DataPools)
	}
	pools, data := s.poolsOf(id, spec.ForVolumes, spec.ForDisks)
	write, read = slices.Concat(pools, data), slices.Concat(l.ImagePools, l.ImageDataPools)
	if s.sharedWithNova(id) && l.ImagesWritable {
		write = append(write, read...)
	}
	return write, read
}

// probes tries the rights of each Ceph user on a host that has its keyring,
// as the service's account, those that it must not have too.
func (v *verifier) probes(ctx context.Context) {
	for _, u := range v.in.site.users {
		name := "rights " + u.Entity
		if len(v.in.site.spec.Clusters) > 1 {
			name += " in " + u.Cluster
		}
		v.check(ctx, name, "compare the users check with the pools; foreign rights can be dropped with remove_foreign_caps: true",
			func(ctx context.Context) (string, error) { return v.probe(ctx, u.User) })
	}
}

// place finds a host and an account that use a user's keyring, and what runs a
// program where they do.
func (v *verifier) place(id spec.User) (host, account string, run func(argv ...string) remote.Op) {
	d := newDiffer(v.in.site, v.seen)
	for _, h := range v.in.site.spec.Hosts {
		seen := v.seen.hosts[h.Name]
		if seen == nil || seen.err != nil {
			continue
		}
		for _, p := range d.on(h, seen).places {
			for _, name := range p.services {
				if !slices.Contains(p.users, id) || !slices.Contains(v.in.site.usersOn(name), id) {
					continue
				}
				account := v.in.site.service(h, name).account
				return h.Name, account, func(argv ...string) remote.Op { return p.run(account, argv) }
			}
		}
	}
	return "", "", nil
}

// run runs a program as a service's account, where the service runs.
func (p place) run(account string, argv []string) remote.Op {
	if p.kolla == nil {
		return remote.Run{Argv: argv, User: account}
	}
	return remote.Run{Argv: append([]string{p.from.engine, "exec", "--user", account, p.kolla.container}, argv...)}
}

func (v *verifier) probe(ctx context.Context, id spec.User) (string, error) {
	host, account, run := v.place(id)
	if host == "" {
		return "", unable("no reachable host has its keyring")
	}
	rights := v.in.site.rights(id)
	p := prober{id: id, name: probeName(), as: run}
	var ops, cleanup []remote.Op
	for _, r := range rights {
		ops = append(ops, p.try(r))
		if r.write {
			cleanup = append(cleanup, p.undo(r))
		}
	}
	results, err := v.in.world.Hosts[host].Do(ctx, append(slices.Clone(ops), cleanup...)...)
	if err != nil {
		return "", unable("%w", err)
	}
	return judge(rights, results[:len(ops)], results[len(ops):], account+"@"+host)
}

// A prober tries the rights of a user, as the account of a service.
type prober struct {
	id   spec.User
	name string
	as   func(argv ...string) remote.Op
}

func (p prober) run(program string, args ...string) remote.Op {
	argv := []string{program, "--conf", spec.ConfPath(p.id.Cluster), "--id", p.id.Name()}
	return p.as(append(argv, args...)...)
}

// try does what a right is about: with an image where images can be, and with an
// object in a data pool. There, it asks for one that is not there, as a list of all
// would have no end.
func (p prober) try(r right) remote.Op {
	switch {
	case r.data && r.write:
		return p.run("rados", "--pool", r.pool, "create", p.name)
	case r.data:
		return p.run("rados", "--pool", r.pool, "stat", p.name)
	case r.write:
		return p.run("rbd", "create", r.pool+"/"+p.name, "--size", "1")
	}
	return p.run("rbd", "ls", r.pool)
}

// undo removes what try made.
func (p prober) undo(r right) remote.Op {
	if r.data {
		return p.run("rados", "--pool", r.pool, "rm", p.name)
	}
	return p.run("rbd", "rm", "--no-progress", r.pool+"/"+p.name)
}

// tried says what came of a try. Only the cluster's own refusal counts as a
// refusal; any other failure proves nothing.
func (r right) tried(res remote.Result) (done, refused bool) {
	text := string(res.Stderr)
	switch {
	case res.Err != nil:
		return false, false
	case res.Exit == 0:
		return true, false
	case r.data && !r.write && strings.Contains(text, "error stat-ing") && strings.Contains(text, "No such file or directory"):
		return true, false // it could look
	}
	return false, strings.Contains(text, "Operation not permitted")
}

// judge compares what happened with what had to.
func judge(rights []right, results, cleanup []remote.Result, who string) (string, error) {
	var seen, wrong []string
	next := 0
	for i, r := range rights {
		res := results[i]
		done, refused := r.tried(res)
		if r.write {
			if done && (cleanup[next].Err != nil || cleanup[next].Exit != 0) {
				wrong = append(wrong, "left what was tried in "+r.pool+" (cephstack-probe-…)")
			}
			next++
		}
		switch {
		case !done && !refused:
			return "", unable("as %s: %s: %w", who, r, failure(res))
		case done != r.allowed:
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
	switch text := lastLine(res.Stderr); {
	case res.Err != nil:
		return res.Err
	case text == "":
		return fmt.Errorf("exit status %d", res.Exit)
	default:
		return fmt.Errorf("exit status %d: %s", res.Exit, text)
	}
}

func lastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}

func probeName() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	return "cephstack-probe-" + hex.EncodeToString(b[:])
}
