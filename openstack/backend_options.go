package openstack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A driverOption is an option of Cinder's RBD driver, from a release until
// another one, both included; until is open when empty.
type driverOption struct {
	name        string
	kind        valueKind
	from, until Release
}

// A valueKind is what oslo.config takes for an option; with another value the
// service does not start.
type valueKind string

const (
	text  valueKind = "text"
	whole valueKind = "a whole number"
	flag  valueKind = "true or false"
)

// takes reports whether a value is of the kind. One with a dollar refers to
// another option.
func (k valueKind) takes(value string) bool {
	switch {
	case k == text || strings.Contains(value, "$"):
		return true
	case k == whole:
		_, err := strconv.Atoi(strings.TrimSpace(value))
		return err == nil || strings.TrimSpace(value) == "" // none
	}
	return slices.Contains([]string{"true", "1", "on", "yes", "false", "0", "off", "no"}, strings.ToLower(strings.TrimSpace(value)))
}

func driverOptions() []driverOption {
	return []driverOption{
		{"rbd_flatten_volume_from_snapshot", flag, havana, ""},
		{"rbd_max_clone_depth", whole, havana, ""},
		{"volume_tmp_dir", text, havana, newton},
		{"rados_connect_timeout", whole, juno, ""},
		{"rbd_store_chunk_size", whole, juno, ""},
		{"rados_connection_interval", whole, "liberty", ""},
		{"rados_connection_retries", whole, "liberty", ""},
		{"rbd_cluster_name", text, "liberty", ""},
		{"report_discard_supported", flag, "mitaka", ""},
		{"replication_connect_timeout", whole, ocata, ""},
		{"report_dynamic_total_capacity", flag, queens, ""},
		{"rbd_exclusive_cinder_pool", flag, rocky, ""},
		{"enable_deferred_deletion", flag, stein, ""},
		{"deferred_deletion_delay", whole, stein, ""},
		{"deferred_deletion_purge_interval", whole, stein, ""},
		{"rbd_concurrent_flatten_operations", whole, "2024.1", ""},
	}
}

// knows refuses an option that the driver of release r would ignore without a
// word, and a value that it could not read. Options of Cinder's other parts are
// let through.
func knows(r Release, name, value string) error {
	for _, o := range driverOptions() {
		switch {
		case o.name != name:
		case r.Before(o.from):
			return fmt.Errorf("openstack: VolumeBackend.Extra[%q]: %s does not know it, %s is the first that does", name, r, o.from)
		case o.until != "" && o.until.Before(r):
			return fmt.Errorf("openstack: VolumeBackend.Extra[%q]: %s does not know it any more, %s is the last that does", name, r, o.until)
		case !o.kind.takes(value):
			return fmt.Errorf("openstack: VolumeBackend.Extra[%q]: %q is not %s, and cinder-volume would not start with it", name, value, o.kind)
		default:
			return nil
		}
	}
	if strings.HasPrefix(name, "rbd_") || strings.HasPrefix(name, "rados_") {
		return fmt.Errorf("openstack: VolumeBackend.Extra[%q]: the RBD driver of no release knows it", name)
	}
	return nil
}
