package openstack

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A driverOption is an option of Cinder's RBD driver that releases from until know,
// both included. When until is empty, the newest release knows it too.
type driverOption struct {
	name        string
	kind        valueKind
	from, until Release
}

// A valueKind is what oslo.config takes for an option. With another value the
// service does not start.
type valueKind string

const (
	text  valueKind = "text"
	whole valueKind = "a whole number"
	flag  valueKind = "true or false"
)

// takes reports whether a value is of the kind. A value with a dollar refers to
// another option.
func (k valueKind) takes(value string) bool {
	switch {
	case k == text || strings.Contains(value, "$"):
		return true
	case k == whole:
		_, err := strconv.Atoi(strings.TrimSpace(value))
		return err == nil || strings.TrimSpace(value) == "" // unset
	}
	return slices.Contains([]string{"true", "1", "on", "yes", "false", "0", "off", "no"},
		strings.ToLower(strings.TrimSpace(value)))
}

func driverOptions() []driverOption {
	return []driverOption{
		{"rbd_flatten_volume_from_snapshot", flag, havana, ""},
		{"rbd_max_clone_depth", whole, havana, ""},
		{"volume_tmp_dir", text, havana, newton},
		{"glance_api_version", whole, havana, pike}, // of [DEFAULT]
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

// knows refuses an option that the driver of release r would silently ignore, and
// a value that the driver could not read. It does not know the options of Cinder's
// other parts, and lets them through; see Findings.
func knows(r Release, name, value string) error {
	for _, o := range driverOptions() {
		switch {
		case o.name != name:
		case r.Before(o.from):
			return fmt.Errorf("openstack: VolumeBackend.Extra[%q]: %s does not know it, %s is the first that does",
				name, r, o.from)
		case o.until != "" && o.until.Before(r):
			return fmt.Errorf("openstack: VolumeBackend.Extra[%q]: %s does not know it any more, %s is the last that does",
				name, r, o.until)
		case !o.kind.takes(value):
			return fmt.Errorf("openstack: VolumeBackend.Extra[%q]: %q is not %s, and cinder-volume would not start with it",
				name, value, o.kind)
		default:
			return nil
		}
	}
	if strings.HasPrefix(name, "rbd_") || strings.HasPrefix(name, "rados_") {
		return fmt.Errorf("openstack: VolumeBackend.Extra[%q]: the RBD driver of no release knows it%s", name, meant(name))
	}
	return nil
}

// otherOptions are the options that cinder-volume reads in the section of a backend
// besides those of the RBD driver. Each is known to one of the releases whose
// services were asked, which are of Victoria and newer.
func otherOptions() []string {
	return strings.Fields(`
		backend_host backend_native_threads_pool_size backup_use_temp_snapshot chap_password chap_username chiscsi_conf
		disk_geometry driver_client_cert driver_client_cert_key driver_data_namespace driver_ssl_cert_path
		driver_ssl_cert_verify driver_use_ssl enable_unsupported_driver enforce_multipath_for_image_xfer
		extra_capabilities filter_function goodness_function iet_conf image_upload_use_cinder_backend
		image_upload_use_internal_tenant image_volume_cache_enabled image_volume_cache_max_count
		image_volume_cache_max_size_gb iscsi_iotype iscsi_secondary_ip_addresses iscsi_target_flags iscsi_write_cache
		iser_helper iser_ip_address iser_port iser_target_prefix max_over_subscription_ratio num_iser_scan_tries
		num_shell_tries num_volume_device_scan_tries nvmeof_conn_info_version nvmet_ns_id nvmet_port_id replication_device
		reserved_percentage scst_target_driver scst_target_iqn_name storage_protocol suppress_requests_ssl_warnings
		target_helper target_ip_address target_port target_prefix target_protocol target_secondary_ip_addresses
		trace_flags unique_fqdn_network use_chap_auth use_multipath_for_image_xfer volume_clear volume_clear_ionice
		volume_clear_size volume_copy_blkio_cgroup_name volume_copy_bps_limit volume_dd_blocksize volumes_dir
	`)
}

// Findings names the further options that no release is known to read. They
// are set all the same, and Cinder says nothing of an option that it does not
// read. A backend in [DEFAULT] shares the section with all of Cinder's options:
// of such a backend only misspelled options are found.
func (b VolumeBackend) Findings() []Finding {
	var out []Finding
	for _, name := range slices.Sorted(maps.Keys(b.Extra)) {
		if !slices.Contains(furtherOptions(), name) && (b.Name != "DEFAULT" || meant(name) != "") {
			out = append(out, Finding{CodeUnknownOption, b.Name, name, "",
				"is not known to be an option of a backend, and Cinder ignores unknown options without a word" + meant(name)})
		}
	}
	return out
}

// furtherOptions are all options that VolumeBackend.Extra may have.
func furtherOptions() []string {
	names := otherOptions()
	for _, o := range driverOptions() {
		names = append(names, o.name)
	}
	return names
}

// meant asks whether the option was meant that the name is nearest to. It is empty
// when more than two letters differ.
func meant(name string) string {
	const most = 2
	best, nearest := most+1, ""
	for _, known := range slices.Sorted(slices.Values(furtherOptions())) {
		if d := distance(name, known); d < best {
			best, nearest = d, known
		}
	}
	if nearest == "" {
		return ""
	}
	return "; is " + nearest + " meant?"
}

// distance is the number of letters that have to be put in, taken out or changed to
// get from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := last
			if a[i] != b[j] {
				change++
			}
			last = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
