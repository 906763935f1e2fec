// Package openstack knows what an OpenStack cloud needs to keep its data in
// Ceph.
//
// It is pure: from a Release and a service's Current configuration it computes
// the Settings that GlanceStore, VolumeBackend, BackupDriver and ComputeDisks
// stand for, and the Findings that hurt. What exists stays usable: stores and
// backends that were enabled stay enabled. Package osloconf reads and edits the
// files. Package api drives a cloud's APIs.
//
// # Use
//
//	release, err := openstack.ParseRelease("2025.1")
//	…
//	store := openstack.GlanceStore{Pool: "images", User: "glance", Conf: "/etc/ceph/ceph.conf"}
//	settings, err := store.Settings(release, file) // file: an *osloconf.File
//
// Releases from Havana (2013.2) to 2026.2 are covered by the option tables;
// others are refused.
//
// # Errors
//
// A value that a service would not take is an error that names the field. So is
// a configuration that the wish would break, such as a backend of the same name
// and another type. Errors hold no contents of files but the options in question.
//
// # Concurrency and cancellation
//
// Everything is a value or a pure function: any goroutine may use it.
//
// # Testing
//
// The option tables are held against the services themselves where Debian has
// them: testdata/registry has what nova-compute, cinder-volume, cinder-backup
// and glance-api of Victoria, Zed, 2025.1, 2026.1 (without Glance) and 2026.2
// register when they are started, written by its program capture. Tests compare
// names, sections, types, choices and the defaults that are relied on, and that
// what is called ignored is not read. Settings of other releases stand on golden
// files alone.
package openstack
