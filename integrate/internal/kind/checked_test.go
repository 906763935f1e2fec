package kind_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// A checked is a Catalog that checks its resources at each Compare. Whatever View they are
// given, they must keep the promises of step.Resource and step.Delta.
type checked struct {
	engine.Catalog
	t    *testing.T
	what string // names the View in failures

	mu    sync.Mutex
	codes map[string]bool // the codes of all findings so far
	kinds map[string]bool // the kinds of all changes so far
}

// Of implements engine.Catalog.
func (c *checked) Of(target step.Target) []engine.Entry {
	entries := c.Catalog.Of(target)
	for i := range entries {
		entries[i].Resource = watched{entries[i].Resource, c}
	}
	return entries
}

// A watched is a resource of a checked catalog.
type watched struct {
	step.Resource
	by *checked
}

// Follows implements step.Follower.
func (w watched) Follows() []step.ID {
	if f, ok := w.Resource.(step.Follower); ok {
		return f.Follows()
	}
	return nil
}

// LeftAlone implements step.Blocked.
func (w watched) LeftAlone(v step.View, need, root step.ID) step.Finding {
	b, ok := w.Resource.(step.Blocked)
	if !ok {
		return step.Finding{}
	}
	f, again := b.LeftAlone(v, need, root), b.LeftAlone(v, need, root)
	assert.Equal(w.by.t, fmt.Sprintf("%+v", f), fmt.Sprintf("%+v", again), w.where())
	if f.Message != "" {
		w.finding(f, secretsOf(v))
	}
	return f
}

// Compare implements step.Resource.
func (w watched) Compare(v step.View) step.Delta {
	before := fingerprint(v, w.Asks())
	first := w.Resource.Compare(v)
	second := w.Resource.Compare(v)
	assert.Equal(w.by.t, before, fingerprint(v, w.Asks()), "%s: a comparison changed the View", w.where())
	assert.Equal(w.by.t, shown(first), shown(second), "%s: the same View gives another Delta", w.where())
	assert.Equal(w.by.t, operations(first, v), operations(second, v),
		"%s: the same View gives other operations", w.where())
	w.delta(first, v)
	return first
}

func (w watched) where() string { return w.by.what + ": " + w.ID().String() }

// delta checks what a Delta promises.
func (w watched) delta(d step.Delta, v step.View) {
	t, secrets := w.by.t, secretsOf(v)
	assert.False(t, d.Refused && d.Do != nil, "%s is left alone and changed", w.where())
	assert.False(t, d.Unable != nil && d.Do != nil, "%s was not compared and is changed", w.where())
	assert.Equal(t, d.Do != nil, d.Action != "", "%s: a change has an action, and nothing else has", w.where())
	if d.Do != nil {
		assert.NotEmpty(t, d.Reason, "%s is changed without a reason", w.where())
		w.by.mu.Lock()
		w.by.kinds[w.ID().Kind] = true
		w.by.mu.Unlock()
	}
	if d.Refused && d.Because.IsZero() {
		assert.NotEmpty(t, d.Findings, "%s is left alone for a reason of its own, and says nothing", w.where())
	}
	for _, f := range d.Findings {
		w.finding(f, secrets)
	}
	w.noSecret(shown(d), secrets)
	for _, op := range hostOps(d, v) {
		assert.NoError(t, remote.Check(op), w.where())
		w.noSecret(fmt.Sprintf("%+v", op), secrets)
		if inner, ok := op.(remote.If); ok {
			op = inner.Op
		}
		if run, ok := op.(remote.Run); ok {
			w.noSecret(strings.Join(run.Argv, " "), secrets)
		}
	}
}

var (
	kebabCase = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	badFormat = regexp.MustCompile(`%!|\(MISSING\)|\(EXTRA|<nil>|0x[0-9a-f]{8}`)
)

// finding checks what a Finding promises.
func (w watched) finding(f step.Finding, secrets []string) {
	t := w.by.t
	w.by.mu.Lock()
	w.by.codes[f.Code] = true
	w.by.mu.Unlock()
	assert.Regexp(t, kebabCase, f.Code, w.where())
	assert.NotEmpty(t, f.Message, "%s: %s", w.where(), f.Code)
	assert.NotRegexp(t, badFormat, f.Message, "%s: %s", w.where(), f.Code)
	assert.Equal(t, strings.TrimSpace(f.Message), f.Message, "%s: %s", w.where(), f.Code)
	assert.False(t, strings.HasSuffix(f.Message, ".") || strings.HasSuffix(f.Message, ":"), "%s: %s", w.where(), f.Message)
	if f.Err != nil {
		w.noSecret(f.Err.Error(), secrets)
		assert.True(t, f.Problem, "%s: %s is a note, and has an error", w.where(), f.Code)
	}
}

func (w watched) noSecret(text string, secrets []string) {
	for _, secret := range secrets {
		if strings.Contains(text, secret) { // the text must not get into the log
			w.by.t.Errorf("%s shows a secret", w.where())
		}
	}
}

// secretsOf are the keys that a View has: those of the clusters, and what libvirt has.
func secretsOf(v step.View) (all []string) {
	for _, c := range v.Clusters {
		for _, u := range c.Users {
			all = append(all, u.Key.Reveal())
		}
	}
	if v.Host != nil {
		for _, s := range v.Host.Secrets {
			all = append(all, s.Value.Reveal())
		}
	}
	all = append(all, junkKey, otherKey)
	return removeEmpty(all)
}

func removeEmpty(list []string) (out []string) {
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// shown is a Delta without what it would do.
func shown(d step.Delta) string {
	d.Do = nil
	return fmt.Sprintf("%+v", d)
}

// hostOps are the operations of a step on a host.
func hostOps(d step.Delta, v step.View) []remote.Op {
	s, ok := d.Do.(step.HostStep)
	if !ok || s.Ops == nil {
		return nil
	}
	ops, err := s.Ops(late(v))
	if err != nil {
		return nil
	}
	return ops
}

// operations is a text with all that a step would do. It has the contents of files, too.
func operations(d step.Delta, v step.View) string {
	switch s := d.Do.(type) {
	case step.ClusterStep:
		return fmt.Sprintf("%+v %+v %+v", s.Work.Pool, s.Work.User, s.Work.Profile)
	case step.HostStep:
		if s.Secret != nil {
			secret, err := s.Secret(late(v))
			return fmt.Sprintf("%+v %v %v", secret, secret.Value.Reveal(), err)
		}
		ops, err := s.Ops(late(v))
		text := fmt.Sprintf("%v %v %v %+v", s.Alone, s.Entry, s.Size, err)
		for _, op := range ops {
			if inner, ok := op.(remote.If); ok {
				text += fmt.Sprint(" after ", inner.OK)
				op = inner.Op
			}
			text += fmt.Sprintf("\n%+v", op)
			if w, ok := op.(remote.WriteFile); ok {
				text += string(w.Data)
			}
		}
		return text
	}
	return fmt.Sprintf("%T", d.Do)
}

// late knows the keys of a View, and an invented key of each user that is not there.
func late(v step.View) step.Late {
	return step.Late{Settle: time.Second, Key: func(cluster, entity string) (ceph.Key, error) {
		if key, ok := v.Key(cluster, entity); ok {
			return key, nil
		}
		return ceph.ParseKey(junkKey)
	}}
}

// fingerprint is all of a View that a comparison might change.
func fingerprint(v step.View, asks step.Asks) string {
	var text strings.Builder
	for _, name := range sortedKeys(v.Clusters) {
		fmt.Fprintf(&text, "%s %+v\n", name, *v.Clusters[name])
	}
	fmt.Fprintf(&text, "%+v\n", *v.Cloud)
	h := v.Host
	if h == nil {
		return text.String()
	}
	fmt.Fprintf(&text, "%s %v %v %+v %+v %+v %v\n", h.Name, h.Err, h.Entered, h.Units, h.Packages, h.Secrets, h.SecretErr)
	for _, path := range sortedKeys(h.Files) {
		f := h.Files[path]
		fmt.Fprintf(&text, "%s %+v %v %v %s\n", path, f.File, f.Missing, f.Err, f.Data)
	}
	for _, op := range asks.Host {
		if run, ok := op.(remote.Run); ok {
			fmt.Fprintf(&text, "%+v\n", h.Ran(run))
		}
	}
	return text.String()
}
