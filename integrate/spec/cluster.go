package spec

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A Cluster is a Ceph cluster and what it should hold.
type Cluster struct {
	// Name is how the Spec calls the cluster. The configuration file of the cluster
	// on the hosts has that name, too: /etc/ceph/<name>.conf.
	// Default: none; the name must be given.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; each
	// name once.
	Name string `json:"name" yaml:"name"`
	// Host is a host of the Spec on which the ceph program works as
	// the Ceph user of user. A Spec for a program that reaches the monitors another way
	// leaves the host out.
	// Default: none; the program cephstack needs a host here, unless access is librados.
	// Limits: the name of a host in hosts.
	Host string `json:"host,omitempty" yaml:"host,omitempty"`
	// Access says how the cluster is reached. ceph is the ceph program on host. librados is the
	// library of the machine that cephstack runs on; where that library is too old for the cluster,
	// the ceph program on host is used. A plan has a note where the Spec asks for anything but
	// librados, and where librados was too old.
	//
	// Where host has no ceph program of its own, as in clouds of Kolla, the program is run
	//   - in a container of docker or podman that runs on host: container NAME;
	//   - in a container that is made of an image on host, with the host's /etc/ceph, and goes
	//     away with the program: image NAME;
	//   - in cephadm shell: cephadm.
	//
	// In a container, the ceph program has its own default configuration, such as
	// /etc/ceph/ceph.conf.
	// Default: ceph when there is a host.
	// Limits: ceph, librados, container NAME, image NAME or cephadm; all but librados need a host.
	Access string `json:"access,omitempty" yaml:"access,omitempty"`
	// User is the Ceph user, without "client.", as which cephstack reaches the cluster. cephstack does
	// not make the user: cephstack rights prints which rights it needs, and connect.RightsFor gives them
	// to other programs. The ceph program on host, or librados, finds its keyring as Ceph does, such as
	// in /etc/ceph/ceph.client.<user>.keyring.
	// Default: admin.
	// Limits: a name without "client.", and not the user of a service of the Spec.
	User string `json:"user,omitempty" yaml:"user,omitempty"`
	// Pools has details of pools that the services name. A pool that is not listed
	// is created with the cluster's defaults.
	// Default: no details.
	// Limits: each pool is used by a service of the Spec, and is there once.
	Pools []Pool `json:"pools,omitempty" yaml:"pools,omitempty"`
	// ErasureProfiles are profiles of erasure code for pools. A profile that does
	// not exist is made.
	// Default: no profile is made.
	// Limits: each name once.
	ErasureProfiles []ErasureProfile `json:"erasure_profiles,omitempty" yaml:"erasure_profiles,omitempty"`
	// MinClient is the oldest version of Ceph, such as 16.2.11, that the
	// packages of this cluster's clients may have. An older package is upgraded if
	// the Spec has packages: install. Otherwise, or if the host holds the package,
	// it is a Problem.
	// Default: any version will do.
	// Limits: one to four numbers with dots between them; not for hosts with layout kolla.
	MinClient string `json:"min_client,omitempty" yaml:"min_client,omitempty"`
	// RemoveForeignCaps makes the rights of the users exactly the computed ones. It
	// removes clauses about other pools, which otherwise stay.
	// Default: false.
	// Limits: true or false.
	RemoveForeignCaps bool `json:"remove_foreign_caps,omitempty" yaml:"remove_foreign_caps,omitempty"`
	// Caps is the form of the users' rights: profiles, or classic for clusters before
	// Luminous, which do not know profiles. In a cluster before Nautilus, a pool that is to be
	// made needs a pg_num.
	// Default: profiles.
	// Limits: profiles or classic.
	Caps string `json:"caps,omitempty" yaml:"caps,omitempty"`
	// Conf are further options of the configuration file on the hosts, by
	// section and name. A value that Ceph would not read back as it is here is
	// a fault.
	// Default: no further options.
	// Limits: not fsid, mon_host, key and rbd_default_data_pool, nor the keyring of a user of the Spec.
	Conf map[string]map[string]string `json:"conf,omitempty" yaml:"conf,omitempty"`
}

func (v *validation) clusters() {
	if len(v.spec.Clusters) == 0 {
		v.fault("clusters", "is empty; name at least one Ceph cluster")
	}
	seen := map[string]bool{}
	for i, c := range v.spec.Clusters {
		path := fmt.Sprintf("clusters[%d]", i)
		v.name(path+".name", c.Name)
		if seen[c.Name] {
			v.fault(path+".name", "%q is there twice", c.Name)
		}
		seen[c.Name] = true
		if c.Host != "" && !v.hasHost(c.Host) {
			v.fault(path+".host", "%q is not among hosts", c.Host)
		}
		v.access(path, c)
		v.operator(path+".user", c)
		if !slices.Contains([]string{"", "profiles", "classic"}, c.Caps) {
			v.fault(path+".caps", "%q is neither profiles nor classic", c.Caps)
		}
		v.conf(path+".conf", c)
		v.erasure(path, c)
		for j, p := range c.Pools {
			at := fmt.Sprintf("%s.pools[%d]", path, j)
			v.pool(at, p)
			if slices.ContainsFunc(c.Pools[:j], func(o Pool) bool { return o.Name == p.Name }) {
				v.fault(at+".name", "%q is there twice", p.Name)
			}
		}
	}
}

// operator checks the user as which cephstack reaches a cluster.
func (v *validation) operator(path string, c Cluster) {
	v.optional(path, c.User)
	ofService := func(u Use) bool { return u.User == User{c.Name, "client." + c.User} }
	switch {
	case strings.HasPrefix(c.User, "client."):
		v.fault(path, "%q: leave \"client.\" out", c.User)
	case c.User != "" && slices.ContainsFunc(v.spec.Uses(), ofService):
		v.fault(path, "%q is the user of a service, whose rights would be rewritten; name a user of its own", c.User)
	}
}

func (v *validation) cluster(path, name string) {
	has := func(c Cluster) bool { return c.Name == name }
	if name != "" && !slices.ContainsFunc(v.spec.Clusters, has) {
		v.fault(path, "%q is not among clusters", name)
	}
}

var (
	confSection = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	confOption  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 _-]*$`)
)

// CephDir is the folder of Ceph's files on a host, and in a container.
const CephDir = "/etc/ceph"

// ConfPath is where the services of a host find the ceph.conf of a cluster.
func ConfPath(cluster string) string { return CephDir + "/" + cluster + ".conf" }

// cluster is the cluster of a name.
func (s Spec) cluster(name string) Cluster {
	for _, c := range s.Clusters {
		if c.Name == name {
			return c
		}
	}
	return Cluster{Name: name}
}

// conf checks the further options of a cluster's configuration file.
func (v *validation) conf(path string, c Cluster) {
	for _, section := range slices.Sorted(maps.Keys(c.Conf)) {
		at := path + "." + section
		if !confSection.MatchString(section) {
			v.fault(at, "%q is not the name of a section", section)
		}
		for _, option := range slices.Sorted(maps.Keys(c.Conf[section])) {
			name := strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(option), " ", "_"), "-", "_")
			switch {
			case !confOption.MatchString(option):
				v.fault(at, "%q is not the name of an option", option)
			case section == "global" && (name == "fsid" || name == "mon_host"):
				v.fault(at+"."+option, "is set from the cluster itself; take it out")
			case name == "keyring" && v.isUser(c.Name, section):
				v.fault(at+"."+option, "is set for each user of the Spec; take it out")
			case name == "rbd_default_data_pool":
				v.fault(at+"."+option, "comes with a data_pool, beside the pool whose data go there, for the rights that it takes")
			case name == "key":
				v.fault(at+"."+option, "is a secret, and the file is readable for all; take it out")
			default:
				v.confValue(at+"."+option, section, option, c.Conf[section][option])
			}
		}
	}
}

// isUser reports whether a section of ceph.conf is for a user of the Spec.
func (v *validation) isUser(cluster, section string) bool {
	return slices.ContainsFunc(v.spec.Uses(), func(u Use) bool { return u.User == User{cluster, section} })
}
