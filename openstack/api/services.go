package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// A ServiceRecord is what Cinder or Nova tells of one of its services.
type ServiceRecord struct {
	Binary  string // cinder-volume, cinder-backup, nova-compute, …
	Host    string // cinder-volume: host@backend
	Zone    string
	Enabled bool
	Up      bool
	Updated time.Time // last sign of life; zero when the service never gave one
	Reason  string    // why it is disabled; empty when it is enabled, or when nobody said why
}

// Services reads the service records of Cinder and Nova, sorted by binary and host.
//
// Similar To: openstack volume service list; openstack compute service list
func (c *Cloud) Services(ctx context.Context) ([]ServiceRecord, error) {
	volume, err := c.services(ctx, c.volume, nil)
	if err != nil {
		return nil, err
	}
	compute, err := c.services(ctx, c.compute, nil)
	if err != nil {
		return nil, err
	}
	out := append(volume, compute...)
	slices.SortFunc(out, func(a, b ServiceRecord) int {
		return cmp.Or(cmp.Compare(a.Binary, b.Binary), cmp.Compare(a.Host, b.Host))
	})
	return out, nil
}

// ComputeServices reads Nova's service records of one host.
//
// Similar To: openstack compute service list --host <host>
func (c *Cloud) ComputeServices(ctx context.Context, host string) ([]ServiceRecord, error) {
	return c.services(ctx, c.compute, url.Values{"host": {host}})
}

func (c *Cloud) services(ctx context.Context, s service, only url.Values) ([]ServiceRecord, error) {
	type record struct {
		Binary, Host, Zone, Status, State string
		Updated                           stamp  `json:"updated_at"`
		Reason                            string `json:"disabled_reason"`
	}
	found, err := pages[record](ctx, c, call{op: "list services", object: s().Type, service: s,
		path: []string{"os-services"}, query: only}, "services")
	if err != nil {
		return nil, err
	}
	var out []ServiceRecord
	for _, r := range found {
		out = append(out, ServiceRecord{r.Binary, r.Host, r.Zone, r.Status == "enabled", r.State == "up",
			time.Time(r.Updated), r.Reason})
	}
	return out, nil
}

// EnableCompute lets Nova put VMs on a compute, by the host of its nova-compute. A compute that has not reported to
// Nova yet is ErrNotFound.
//
// Similar To: openstack compute service set --enable <host> nova-compute
func (c *Cloud) EnableCompute(ctx context.Context, host string) error {
	return c.setCompute(ctx, call{op: "enable compute", object: host, in: map[string]any{"status": "enabled"}})
}

// DisableCompute keeps Nova from putting further VMs on a compute, by the host of its nova-compute. VMs that are there
// go on. The reason shows in ServiceRecord, and to every administrator; it has at most 255 characters. A compute that
// has not reported to Nova yet is ErrNotFound. With enable_new_services=False in its nova.conf, Nova lets computes
// report for the first time as disabled ones.
//
// Similar To: openstack compute service set --disable --disable-reason <reason> <host> nova-compute
func (c *Cloud) DisableCompute(ctx context.Context, host, reason string) error {
	return c.setCompute(ctx, call{op: "disable compute", object: host,
		in: map[string]any{"status": "disabled", "disabled_reason": reason}})
}

// setCompute changes the service record of a nova-compute.
func (c *Cloud) setCompute(ctx context.Context, k call) error {
	type record struct{ ID, Binary, Host, Status string }
	k.service, k.path = c.compute, []string{"os-services"}
	k.query = url.Values{"host": {k.object}, "binary": {"nova-compute"}}
	look := k
	look.in = nil
	found, err := pages[record](ctx, c, look, "services")
	if err != nil {
		return err
	}
	at := slices.IndexFunc(found, func(r record) bool { return r.Binary == "nova-compute" && r.Host == k.object })
	if at < 0 {
		return &Error{Op: k.op, Object: c.named(k.object), Detail: "its nova-compute has not reported to Nova",
			Err: ErrNotFound}
	}
	var now struct{ Service record }
	k.method, k.path, k.query = http.MethodPut, append(k.path, found[at].ID), nil
	k.out, k.id = &now, &now.Service.ID
	if _, err := c.do(ctx, k); err != nil {
		return err
	}
	if want := k.in.(map[string]any)["status"]; now.Service.Status != want {
		return c.failed(k.op, k.object, "its nova-compute is "+now.Service.Status)
	}
	return nil
}

// A stamp is a time with or without a zone. The services write UTC.
type stamp time.Time

// UnmarshalText reads the forms that the services use. A time that cannot be read
// is left zero, so that no call fails because of it.
func (s *stamp) UnmarshalText(text []byte) error {
	for _, form := range []string{"2006-01-02T15:04:05.999999999", time.RFC3339Nano} {
		if t, err := time.Parse(form, string(text)); err == nil {
			*s = stamp(t.UTC())
			break
		}
	}
	return nil
}

// everything asks for the objects of all projects.
func everything() url.Values { return url.Values{"all_tenants": {"1"}} }
