package api

import (
	"cmp"
	"context"
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
		Updated                           stamp `json:"updated_at"`
	}
	found, err := pages[record](ctx, c, call{op: "list services", object: s().Type, service: s,
		path: []string{"os-services"}, query: only}, "services")
	if err != nil {
		return nil, err
	}
	var out []ServiceRecord
	for _, r := range found {
		out = append(out, ServiceRecord{r.Binary, r.Host, r.Zone, r.Status == "enabled", r.State == "up",
			time.Time(r.Updated)})
	}
	return out, nil
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
