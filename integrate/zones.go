package integrate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/api"
)

// defaultZone is the zone of services that are told none.
const defaultZone = "nova"

// once drops settings that are there before: backends share some.
func once(all []openstack.Setting) []openstack.Setting {
	var out []openstack.Setting
	for _, s := range all {
		if !slices.ContainsFunc(out, func(o openstack.Setting) bool { return o.Section == s.Section && o.Option == s.Option }) {
			out = append(out, s)
		}
	}
	return out
}

// zones refuses a zone that would be one of other backends too, or that volumes
// are not in, and says what comes of a backend outside the default one.
func (x *hostDiffer) zones(cur openstack.Current) error {
	var outside []string
	for _, b := range x.site.cinder {
		if b.AvailabilityZone == "" {
			continue
		}
		if err := x.keepsZone(b, cur); err != nil {
			return err
		}
		if b.AvailabilityZone != volumeZone(cur) {
			outside = append(outside, b.Name+" ("+b.AvailabilityZone+")")
		}
	}
	if len(outside) == 0 {
		return nil
	}
	if !x.site.release.Before("pike") {
		x.note(x.spec.Name, "availability zones", "volumes that name no zone go to zone %s, which %s is not in: they must name it, or their type have the extra spec "+
			"RESKEY:availability_zones (from Rocky); a backup is made by a cinder-backup of the volume's zone, unless it names another one", volumeZone(cur), strings.Join(outside, ", "))
		return nil
	}
	for _, name := range enabledBackends(cur) {
		if !slices.ContainsFunc(x.site.cinder, func(b spec.Backend) bool { return b.Name == name }) {
			return fmt.Errorf("backend %s is here too, and would move into that zone with %s: until Ocata a service has one zone; leave availability_zone out, or serve it elsewhere",
				name, strings.Join(outside, ", "))
		}
	}
	x.note(x.spec.Name, "availability zones", "until Ocata storage_availability_zone is that of all services that read this file: cinder-backup moves into zone %s with %s, and backs up "+
		"volumes of that zone alone; where cinder-api reads it and default_availability_zone is not set, volumes that name no zone go there", x.site.cinder[0].AvailabilityZone, strings.Join(outside, ", "))
	return nil
}

// enabledBackends are those that cinder-volume serves by its files.
func enabledBackends(cur openstack.Current) (names []string) {
	enabled, _ := cur.Lookup("DEFAULT", "enabled_backends")
	for name := range strings.SplitSeq(enabled, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	if driver, _ := cur.Lookup("DEFAULT", "volume_driver"); driver != "" && len(names) == 0 {
		names = []string{spec.SingleBackend}
	}
	return names
}

// isAt reports whether a service or a volume is of the backend, by its host as
// Cinder says it: host@backend#pool.
func isAt(b spec.Backend, host string) bool {
	host, _, _ = strings.Cut(host, "#")
	_, name, _ := strings.Cut(host, "@")
	return name == b.Name || b.Name == spec.SingleBackend && name == ""
}

// keepsZone refuses to move a backend that holds volumes into another zone.
// They stay in theirs, and what is made from them, clones and snapshots, would
// find no backend there.
func (x *hostDiffer) keepsZone(b spec.Backend, cur openstack.Current) error {
	have := zoneOf(b, cur)
	if have == b.AvailabilityZone || !slices.Contains(enabledBackends(cur), b.Name) {
		return nil
	}
	if err := cmp.Or(x.o.cloud.err, x.o.cloud.volumesErr); err != nil {
		return fmt.Errorf("backend %s is in use in zone %s, and whether it holds volumes, which would stay there, cannot be told: %w", b.Name, have, err)
	}
	stay := volumesThat(x.o.cloud.volumes, func(v api.Volume) bool { return isAt(b, v.Host) && v.Zone != b.AvailabilityZone })
	if len(stay) == 0 {
		return nil
	}
	return fmt.Errorf("backend %s holds volumes of another zone than %s (%s), and their clones and snapshots would find no backend in it; say availability_zone: %s, or name another backend for %s",
		b.Name, b.AvailabilityZone, joinShort(stay), have, b.AvailabilityZone)
}

// zoneOf is the zone that a backend's files give it.
func zoneOf(b spec.Backend, cur openstack.Current) string {
	for _, at := range []struct{ section, option string }{{b.Name, "backend_availability_zone"}, {"DEFAULT", "storage_availability_zone"}} {
		if zone, ok := cur.Lookup(at.section, at.option); ok && zone != "" {
			return zone
		}
	}
	return defaultZone
}

// volumeZone is where volumes go that name no zone.
func volumeZone(cur openstack.Current) string {
	for _, option := range []string{"default_availability_zone", "storage_availability_zone"} {
		if zone, ok := cur.Lookup("DEFAULT", option); ok && zone != "" {
			return zone
		}
	}
	return defaultZone
}

// staticZones looks whether the services are in the zones that the Spec says.
func (v *verifier) staticZones(ctx context.Context) {
	if !slices.ContainsFunc(v.in.site.cinder, func(b spec.Backend) bool { return b.AvailabilityZone != "" }) {
		return
	}
	v.check(ctx, "availability zones", "openstack volume service list; a service takes its zone when it starts", func(context.Context) (string, error) {
		if v.seen.cloud.err != nil {
			return "", unable("%w", v.seen.cloud.err)
		}
		var have, wrong []string
		for _, b := range v.in.site.cinder {
			found := false
			for _, r := range v.seen.cloud.records {
				if b.AvailabilityZone == "" || r.Binary != "cinder-volume" || !isAt(b, r.Host) {
					continue
				}
				found = true
				if r.Zone == b.AvailabilityZone {
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
			return "", fmt.Errorf("%s", strings.Join(wrong, ", "))
		}
		return strings.Join(have, ", "), nil
	})
}

// backupZone is the zone that a backup of the journey's volume must name: that of
// a cinder-backup, where none is in the volume's zone.
func (j *journey) backupZone() (string, error) {
	var zones []string
	for _, r := range j.seen.cloud.records {
		if r.Binary == "cinder-backup" && r.Up && r.Enabled {
			zones = append(zones, r.Zone)
		}
	}
	switch {
	case len(zones) == 0 || j.data.Zone == "" || slices.Contains(zones, j.data.Zone):
		return "", nil
	case j.in.site.release.Before("train"):
		return "", unable("the volume is in zone %s, cinder-backup in %s, and a backup can name a zone from Train on", j.data.Zone, strings.Join(zones, ", "))
	}
	return zones[0], nil
}
