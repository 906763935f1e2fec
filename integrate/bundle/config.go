package bundle

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
)

// shortest is how many characters a part of a secret value must have to count by itself.
const shortest = 8

var part = regexp.MustCompile(`[\s,;]+`)

// secretsOf are the values of a configuration file that may be secrets: those of options that hold secrets, such as
// transport_url, also where such a value goes on in other lines. A keyring is such a file, too.
func secretsOf(config []byte) []string { return secretsIn(string(config), true) }

// secretsIn is secretsOf for a text in which values may go on in lines that are indented, or may not, as in YAML.
func secretsIn(config string, goesOn bool) []string {
	var all []string
	section, secret := "", false
	for line := range strings.Lines(strings.ToValidUTF8(config, "?")) {
		text := strings.TrimSpace(line)
		switch {
		case text == "" || text[0] == '#' || text[0] == ';':
			continue
		case text[0] == '[' && strings.HasSuffix(text, "]"):
			section, secret = text, false
			continue
		}
		name, value, assigns := cutOption(text)
		if goesOn && (line[0] == ' ' || line[0] == '\t') {
			if secret {
				all = append(all, values(text)...)
			}
			if !assigns {
				continue
			}
		}
		if !assigns {
			continue
		}
		if secret = isSecret(section, name, value); secret {
			all = append(all, values(value)...)
		}
	}
	return all
}

// cutOption cuts a line at the first sign of an assignment.
func cutOption(line string) (name, value string, ok bool) {
	i := strings.IndexAny(line, "=:")
	if i < 0 {
		return "", "", false
	}
	return strings.TrimSpace(line[:i]), strings.TrimSpace(line[i+1:]), true
}

// isSecret reports whether the value of an option may be a secret. An empty value may go on in the next lines.
func isSecret(section, name, value string) bool {
	if value == "" {
		value = "goes on"
	}
	if name == "key" { // words.Value takes a field with this name for a digest
		return true
	}
	return words.Value(section+" "+name, value) != value
}

// values are what is secret in a value: the passwords of a URL, or the value and its parts.
func values(value string) []string {
	if value = strings.TrimSpace(value); value == redacted {
		return nil
	}
	if bare := strings.Trim(value, `"'`); bare != value {
		return append(values(bare), value)
	}
	_, rest, isURL := strings.Cut(value, "://")
	if end := strings.LastIndexByte(rest, '@'); isURL && end >= 0 {
		return passwords(rest[:end])
	}
	all := []string{value}
	for _, p := range part.Split(value, -1) {
		if len(p) >= shortest {
			all = append(all, p)
		}
	}
	return all
}

// between is what is between the logins of a URL of several hosts.
var between = regexp.MustCompile(`@[A-Za-z0-9.\[\]:_-]*,`)

// passwords are those of USER:PASSWORD, or of several hosts, as USER:PASSWORD@HOST,USER:PASSWORD.
func passwords(logins string) []string {
	var all []string
	for _, login := range between.Split(logins, -1) {
		if _, password, ok := strings.Cut(login, ":"); ok && password != "" {
			all = append(all, password)
		}
	}
	return all
}

// secretsOfSpec are the texts in a Spec that do not print, but for values that many options have.
func secretsOfSpec(v reflect.Value) []string {
	var all []string
	if v.Kind() == reflect.Invalid {
		return nil
	}
	if s, ok := v.Interface().(spec.Secret); ok {
		if text := s.Reveal(); isSecret("", "password", text) {
			all = append(all, values(text)...)
		}
		return all
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return secretsOfSpec(v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			all = append(all, secretsOfSpec(v.Index(i))...)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			all = append(all, secretsOfSpec(v.MapIndex(key))...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				all = append(all, secretsOfSpec(v.Field(i))...)
			}
		}
	}
	return all
}
