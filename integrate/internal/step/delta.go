package step

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step/serving"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// An Action says what happens to a resource.
type Action string

// The actions.
const (
	Create  Action = "create"
	Update  Action = "update"
	Restart Action = "restart"
	Remove  Action = "remove"
)

// A FieldDiff is one difference. A resource makes it of the values as they are, apart from keys, of which
// it gives digests. Printable makes the others printable.
type FieldDiff struct {
	Field    string
	Observed string // empty when there is none
	Desired  string
	Why      string // why the field is wanted; empty where that is plain
	Of       string // the ID of the resource; of a check alone
}

// A Kept is a difference that an entry of the Spec keeps as found.
type Kept struct {
	Entry int    // the index in keep of the Spec
	Name  string // of the resource, as a plan shows it
	Field string
}

// A Finding is something that a comparison cannot change, or leaves alone. A
// Problem keeps a part of the Spec from being reached. A note is good to know.
type Finding struct {
	Code    string // stable, such as pool-of-another-application
	Problem bool
	Object  string
	Message string // what it is, and what to do next
	Because ID     // the resource of which the finding is a consequence
	Err     error
}

// A Delta is how a resource differs from what it should be.
type Delta struct {
	Action Action
	// Name is the name that a plan shows; the ID's name when empty.
	Name   string
	Diffs  []FieldDiff
	Reason string
	// Do makes the change; nil when there is nothing to do.
	Do Step
	// Needs are further resources that must be done before whatever needs this
	// resource.
	Needs []ID
	// Recheck are gates, of clusters or of hosts, that are compared once more right before the change is made. It is not
	// made if one of them is refused by then.
	Recheck []ID
	// HeldBy is the refused gate because of which a part of the resource is not taken back now. The resource itself is not
	// left alone.
	HeldBy ID
	// Have says what was seen of a resource that is well.
	Have string
	// Fact is what resources of the cloud have to know of this one.
	Fact     any
	Findings []Finding
	// Kept are differences that stay as found, as the Spec says. They are not among Diffs.
	Kept []Kept
	// Refused says that the resource is left alone, and so is what needs it.
	Refused bool
	// Because is the resource because of which this resource is left alone. Where a
	// resource is changed only because another resource changes, it is that other resource.
	Because ID
	// Unable says why the resource could not be compared. It is then neither well
	// nor known to differ.
	Unable error
}

// Refuse is the Delta of a resource that is left alone for a problem of its own.
func Refuse(code, object string, why error) Delta {
	var d Delta
	d.Problem(code, object, why)
	d.Refused = true
	return d
}

// Problem adds a problem. Its message is the text of why, and its Err is the error that why wraps.
func (d *Delta) Problem(code, object string, why error) {
	f := Finding{Code: code, Problem: true, Object: object, Message: why.Error(), Err: errors.Unwrap(why)}
	d.Findings = append(d.Findings, f)
}

// Note adds a note.
func (d *Delta) Note(code, object, format string, args ...any) {
	f := Finding{Code: code, Object: object, Message: fmt.Sprintf(format, args...)}
	d.Findings = append(d.Findings, f)
}

// Printable is the Delta without secrets in what plans and checks show: a value that may be a secret is its
// digest, and messages are without keys. What the Delta does stays as it is.
func (d Delta) Printable() Delta {
	diffs := d.Diffs // may be shared with another Delta
	d.Diffs = slices.Clone(diffs)
	for i, f := range diffs {
		d.Diffs[i].Observed, d.Diffs[i].Desired = words.Value(f.Field, f.Observed), words.Value(f.Field, f.Desired)
	}
	findings := d.Findings
	d.Findings = slices.Clone(findings)
	for i, f := range findings {
		d.Findings[i].Message = cephstack.WithoutKeys(f.Message)
		d.Findings[i].Object, d.Findings[i].Err = cephstack.WithoutKeys(f.Object), withoutKeys(f.Err)
	}
	d.Unable = withoutKeys(d.Unable)
	d.Have, d.Reason = cephstack.WithoutKeys(d.Have), cephstack.WithoutKeys(d.Reason)
	return d
}

// A Step makes a change: HostStep, ClusterStep or CloudStep.
type Step interface{ step() }

// Late is what is known only when a plan is applied.
type Late struct {
	// Key is the key that a user of a cluster, such as client.glance, has now. It is
	// read again right before it is written: somebody may have revoked the key that the
	// plan saw. It is an error where the cluster cannot be asked, and ErrConflict where
	// the user is gone.
	Key func(cluster, entity string) (ceph.Key, error)
	// Settle is how long a restarted unit must stay active.
	Settle time.Duration
}

// A HostStep makes a change on a host. All steps of a host travel in one exchange,
// each guarded by the steps that it needs; see Alone.
type HostStep struct {
	// Ops gives the operations. They run in order. The indexes of a remote.If
	// count from the first operation of the step.
	Ops func(Late) ([]remote.Op, error)
	// Judge reads the results of Ops. Without it, the first error, or the first
	// program that failed, is the step's error; and the step changed something
	// if one of its operations did.
	Judge func([]remote.Result) (changed bool, err error)
	// Undo gives operations that take the step back where its results ask for
	// that; none otherwise. Judge gives an error for such results. The engine makes
	// the operations also if the run was stopped, and says whether they went well.
	Undo func([]remote.Result) []remote.Op
	// Secret is a libvirt secret to define, in place of Ops, over what the plan saw.
	Secret func(Late) (libvirtsecret.Change, error)
	// Undefine is a libvirt secret to remove, in place of Ops, if it still is as it was seen.
	Undefine *libvirtsecret.Secret
	// Alone makes the step an exchange of its own, before those that travel
	// together, as it may take minutes.
	Alone bool
	// Entry makes the step go by the first entry of a host: that was read that way, or on
	// which the normal login may do only what the helper does.
	Entry bool
	// Servers, where it is there, looks once more at the VMs on the host, and at migrations from and to
	// it that wait to be confirmed, right before the exchange. An error keeps the step from being done.
	Servers func([]api.Server, []api.Migration) error
	// Serves, where it is there, is how the APIs tell that a restarted service
	// serves again.
	Serves *serving.Signs
	// Size is how many bytes of contents the step keeps.
	Size int
}

// A ClusterStep makes a change in a Ceph cluster. The steps of a cluster run side by
// side, where none needs the other.
type ClusterStep struct {
	Work ceph.Work // without its Needs, which the engine fills in
}

// A CloudStep makes a change through the APIs of OpenStack.
type CloudStep struct {
	// Do makes the change. It says whether it changed something, also along with an error.
	// An error that is not api.ErrUnknown says that nothing else was changed.
	Do func(context.Context, *api.Cloud) (changed bool, err error)
	// Undo takes back what Do has made, if that still is so; otherwise it is ErrConflict. Nil where that cannot be done.
	Undo func(context.Context, *api.Cloud) error
}

// A UserStep removes a user of a cluster. It is a step of the cloud, behind all hosts: nobody may need the user
// any more.
type UserStep struct {
	Cluster string
	Do      func(context.Context, *ceph.Cluster) (changed bool, err error)
}

func (UserStep) step()    {}
func (HostStep) step()    {}
func (ClusterStep) step() {}
func (CloudStep) step()   {}
