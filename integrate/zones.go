package integrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/openstack"
)

// defaultZone is the zone of services that are told none.
const defaultZone = "nova"

// zone checks that backends of releases with one zone for all have one.
func (v *validation) zone(path, zone, first string) {
	if r, err := openstack.ParseRelease(v.spec.Release); err == nil && r.Before("pike") && zone != first {
		v.fault(path, "%q is not %q of cinder.backends[0]: all backends have one zone in %s, pike is the first release with one for each", zone, first, r)
	}
}

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

// zones refuses a zone that would be one of other backends too, and says what
// comes of a backend outside the default one.
func (x *hostDiffer) zones(cur openstack.Current) error {
	var outside []string
	for _, b := range x.site.cinder {
		if zone := b.AvailabilityZone; zone != "" && zone != volumeZone(cur) {
			outside = append(outside, b.Name+" ("+zone+")")
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
	enabled, _ := cur.Lookup("DEFAULT", "enabled_backends")
	for name := range strings.SplitSeq(enabled, ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.ContainsFunc(x.site.cinder, func(b BackendSpec) bool { return b.Name == name }) {
			return fmt.Errorf("backend %s is here too, and would move into that zone with %s: until Ocata a service has one zone; leave availability_zone out, or serve it elsewhere",
				name, strings.Join(outside, ", "))
		}
	}
	return nil
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
	if !slices.ContainsFunc(v.in.site.cinder, func(b BackendSpec) bool { return b.AvailabilityZone != "" }) {
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
				_, name, _ := strings.Cut(r.Host, "@")
				if b.AvailabilityZone == "" || r.Binary != "cinder-volume" || name != b.Name && (b.Name != singleBackend || name != "") {
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
