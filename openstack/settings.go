package openstack

import (
	"cmp"
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

// A Setting is an option that a service needs. When Remove is set, the option must
// not be there. Its Value may be a secret, if what it is computed from has a secret.
type Setting struct {
	Section, Option, Value string
	Remove                 bool
	// Reason says why the service needs the option, as a phrase of less than 80
	// characters for the plans that operators approve. It holds no secrets.
	Reason string
}

// Current is a service's configuration as it takes effect now; osloconf.Values
// implements it, and osloconf.File where no value has a "$".
type Current interface {
	Lookup(section, option string) (value string, ok bool)
}

// A VolumeBackend is a Cinder RBD backend.
type VolumeBackend struct {
	// Name is the section, and volume_backend_name unless BackendName is set. Until Newton
	// it may be DEFAULT, for the only backend of a cinder-volume, which then has no name.
	Name             string
	BackendName      string // volume_backend_name, where it is not Name
	Cluster          string // name of the Ceph cluster, by which keyrings are looked for; ceph when empty
	Pool             string
	User             string            // Ceph user without "client."
	Conf             string            // path of ceph.conf
	SecretUUID       string            // libvirt secret that holds User's key on every compute
	AvailabilityZone string            // left alone when empty; until Ocata all backends of a cinder-volume share it
	Extra            map[string]string // further options of the section, by name
}

// Settings computes what cinder-volume needs on release r: the backend's section,
// and the backend's name in enabled_backends behind the names that cur has. A
// section of the same name with another driver is an error, because the volumes of
// that backend would be lost to Cinder. Until Newton it is also an error to have a
// backend in [DEFAULT] beside a backend with a name.
//
// Options of the section that are not in the result stay as they are. What is set
// here wins over [backend_defaults].
func (b VolumeBackend) Settings(r Release, cur Current) ([]Setting, error) {
	single := b.Name == "DEFAULT" && r.Before(ocata)
	named := b.Name
	if single {
		named = "single" // any valid name: DEFAULT is allowed here
	}
	err := errors.Join(supported(r), section("VolumeBackend.Name", named), word("VolumeBackend.Pool", b.Pool),
		word("VolumeBackend.User", b.User), file("VolumeBackend.Conf", b.Conf),
		word("VolumeBackend.SecretUUID", b.SecretUUID), b.names(), b.extra(r))
	if b.AvailabilityZone != "" {
		err = errors.Join(err, word("VolumeBackend.AvailabilityZone", b.AvailabilityZone))
	}
	if err != nil {
		return nil, err
	}
	const driver = "cinder.volume.drivers.rbd.RBDDriver"
	if d, set := (InForce{r, CinderVolume, cur}).Lookup(b.Name, "volume_driver"); d != driver && set {
		return nil, fmt.Errorf("openstack: backend %q is of type %s in cinder.conf, %s is wanted: choose another name",
			b.Name, d, driver)
	}
	enabled, _ := cur.Lookup("DEFAULT", "enabled_backends")
	if single && enabled != "" {
		return nil, fmt.Errorf("openstack: cinder.conf has enabled_backends = %s, so a backend in [DEFAULT] "+
			"is not served: give the backend a name", enabled)
	}
	if d, _ := cur.Lookup("DEFAULT", "volume_driver"); !single && r.Before(ocata) && enabled == "" && d != "" {
		return nil, fmt.Errorf("openstack: cinder.conf has a backend (%s) in [DEFAULT], and enabled_backends "+
			"would put it out of service: move it into a section of its own first", d)
	}
	enabled = strings.Join(with(list(enabled), b.Name), ",")
	if named = cmp.Or(b.BackendName, b.Name); single {
		enabled, named = "", ""
	}
	out := fill(CinderVolume, r, map[string]string{
		"backend": b.Name, "named": named, "enabled": enabled,
		"pool": b.Pool, "user": b.User, "conf": b.Conf, "uuid": b.SecretUUID,
		"zone": b.AvailabilityZone, "cluster": b.cluster(r, cur),
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

// names checks what else has a name.
func (b VolumeBackend) names() error {
	var errs []error
	if b.BackendName != "" {
		errs = append(errs, word("VolumeBackend.BackendName", b.BackendName))
	}
	if b.Cluster != "" {
		errs = append(errs, word("VolumeBackend.Cluster", b.Cluster))
	}
	return errors.Join(errs...)
}

// cluster is the value of rbd_cluster_name. It is empty, which leaves the option alone, where the
// driver takes the right name by itself.
func (b VolumeBackend) cluster(r Release, cur Current) string {
	cluster := cmp.Or(b.Cluster, "ceph")
	if have, set := (InForce{r, CinderVolume, cur}).Lookup(b.Name, "rbd_cluster_name"); have == cluster && !set {
		return ""
	}
	return cluster
}

// extra refuses further options that the other fields set, and options that release
// r does not know.
func (b VolumeBackend) extra(r Release) error {
	var errs []error
	for name, value := range b.Extra {
		switch name {
		case "glance_api_version":
			if b.Name != "DEFAULT" && r.Before(queens) {
				errs = append(errs, fmt.Errorf("openstack: VolumeBackend.Extra[%q]: is read in [DEFAULT] alone, "+
					"where it is set to 2 until Ocata", name))
			}
			errs = append(errs, knows(r, name, value))
		case "volume_driver", "volume_backend_name", "rbd_pool", "rbd_user", "rbd_ceph_conf", "rbd_secret_uuid",
			"rbd_keyring_conf", "backend_availability_zone":
			errs = append(errs, fmt.Errorf("openstack: VolumeBackend.Extra[%q] is not a further option", name))
		default:
			errs = append(errs, knows(r, name, value))
		}
		if name == "" || strings.ContainsAny(name, " \t\r\n=:#[]") || strings.ContainsAny(value, "\r\n") {
			errs = append(errs, fmt.Errorf("openstack: VolumeBackend.Extra[%q] does not fit on one line of a configuration file",
				name))
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

// Settings computes what cinder-backup needs on release r.
func (b BackupDriver) Settings(r Release, _ Current) ([]Setting, error) {
	err := errors.Join(supported(r), word("BackupDriver.Pool", b.Pool), word("BackupDriver.User", b.User),
		file("BackupDriver.Conf", b.Conf))
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
	Pool       string // of the VM disks; when empty, images_type and the pool are left alone
}

// Settings computes what nova-compute needs on release r. The cache modes that cur
// has for other types of disks stay.
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

// word checks that a value is a plain word. Dollars, commas and quotes have a
// meaning to oslo.config, and other characters to Ceph.
func word(field, value string) error {
	if value == "" {
		return fmt.Errorf("openstack: %s is empty", field)
	}
	if !plainWord().MatchString(value) {
		return fmt.Errorf("openstack: %s %q: use letters, digits, dots, dashes and underscores", field, value)
	}
	return nil
}

// section checks a backend's name, which becomes a section of the file.
func section(field, value string) error {
	switch value {
	case "DEFAULT", "backend_defaults", "glance_store", "database", "keystone_authtoken", "paste_deploy", "glance", "nova",
		"cinder", "backend", "key_manager", "barbican", "coordination", "profiler", "image_format", "task",
		"taskflow_executor",
		"cors", "healthcheck", "service_user", "privsep", "os_brick", "vault", "ssl", "wsgi", "store_type_location_strategy",
		"cache", "fc-zone-manager", "barbican_service_user", "cinder_sys_admin", "privsep_osbrick", "profiler_jaeger",
		"profiler_otlp",
		"image_conversion", "image_import_opts", "import_filtering_opts", "inject_metadata_properties",
		"glance_download_opts", "glance_download_properties":
		return fmt.Errorf("openstack: %s %q is the name of a section with another meaning", field, value)
	}
	if strings.HasPrefix(value, "os_glance_") || strings.HasPrefix(value, "oslo_") {
		return fmt.Errorf("openstack: %s %q: names that begin with os_glance_ or oslo_ are reserved", field, value)
	}
	return word(field, value)
}

func file(field, value string) error {
	if !path.IsAbs(value) || strings.ContainsAny(value, "$\"'\r\n,") {
		return fmt.Errorf("openstack: %s %q: use an absolute path without quotes, commas and dollars", field, value)
	}
	return nil
}
