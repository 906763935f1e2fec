package openstack

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A Finding is something in a configuration that the operator should know.
type Finding struct {
	Section, Option string
	Message         string // what it is, and what to do next; never a secret
}

// Findings looks for options that hurt on release r whatever is set:
// removed or ignored names, rbd_keyring_conf, enabled backends without a
// section, well-known example values. Nothing in r is assumed to be
// supported by the Settings functions.
func Findings(r Release, s Service, cur Current) []Finding {
	out := stale(r, s, cur)
	switch s {
	case GlanceAPI:
		out = append(out, glanceFindings(r, cur)...)
	case CinderVolume:
		out = append(out, cinderFindings(r, cur)...)
	case CinderBackup:
		out = append(out, backupFindings(r, cur)...)
	case NovaCompute:
		out = append(out, novaFindings(cur)...)
	}
	return out
}

// A staleRow is an option that release r reads no more, or should not read.
type staleRow struct {
	service         Service
	section, option string
	from            Release
	message         string
}

var staleRows = sync.OnceValue(staleTable)

func staleTable() []staleRow {
	const (
		backend = "{backend}"
		section = "is ignored here: it belongs into the backend's own section; remove it"
		libvirt = "is ignored here: it belongs into [libvirt]; remove it"
		store   = "is ignored here since Kilo: it belongs into the store's section; remove it"
	)
	return []staleRow{
		{GlanceAPI, "DEFAULT", "default_store", kilo, store},
		{GlanceAPI, "DEFAULT", "known_stores", kilo, store},
		{GlanceAPI, "DEFAULT", "rbd_store_user", kilo, store},
		{GlanceAPI, "DEFAULT", "rbd_store_pool", kilo, store},
		{GlanceAPI, "DEFAULT", "rbd_store_ceph_conf", kilo, store},
		{GlanceAPI, "DEFAULT", "rbd_store_chunk_size", kilo, store},
		{CinderVolume, "DEFAULT", "glance_api_version", queens, "was removed in Queens and is ignored; remove it"},
		{CinderVolume, "DEFAULT", "volume_driver", ocata, section},
		{CinderVolume, "DEFAULT", "rbd_pool", ocata, section},
		{CinderVolume, "DEFAULT", "rbd_user", ocata, section},
		{CinderVolume, "DEFAULT", "rbd_ceph_conf", ocata, section},
		{CinderVolume, "DEFAULT", "rbd_secret_uuid", ocata, section},
		{CinderVolume, backend, "volume_tmp_dir", ocata, "was removed in Ocata and is ignored; remove it"},
		{CinderVolume, "DEFAULT", "rbd_keyring_conf", pike, keyringConf},
		{CinderVolume, "backend_defaults", "rbd_keyring_conf", pike, keyringConf},
		{CinderVolume, backend, "rbd_keyring_conf", pike, keyringConf},
		{CinderBackup, "DEFAULT", "backup_service", "icehouse", "is ignored: the option is backup_driver; remove it"},
		{NovaCompute, "DEFAULT", "libvirt_images_type", "juno", libvirt},
		{NovaCompute, "DEFAULT", "libvirt_images_rbd_pool", "juno", libvirt},
		{NovaCompute, "DEFAULT", "libvirt_images_rbd_ceph_conf", "juno", libvirt},
		{NovaCompute, "DEFAULT", "libvirt_disk_cachemodes", "havana", libvirt},
		{NovaCompute, "DEFAULT", "disk_cachemodes", "juno", libvirt},
		{NovaCompute, "DEFAULT", "images_type", "havana", libvirt},
		{NovaCompute, "DEFAULT", "rbd_user", "juno", libvirt},
		{NovaCompute, "DEFAULT", "rbd_secret_uuid", "juno", libvirt},
		{NovaCompute, "libvirt", "live_migration_flag", newton, "was removed in Newton and is ignored; remove it"},
		{NovaCompute, "libvirt", "live_migration_tunnelled", wallaby, "is deprecated since Wallaby and fails with disks that are not shared; remove it"},
		{NovaCompute, "workarounds", "rbd_volume_local_attach", xena, "was removed in Xena and is ignored; remove it"},
	}
}

const keyringConf = "hands the Ceph key to users of the volume API until Ussuri (OSSN-0085) and is ignored since Victoria; " +
	"remove it, and replace the key if this cloud ran with it"

func stale(r Release, s Service, cur Current) []Finding {
	var out []Finding
	for _, row := range staleRows() {
		if row.service != s || r.Before(row.from) {
			continue
		}
		sections := []string{row.section}
		if row.section == "{backend}" {
			enabled, _ := cur.Lookup("DEFAULT", "enabled_backends")
			sections = list(enabled)
		}
		for _, section := range sections {
			if _, ok := cur.Lookup(section, row.option); ok {
				out = append(out, Finding{section, row.option, row.message})
			}
		}
	}
	return out
}

func glanceFindings(r Release, cur Current) []Finding {
	out := ignoredTimeout(r, cur)
	if on(cur, "DEFAULT", "show_multiple_locations") {
		out = append(out, Finding{"DEFAULT", "show_multiple_locations",
			"lets users read and change where images are (OSSN-0065, OSSN-0090); set it to False, or only on a glance-api that users cannot reach"})
	}
	enabled, ok := cur.Lookup("DEFAULT", "enabled_backends")
	if !ok {
		return out
	}
	var names []string
	for _, b := range list(enabled) {
		name, kind, _ := strings.Cut(b, ":")
		name, kind = strings.TrimSpace(name), strings.TrimSpace(kind)
		names = append(names, name)
		needs := map[string][]string{"rbd": {"rbd_store_pool"}, "file": {"filesystem_store_datadir", "filesystem_store_datadirs"}}[kind]
		out = append(out, missing(cur, name, needs)...)
	}
	if d, ok := cur.Lookup("glance_store", "default_backend"); !ok || !slices.Contains(names, d) {
		out = append(out, Finding{"glance_store", "default_backend",
			fmt.Sprintf("%q is none of the enabled backends %s, and glance-api does not start so; name one of them", d, strings.Join(names, ", "))})
	}
	return out
}

// ignoredTimeout finds the one option that Glance stopped to read and then read
// again.
func ignoredTimeout(r Release, cur Current) []Finding {
	if r.Before("2023.1") || !r.Before("2024.1") {
		return nil
	}
	enabled, _ := cur.Lookup("DEFAULT", "enabled_backends")
	sections := []string{"glance_store"}
	for _, b := range list(enabled) {
		name, _, _ := strings.Cut(b, ":")
		sections = with(sections, strings.TrimSpace(name))
	}
	var out []Finding
	for _, s := range sections {
		if has(cur, s, "rados_connect_timeout") {
			out = append(out, Finding{s, "rados_connect_timeout", "is ignored in 2023.1 and 2023.2, and is read again from 2024.1 on; keep it or remove it"})
		}
	}
	return out
}

func cinderFindings(r Release, cur Current) []Finding {
	var out []Finding
	enabled, _ := cur.Lookup("DEFAULT", "enabled_backends")
	for _, name := range list(enabled) {
		out = append(out, missing(cur, name, []string{"volume_driver"})...)
		out = append(out, knownUUID(cur, name)...)
	}
	if has(cur, "keystone_authtoken", "auth_url") && !strictTokens(r, cur) {
		out = append(out, Finding{"keystone_authtoken", "service_token_roles_required",
			"is not set: users may detach volumes behind Nova's back, or detaching fails (CVE-2023-2088); set it to true, and [service_user] in nova.conf"})
	}
	if !r.Before(r20252) && !has(cur, "glance", "auth_url") && !has(cur, "glance", "auth_section") {
		out = append(out, Finding{"glance", "auth_url",
			"there are no service credentials for Glance: since 2025.2 Cinder reads image locations with them, and copies whole images without; add a [glance] section"})
	}
	return out
}

// strictTokens reports whether a service token needs a role to count, which is
// the default since 2026.2.
func strictTokens(r Release, cur Current) bool {
	if !has(cur, "keystone_authtoken", "service_token_roles_required") {
		return !r.Before(r20262)
	}
	return on(cur, "keystone_authtoken", "service_token_roles_required")
}

func backupFindings(r Release, cur Current) []Finding {
	d, ok := cur.Lookup("DEFAULT", "backup_driver")
	module := d == "cinder.backup.drivers.ceph" || d == "cinder.backup.drivers.swift" || d == "cinder.backup.services.ceph"
	if ok && module && !r.Before(stein) {
		return []Finding{{"DEFAULT", "backup_driver",
			"names a module, and cinder-backup does not start so since Stein; name the class, cinder.backup.drivers.ceph.CephBackupDriver"}}
	}
	return nil
}

func novaFindings(cur Current) []Finding {
	out := knownUUID(cur, "libvirt")
	if has(cur, "keystone_authtoken", "auth_url") && !on(cur, "service_user", "send_service_user_token") {
		out = append(out, Finding{"service_user", "send_service_user_token",
			"is not set: detaching volumes fails or is unsafe (CVE-2023-2088); set it to true with the credentials of user nova"})
	}
	return out
}

// missing finds a backend whose section has none of the options it needs,
// which is how a section of another spelling shows.
func missing(cur Current, name string, options []string) []Finding {
	if len(options) == 0 {
		return nil
	}
	for _, o := range options {
		if has(cur, name, o) {
			return nil
		}
	}
	message := fmt.Sprintf("%q is enabled and there is no section [%s] with %s; add it, or take the name out", name, name, options[0])
	for _, other := range spellings(name) {
		if other != name && has(cur, other, options[0]) {
			message = fmt.Sprintf("%q is enabled and its section is spelled [%s]: names are case-sensitive; make them the same", name, other)
			break
		}
	}
	return []Finding{{"DEFAULT", "enabled_backends", message}}
}

// spellings are the usual slips; a Current cannot list its sections.
func spellings(name string) []string {
	out := []string{strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "_", "-"), strings.ReplaceAll(name, "-", "_")}
	if name != "" {
		out = append(out, strings.ToUpper(name[:1])+strings.ToLower(name[1:]))
	}
	return out
}

// knownUUID finds the secret UUIDs that documents and charts give as examples.
func knownUUID(cur Current, section string) []Finding {
	if v, _ := cur.Lookup(section, "rbd_secret_uuid"); ExampleUUID(v) {
		return []Finding{{section, "rbd_secret_uuid",
			"is the example of a well-known document: a second cluster may come with the same one; make a new UUID"}}
	}
	return nil
}

// on reads a boolean as oslo.config does.
func on(cur Current, section, option string) bool {
	v, _ := cur.Lookup(section, option)
	switch strings.ToLower(v) {
	case "1", "true", "on", "yes":
		return true
	}
	return false
}
