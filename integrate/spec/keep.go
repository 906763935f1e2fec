package spec

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// notSet is the word for a value that is not there, in found and wanted of a Keep.
const notSet = "not set"

// A Keep is a difference that stays as it was found: what is there works for whoever runs the cloud, and a plan does
// not change it. A plan has a note that counts what is kept on each host and in each cluster. cephstack adopt writes
// an entry for each difference of a cloud that others made. To have it as cephstack would set it, take the entry out.
//
// Only what is there already is kept. What is missing is made: a user, a pool, a secret, a file. The one exception is
// a keyring on a compute whose own services do not log in with it.
type Keep struct {
	// Kind is the kind of what is kept, as a plan calls it.
	// Default: none; the kind must be given.
	// Limits: file, settings, directory, user, pool or secret.
	Kind string `json:"kind" yaml:"kind"`
	// Where are the hosts or clusters where it is kept, with ranges such as compute[001-100].
	// Default: all hosts and clusters.
	// Limits: names of hosts and of clusters.
	Where []string `json:"where,omitempty" yaml:"where,omitempty"`
	// Names are paths of files, users, pools or UUIDs, as a plan shows them. A * stands for any text.
	// Default: all of the kind.
	// Limits: texts without empty ones.
	Names []string `json:"names,omitempty" yaml:"names,omitempty"`
	// Field is what of it is kept, as a plan shows it:
	//   - of a file: mode (owner, group and mode), acl, or an option of ceph.conf, such as
	//     [client] rbd_cache; the field file, with found: missing, is for a keyring that is not there;
	//   - of settings: an option, such as [ceph] rbd_max_clone_depth;
	//   - of a directory: mode, and only of /etc/ceph;
	//   - of a user: mon, mgr, osd or mds, which are its rights;
	//   - of a pool: a value, such as application or size;
	//   - of a secret: ephemeral.
	//
	// A * stands for any text. What the Spec has a field of its own for is never kept: users, pools,
	// secrets, drivers and keys. Nor is a ceph.conf without mon_host.
	// Default: none; the field must be given.
	// Limits: a field of the kind.
	Field string `json:"field" yaml:"field"`
	// Found is the value that is kept, as a plan shows it; not set is for none. Another value is a
	// difference again.
	// Default: any value.
	// Limits: any text.
	Found string `json:"found,omitempty" yaml:"found,omitempty"`
	// Wanted is the value that a plan would set, as a plan shows it; not set is for none. Once the
	// Spec or the cluster asks for another value, such as the rights in a new pool, that is a
	// difference again.
	// Default: any value.
	// Limits: any text.
	Wanted string `json:"wanted,omitempty" yaml:"wanted,omitempty"`
	// Reason is why it is kept, for people. Notes of a plan show it.
	// Default: no reason.
	// Limits: any text.
	Reason string `json:"reason,omitempty" yaml:"reason,omitempty"`
}

// keepable are the fields that can be kept, by kinds. "[" stands for options.
func keepable() map[string][]string {
	return map[string][]string{
		"file": {"mode", "acl", "file", "["}, "settings": {"["}, "directory": {"mode"}, "secret": {"ephemeral"},
		"user": {"mon", "mgr", "osd", "mds"},
		"pool": {"application", "pg_autoscale_mode", "pg_num", "crush_rule", "size", "min_size",
			"max_bytes", "max_objects"},
	}
}

// ownFields are options of which the Spec says the value by a field of its own: where data goes, and as whom.
func ownFields() []string {
	return []string{"fsid", "key", "keyfile", "rbd_user", "rbd_store_user", "backup_ceph_user", "rbd_secret_uuid",
		"rbd_pool", "rbd_store_pool", "backup_ceph_pool", "images_rbd_pool", "images_type", "volume_driver", "backup_driver",
		"rbd_default_data_pool", "volume_backend_name", "default_store", "default_backend", "rbd_cluster_name"}
}

// clusterFiles are the options that name the ceph.conf of a cluster.
func clusterFiles() []string {
	return []string{"rbd_ceph_conf", "rbd_store_ceph_conf", "images_rbd_ceph_conf", "backup_ceph_conf"}
}

// elsewhere reports whether an option leads, or may lead, to another cluster, store or backend. Where the option for a
// ceph.conf is not set, Ceph's clients read that of a cluster that is named ceph.
func elsewhere(field, found, wanted string) bool {
	_, option, _ := strings.Cut(field, "] ")
	switch option {
	case "enabled_backends", "stores": // the same ones, written otherwise, lead nowhere else
		return !slices.Equal(listed(found), listed(wanted))
	}
	return slices.Contains(clusterFiles(), option) &&
		(found != "" && found != notSet || path.Base(wanted) != "ceph.conf")
}

// listed are the parts of a list with commas, sorted.
func listed(text string) []string {
	var all []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	slices.Sort(all)
	return all
}

// Allows reports whether a field of a kind can be kept at all.
func (k Keep) Allows(field string) bool {
	section, option, isOption := strings.Cut(field, "] ")
	if isOption = isOption && strings.HasPrefix(section, "["); isOption {
		option = strings.TrimPrefix(strings.TrimSpace(option), "libvirt_")
		return (k.Kind == "file" || k.Kind == "settings") && !slices.Contains(ownFields(), option)
	}
	return slices.Contains(keepable()[k.Kind], field)
}

// Covers reports whether the entry is about a difference of its kind, by the name, the field, and both values as a
// plan shows them. Where the difference is does not count; see Targets.
func (k Keep) Covers(name, field, found, wanted string) bool {
	if !sameFound(k.Found, found) || !sameFound(k.Wanted, wanted) { // which is the cheapest, where there are many entries
		return false
	}
	if !k.Allows(field) || !fits(k.Field, field) || elsewhere(field, found, wanted) {
		return false
	}
	if found == "" && strings.HasSuffix(field, "] mon_host") { // a client without monitors does not work
		return false
	}
	return len(k.Names) == 0 || slices.ContainsFunc(k.Names, func(p string) bool { return fits(p, name) })
}

// Value is a value of a difference as Found and Wanted of an entry have it.
func (Keep) Value(shown string) string {
	if shown == "" {
		return notSet
	}
	return shown
}

// Targets are the hosts and clusters of the entry, with ranges written out; none stands for all.
func (k Keep) Targets() []string {
	var all []string
	for _, text := range k.Where {
		names, _ := ExpandNames(text) // Validate reports it
		all = append(all, names...)
	}
	return all
}

func sameFound(kept, shown string) bool {
	return kept == "" || kept == "*" || kept == shown || kept == notSet && shown == ""
}

// fits reports whether a text is as a pattern says, in which a * stands for any text.
func fits(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if !ok || i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return ok && strings.HasSuffix(rest, last)
}

// keeps checks what is kept as found.
func (v *validation) keeps() {
	known := map[string]bool{}
	for _, h := range v.spec.Hosts {
		known[h.Name] = true
	}
	for _, c := range v.spec.Clusters {
		known[c.Name] = true
	}
	kinds := map[string]bool{}
	for kind := range keepable() {
		kinds[kind] = true
	}
	for i, k := range v.spec.Keep {
		path := fmt.Sprintf("keep[%d]", i)
		for j, text := range k.Where {
			v.keptWhere(fmt.Sprintf("%s.where[%d]", path, j), text, known)
		}
		if slices.Contains(k.Names, "") {
			v.fault(path+".names", "holds an empty text")
		}
		if !kinds[k.Kind] {
			v.fault(path+".kind", "%q is not file, settings, directory, user, pool or secret%s", k.Kind,
				DidYouMean(k.Kind, kinds))
			continue
		}
		v.keptField(path+".field", k)
	}
}

func (v *validation) keptWhere(path, text string, known map[string]bool) {
	names, err := ExpandNames(text)
	if err != nil {
		v.fault(path, "%v", err)
	}
	for _, name := range names {
		if !known[name] {
			v.fault(path, "%q is neither among hosts nor among clusters%s; if it is gone, take it out here, too",
				name, DidYouMean(name, known))
			return
		}
	}
}

// keptField checks the field of an entry. A pattern may fit fields of which some cannot be kept: those are not.
func (v *validation) keptField(path string, k Keep) {
	allowed := keepable()[k.Kind]
	names := map[string]bool{}
	for _, name := range allowed {
		names[name] = name != "["
	}
	_, option, isOption := strings.Cut(k.Field, "] ")
	switch {
	case k.Field == "":
		v.fault(path, "is missing; name what is kept, as a plan shows it, such as mode")
	case k.Field == "file" && k.Found != "missing":
		v.fault(path, "file needs found: missing; what is in a file is kept by its options")
	case strings.Contains(k.Field, "*"), k.Allows(k.Field):
	case isOption && slices.Contains(allowed, "["):
		v.fault(path, "%s is not kept: the Spec has a field of its own for what is there; set that", option)
	default:
		v.fault(path, "%q is not a field of kind %s that can be kept%s", k.Field, k.Kind, DidYouMean(k.Field, names))
	}
}
