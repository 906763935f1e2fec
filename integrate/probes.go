package integrate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/remote"
)

// A right is something that a Ceph user may do in a pool, or must not.
type right struct {
	pool    string
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
// the Spec on its cluster. Data pools are left out: no image can be made there,
// and those whose data go there are made all the same.
func (s *site) rights(id userID) []right {
	write, read := s.poolRights(id)
	var out []right
	for _, p := range s.pools[id.cluster] {
		switch {
		case s.holdsData(id.cluster, p.Name):
		case slices.Contains(write, p.Name):
			out = append(out, right{p.Name, true, true})
		case slices.Contains(read, p.Name):
			out = append(out, right{p.Name, false, true}, right{p.Name, true, false})
		default:
			out = append(out, right{p.Name, false, false}, right{p.Name, true, false})
		}
	}
	return out
}

func (s *site) poolRights(id userID) (write, read []string) {
	l := s.layout(id.cluster)
	if pools, data := s.poolsOf(id, usedForImages); len(pools) > 0 {
		return slices.Concat(pools, data), nil
	}
	if pools, data := s.poolsOf(id, usedForBackups); len(pools) > 0 {
		if write = slices.Concat(pools, data); l.Classic {
			return write, nil
		}
		return write, slices.Concat(l.VolumePools, l.DataPools)
	}
	pools, data := s.poolsOf(id, usedForVolumes, usedForDisks)
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
		name := "rights " + u.entity
		if len(v.in.site.spec.Clusters) > 1 {
			name += " in " + u.cluster
		}
		v.check(ctx, name, "compare the users check with the pools; foreign rights can be dropped with remove_foreign_caps: true",
			func(ctx context.Context) (string, error) { return v.probe(ctx, u.userID) })
	}
}

// place finds a host and account that use a user's keyring.
func (v *verifier) place(id userID) (host, account string) {
	for _, h := range v.in.site.spec.Hosts {
		for _, name := range v.in.site.servicesOf(h) {
			if slices.Contains(v.in.site.usersOn(name), id) && v.seen.hosts[h.Name].err == nil {
				return h.Name, v.in.site.service(h, name).account
			}
		}
	}
	return "", ""
}

func (v *verifier) probe(ctx context.Context, id userID) (string, error) {
	host, account := v.place(id)
	if host == "" {
		return "", unable("no reachable host has its keyring")
	}
	name := probeName()
	rights := v.in.site.rights(id)
	var ops, cleanup []remote.Op
	rbd := func(args ...string) remote.Op {
		argv := append([]string{"rbd", "--conf", confPath(id.cluster), "--id", id.short()}, args...)
		return remote.Run{Argv: argv, User: account}
	}
	for _, r := range rights {
		if !r.write {
			ops = append(ops, rbd("ls", r.pool))
			continue
		}
		ops = append(ops, rbd("create", r.pool+"/"+name, "--size", "1"))
		cleanup = append(cleanup, rbd("rm", "--no-progress", r.pool+"/"+name))
	}
	results, err := v.in.world.Hosts[host].Do(ctx, append(slices.Clone(ops), cleanup...)...)
	if err != nil {
		return "", unable("%w", err)
	}
	return judge(rights, results[:len(ops)], results[len(ops):], account+"@"+host)
}

// judge compares what happened with what had to. Only the cluster's own
// refusal counts as a refusal; any other failure proves nothing.
func judge(rights []right, results, cleanup []remote.Result, who string) (string, error) {
	var seen, wrong []string
	next := 0
	for i, r := range rights {
		res := results[i]
		refused := res.Err == nil && res.Exit != 0 && strings.Contains(string(res.Stderr), "Operation not permitted")
		done := res.Err == nil && res.Exit == 0
		if r.write {
			if done && (cleanup[next].Err != nil || cleanup[next].Exit != 0) {
				wrong = append(wrong, "left a probe image in "+r.pool)
			}
			next++
		}
		switch {
		case !done && !refused:
			return "", unable("%s: %s: %v exit status %d: %s", who, r, res.Err, res.Exit, lastLine(res.Stderr))
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

func lastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}

func probeName() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	return "cephstack-probe-" + hex.EncodeToString(b[:])
}
