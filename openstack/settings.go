package openstack

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A Service is a service whose configuration names Ceph.
type Service string

// The services that integration configures.
const (
	GlanceAPI    Service = "glance-api"
	CinderVolume Service = "cinder-volume"
	CinderBackup Service = "cinder-backup"
	NovaCompute  Service = "nova-compute"
)

// A Setting is one option that a service needs. A Setting with Remove set
// says that the option must not be there.
type Setting struct {
	Section, Option, Value string
	Remove                 bool
	// Reason says why the service needs the option, as a phrase of less than 80
	// characters for the plans that operators approve. It holds no secrets.
	Reason string
}

// Current is a service's configuration as it takes effect now; osloconf.File
// implements it.
type Current interface {
	Lookup(section, option string) (value string, ok bool)
}

// A VolumeBackend is a Cinder RBD backend.
type VolumeBackend struct {
	Name             string // section and volume_backend_name; DEFAULT until Newton: the one backend, without a name
	Pool             string
	User             string            // Ceph user without "client."
	Conf             string            // path of ceph.conf
	SecretUUID       string            // libvirt secret that holds User's key on every compute
	AvailabilityZone string            // left alone when empty; until Ocata it is that of all backends of the service
	Extra            map[string]string // further options of the section, by name
}

// Settings computes what cinder-volume needs on release r: the backend's
// section, and its name in enabled_backends behind those that cur has. A
// section of that name with another driver is an error: it would take that
// backend's volumes away. So is, until Newton, a backend in [DEFAULT] beside one
// with a name, in either order.
//
// Options of the section that are not in the result stay as they are. Cinder
// also reads [backend_defaults]; what is set here wins over it.
func (b VolumeBackend) Settings(r Release, cur Current) ([]Setting, error) {
	single := b.Name == "DEFAULT" && r.Before(ocata)
	named := b.Name
	if single {
		named = "one" // passes
	}
	err := errors.Join(supported(r), section("VolumeBackend.Name", named), word("VolumeBackend.Pool", b.Pool),
		word("VolumeBackend.User", b.User), file("VolumeBackend.Conf", b.Conf),
		word("VolumeBackend.SecretUUID", b.SecretUUID), b.extra(r))
	if b.AvailabilityZone != "" {
		err = errors.Join(err, word("VolumeBackend.AvailabilityZone", b.AvailabilityZone))
	}
	if err != nil {
		return nil, err
	}
	const driver = "cinder.volume.drivers.rbd.RBDDriver"
	if d, ok := cur.Lookup(b.Name, "volume_driver"); ok && d != driver && d != "" {
		return nil, fmt.Errorf("openstack: backend %q is of type %s in cinder.conf, %s is wanted: choose another name", b.Name, d, driver)
	}
	enabled, _ := cur.Lookup("DEFAULT", "enabled_backends")
	if single && enabled != "" {
		return nil, fmt.Errorf("openstack: cinder.conf has enabled_backends = %s, and no other backend is served: give this one a name", enabled)
	}
	if d, _ := cur.Lookup("DEFAULT", "volume_driver"); !single && r.Before(ocata) && enabled == "" && d != "" {
		return nil, fmt.Errorf("openstack: cinder.conf has its one backend (%s) in [DEFAULT], and enabled_backends would put it out of service: move it into a section of its own first", d)
	}
	enabled = strings.Join(with(list(enabled), b.Name), ",")
	if single {
		enabled, named = "", ""
	}
	out := fill(CinderVolume, r, map[string]string{
		"backend": b.Name, "named": named, "enabled": enabled,
		"pool": b.Pool, "user": b.User, "conf": b.Conf, "uuid": b.SecretUUID,
		"zone": b.AvailabilityZone,
	})
	for _, name := range slices.Sorted(maps.Keys(b.Extra)) {
		s := Setting{Section: b.Name, Option: name, Value: b.Extra[name], Reason: "asked for in the options of this backend"}
		at := slices.IndexFunc(out, func(o Setting) bool { return o.Section == b.Name && o.Option == name })
		if at < 0 {
			out = append(out, s)
		} else {
			out[at] = s
		}
	}
	return out, nil
}

// extra refuses further options that would undo what the backend is, and those
// that release r does not know.
func (b VolumeBackend) extra(r Release) error {
	var errs []error
	for name, value := range b.Extra {
		switch name {
		case "glance_api_version":
			if b.Name != "DEFAULT" && r.Before(queens) {
				errs = append(errs, fmt.Errorf("openstack: VolumeBackend.Extra[%q]: is read in [DEFAULT] alone, where it is set to 2 until Ocata", name))
			}
			errs = append(errs, knows(r, name, value))
		case "volume_driver", "volume_backend_name", "rbd_pool", "rbd_user", "rbd_ceph_conf", "rbd_secret_uuid", "rbd_keyring_conf", "backend_availability_zone":
			errs = append(errs, fmt.Errorf("openstack: VolumeBackend.Extra[%q] is not a further option", name))
		default:
			errs = append(errs, knows(r, name, value))
		}
		if name == "" || strings.ContainsAny(name, " \t\r\n=:#[]") || strings.ContainsAny(value, "\r\n") {
			errs = append(errs, fmt.Errorf("openstack: VolumeBackend.Extra[%q] does not fit on one line of a configuration file", name))
		}
	}
	return errors.Join(errs...)
}

// A BackupDriver is cinder-backup's Ceph driver.
type BackupDriver struct {
	Pool string
	User string // Ceph user without "client."
	Conf string // path of ceph.conf
}

// Settings computes what cinder-backup needs on release r; the driver is
// named by module until Pike and by class from Queens.
func (b BackupDriver) Settings(r Release, _ Current) ([]Setting, error) {
	err := errors.Join(supported(r), word("BackupDriver.Pool", b.Pool), word("BackupDriver.User", b.User), file("BackupDriver.Conf", b.Conf))
	if err != nil {
		return nil, err
	}
	return fill(CinderBackup, r, map[string]string{"pool": b.Pool, "user": b.User, "conf": b.Conf}), nil
}

// ComputeDisks is Nova's use of Ceph on a compute.
type ComputeDisks struct {
	User       string // Ceph user without "client."
	SecretUUID string // libvirt secret that holds User's key
	Conf       string // path of ceph.conf
	Pool       string // VM disks; empty leaves images_type and its pool alone
}

// Settings computes what nova-compute needs on release r. Cache modes of other
// disk types that cur has stay.
func (c ComputeDisks) Settings(r Release, cur Current) ([]Setting, error) {
	err := errors.Join(supported(r), word("ComputeDisks.User", c.User), word("ComputeDisks.SecretUUID", c.SecretUUID))
	if c.Pool != "" {
		err = errors.Join(err, word("ComputeDisks.Pool", c.Pool), file("ComputeDisks.Conf", c.Conf))
	}
	if err != nil {
		return nil, err
	}
	section := "libvirt"
	if r == havana {
		section = "DEFAULT"
	}
	modes, _ := cur.Lookup(section, "disk_cachemodes")
	kept := slices.DeleteFunc(list(modes), func(m string) bool {
		return strings.HasPrefix(strings.ReplaceAll(m, " ", ""), "network=")
	})
	return fill(NovaCompute, r, map[string]string{
		"user": c.User, "uuid": c.SecretUUID, "conf": c.Conf, "pool": c.Pool,
		"modes": strings.Join(append(kept, "network=writeback"), ","),
	}), nil
}

// supported refuses releases that the tables do not cover.
func supported(r Release) error {
	if age(string(r)) < 0 {
		return fmt.Errorf("openstack: no option table covers release %q: name one of havana (2013.2) to 2026.2", string(r))
	}
	return nil
}

// list splits an oslo.config list.
func list(value string) []string {
	var out []string
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" && !slices.Contains(out, item) {
			out = append(out, item)
		}
	}
	return out
}

// with appends item unless it is there.
func with(items []string, item string) []string {
	if slices.Contains(items, item) {
		return items
	}
	return append(items, item)
}

var plainWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`) })

// word checks a value that must be one plain word: what it may hold has no
// meaning to oslo.config ($, commas, quotes) nor to Ceph.
func word(field, value string) error {
	if value == "" {
		return fmt.Errorf("openstack: %s is empty", field)
	}
	if !plainWord().MatchString(value) {
		return fmt.Errorf("openstack: %s %q: want letters, digits, dot, dash and underscore", field, value)
	}
	return nil
}

// section checks a backend's name, which becomes a section of the file.
func section(field, value string) error {
	switch value {
	case "DEFAULT", "backend_defaults", "glance_store", "database", "keystone_authtoken", "paste_deploy", "glance", "nova",
		"cinder", "backend", "key_manager", "barbican", "coordination", "profiler", "image_format", "task", "taskflow_executor",
		"cors", "healthcheck", "service_user", "privsep", "os_brick", "vault", "ssl", "wsgi", "store_type_location_strategy",
		"cache", "fc-zone-manager", "barbican_service_user", "cinder_sys_admin", "privsep_osbrick", "profiler_jaeger", "profiler_otlp",
		"image_conversion", "image_import_opts", "import_filtering_opts", "inject_metadata_properties",
		"glance_download_opts", "glance_download_properties":
		return fmt.Errorf("openstack: %s %q is the name of a section with another meaning", field, value)
	}
	if strings.HasPrefix(value, "os_glance_") || strings.HasPrefix(value, "oslo_") {
		return fmt.Errorf("openstack: %s %q is reserved", field, value)
	}
	return word(field, value)
}

func file(field, value string) error {
	if !path.IsAbs(value) || strings.ContainsAny(value, "$\"'\r\n,") {
		return fmt.Errorf("openstack: %s %q: want an absolute path without quotes, commas and dollars", field, value)
	}
	return nil
}
