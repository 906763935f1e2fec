package host

import (
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// A Prober tries the rights of a user, as the account of a service.
type Prober struct {
	User spec.User
	Name string                         // of what is made
	As   func(argv ...string) remote.Op // runs a program as the account
}

func (p Prober) run(program string, args ...string) remote.Op {
	argv := []string{program, "--conf", spec.ConfPath(p.User.Cluster), "--id", p.User.Name()}
	return p.As(append(argv, args...)...)
}

// Try does what a right is about. In a pool with images, it makes an image, or lists the
// images. In a data pool, it makes an object, or asks for an object that is not there: a
// list of all objects could be too long.
func (p Prober) Try(r want.Right) remote.Op {
	switch {
	case r.Data && r.Write:
		return p.run("rados", "--pool", r.Pool, "create", p.Name)
	case r.Data:
		return p.run("rados", "--pool", r.Pool, "stat", p.Name)
	case r.Write:
		return p.run("rbd", "create", r.Pool+"/"+p.Name, "--size", "1")
	}
	return p.run("rbd", "ls", r.Pool)
}

// Undo removes what Try made.
func (p Prober) Undo(r want.Right) remote.Op {
	if r.Data {
		return p.run("rados", "--pool", r.Pool, "rm", p.Name)
	}
	return p.run("rbd", "rm", "--no-progress", r.Pool+"/"+p.Name)
}

// probes are what a verification may run on this host, which is not one with containers.
func (n *Node) probes() (ops []remote.Op) {
	for _, name := range n.Services {
		account := n.Service(name).Account
		as := func(argv ...string) remote.Op { return remote.Run{Argv: argv, User: account} }
		for _, id := range n.Site.UsersOn(name) {
			if !slices.Contains(n.Users, id) {
				continue
			}
			p := Prober{User: id, Name: helper.AnyProbe, As: as}
			for _, r := range n.Site.Rights(id) {
				ops = append(ops, p.Try(r))
				if r.Write {
					ops = append(ops, p.Undo(r))
				}
			}
		}
	}
	return ops
}
