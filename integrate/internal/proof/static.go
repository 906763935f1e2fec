package proof

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/osloconf"
)

// static makes the checks that only read. They are the comparison that a plan is
// made of, grouped by target: what a plan would change or calls a problem, a check
// does not pass.
func (v *verifier) static(ctx context.Context) {
	for _, p := range v.Parts {
		switch p.Target.Where {
		case step.OnCluster:
			v.health(ctx, p.Target.Name)
		case step.OnCloud:
			if !v.Site.Cloud.None() {
				v.servicesUp(ctx)
				v.zones(ctx)
			}
		}
		for _, name := range checksOf(p) {
			c := Check{ID: checkID(name, p.Target), Name: name + " " + p.Target.Name, Target: p.Target.Name}
			if p.Target.Where == step.OnCloud {
				c.Name = name
			}
			v.checkAt(ctx, c, applyNext, func(_ context.Context, c *Check) error { return v.agrees(p, name, c) })
		}
	}
}

// checksOf lists the checks that the resources of a target belong to, in their order.
// There is no check of gates alone that have nothing to show.
func checksOf(p engine.Part) []string {
	var names []string
	for _, i := range p.Items {
		if (!i.Gate || i.Have != "") && !slices.Contains(names, i.Check) {
			names = append(names, i.Check)
		}
	}
	return names
}

// errProblem marks a check that a Problem of the plan keeps from passing: applying
// the plan does not help.
var errProblem = errors.New("a problem")

// agrees passes when the comparison of a check's resources has found nothing to do
// and no problem.
func (v *verifier) agrees(p engine.Part, name string, c *Check) error {
	var have, wrong []string
	var causes []error
	var unknown error
	own := false // something is wrong that is not the consequence of another resource
	for _, i := range p.Items {
		if i.Check != name {
			continue
		}
		if i.Have != "" {
			have = append(have, i.Have)
		}
		if text, because, cause := v.differs(i, c); text != "" {
			wrong, causes, own = append(wrong, text), append(causes, cause), own || because.IsZero()
			if c.Because == "" && !because.IsZero() {
				c.Because = because.String()
			}
		}
		if why := v.unknown(i); why != nil && unknown == nil {
			unknown = why
		}
	}
	separator := ", "
	if name == "users" {
		separator = "; "
	}
	if own {
		c.Because = ""
	}
	switch {
	case unknown != nil:
		return unable("%w", unknown)
	case len(wrong) > 0:
		return &differsError{strings.Join(wrong, "; "), errors.Join(causes...)}
	}
	c.Evidence = strings.Join(append(have, keptText(p, name)...), separator)
	return nil
}

// differs says how a resource is not as it should be, and because of which other
// resource, if that is the only reason; nothing where it is as it should be.
func (v *verifier) differs(i engine.Item, c *Check) (text string, because step.ID, cause error) {
	var texts []string
	var causes []error
	for _, f := range i.Findings {
		if !f.Problem {
			continue
		}
		because = f.Because
		texts = append(texts, strings.TrimSpace(f.Object+" "+f.Message))
		causes = append(causes, errProblem, f.Err)
	}
	if i.Refused && len(texts) == 0 {
		root := v.root(i)
		because = root.ID
		texts, causes = append(texts, shown(i)+": left alone because of "+root.ID.String()), append(causes, errProblem)
	}
	if i.Do != nil {
		because = i.Because
		texts = append(texts, changeText(i, c))
	}
	return strings.Join(texts, "; "), because, errors.Join(causes...)
}

// changeText says what a plan would change of a resource. The check gets the
// differences.
func changeText(i engine.Item, c *Check) string {
	text := shown(i) + ": " + i.Reason
	if !i.Because.IsZero() {
		text += ", because of " + i.Because.String()
	}
	var fields []string
	for _, d := range i.Diffs {
		of := d
		of.Of = i.ID.String()
		c.Diffs = append(c.Diffs, of)
		fields = append(fields, diffText(d))
	}
	if len(fields) > 0 {
		text += " (" + strings.Join(fields, ", ") + ")"
	}
	return text
}

// diffText is a difference in a line of evidence.
func diffText(d step.FieldDiff) string {
	const most = 80
	short := func(s string) string {
		if s, _, _ = strings.Cut(s, "\n"); len(s) > most {
			return strings.ToValidUTF8(s[:most], "") + "…" // without a character that was cut in half
		}
		return s
	}
	have, desired := words.ShownPair(d.Observed, d.Desired)
	if have == "" {
		return d.Field + ": " + short(desired)
	}
	if desired == "" {
		desired = "(none)"
	}
	return d.Field + ": " + short(have) + " -> " + short(desired)
}

// shown is the name that a plan shows.
func shown(i engine.Item) string {
	if i.Name != "" {
		return i.Name
	}
	return i.ID.Name
}

// root is the resource with the problem because of which an item is left alone.
func (v *verifier) root(i engine.Item) engine.Item {
	return engine.Root(func(t step.Target) engine.Part { return v.parts[t] }, i)
}

// unknown says why a resource could not be compared, or the one behind it.
func (v *verifier) unknown(i engine.Item) error {
	if i.Unable != nil {
		return i.Unable
	}
	if i.Refused {
		return v.root(i).Unable
	}
	return nil
}

// A differsError says how the world differs from the Spec; cause is nil unless
// problems have to do with it.
type differsError struct {
	text  string
	cause error
}

func (e *differsError) Error() string { return e.text }
func (e *differsError) Unwrap() error { return e.cause }

// health is what a cluster says of itself.
func (v *verifier) health(ctx context.Context, cluster string) {
	c := Check{ID: "ceph-health/" + cluster, Name: "ceph-health " + cluster, Target: cluster}
	v.checkAt(ctx, c, "ceph health detail", func(_ context.Context, c *Check) error {
		seen := v.View.Clusters[cluster]
		if seen.Err != nil {
			return unable("%w", seen.Err)
		}
		if seen.Status.Health == "HEALTH_ERR" || seen.Status.OSDsUp == 0 {
			return errors.New(healthOf(seen.Status))
		}
		c.Evidence = healthOf(seen.Status)
		return nil
	})
}

// healthOf is what a cluster says of itself, in a line.
func healthOf(s ceph.Status) string {
	words := []string{s.Health, "fsid " + s.FSID}
	if s.Release != "" {
		words = append(words, s.Release)
	}
	text := fmt.Sprintf("%s, %d OSDs up", strings.Join(words, ", "), s.OSDsUp)
	var checks []string
	for _, code := range s.Checks {
		if slices.Contains(s.Muted, code) {
			code += " (muted)"
		}
		checks = append(checks, code)
	}
	if len(checks) > 0 {
		text += "; checks: " + strings.Join(checks, ", ")
	}
	return text
}

// servicesUp looks whether the APIs report the services of the Spec up.
func (v *verifier) servicesUp(ctx context.Context) {
	c := Check{ID: "services-up", Name: "services up", Target: "cloud"}
	const next = "openstack volume service list; openstack compute service list"
	v.checkAt(ctx, c, next, func(_ context.Context, c *Check) error {
		if v.View.Cloud.Err != nil {
			return unable("%w", v.View.Cloud.Err)
		}
		up, disabled := map[string]bool{}, map[string]string{}
		for _, r := range v.View.Cloud.Records {
			name := r.Binary + " " + r.Host
			up[name] = r.Up && r.Enabled
			if !r.Enabled {
				disabled[name] = " (disabled)"
			}
		}
		var have, wrong []string
		for _, h := range v.Site.Hosts {
			if v.Hosts[h.Name] == nil {
				continue // it was left out
			}
			node := host.NewNode(v.Site, h)
			for _, service := range node.Services {
				if h.StandsBy(service) {
					continue // it may be down
				}
				for _, name := range node.Records(v.Hosts[h.Name], service) {
					if up[name] {
						have = append(have, name)
					} else {
						wrong = append(wrong, name+disabled[name])
					}
				}
			}
		}
		switch {
		case len(have)+len(wrong) == 0:
			return unable("no service of the Spec has a record in the APIs")
		case len(wrong) > 0:
			return fmt.Errorf("not up: %s", strings.Join(wrong, ", "))
		}
		c.Evidence = strings.Join(have, ", ")
		return nil
	})
}

// hasZones reports whether the Spec says in which zone some backend is.
func hasZones(s *want.Site) bool {
	return slices.ContainsFunc(s.Cinder, func(b spec.Backend) bool { return b.AvailabilityZone != "" })
}

// zones looks whether the services are in the zones that the Spec says.
func (v *verifier) zones(ctx context.Context) {
	if !hasZones(v.Site) {
		return
	}
	c := Check{ID: "availability-zones", Name: "availability zones", Target: "cloud"}
	const next = "openstack volume service list; a service takes its zone when it starts"
	v.checkAt(ctx, c, next, func(_ context.Context, c *Check) error {
		if v.View.Cloud.Err != nil {
			return unable("%w", v.View.Cloud.Err)
		}
		var have, wrong []string
		for _, b := range v.Site.Cinder {
			found := false
			for _, r := range v.View.Cloud.Records {
				if b.AvailabilityZone == "" || r.Binary != "cinder-volume" || !want.ServedBy(b, r.Host) {
					continue
				}
				if found = true; r.Zone == b.AvailabilityZone {
					have = append(have, r.Host+" in "+r.Zone)
				} else {
					wrong = append(wrong, fmt.Sprintf("%s is in %s, not in %s", r.Host, r.Zone, b.AvailabilityZone))
				}
			}
			if b.AvailabilityZone != "" && !found {
				wrong = append(wrong, "no service has backend "+b.Name)
			}
		}
		if len(wrong) > 0 {
			return errors.New(strings.Join(wrong, ", "))
		}
		c.Evidence = strings.Join(have, ", ")
		return nil
	})
}

// config is the configuration of a service on a host, as it was read.
func (v *verifier) config(name, service string) (*osloconf.File, osloconf.Values, error) {
	seen := v.Hosts[name]
	if seen == nil || seen.Err != nil {
		return nil, osloconf.Values{}, errors.New("the host was not read")
	}
	return v.Site.Service(v.Site.Host(name), service).Parsed(seen, v.Site.Containers(seen))
}
