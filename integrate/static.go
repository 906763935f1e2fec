package integrate

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
)

const applyNext = "look at the plan and apply it"

// static makes the checks that only read. They compare by the same rules as a
// plan: where a plan would change something, the check fails and says what.
func (v *verifier) static(ctx context.Context) {
	plan := v.in.diff(v.seen)
	for _, c := range v.in.site.spec.Clusters {
		v.staticCluster(ctx, plan, c)
	}
	for _, h := range v.in.site.spec.Hosts {
		if len(v.in.site.servicesOf(h)) > 0 {
			v.staticHost(ctx, plan, h)
		}
	}
	v.staticCloud(ctx, plan)
}

// agrees passes when a plan has nothing to say about some kinds at a target.
func agrees(plan *Plan, target string, evidence string, kinds ...Kind) (string, error) {
	var wrong []string
	var problems []error
	for _, f := range plan.Problems() {
		if f.Target == target && f.concerns(kinds) {
			wrong = append(wrong, strings.TrimSpace(f.Object+" "+f.Message))
			problems = append(problems, errProblem, f.Err)
		}
	}
	for _, c := range plan.Changes {
		if c.Target == target && slices.Contains(kinds, c.Kind) {
			wrong = append(wrong, fmt.Sprintf("%s: %s", c.Name, c.Reason))
		}
	}
	if len(wrong) > 0 {
		return "", &differsError{strings.Join(wrong, "; "), errors.Join(problems...)}
	}
	return evidence, nil
}

// A differsError says how the world differs from the Spec; cause is nil unless
// problems have to do with it.
type differsError struct {
	text  string
	cause error
}

func (e *differsError) Error() string { return e.text }
func (e *differsError) Unwrap() error { return e.cause }

// concerns tells a finding about a host's secrets or units from one about its
// files; a finding without an object concerns everything at its target.
func (f Finding) concerns(kinds []Kind) bool {
	kind := KindFile
	switch {
	case f.Object == "":
		return true
	case f.concernsWayIn():
		return slices.Contains(kinds, KindAuthorizedKeys)
	case strings.HasPrefix(f.Object, containerObject):
		return true
	case strings.HasPrefix(f.Object, "secret"):
		kind = KindSecret
	case strings.HasSuffix(f.Object, ".service"), slices.Contains(spec.ServiceNames(), f.Object):
		kind = KindUnit
	case strings.HasPrefix(f.Object, "pool"), strings.HasPrefix(f.Object, "erasure profile"):
		kind = KindPool
	case strings.HasPrefix(f.Object, "release"), isServiceConfig(f.Object), f.Object == "VM disks":
		kind = KindSettings
	case f.Object == "packages":
		kind = KindPackages
	}
	return slices.Contains(kinds, kind)
}

// isServiceConfig tells the configuration of a service from that of a cluster.
func isServiceConfig(file string) bool {
	names := []string{"glance-api.conf", "cinder.conf", "nova.conf"}
	return slices.Contains(names, path.Base(file)) && path.Base(path.Dir(file)) != path.Base(cephDir)
}

func (v *verifier) staticCluster(ctx context.Context, plan *Plan, c spec.Cluster) {
	seen := v.seen.clusters[c.Name]
	v.check(ctx, "ceph-health "+c.Name, "ceph health detail", func(context.Context) (string, error) {
		if seen.err != nil {
			return "", unable("%w", seen.err)
		}
		s := seen.status
		if s.Health == "HEALTH_ERR" || s.OSDsUp == 0 {
			return "", errors.New(healthOf(s))
		}
		return healthOf(s), nil
	})
	v.check(ctx, "pools "+c.Name, applyNext, func(context.Context) (string, error) {
		if seen.err != nil {
			return "", unable("%w", seen.err)
		}
		var have []string
		for _, p := range v.in.site.pools[c.Name] {
			s := seen.pools[p.Name]
			have = append(have, fmt.Sprintf("%s (%s, size %d/%d, %d PGs)", s.Name, s.Application, s.Size, s.MinSize, s.PGNum))
		}
		return agrees(plan, c.Name, strings.Join(have, ", "), KindPool, KindErasureProfile)
	})
	v.check(ctx, "users "+c.Name, applyNext, func(context.Context) (string, error) {
		if seen.err != nil {
			return "", unable("%w", seen.err)
		}
		var have []string
		for _, u := range v.in.site.users {
			if u.Cluster == c.Name {
				have = append(have, u.Entity+" "+seen.users[u.Entity].Caps.String())
			}
		}
		return agrees(plan, c.Name, strings.Join(have, "; "), KindUser)
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

func (v *verifier) staticHost(ctx context.Context, plan *Plan, h spec.Host) {
	seen := v.seen.hosts[h.Name]
	x := newDiffer(v.in.site, v.seen).on(h, seen)
	v.check(ctx, "files "+h.Name, applyNext, func(context.Context) (string, error) {
		if err := x.unknown(); err != nil {
			return "", err
		}
		var have []string
		for _, p := range x.places {
			for _, file := range p.files() {
				f := seen.files[file]
				have = append(have, fmt.Sprintf("%s %s:%s %s", file, f.Owner, f.Group, octal(f.Mode)))
			}
		}
		return agrees(plan, h.Name, strings.Join(have, ", "), KindFile, KindDirectory, KindPackages)
	})
	if v.in.site.asksWayIn() {
		v.check(ctx, "login "+h.Name, applyNext, func(context.Context) (string, error) {
			if x.seen.err != nil {
				return "", unable("%w", x.seen.err)
			}
			return agrees(plan, h.Name, "the keys and the sudo rule that the Spec asks for are in place", KindAuthorizedKeys, KindSudoRule)
		})
	}
	if slices.Contains(x.names, "nova-compute") {
		v.check(ctx, "secrets "+h.Name, applyNext, func(context.Context) (string, error) {
			if err := x.unknown(); err != nil {
				return "", err
			}
			if uuids := x.privateSecrets(); len(uuids) > 0 {
				return "", unable("%s: private, so libvirt does not give its value out; define it anew as not private, or prove it by the journey alone", joinShort(uuids))
			}
			var have []string
			for _, id := range v.in.site.secrets {
				if c := v.seen.clusters[id.Cluster]; c.err == nil {
					have = append(have, x.uuids[id]+" holds the key of "+id.Entity)
				}
			}
			return agrees(plan, h.Name, strings.Join(have, ", "), KindSecret)
		})
	}
	v.check(ctx, "settings "+h.Name, applyNext, func(context.Context) (string, error) {
		if err := x.unknown(); err != nil {
			return "", err
		}
		return agrees(plan, h.Name, strings.Join(x.effective(), ", "), KindSettings)
	})
	v.check(ctx, "units "+h.Name, applyNext, func(context.Context) (string, error) { return x.unitsWell(plan) })
}

// unitsWell passes when all units run with their files as they are. What the
// files should be does not matter, so that no cluster is needed for it.
func (x *hostDiffer) unitsWell(plan *Plan) (string, error) {
	if x.seen.err != nil {
		return "", unable("%w", x.seen.err)
	}
	var have, wrong []string
	for _, name := range x.names {
		l := x.service(name)
		u := x.seen.unit(l)
		have = append(have, fmt.Sprintf("%s %s since %s", u.Name, u.Active, u.Since.UTC().Format("15:04:05Z")))
		if reason, _ := x.debt(l, u); reason != "" {
			wrong = append(wrong, l.unit+": "+reason)
		}
	}
	evidence, err := agrees(plan, x.spec.Name, strings.Join(have, ", "), KindUnit)
	if err == nil && len(wrong) > 0 {
		err = errors.New(strings.Join(wrong, "; "))
	}
	return evidence, err
}

// unknown says why a host cannot be compared with the Spec: it, or a cluster
// that its files depend on, cannot be read.
func (x *hostDiffer) unknown() error {
	if x.seen.err != nil {
		return unable("%w", x.seen.err)
	}
	for _, id := range x.users {
		if err := x.o.clusters[id.Cluster].err; err != nil {
			return unable("%w", err)
		}
	}
	return nil
}

// privateSecrets lists the secrets of the Spec whose value cannot be compared.
func (x *hostDiffer) privateSecrets() []string {
	var uuids []string
	for _, id := range x.site.secrets {
		for _, s := range x.seen.secrets {
			if s.Private && s.UUID == x.uuids[id] {
				uuids = append(uuids, s.UUID)
			}
		}
	}
	return uuids
}

// effective lists the options that tell where data goes, as they take effect.
func (x *hostDiffer) effective() []string {
	var out []string
	for _, name := range x.names {
		_, all, err := x.seen.config(x.service(name))
		if err != nil {
			continue
		}
		for _, o := range effectiveOptions(x.site, name) {
			if value, ok := all.Lookup(o[0], o[1]); ok {
				out = append(out, "["+o[0]+"] "+o[1]+"="+value)
			}
		}
	}
	return out
}

func effectiveOptions(s *site, service string) [][2]string {
	switch service {
	case "glance-api":
		out := [][2]string{{"DEFAULT", "enabled_backends"}, {"glance_store", "default_backend"}}
		for _, st := range s.stores {
			out = append(out, [2]string{st.Name, "rbd_store_pool"})
		}
		return out
	case "cinder-volume":
		out := [][2]string{{"DEFAULT", "enabled_backends"}}
		for _, b := range s.cinder {
			out = append(out, [2]string{b.Name, "rbd_pool"}, [2]string{b.Name, "rbd_secret_uuid"})
		}
		return out
	case "cinder-backup":
		return [][2]string{{"DEFAULT", "backup_driver"}, {"DEFAULT", "backup_ceph_pool"}}
	}
	section, prefix := s.diskOptions()
	return [][2]string{{section, prefix + "images_type"}, {section, prefix + "images_rbd_pool"}, {section, "rbd_secret_uuid"}}
}

func (v *verifier) staticCloud(ctx context.Context, plan *Plan) {
	v.check(ctx, "services up", "openstack volume service list; openstack compute service list", func(context.Context) (string, error) {
		if v.seen.cloud.err != nil {
			return "", unable("%w", v.seen.cloud.err)
		}
		up := map[string]bool{}
		for _, r := range v.seen.cloud.records {
			up[r.Binary+" "+r.Host] = r.Up && r.Enabled
		}
		expected := v.expectedRecords()
		if len(expected) == 0 {
			return "", unable("no service of the Spec has a record in the APIs")
		}
		var have, wrong []string
		for _, name := range expected {
			if up[name] {
				have = append(have, name)
			} else {
				wrong = append(wrong, name)
			}
		}
		if len(wrong) > 0 {
			return "", fmt.Errorf("not up: %s", strings.Join(wrong, ", "))
		}
		return strings.Join(have, ", "), nil
	})
	v.staticZones(ctx)
	if !slices.ContainsFunc(v.in.site.cinder, func(b spec.Backend) bool { return b.VolumeType != "" }) {
		return // nothing to look at, and so nothing to pass
	}
	v.check(ctx, "volume types", applyNext, func(context.Context) (string, error) {
		var have []string
		for _, b := range v.in.site.cinder {
			if b.VolumeType != "" {
				have = append(have, b.VolumeType+" -> "+b.Name)
			}
		}
		return agrees(plan, "cloud", strings.Join(have, ", "), KindVolumeType, KindFile)
	})
}

// expectedRecords names the service records that must be up.
func (v *verifier) expectedRecords() []string {
	var names []string
	for _, h := range v.in.site.spec.Hosts {
		run := &hostRun{run: &run{in: v.in, seen: v.seen}, spec: h}
		for _, name := range v.in.site.servicesOf(h) {
			names = append(names, run.recordsOf(v.in.site.service(h, name).unit)...)
		}
	}
	return names
}
