// Package spec says what a cloud should be: which Ceph clusters there are, which
// services run on which hosts, and what of them is kept in Ceph.
//
// A Spec is plain data, with one Host for each host: programs make it with loops, and
// compare it field by field. Ranges and groups are for people, and only in the text that
// Load reads. Validate reports every fault of a Spec at once, each a *FieldError, before
// anything is connected to. WithDefaults fills in the documented defaults, and Uses lists
// the pools and users that follow from them. The package reads and writes nothing outside;
// package integrate plans what a Spec asks for.
//
// # Use
//
// To read a Spec from YAML, and to expand ranges of names: see the Examples.
package spec

import (
	"errors"
	"slices"

	"github.com/cephstack/cephstack/openstack"
)

// A Spec says what the cloud should be: which Ceph clusters there are, which
// services run on which hosts, and what of them is kept in Ceph. It is plain
// data with YAML and JSON tags. A zero field has the documented default.
//
// The comment of each field says what the field means, and ends with its default and its
// limits. It calls other fields by their names in YAML. Package integrate/spec/reference has
// the same texts for programs, with an example for each field.
type Spec struct {
	// Release is the cloud's OpenStack release, such as zed. Without it, the program cephstack asks
	// the hosts; other programs call detect.Release.
	// Default: what the packages or the images of the hosts tell.
	// Limits: a name or a version, from havana (2013.2) to hibiscus (2026.2).
	Release string `json:"release" yaml:"release"`
	// Layout says how the hosts name packages, files and units:
	//   - debian is for Debian and Ubuntu.
	//   - rdo is for the RHEL family.
	//   - upstart is for Ubuntu 12.04 and 14.04. For such hosts, prepare has neither
	//     repository nor guests.
	//   - kolla is for containers that kolla-ansible deployed; see the documentation
	//     of package integrate.
	// Default: debian.
	// Limits: debian, rdo, upstart or kolla; debian and rdo from icehouse on, upstart from
	// havana to mitaka, kolla from 2023.1 on.
	Layout string `json:"layout,omitempty" yaml:"layout,omitempty"`
	// Clusters are the Ceph clusters. The first one is the default of all services.
	// Default: none; the list must be given.
	// Limits: at least one cluster; each name once.
	Clusters []Cluster `json:"clusters" yaml:"clusters"`
	// SSH says how hosts are reached.
	// Default: what ssh's own files say.
	// Limits: those of its fields.
	SSH SSH `json:"ssh" yaml:"ssh"`
	// Hosts are the machines, and the services that run on each.
	// Default: none; the list must be given, as each service of the Spec needs a host.
	// Limits: at most 10,000 hosts; each name and each address once, whatever their case.
	Hosts []Host `json:"hosts" yaml:"hosts"`
	// Glance keeps images in Ceph. {} takes all defaults.
	// Default: left out; Glance stays as it is.
	// Limits: one of glance, cinder, backup and nova is there at least; a host runs glance-api.
	Glance *Glance `json:"glance,omitempty" yaml:"glance,omitempty"`
	// Cinder keeps volumes in Ceph.
	// Default: left out; Cinder's volumes stay as they are.
	// Limits: a host runs cinder-volume.
	Cinder *Cinder `json:"cinder,omitempty" yaml:"cinder,omitempty"`
	// Backup keeps Cinder's backups of volumes in Ceph. {} takes all defaults.
	// Default: left out; backups stay as they are.
	// Limits: a host runs cinder-backup.
	Backup *Backup `json:"backup,omitempty" yaml:"backup,omitempty"`
	// Nova keeps the disks of VMs in Ceph. {} takes all defaults.
	// Default: left out; the disks of VMs stay where they are.
	// Limits: a host runs nova-compute.
	Nova *Nova `json:"nova,omitempty" yaml:"nova,omitempty"`
	// Cloud says where the APIs of the OpenStack cloud are, or that there are none to use.
	// Default: the cloud that OpenStack's own clients would take: of OS_CLOUD, or the only one of
	// clouds.yaml.
	// Limits: those of its fields.
	Cloud Cloud `json:"cloud" yaml:"cloud"`
	// Packages says what to do about missing Ceph client packages: check reports them, and
	// install installs them.
	// Default: check.
	// Limits: check or install.
	Packages string `json:"packages,omitempty" yaml:"packages,omitempty"`
	// Gate is health to let a rollout wait before each host while a cluster that the host uses is
	// not healthy enough. The documentation of package integrate tells what that is.
	// Default: no gate.
	// Limits: health.
	Gate string `json:"gate,omitempty" yaml:"gate,omitempty"`
	// Prepare is for hosts that are not prepared yet: keys for the login, sudo, a repository of
	// packages, folders for guests.
	// Default: left out; nothing is prepared.
	// Limits: those of its fields.
	Prepare *Prepare `json:"prepare,omitempty" yaml:"prepare,omitempty"`
	// Retire takes the whole integration out of the cloud: the next plan takes back what cephstack has
	// made on the hosts and, last, the Ceph users. It refuses while a pool of the Spec has images. Pools
	// and data stay. The command cephstack retire plans like that without this word.
	// Default: false.
	// Limits: true or false.
	Retire bool `json:"retire,omitempty" yaml:"retire,omitempty"`
	// Rotate lists the Ceph users that are on their way out, and the users whose keys are.
	// Default: left out; nothing is rotated.
	// Limits: those of its fields.
	Rotate []Rotation `json:"rotate,omitempty" yaml:"rotate,omitempty"`
	// Keep lists differences that stay as they were found, in a cloud that others made.
	// Default: left out; what is not as the Spec says is changed.
	// Limits: those of its fields.
	Keep []Keep `json:"keep,omitempty" yaml:"keep,omitempty"`
}

// gateHealth is the Gate that waits for clusters that are healthy enough.
const gateHealth = "health"

// Gated reports whether a rollout waits for clusters that are healthy enough.
func (s Spec) Gated() bool { return s.Gate == gateHealth }

// A Cloud names the OpenStack cloud, for its APIs.
type Cloud struct {
	// APIs is none for a cloud whose APIs are not to be used. A plan then knows nothing of VMs: a
	// compute keeps local disks until hosts have disks: ceph for it. A verification leaves out what
	// goes through the APIs, and needs no image.
	// Default: the APIs are used.
	// Limits: none; not beside name, clouds_file, or a volume_type of a backend.
	APIs string `json:"apis,omitempty" yaml:"apis,omitempty"`
	// Name is the entry of clouds.yaml. The account of the entry is an administrator's.
	// Default: the cloud that OpenStack's own clients would take: of OS_CLOUD, or the only one of
	// clouds.yaml.
	// Limits: any text; not beside apis: none.
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	// CloudsFile is the path of clouds.yaml, relative to the folder of the Spec.
	// Default: the places where other OpenStack clients look.
	// Limits: a path of the machine that cephstack runs on; not beside apis: none.
	CloudsFile string `json:"clouds_file,omitempty" yaml:"clouds_file,omitempty"`
}

// None reports whether the APIs of the cloud are left alone.
func (c Cloud) None() bool { return c.APIs == "none" }

// Validate reports every fault of the Spec at once, each a *FieldError,
// before anything is connected to.
func (s Spec) Validate() error { return errors.Join(s.check()...) }

// ValidateExceptRelease is Validate for a Spec whose release detect.Release
// is to tell: that the release is missing is not a fault.
func (s Spec) ValidateExceptRelease() error { return errors.Join(s.checkExceptRelease()...) }

func (s Spec) checkExceptRelease() []error {
	return slices.DeleteFunc(s.check(), func(err error) bool {
		var f *FieldError
		return s.Release == "" && errors.As(err, &f) && f.Path == "release"
	})
}

func (s Spec) check() []error {
	v := &validation{spec: s}
	v.release()
	v.ssh()
	v.clusters()
	v.hosts()
	v.services()
	v.secrets()
	v.dataPools()
	v.options()
	v.prepare()
	v.containers()
	v.withoutSystemd()
	v.cloud()
	v.rotations()
	v.keeps()
	if !slices.Contains([]string{"", "check", "install"}, s.Packages) {
		v.fault("packages", "%q is neither check nor install", s.Packages)
	}
	gates := map[string]bool{gateHealth: true}
	if v.spec.Gate != "" && !gates[v.spec.Gate] {
		v.fault("gate", "%q is not health; leave gate out for none%s", v.spec.Gate, DidYouMean(v.spec.Gate, gates))
	}
	v.texts()
	return v.faults
}

// cloud checks that a Spec without APIs asks for nothing that needs them.
func (v *validation) cloud() {
	c := v.spec.Cloud
	switch {
	case c.APIs == "":
		return
	case !c.None():
		v.fault("cloud.apis", "%q is not none; leave apis out to use the APIs", c.APIs)
		return
	}
	const why = "is of no use beside apis: none; leave one of the two out"
	if c.Name != "" {
		v.fault("cloud.name", why)
	}
	if c.CloudsFile != "" {
		v.fault("cloud.clouds_file", why)
	}
	for i, b := range v.spec.backends() {
		if b.VolumeType != "" {
			v.fault(backendPath(i)+".volume_type", "is made by the APIs, and the Spec has cloud.apis: none; leave one of the "+
				"two out, and make the type by hand")
		}
	}
}

type validation struct {
	spec   Spec
	faults []error
}

func (v *validation) release() {
	release, err := openstack.ParseRelease(v.spec.Release)
	switch {
	case v.spec.Release == "":
		v.fault("release", "is missing; name the cloud's OpenStack release, such as zed, "+
			"or let detect.Release tell it from the hosts' packages")
	case err != nil:
		v.fault("release", "%v", err)
	}
	v.layout("layout", v.spec.Layout, release)
}
