package reference_test

import (
	"go/ast"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
)

// A schema is a JSON Schema, or a part of one.
type schema map[string]any

const (
	namePattern    = `[A-Za-z0-9][A-Za-z0-9_.-]*`
	accountPattern = `[A-Za-z_][A-Za-z0-9_.-]{0,63}`
	yesOrNo        = `^(y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$` // of YAML 1.1
)

// Load takes any scalar where it wants text, and nothing for an empty text.
func textTypes() []string { return []string{"string", "number", "boolean", "null"} }

// given are the types of a text that has to be there.
func given() []string { return []string{"string", "number", "boolean"} }

// optional is a text of a form, or an empty one.
func optional(pattern string) schema {
	return schema{"type": textTypes(), "pattern": "^$|^" + pattern + "$"}
}

func name() schema {
	s := optional(namePattern)
	s["maxLength"] = 255
	return s
}

func required() schema {
	return schema{"type": given(), "pattern": "^" + namePattern + "$", "maxLength": 255}
}

func none() schema { return schema{"type": []string{"string", "null"}, "maxLength": 0} }

// oneOf is one of some words, or an empty text.
func oneOf(words ...string) schema { return schema{"anyOf": []schema{{"enum": words}, none()}} }

func each(item schema) schema { return schema{"type": "array", "items": item} }

// but adds to a schema.
func but(s schema, more schema) schema {
	for key, value := range more {
		s[key] = value
	}
	return s
}

func pool() schema { return but(name(), schema{"not": schema{"const": "cephstack"}}) }

func cephUser() schema {
	return but(name(), schema{"maxLength": 200, "not": schema{"type": "string", "pattern": `^(client\.|admin$)`}})
}

func layouts() schema { return oneOf("debian", "rdo", "upstart", "kolla") }

// releases are those of package openstack. In upper case, and with space around it, a release is not looked at.
func release() schema {
	names := strings.Fields("havana icehouse juno kilo liberty mitaka newton ocata pike queens rocky stein train " +
		"ussuri victoria wallaby xena yoga zed 2023.1 2023.2 2024.1 2024.2 2025.1 2025.2 2026.1 2026.2")
	others := "antelope|bobcat|caracal|dalmatian|epoxy|flamingo|gazpacho|hibiscus|20(1[3-9]|2[0-6])\\.[12]"
	return schema{"anyOf": []schema{{"enum": names}, {"type": "number", "minimum": 2013, "maximum": 2027},
		{"type": "string", "pattern": "^(" + others + ")$|[A-Z]|^\\s|\\s$"}, none()}}
}

// forms are the forms of texts, by the paths of their fields.
func forms() map[string]schema {
	duration := schema{"type": []string{"string", "null"},
		"pattern": `^$|^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`}
	all := map[string]schema{
		"release": release(), "layout": layouts(), "packages": oneOf("check", "install"), "gate": oneOf("health"),
		"keep[].kind":     {"enum": []string{"file", "settings", "directory", "user", "pool", "secret"}},
		"clusters[].name": required(),
		"clusters[].access": {"anyOf": []schema{{"enum": []string{"ceph", "librados", "cephadm"}},
			{"type": "string", "pattern": "^container " + namePattern + "$"},
			{"type": "string", "pattern": "^image [A-Za-z0-9][A-Za-z0-9_.:/@-]*$"}, none()}},
		"clusters[].min_client": optional(`\d{1,6}(\.\d{1,6}){0,3}`), "clusters[].caps": oneOf("profiles", "classic"),
		"clusters[].pools[].name":                      but(required(), schema{"not": schema{"const": "cephstack"}}),
		"clusters[].pools[].pg_autoscale_mode":         oneOf("on", "off", "warn"),
		"clusters[].pools[].erasure_profile":           name(),
		"clusters[].erasure_profiles[].name":           required(),
		"clusters[].erasure_profiles[].k":              {"type": "integer", "minimum": 2},
		"clusters[].erasure_profiles[].m":              {"type": "integer", "minimum": 1},
		"clusters[].erasure_profiles[].failure_domain": name(), "clusters[].erasure_profiles[].device_class": name(),
		"hosts[].name":     {"type": given(), "pattern": `^[A-Za-z0-9\[][A-Za-z0-9_.,\[\]-]*$`},
		"hosts[].services": but(each(schema{"enum": spec.ServiceNames()}), schema{"uniqueItems": true}),
		"hosts[].standby": but(each(schema{"enum": []string{"cinder-volume", "cinder-backup"}}),
			schema{"uniqueItems": true}),
		"hosts[].disks": oneOf("auto", "ceph", "keep"), "hosts[].layout": layouts(),
		"glance.store": name(), "glance.stores[].name": required(), "cinder.backends[].name": required(),
		"cinder.backends[].volume_backend_name": name(), "cinder.backends[].availability_zone": name(),
		"cinder.backends[].volume_type": name(), "cloud.apis": oneOf("none"),
		"ssh.entry.user":         {"type": given(), "pattern": "^" + accountPattern + "$"},
		"prepare.authorize.keys": each(schema{"type": "string", "pattern": `^\s*(ssh|ecdsa|sk)-\S+\s+\S`}),
		"prepare.authorize.home": optional("/.*"), "prepare.repository.apt": optional(`(https?://|file:/)[!#-\[\]-~]+`),
		"prepare.repository.dnf":        optional(`(https?://|file:/)[!#-\[\]-~]+`),
		"prepare.repository.suite":      optional(`[A-Za-z0-9][A-Za-z0-9_./-]*`),
		"prepare.repository.components": each(required()),
		"prepare.repository.key":        {"type": "string", "pattern": `^\s*-----BEGIN PGP PUBLIC KEY BLOCK-----\n`},
		"prepare.guests.account":        optional(accountPattern + ":" + accountPattern),
	}
	for _, phase := range []string{"connect", "handshake", "authenticate", "retry", "start", "idle", "total"} {
		all["ssh.timeouts."+phase] = duration
	}
	for _, use := range []string{"glance", "glance.stores[]", "cinder.backends[]", "backup", "nova"} {
		all[use+".pool"], all[use+".data_pool"], all[use+".user"] = pool(), pool(), cephUser()
		all[use+".secret_uuid"] = optional("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
	}
	return all
}

// mappings are what mappings have in addition, whose names the user of a Spec chooses.
func mappings() map[string]schema {
	values := schema{"type": textTypes()}
	return map[string]schema{
		"clusters[].conf": {"propertyNames": schema{"pattern": "^" + namePattern + "$"}, "additionalProperties": schema{
			"type": "object", "propertyNames": schema{"pattern": "^[A-Za-z0-9][A-Za-z0-9 _-]*$"},
			"additionalProperties": values}},
		"cinder.backends[].extra_specs": {"propertyNames": schema{"pattern": "^[A-Za-z0-9_.:-]{1,255}$"},
			"additionalProperties": schema{"type": given(), "minLength": 1, "maxLength": 255}},
		"cinder.backends[].options": {"propertyNames": schema{"pattern": "^" + namePattern + "$"},
			"additionalProperties": values},
		"prepare.guests.options": {"additionalProperties": values},
	}
}

// rules are what a mapping needs beside its fields.
func rules() map[string]schema {
	anyOf := func(names ...string) []schema {
		var all []schema
		for _, name := range names {
			all = append(all, schema{"required": []string{name}})
		}
		return all
	}
	return map[string]schema{
		"": {"anyOf": anyOf("glance", "cinder", "backup", "nova"),
			"patternProperties": schema{"^x-": true}},
		"ssh.entry":          {"anyOf": anyOf("key_files", "agent", "password_file")},
		"prepare.repository": {"anyOf": anyOf("apt", "dnf")},
		"cloud": {"if": schema{"properties": schema{"apis": schema{"const": "none"}}, "required": []string{"apis"}},
			"then": schema{"properties": schema{"name": none(), "clouds_file": none()}}},
		"prepare.sudo": {"not": schema{
			"properties": schema{"narrow": schema{"const": true}, "helper": schema{"const": true}},
			"required":   []string{"narrow", "helper"}}},
	}
}

// object is the schema of the fields right below a path.
func object(all []node, path string) schema {
	properties, must := schema{}, []string{}
	for _, n := range all {
		rest, ok := strings.CutPrefix(n.Path, path)
		if !ok || rest == "" || strings.ContainsAny(rest, ".[") {
			continue
		}
		properties[rest] = property(all, n)
		if strings.HasPrefix(n.Default, "none; the ") && strings.Contains(n.Default, " must be given") {
			must = append(must, rest)
		}
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(must) > 0 {
		s["required"] = must
	}
	return but(s, rules()[strings.TrimSuffix(path, ".")])
}

func property(all []node, n node) schema {
	s := typed(all, n)
	s["description"] = n.Text + "\n\nDefault: " + n.Default + "\n\nLimits: " + n.Limits
	if value := standard(n); value != nil {
		s["default"] = value
	}
	return s
}

func typed(all []node, n node) schema {
	form, known := forms()[n.Path]
	switch {
	case n.Path == "groups":
		fields := object(all, "hosts[].")
		delete(fields, "required")
		for _, name := range []string{"name", "group"} { // a group has neither
			delete(fields["properties"].(schema), name)
		}
		return schema{"type": "object", "additionalProperties": fields}
	case known:
		return form
	case strings.HasPrefix(n.Type, "mapping of"):
		return but(schema{"type": "object"}, mappings()[n.Path])
	case n.Type == "mapping":
		return object(all, n.Path+".")
	case n.Type == "list of mappings":
		s := each(object(all, n.Path+"[]."))
		if strings.Contains(n.Default, "must be given") {
			s["minItems"] = 1
		}
		return s
	case n.Type == "list of text":
		return each(schema{"type": given()})
	case n.Type == "whole number":
		return schema{"type": []string{"integer", "null"}, "minimum": 0}
	case n.Type == "true or false":
		return schema{"type": []string{"boolean", "string"}, "pattern": yesOrNo}
	}
	return schema{"type": textTypes()}
}

var word = regexp.MustCompile(`^([a-z0-9-]+)(\.|; )`)

// standard is the default, if it is a value.
func standard(n node) any {
	m := word.FindStringSubmatch(n.Default)
	if _, isPointer := n.expr.(*ast.StarExpr); m == nil || m[1] == "none" || isPointer {
		return nil
	}
	switch n.Type {
	case "true or false":
		return m[1] == "true"
	case "list of text":
		return []string{m[1]}
	}
	return m[1]
}

func TestSchemaIsWhatTheCommentsSay(t *testing.T) {
	all := readSource(t).fields(nil)
	paths := map[string]bool{}
	for _, n := range all {
		paths[n.Path] = true
	}
	for path := range forms() {
		require.True(t, paths[path] || strings.HasSuffix(path, ".secret_uuid"), "%s is not a field", path)
	}
	s := but(object(all, ""), schema{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"$id":         "https://github.com/cephstack/cephstack/integrate/spec/reference/cloud.schema.json",
		"title":       "A Spec of cephstack",
		"description": "What an OpenStack cloud keeps in Ceph, and on which hosts: cloud.yaml of cephstack.",
	})
	generated(t, "cloud.schema.json", encode(t, s))
}
