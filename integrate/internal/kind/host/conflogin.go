package host

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
)

// needsKey refuses options by which a client does not offer to log in with its key (cephx), which the
// cluster asks for. The option auth_supported is before auth_client_required, unless it is empty.
func (s contentSource) needsKey(conf *ceph.Conf) error {
	for _, u := range s.copy.Users {
		option, value, section := loginOf(conf, u.Entity)
		_, ours := s.site.Cluster(s.cluster).Conf[section][option]
		if u.Cluster != s.cluster || s.open || ours || section == "" || offersKey(value) {
			continue
		}
		return refuse("conf-bypasses", "has %s = %s in [%s], with which %s does not offer to log in with its key (cephx), "+
			"so the file is left alone; remove the option %[1]s from [%[3]s] of this file, or, if cluster %[5]s asks for no "+
			"keys, set the option for conf: {%[3]s: …} of cluster %[5]s in the Spec", option, cmp.Or(value, `""`), section,
			u.Entity, s.cluster)
	}
	return nil
}

// loginOf is the option that says how a client may log in, and the section that it is from. The section
// is empty where Ceph's default counts, which has cephx.
func loginOf(conf *ceph.Conf, client string) (option, value, section string) {
	if value, section, _ = conf.Effective(client, "auth_supported"); value != "" {
		return "auth_supported", value, section
	}
	value, section, _ = conf.Effective(client, "auth_client_required")
	return "auth_client_required", value, section
}

// offersKey reports whether a list of ways to log in has cephx. An empty list stands for none.
func offersKey(list string) bool {
	ways := strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(";,= \t", r) })
	return slices.Contains(ways, "cephx")
}

// withoutKeys reports whether a cluster tells clients, by its minimal ceph.conf, that they need no key.
func withoutKeys(minimal []byte) bool {
	conf, err := ceph.ParseConf(minimal)
	if err != nil {
		return false
	}
	_, value, section := loginOf(conf, "client.admin")
	return section != "" && !offersKey(value)
}
