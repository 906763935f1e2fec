package adopt

import (
	"cmp"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
)

// fit takes out of the Spec what a Spec cannot have, and says so. A fault of what was given is an error.
func (a *adopting) fit() error {
	for range mostFaults {
		err := a.spec.Validate()
		if err == nil {
			return nil
		}
		f := new(spec.FieldError)
		if !errors.As(err, &f) || !a.drop(f) {
			return unfit(err)
		}
	}
	return unfit(a.spec.Validate())
}

// unfit is not a fault of the given Spec, and so no *spec.FieldError.
func unfit(err error) error {
	return errors.New("adopt: what was found does not make a Spec; tell the authors of cephstack: " + err.Error())
}

// mostFaults bounds how much is taken out.
const mostFaults = 100

var entryForm = regexp.MustCompile(`^([a-z_.]+)\[(\d+)\](?:\.(.*))?$`)

// drop takes out the field of a fault, or what has it.
func (a *adopting) drop(f *spec.FieldError) bool {
	list, entry, field := "", 0, f.Path
	if m := entryForm.FindStringSubmatch(f.Path); m != nil {
		list, field = m[1], m[3]
		entry, _ = strconv.Atoi(m[2])
	}
	section, rest, _ := strings.Cut(cmp.Or(list, f.Path), ".")
	if list == "" {
		field = rest
	}
	dropped := false
	switch {
	case list == "clusters" && entry < len(a.spec.Clusters):
		dropped = a.dropOfCluster(&a.spec.Clusters[entry], field)
	case list == "hosts" && entry < len(a.spec.Hosts):
		dropped = dropOfHost(&a.spec.Hosts[entry], field)
	case section == "glance" && a.spec.Glance != nil:
		a.dropOfGlance(list, entry, field)
		dropped = true
	case section == "cinder" && a.spec.Cinder != nil:
		dropped = a.dropOfCinder(list, entry, field, f.Message)
	case section == "backup" && a.spec.Backup != nil:
		if dropped = clear(&a.spec.Backup.DataPool, field == "data_pool"); !dropped {
			a.spec.Backup, dropped = nil, true
		}
	case section == "nova" && a.spec.Nova != nil:
		dropped = a.dropOfNova(field)
	}
	if dropped {
		a.remark(remarked(f.Path, section), "A Spec cannot have what was found for %s: it %s. It is left out.", f.Path,
			f.Message)
	}
	return dropped
}

// remarked is the path that a remark is put at: an entry may be gone.
func remarked(path, section string) string {
	if strings.HasPrefix(path, "clusters[") {
		head, _, _ := strings.Cut(path, ".")
		return head
	}
	return section
}

// clear empties a field that has something, if it is the one.
func clear(field *string, is bool) bool {
	if !is || *field == "" {
		return false
	}
	*field = ""
	return true
}

func (a *adopting) dropOfCluster(c *spec.Cluster, field string) bool {
	if strings.HasPrefix(field, "pools") && len(c.Pools) > 0 {
		c.Pools = nil
		return true
	}
	return clear(&c.Caps, field == "caps")
}

func dropOfHost(h *spec.Host, field string) bool {
	if strings.HasPrefix(field, "standby") && len(h.Standby) > 0 {
		h.Standby = nil
		return true
	}
	return clear(&h.Disks, field == "disks")
}

func (a *adopting) dropOfGlance(list string, entry int, field string) {
	g := a.spec.Glance
	if list == "glance.stores" && entry < len(g.Stores) {
		if !clear(&g.Stores[entry].DataPool, field == "data_pool") {
			g.Stores = slices.Delete(g.Stores, entry, entry+1)
		}
		return
	}
	if !clear(&g.DataPool, field == "data_pool") {
		a.spec.Glance = nil
	}
}

func (a *adopting) dropOfCinder(list string, entry int, field, message string) bool {
	c := a.spec.Cinder
	switch {
	case list == "" && field == "cluster":
		return clear(&c.Cluster, true)
	case list != "cinder.backends" || entry >= len(c.Backends):
		a.spec.Cinder = nil
		return true
	}
	b := &c.Backends[entry]
	head, _, _ := strings.Cut(field, ".")
	head, _, _ = strings.Cut(head, "[")
	switch {
	case clear(&b.SecretUUID, head == "secret_uuid"), clear(&b.DataPool, head == "data_pool"),
		clear(&b.AvailabilityZone, head == "availability_zone"), clear(&b.BackendName, head == "volume_backend_name"):
	case head == "volume_type" && b.VolumeType != "", head == "extra_specs" && b.ExtraSpecs != nil:
		if b.ExtraSpecs = nil; head == "volume_type" {
			b.VolumeType = ""
		}
	case head == "options" && b.Options != nil:
		name := strings.Trim(strings.TrimPrefix(field, "options"), `.[]"`)
		if _, there := b.Options[name]; there {
			delete(b.Options, name)
		} else {
			b.Options = nil
		}
	case odd(b.Options, message) != "": // an option that is wrong is no reason to leave a backend out
		delete(b.Options, odd(b.Options, message))
	default:
		if c.Backends = slices.Delete(c.Backends, entry, entry+1); len(c.Backends) == 0 {
			a.spec.Cinder = nil
		}
	}
	return true
}

// odd is the option that a fault of a backend names; empty if it names none of them.
func odd(options map[string]string, message string) string {
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if strings.Contains(message, `"`+name+`"`) {
			return name
		}
	}
	return ""
}

func (a *adopting) dropOfNova(field string) bool {
	n := a.spec.Nova
	switch {
	case clear(&n.SecretUUID, field == "secret_uuid"), clear(&n.DataPool, field == "data_pool"):
	case field == "direct_snapshots" && n.DirectSnapshots:
		n.DirectSnapshots = false
	default:
		a.spec.Nova = nil
		for i := range a.spec.Hosts {
			a.spec.Hosts[i].Disks = ""
		}
	}
	return true
}
