package integrate

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/kind"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// A Config is what New needs.
type Config struct {
	Spec     spec.Spec
	World    world.World
	Observer func(Event) // is told of events; may be nil; the operation waits for it
	// Parallel is how many hosts are worked on at once; 0 is 32.
	Parallel int
	// Settle is how long a restarted unit must stay active, at most 1 h; 0 is 3 s.
	Settle time.Duration
	// Owner is who applies, such as a login name, for others who find the operator lock
	// taken; empty is the user of this process. It shows with the name of this machine.
	Owner string
	// Poll is the pause between two looks at the console of a guest, or at the APIs'
	// records of restarted services; 0 is 2 s. Between two looks at a cluster that a rollout
	// waits for are five times that.
	Poll time.Duration
	// Await is how long a restarted service may take until its records in the APIs, or its
	// host, tell that it serves again; 0 is 4 minutes: several report intervals, and a slow
	// start. If a service that other hosts serve, too, takes longer, the rollout stops.
	Await time.Duration
}

// An Integration plans, applies and verifies one Spec in one World. It is safe for
// concurrent use, and keeps no state between calls.
type Integration struct {
	engine   *engine.Engine
	digest   string // of the Spec
	keep     int64  // bytes of contents in a plan
	poll     time.Duration
	observer func(Event)
	owner    string
	term     time.Duration    // of the operator lock
	now      func() time.Time // for the operator lock
}

// New checks the Spec and that the World has every part that the Spec names,
// joining all faults. It connects to nothing. The Integration shares nothing with
// the Spec, which may be changed afterwards.
func New(cfg Config) (*Integration, error) {
	if err := cfg.Spec.Validate(); err != nil {
		return nil, err
	}
	if cfg.Poll < 0 || cfg.Await < 0 {
		return nil, errors.New("integrate: Config: Poll and Await cannot be negative")
	}
	site := want.Resolve(cfg.Spec)
	poll := cmp.Or(cfg.Poll, 2*time.Second)
	if cfg.Spec.Cloud.None() {
		cfg.World.Cloud, cfg.World.CloudErr = nil, fmt.Errorf("the Spec has cloud.apis: none (%w)", step.ErrNoCloud)
	}
	e, err := engine.New(engine.Engine{Site: site, Catalog: kind.NewCatalog(site), World: cfg.World,
		Parallel: cfg.Parallel, Settle: cfg.Settle, Poll: poll, Await: cfg.Await})
	if err != nil {
		return nil, err
	}
	return &Integration{engine: e, digest: digestOf(cfg.Spec), keep: keptBytes,
		poll: poll, observer: cfg.Observer, owner: cfg.Owner, term: lockTerm, now: time.Now}, nil
}

// digestOf is the digest of what a Spec asks for. How the hosts and the APIs are
// reached does not belong to it: a plan may be made on one machine and applied on
// another.
func digestOf(s spec.Spec) string {
	s.SSH = spec.SSH{User: s.SSH.User}
	s.Cloud.CloudsFile = ""
	return s.Digest()
}

// keptBytes bounds what a plan keeps of the contents that it will write. What is
// beyond is read and compared again when it is applied.
const keptBytes = 64 << 20
