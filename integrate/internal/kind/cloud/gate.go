package cloud

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// APIsID is the resource that stands for the APIs as a whole. It is refused where
// they cannot be asked, and so is everything that needs it.
func APIsID() step.ID { return step.ID{Target: step.AtCloud(), Kind: "apis", Name: "apis"} }

// A gate is the APIs as a whole.
type gate struct{ site *want.Site }

func newGate(s *want.Site) []step.Resource { return []step.Resource{gate{s}} }

// ID implements step.Resource.
func (gate) ID() step.ID { return APIsID() }

// Needs implements step.Resource.
func (gate) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (gate) Asks() step.Asks { return step.Asks{} }

// Compare implements step.Resource. A Spec may do without APIs: what needs them
// then says so itself.
func (g gate) Compare(v step.View) step.Delta {
	var d step.Delta
	err := v.Cloud.Err
	if err != nil && !errors.Is(err, step.ErrNoCloud) {
		d = step.Refuse("apis-unreachable", "",
			fmt.Errorf("the APIs cannot be asked, so nothing that depends on them is planned: %w%s", err, cause.Advice(err)))
	}
	d.Unable = err
	for _, w := range v.Cloud.Warnings {
		switch w.Code {
		case api.TLSUnverified:
			d.Note("tls-unverified", w.Object, "%s", w.Message)
		case api.TLSNone:
			d.Note("tls-none", w.Object, "%s", w.Message)
		case api.LoginFileOpen:
			d.Note("login-file-open", w.Object, "%s", w.Message)
		}
	}
	if g.site.Cloud.None() {
		d.Note("apis-left-out", "", "the Spec has cloud.apis: none: what only the APIs know is not looked at, such as VMs "+
			"with local disks or on their way between computes, and no guest tries the result. A compute with local disks "+
			"stays as it is, unless the Spec has `disks: ceph` for the host")
	}
	g.leftOut(&d)
	return d
}

// leftOut notes services that hosts have, and that the Spec does not integrate: the section of the Spec may be
// forgotten.
func (g gate) leftOut(d *step.Delta) {
	sections := map[string]string{"glance-api": "glance: {}", "cinder-volume": "cinder with its backends",
		"cinder-backup": "backup: {}", "nova-compute": "nova: {}"}
	for _, service := range spec.ServiceNames() {
		var on []string
		site := g.site.Before() // what retires is integrated until then
		for _, h := range site.Hosts {
			if slices.Contains(h.Services, service) && !slices.Contains(site.ServicesOf(h), service) {
				on = append(on, h.Name)
			}
		}
		if len(on) == 0 {
			continue
		}
		d.Note("service-left-out", service, "the Spec has it on %s, and no section of the Spec integrates it: plan, apply "+
			"and verify leave it out; write %s to integrate it, or take it off the services of the hosts",
			words.JoinShort(on), sections[service])
	}
}
