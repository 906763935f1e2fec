package step

import (
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/remote"
)

// Where says what a Target is.
type Where int

// The places that a target can be.
const (
	OnCluster Where = iota + 1 // a Ceph cluster of the Spec
	OnHost                     // a host of the Spec
	OnCloud                    // what is changed through the APIs of OpenStack
)

// A Target is where a resource is.
type Target struct {
	Where Where
	Name  string
}

// AtCluster is the target of a cluster's resources.
func AtCluster(name string) Target { return Target{OnCluster, name} }

// AtHost is the target of a host's resources.
func AtHost(name string) Target { return Target{OnHost, name} }

// AtCloud is the target of what is changed through the APIs of OpenStack.
func AtCloud() Target { return Target{OnCloud, "cloud"} }

// An ID names a resource. It depends on the Spec alone, not on what was read, so
// that it stays the same from plan to plan.
type ID struct {
	Target     Target
	Kind, Name string
}

// String is kind/target/name.
func (id ID) String() string { return id.Kind + "/" + id.Target.Name + "/" + id.Name }

// IsZero reports whether the ID names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// A Resource is one thing that a Spec asks for.
type Resource interface {
	ID() ID
	// Needs are the resources that must be well, or become well, before this
	// one is changed. They are compared before it.
	Needs() []ID
	// Asks is what must be read to compare the resource.
	Asks() Asks
	// Compare says how the resource differs from what it should be. It is pure:
	// the same View gives the same Delta. It is not called where a need is
	// refused; see Blocked.
	Compare(View) Delta
}

// A Blocked resource says something about being left alone because of a need that
// is refused. The Delta of other resources is then silent, and names the need.
type Blocked interface {
	// LeftAlone gives the finding for a root cause: the first refused resource
	// behind the need, which itself is not refused because of another one. A
	// finding without a message says nothing.
	LeftAlone(v View, need, root ID) Finding
}

// A Follower is changed after other resources, where those have a change. Unlike
// Needs, resources that are refused do not keep it from being changed; a change
// that did not end well does.
type Follower interface {
	Follows() []ID
}

// A Rechecker is a gate among Delta.Recheck that compares more than what is there now: what came since the plan was
// made.
type Rechecker interface {
	// Recheck says what came between two views of the clusters and the APIs that keeps the gate shut.
	Recheck(before, now View) error
}

// A Retirer can be taken back, after the Spec retires what it is for.
type Retirer interface {
	// Retire says what of the resource is there, and is provably cephstack's; its change
	// removes that. What is not provably cephstack's stays, and a note says so. It is pure,
	// and finds nothing to do once the resource is gone.
	Retire(View) Delta
}

// Asks are questions to the world. They are data; the engine joins those of all
// resources of a target, removes what is there twice, and asks once.
type Asks struct {
	// Host are operations that read: ReadFile, ReadDir, Stat, UnitState,
	// Packages and Run.
	Host []remote.Op
	// Secrets asks for the libvirt secrets of a host.
	Secrets bool
	// Cluster is what to ask a cluster, beside its status, its pools and its
	// configuration, which are always read.
	Cluster ceph.Query
}

// Joined is the question to a cluster that asks for what q and these Asks ask for. Neither is changed.
func (a Asks) Joined(q ceph.Query) ceph.Query {
	add := func(list, more []string) []string {
		list = slices.Clip(list) // an append does not write into the caller's list
		for _, item := range more {
			if !slices.Contains(list, item) {
				list = append(list, item)
			}
		}
		return list
	}
	more := a.Cluster
	return ceph.Query{Users: add(q.Users, more.Users), Profiles: add(q.Profiles, more.Profiles),
		CRUSH: q.CRUSH || more.CRUSH, Images: add(q.Images, more.Images),
		Trash: add(q.Trash, more.Trash), Serving: add(q.Serving, more.Serving)}
}
