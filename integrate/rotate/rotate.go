package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// Conditions that a caller branches on; test with errors.Is.
var (
	// ErrRefused says that the pre-check found reasons not to begin. Nothing was changed.
	ErrRefused = errors.New("rotate: refused before anything was changed")
	// ErrUnfinished says that something is left to do. The Report says what, and what it waits for.
	ErrUnfinished = errors.New("rotate: not finished")
	// ErrNothing says that the Spec has no rotation.
	ErrNothing = errors.New("rotate: the Spec has no entry in rotate")
)

// Options say what a rotation may do. The zero Options move guests as the Spec says, and remove nobody.
type Options struct {
	// Back takes everything back to the users that go: those of from take the place of those of to. It needs the users of
	// from to be there, and makes none.
	Back bool
	// Revoke names the users that may be removed once it is proven that nobody has them, such as client.cinder, or
	// ssd/client.cinder where users of that name go from several clusters. There is no way back from that.
	Revoke []string
	// Ciphers are the types of keys that the clusters are to allow at the end, such as aes256k. None leaves them alone.
	// Clusters that would lock somebody out are refused.
	Ciphers []string
	// MaxFailed ends the work on guests after that many guests did not end well; 0 is 3.
	MaxFailed int
	// AtOnce is how many guests are worked on at once, over all rules; 0 is 10.
	AtOnce int
	// BreakLock is as in integrate.ApplyOptions.
	BreakLock string
	// Observer is told of each act as it begins and ends; may be nil. It is called by one goroutine at a time.
	Observer func(Event)
	// Now is the clock for windows; nil is time.Now.
	Now func() time.Time
}

// An Event is an act on a guest that begins or ended, or a stage that begins.
type Event struct {
	Stage string // apply, guests, key, proof, revoke or clean
	Guest string // empty for a stage
	Act   string
	Ended bool
	Err   error // of an act that ended
}

// String is the event for a person.
func (e Event) String() string {
	switch {
	case e.Guest == "":
		return "stage " + e.Stage
	case !e.Ended:
		return fmt.Sprintf("%s: %s begins", e.Guest, e.Act)
	case e.Err != nil:
		return fmt.Sprintf("%s: %s failed: %v", e.Guest, e.Act, e.Err)
	}
	return fmt.Sprintf("%s: %s ended well", e.Guest, e.Act)
}

// A run is one Plan or Apply.
type run struct {
	cfg    integrate.Config // with the Spec that counts in this direction
	opts   Options
	site   *want.Site
	fsids  map[string]string         // of clusters, as the last look saw them
	failed map[string]error          // guests that did not end well in this run, by ID
	fresh  map[string]bool           // guests that took the changed key in this run, by ID
	done   map[string][]rotation.Act // acts that ended well in this run, by guest
	made   map[spec.User]bool        // users whose key was changed, or begun to be, in this run
	trust  *trust
}

func newRun(cfg integrate.Config, opts Options) (*run, error) {
	if len(cfg.Spec.Rotate) == 0 {
		return nil, ErrNothing
	}
	cfg.Spec = cfg.Spec.Clone()
	if opts.Back {
		if err := cfg.Spec.Validate(); err != nil {
			return nil, err
		}
		back, err := reversed(cfg.Spec)
		if err != nil {
			return nil, err
		}
		cfg.Spec = back
	}
	if err := cfg.Spec.Validate(); err != nil {
		return nil, err
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	r := &run{cfg: cfg, opts: opts, site: want.Resolve(cfg.Spec), failed: map[string]error{}, fresh: map[string]bool{},
		done: map[string][]rotation.Act{}, made: map[spec.User]bool{}, trust: newTrust()}
	return r, r.known()
}

// known refuses names that no rotation has, names that several clusters have, and types of keys that there are not.
func (r *run) known() error {
	for _, t := range r.opts.Ciphers {
		if t != "aes" && t != aes256k {
			return fmt.Errorf("rotate: a type of keys is aes or aes256k, not %q", t)
		}
	}
	var names []string
	times := map[string]int{}
	for _, rot := range r.rotations() {
		if !rot.InPlace() {
			names = append(names, rot.Old().Entity)
			times[rot.Old().Entity]++
			times[rot.Cluster+"/"+rot.Old().Entity]++
		}
	}
	for _, name := range r.opts.Revoke {
		switch times[name] {
		case 0:
			return fmt.Errorf("rotate: %q is not a user that goes; the users that go are: %s", name, strings.Join(names, ", "))
		case 1:
		default:
			return fmt.Errorf("rotate: %s goes from several clusters; write the cluster in front, such as %s/%s", name,
				r.rotations()[0].Cluster, name)
		}
	}
	return nil
}

// mayRevoke reports whether the Options allow the removal of a user.
func (r *run) mayRevoke(rot spec.Rotation) bool {
	return slices.Contains(r.opts.Revoke, rot.Old().Entity) ||
		slices.Contains(r.opts.Revoke, rot.Cluster+"/"+rot.Old().Entity)
}

// rotations are those of the Spec, with defaults.
func (r *run) rotations() []spec.Rotation { return r.cfg.Spec.WithDefaults().Rotate }

// Plan reads the world, and says how far each rotation of the Spec is, and what comes next. It writes nothing.
func Plan(ctx context.Context, cfg integrate.Config, opts Options) (*Report, error) {
	r, err := newRun(cfg, opts)
	if err != nil {
		return nil, err
	}
	l, err := r.look(ctx)
	if err != nil {
		return nil, err
	}
	return r.report(l), nil
}

// reversed is a Spec whose services work as the users that were to go.
func reversed(s spec.Spec) (spec.Spec, error) {
	full := s.WithDefaults()
	came := map[spec.User]string{}
	for i, rot := range full.Rotate {
		if other, twice := came[rot.New()]; twice {
			return s, fmt.Errorf("rotate: %s and %s were both replaced by %s, so which of them takes its place again cannot be "+
				"told: give the services their users of before in the Spec by hand, with one entry of rotate from %[3]s to one "+
				"of these", other, rot.Old().Entity, rot.New().Entity)
		}
		came[rot.New()] = rot.Old().Entity
		if rot.InPlace() {
			return s, fmt.Errorf("rotate: the key of %s is changed in place; there is no way back from that", rot.Old().Entity)
		}
		old := swap(&s, full, rot)
		s.Rotate[i].From, s.Rotate[i].To, s.Rotate[i].KeyType, s.Rotate[i].SecretUUID = rot.To, rot.From, "", old
		for j, g := range s.Rotate[i].Guests { // no key is changed on the way back
			s.Rotate[i].Guests[j].May = slices.DeleteFunc(g.May, func(act string) bool {
				return act == string(rotation.Renew)
			})
		}
	}
	return s, nil
}

// swap gives services the user that was to go, and its secret. It gives the UUID that the Spec had for the secret of
// the other user.
func swap(s *spec.Spec, full spec.Spec, rot spec.Rotation) (old string) {
	back := func(u spec.Use, user, secret *string) {
		if u.User != rot.New() {
			return
		}
		*user = rot.From
		if secret != nil {
			if *secret != "" {
				old = *secret
			}
			*secret = rot.SecretUUID
		}
	}
	if s.Glance != nil {
		for i, st := range full.Glance.All() {
			if i == 0 {
				back(st.Use(), &s.Glance.User, nil)
			} else {
				back(st.Use(), &s.Glance.Stores[i-1].User, nil)
			}
		}
	}
	if s.Cinder != nil {
		for i, b := range full.Cinder.Backends {
			back(b.Use(), &s.Cinder.Backends[i].User, &s.Cinder.Backends[i].SecretUUID)
		}
	}
	if s.Backup != nil {
		back(full.Backup.Use(), &s.Backup.User, nil)
	}
	if s.Nova != nil {
		back(full.Nova.Use(), &s.Nova.User, &s.Nova.SecretUUID)
	}
	return old
}
