package host

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// defaultZone is the zone of services that are told none.
const defaultZone = "nova"

// zones refuses a zone that would become the zone of other backends too, or that the
// volumes of a backend are not in. It notes what comes of a backend outside the
// default zone.
func (x *editing) zones(cur openstack.Current) error {
	var outside []string
	for _, b := range x.Site.Cinder {
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
	const object = "availability zones"
	names := strings.Join(outside, ", ")
	if !x.Site.Release.Before("pike") {
		x.d.Note("backend-outside-default-zone", object, "volumes that name no zone go to zone %s, which %s is not in: "+
			"they must name it, or their type have the extra spec RESKEY:availability_zones (from Rocky); "+
			"a backup is made by a cinder-backup of the volume's zone, unless it names another one", volumeZone(cur), names)
		return nil
	}
	for _, name := range enabledBackends(cur) {
		if !slices.ContainsFunc(x.Site.Cinder, func(b spec.Backend) bool { return b.Name == name }) {
			return refuse("zone-of-another-backend", "backend %s is here too, and would move into that zone with %s: "+
				"until Ocata a service has one zone; leave availability_zone out, or serve it elsewhere", name, names)
		}
	}
	x.d.Note("zone-of-all-services", object, "until Ocata storage_availability_zone is that of all services "+
		"that read this file: cinder-backup moves into zone %s with %s, and backs up volumes of that zone alone; "+
		"where cinder-api reads it and "+
		"default_availability_zone is not set, volumes that name no zone go there", x.Site.Cinder[0].AvailabilityZone, names)
	return nil
}

// keepsZone refuses to move a backend that holds volumes into another zone. They stay
// in theirs, and what is made from them, clones and snapshots, would find no backend
// there.
func (x *editing) keepsZone(b spec.Backend, cur openstack.Current) error {
	have := zoneOf(b, cur)
	if have == b.AvailabilityZone || !slices.Contains(enabledBackends(cur), b.Name) {
		return nil
	}
	if err := cloudErr(x.v.Cloud, true); err != nil {
		return refuse("volumes-unknown", "backend %s is in use in zone %s, and whether it holds volumes, "+
			"which would stay there, cannot be told: %w", b.Name, have, err)
	}
	var stay []string
	for _, v := range x.v.Cloud.Volumes {
		if want.ServedBy(b, v.Host) && v.Zone != b.AvailabilityZone {
			stay = append(stay, v.ID)
		}
	}
	if len(stay) == 0 {
		return nil
	}
	return refuse("volumes-of-another-zone", "backend %s holds volumes of another zone than %s (%s), "+
		"and their clones and snapshots would find no backend in it; "+
		"set availability_zone: %s, or name another backend for %s",
		b.Name, b.AvailabilityZone, words.JoinShort(stay), have, b.AvailabilityZone)
}

// cloudErr says why nothing is known of the APIs, or of the volumes.
func cloudErr(c *step.Cloud, volumes bool) error {
	if c == nil {
		return step.ErrNoCloud
	}
	if volumes {
		return cmp.Or(c.Err, c.VolumesErr)
	}
	return c.Err
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

// zoneOf is the zone that a backend's files give it.
func zoneOf(b spec.Backend, cur openstack.Current) string {
	if zone, ok := cur.Lookup(b.Name, "backend_availability_zone"); ok && zone != "" {
		return zone
	}
	if zone, ok := cur.Lookup("DEFAULT", "storage_availability_zone"); ok && zone != "" {
		return zone
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

// serves says how this host serves the backends of Cinder, with its files as they
// will be.
func (x *editing) serves(cur openstack.Current) []want.Serving {
	var all []want.Serving
	for _, b := range x.Site.Cinder {
		at := want.Serving{Backend: b.Name, Host: x.Spec.Name, Name: cinderName(b.Name, cur, x.Spec.Name),
			Standby: x.Spec.StandsBy("cinder-volume")}
		at.Cluster, _ = cur.Lookup("DEFAULT", "cluster")
		at.Coordinator, _ = cur.Lookup("coordination", "backend_url")
		all = append(all, at)
	}
	return all
}

// cinderName is the name under which Cinder's services of a host report: backend_host
// of a backend's section, or host, or the host's own name.
func cinderName(section string, cur openstack.Current, host string) string {
	name, _ := cur.Lookup("DEFAULT", "host")
	if own, ok := cur.Lookup(section, "backend_host"); ok && section != spec.SingleBackend {
		name = own
	}
	return cmp.Or(name, host)
}
