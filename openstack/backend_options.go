package openstack

import (
	"fmt"
	"strings"
)

// A driverOption is an option of Cinder's RBD driver, from a release until
// another one, both included; until is open when empty.
type driverOption struct {
	name        string
	from, until Release
}

func driverOptions() []driverOption {
	return []driverOption{
		{"rbd_flatten_volume_from_snapshot", havana, ""},
		{"rbd_max_clone_depth", havana, ""},
		{"volume_tmp_dir", havana, newton},
		{"rados_connect_timeout", juno, ""},
		{"rbd_store_chunk_size", juno, ""},
		{"rados_connection_interval", "liberty", ""},
		{"rados_connection_retries", "liberty", ""},
		{"rbd_cluster_name", "liberty", ""},
		{"report_discard_supported", "mitaka", ""},
		{"replication_connect_timeout", ocata, ""},
		{"report_dynamic_total_capacity", queens, ""},
		{"rbd_exclusive_cinder_pool", rocky, ""},
		{"enable_deferred_deletion", stein, ""},
		{"deferred_deletion_delay", stein, ""},
		{"deferred_deletion_purge_interval", stein, ""},
		{"rbd_concurrent_flatten_operations", "2024.1", ""},
	}
}

// knows refuses an option that the driver of release r would ignore without a
// word. Options of Cinder's other parts are let through.
func knows(r Release, name string) error {
	for _, o := range driverOptions() {
		switch {
		case o.name != name:
		case r.Before(o.from):
			return fmt.Errorf("openstack: VolumeBackend.Extra[%q]: %s does not know it, %s is the first that does", name, r, o.from)
		case o.until != "" && o.until.Before(r):
			return fmt.Errorf("openstack: VolumeBackend.Extra[%q]: %s does not know it any more, %s is the last that does", name, r, o.until)
		default:
			return nil
		}
	}
	if strings.HasPrefix(name, "rbd_") || strings.HasPrefix(name, "rados_") {
		return fmt.Errorf("openstack: VolumeBackend.Extra[%q]: the RBD driver of no release knows it", name)
	}
	return nil
}
