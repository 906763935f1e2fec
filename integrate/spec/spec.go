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
type Spec struct {
	// Release is the cloud's OpenStack release, such as zed. A program may let the
	// hosts tell the release: detect.Release asks them.
	Release string `json:"release" yaml:"release"`
	// Layout says how the hosts name packages, files and units:
	//   - debian, the default, is for Debian and Ubuntu.
	//   - rdo is for the RHEL family.
	//   - upstart is for Ubuntu 12.04 and 14.04. Package remote/upstart reaches such
	//     hosts, and prepare has neither repository nor guests for them.
	//   - kolla is for containers that kolla-ansible deployed; see the documentation
	//     of package integrate.
	Layout   string    `json:"layout,omitempty" yaml:"layout,omitempty"`
	Clusters []Cluster `json:"clusters" yaml:"clusters"`
	SSH      SSH       `json:"ssh" yaml:"ssh"`
	Hosts    []Host    `json:"hosts" yaml:"hosts"`
	Glance   *Glance   `json:"glance,omitempty" yaml:"glance,omitempty"`
	Cinder   *Cinder   `json:"cinder,omitempty" yaml:"cinder,omitempty"`
	Backup   *Backup   `json:"backup,omitempty" yaml:"backup,omitempty"`
	Nova     *Nova     `json:"nova,omitempty" yaml:"nova,omitempty"`
	Cloud    Cloud     `json:"cloud" yaml:"cloud"`
	// Packages says what to do about missing Ceph client packages: check
	// (the default: report them) or install.
	Packages string `json:"packages,omitempty" yaml:"packages,omitempty"`
	// Gate is health to let a rollout wait before each host while a cluster that the host uses is
	// not healthy enough; see the documentation of package integrate. Empty is no gate.
	Gate string `json:"gate,omitempty" yaml:"gate,omitempty"`
	// Prepare is for hosts that are not prepared yet; nil asks for nothing.
	Prepare *Prepare `json:"prepare,omitempty" yaml:"prepare,omitempty"`
}

// GateHealth is the Gate that waits for clusters that are healthy enough.
const GateHealth = "health"

// A Cloud names the OpenStack cloud, for its APIs.
type Cloud struct {
	Name string `json:"name,omitempty" yaml:"name,omitempty"` // entry of clouds.yaml
	// CloudsFile is the path of clouds.yaml. When empty, the file is found in the
	// places where other OpenStack clients look.
	CloudsFile string `json:"clouds_file,omitempty" yaml:"clouds_file,omitempty"`
}

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
	if !slices.Contains([]string{"", "check", "install"}, s.Packages) {
		v.fault("packages", "%q is neither check nor install", s.Packages)
	}
	gates := map[string]bool{GateHealth: true}
	if v.spec.Gate != "" && !gates[v.spec.Gate] {
		v.fault("gate", "%q is not health; leave gate out for none%s", v.spec.Gate, DidYouMean(v.spec.Gate, gates))
	}
	v.texts()
	return v.faults
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
