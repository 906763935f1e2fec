package openstack

import (
	"fmt"
	"slices"
	"strings"
)

// A Code says what kind of thing a Finding is. Codes are stable: tools may
// branch on them, and store them.
type Code string

// The codes of findings.
const (
	CodeIgnoredOption    Code = "ignored-option"    // the release does not read it
	CodeMisplacedOption  Code = "misplaced-option"  // the release reads it in another section
	CodeDeprecatedOption Code = "deprecated-option" // the release reads it, and should not be given it
	CodeUnknownOption    Code = "unknown-option"    // no release is known to read it

	CodeMissingSection     Code = "missing-section"      // Item is enabled without a section of its own
	CodeMisspelledSection  Code = "misspelled-section"   // Item is enabled, and its section has a similar name
	CodeNoDefaultStore     Code = "no-default-store"     // glance-api does not start: its default store is not enabled
	CodeBackupDriverModule Code = "backup-driver-module" // cinder-backup does not start: the driver is not a class

	CodeExposedKey          Code = "exposed-key"           // users of the volume API may have the Ceph key
	CodeExposedLocations    Code = "exposed-locations"     // users can read and change where images are
	CodeExampleUUID         Code = "example-uuid"          // a well-known document has the same UUID
	CodeUncheckedTokens     Code = "unchecked-tokens"      // Cinder takes service tokens of anybody
	CodeNoServiceToken      Code = "no-service-token"      // Nova detaches volumes without a service token
	CodeNoGlanceCredentials Code = "no-glance-credentials" // Cinder cannot read where images are
)

// A Finding is something in a configuration that the operator should know.
type Finding struct {
	Code            Code
	Section, Option string
	Item            string // the item of the option's list that it is about; empty when it is about the option
	Message         string // what it is, and what to do next; for people, and never with a secret
}

// Findings looks for options that hurt on release r whatever is set: ignored
// options, rbd_keyring_conf, enabled backends without a section, well-known
// example values. Section, Option and Item name what was found. On a release
// that the option tables do not cover, it finds what it can.
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

func glanceFindings(r Release, cur Current) []Finding {
	out := ignoredTimeout(r, cur)
	if on(cur, "DEFAULT", "show_multiple_locations") {
		out = append(out, Finding{CodeExposedLocations, "DEFAULT", "show_multiple_locations", "",
			"lets users read and change where images are (OSSN-0065, OSSN-0090); " +
				"set it to False, or set it only for a glance-api that users cannot reach"})
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
		needs := map[string][]string{"rbd": {"rbd_store_pool"},
			"file": {"filesystem_store_datadir", "filesystem_store_datadirs"}}[kind]
		out = append(out, missing(cur, name, needs)...)
	}
	if d, ok := cur.Lookup("glance_store", "default_backend"); !ok || !slices.Contains(names, d) {
		out = append(out, Finding{CodeNoDefaultStore, "glance_store", "default_backend", "",
			fmt.Sprintf("%q is not one of the enabled backends %s, so glance-api does not start; name one of them",
				d, strings.Join(names, ", "))})
	}
	return out
}

// ignoredTimeout finds the option that Glance stopped reading for two releases.
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
			out = append(out, Finding{CodeIgnoredOption, s, "rados_connect_timeout", "",
				"is ignored in 2023.1 and 2023.2, and is read again from 2024.1 on; keep it or remove it"})
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
		out = append(out, Finding{CodeUncheckedTokens, "keystone_authtoken", "service_token_roles_required", "",
			"is not true: users may detach volumes behind Nova's back, or detaching fails (CVE-2023-2088); " +
				"set it to true, and fill in [service_user] in nova.conf"})
	}
	if !r.Before(r20252) && !has(cur, "glance", "auth_url") && !has(cur, "glance", "auth_section") {
		out = append(out, Finding{CodeNoGlanceCredentials, "glance", "auth_url", "",
			"is not set: since 2025.2 Cinder needs credentials of its own to see where an image is, " +
				"and copies whole images without them; add a [glance] section with credentials"})
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
		return []Finding{{CodeBackupDriverModule, "DEFAULT", "backup_driver", "",
			"names a module, and since Stein cinder-backup does not start with a module; " +
				"name the class cinder.backup.drivers.ceph.CephBackupDriver"}}
	}
	return nil
}

func novaFindings(cur Current) []Finding {
	out := knownUUID(cur, "libvirt")
	if has(cur, "keystone_authtoken", "auth_url") && !on(cur, "service_user", "send_service_user_token") {
		out = append(out, Finding{CodeNoServiceToken, "service_user", "send_service_user_token", "",
			"is not true: detaching volumes fails or is unsafe (CVE-2023-2088); " +
				"set it to true with the credentials of user nova"})
	}
	return out
}

// missing finds a backend whose section has none of the options that it needs.
// The section may be spelled in another way.
func missing(cur Current, name string, options []string) []Finding {
	if len(options) == 0 {
		return nil
	}
	for _, o := range options {
		if has(cur, name, o) {
			return nil
		}
	}
	out := Finding{CodeMissingSection, "DEFAULT", "enabled_backends", name,
		fmt.Sprintf("%q is enabled, and there is no section [%s] with %s; add the section, or take the name out of the list",
			name, name, options[0])}
	for _, other := range spellings(name) {
		if other != name && has(cur, other, options[0]) {
			out.Code = CodeMisspelledSection
			out.Message = fmt.Sprintf("%q is enabled, and its section is spelled [%s]; make the two names the same", name, other)
			break
		}
	}
	return []Finding{out}
}

// spellings are the usual slips; a Current cannot list its sections.
func spellings(name string) []string {
	out := []string{strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "_", "-"),
		strings.ReplaceAll(name, "-", "_")}
	if name != "" {
		out = append(out, strings.ToUpper(name[:1])+strings.ToLower(name[1:]))
	}
	return out
}

// knownUUID finds the secret UUIDs that documents and charts give as examples.
func knownUUID(cur Current, section string) []Finding {
	if v, _ := cur.Lookup(section, "rbd_secret_uuid"); ExampleUUID(v) {
		return []Finding{{CodeExampleUUID, section, "rbd_secret_uuid", "",
			"is the example of a well-known document, and a second cluster may use the same UUID; make a new UUID"}}
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
