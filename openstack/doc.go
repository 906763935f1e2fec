// Package openstack knows what an OpenStack cloud needs to keep its data in
// Ceph.
//
// It does no I/O. GlanceStore, VolumeBackend, BackupDriver and ComputeDisks compute their
// Settings from a Release and a service's Current configuration, and VolumeCluster those of
// several cinder-volumes together. Findings tells what hurts in a configuration. What exists
// stays usable: stores and backends that were enabled stay enabled. Package osloconf reads
// and edits the files. Package
// api drives a cloud's APIs.
//
// # Use
//
// To compute the options of a service in a release: see the Examples.
//
//	release, err := openstack.ParseRelease("2025.1")
//	…
//	store := openstack.GlanceStore{Pool: "images", User: "glance", Conf: "/etc/ceph/ceph.conf"}
//	settings, err := store.Settings(release, file) // file: an *osloconf.File
//
// The option tables cover the releases from Havana (2013.2) to 2026.2. Other
// releases are refused.
//
// # Errors
//
// A value that a service would not take is an error that names the field. It is also
// an error when the settings would break what exists, such as a backend of the same
// name and another type. An error quotes only the options that it is about. Settings
// and Findings hold no secrets.
//
// # Concurrency and cancellation
//
// Everything is a value or a pure function, for use from any goroutine.
//
// # Testing
//
// The option tables are held against the services themselves where Debian has them.
// testdata/registry has the options that nova-compute, cinder-volume, cinder-backup
// and glance-api of Victoria, Zed, 2025.1, 2026.1 (without Glance) and 2026.2 register
// when they start; the program capture beside them wrote the files. Tests compare
// names, sections, types, choices and the defaults that matter, and check that options
// that are called ignored are not read. For other releases there are golden files
// only.
package openstack
