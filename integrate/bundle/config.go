package bundle

import (
	"errors"
	"html"
	"reflect"
	"regexp"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
)

// shortest is how many characters a part of a secret value must have to count by itself.
const shortest = 8

var part = regexp.MustCompile(`[\s,;]+`)

const (
	// mostSecrets and mostBytes are how many secrets one host may have, and how many bytes they may have together. A host
	// that lies may have any number, and each costs time and memory.
	mostSecrets = 2000
	mostBytes   = 32 << 10
)

// errTooMany is of a host, or of all hosts together.
var errTooMany = errors.New("no log is taken, as the configuration has too many values that may be secrets")

// A config is what the files of a host say.
type config struct {
	values map[string][]string // of each option, without its section, as others may refer to it
	found  []string            // values of options that hold secrets
}

// secretsIn are the values of a configuration file that may be secrets; see config.
func secretsIn(text string, goesOn bool) []string {
	var c config
	c.read(text, goesOn)
	all, _ := c.secrets()
	return all
}

// read takes a file. Values of options that hold secrets, such as transport_url, are secrets. A value may go on in
// lines that are indented, or may not, as in a keyring and in YAML.
func (c *config) read(text string, goesOn bool) {
	if c.values == nil {
		c.values = map[string][]string{}
	}
	section, last, secret := "", "", false
	for line := range strings.Lines(strings.ToValidUTF8(text, "?")) {
		text := strings.TrimSpace(line)
		goes := goesOn && last != "" && (line[0] == ' ' || line[0] == '\t') // a value, and maybe an option, too
		switch {
		case text == "":
			continue
		case goes: // also if it looks like a section or a comment
			c.values[last] = append(c.values[last], text)
			if secret {
				c.found = append(c.found, text)
			}
		case text[0] == '#' || text[0] == ';':
			continue
		case text[0] == '[' && strings.HasSuffix(text, "]"):
			section, last, secret = text, "", false
			continue
		}
		for _, m := range element.FindAllStringSubmatch(text, -1) { // of XML
			if isSecret("", m[1], html.UnescapeString(m[2])) {
				c.found = append(c.found, html.UnescapeString(m[2]))
			}
		}
		if name, value, assigns := cutOption(text); assigns {
			is := isSecret(section, name, value)
			if is {
				c.found = append(c.found, value)
			}
			if !goes {
				last, secret = name, is
				c.values[name] = append(c.values[name], value)
			}
		}
	}
}

// element is an element of XML with a text.
var element = regexp.MustCompile(`<([\w.-]+)[^<>]*>([^<>]+)</`)

// secrets are those of the files, and what they refer to. More than a host should have is an error.
func (c *config) secrets() ([]string, error) {
	seen, size := map[string]bool{}, 0
	var all []string
	var err error
	var take func(value string, depth int)
	take = func(value string, depth int) {
		for _, v := range values(value) {
			if seen[v] || err != nil {
				continue
			}
			if size += len(v); len(all) >= mostSecrets || size > mostBytes {
				err = errTooMany
				return
			}
			seen[v] = true
			all = append(all, v)
			for _, m := range reference.FindAllStringSubmatch(v, -1) {
				for _, of := range c.values[m[1][strings.LastIndexByte(m[1], '.')+1:]] {
					if depth < 5 {
						take(of, depth+1)
					}
				}
			}
			if meant := c.meant(v); meant != v && depth < 5 {
				take(meant, depth+1)
			}
		}
	}
	for _, value := range c.found {
		take(value, 0)
	}
	return all, err
}

// reference is how a value refers to another option, such as $my_ip and ${group.option}. A $$ and a \$ are a $.
var reference = regexp.MustCompile(`[$\\]\$|\$\{?([A-Za-z_][\w.-]*)\}?`)

// meant is a value with the values of others in it.
func (c *config) meant(value string) string {
	return reference.ReplaceAllStringFunc(value, func(text string) string {
		m := reference.FindStringSubmatch(text)
		if m[1] == "" {
			return "$"
		}
		all := c.values[m[1][strings.LastIndexByte(m[1], '.')+1:]]
		if len(all) == 0 || len(all[len(all)-1]) > longestValue {
			return text
		}
		return all[len(all)-1]
	})
}

// longestValue is how many bytes a value has that is put in the place of a reference.
const longestValue = 1000

// cutOption cuts a line at the first sign of an assignment.
func cutOption(line string) (name, value string, ok bool) {
	i := strings.IndexAny(line, "=:")
	if i < 0 || strings.HasPrefix(line[i:], "://") { // of a URL
		return "", "", false
	}
	name = strings.Trim(strings.TrimSpace(line[:i]), `"'`)
	if value = strings.TrimSpace(line[i+1:]); strings.HasSuffix(value, `",`) { // of JSON
		value = value[:len(value)-1]
	}
	return name, value, true
}

// isSecret reports whether the value of an option may be a secret. An empty value may go on in the next lines.
func isSecret(section, name, value string) bool {
	if value = strings.Trim(value, `"'`); value == "" {
		value = "goes on"
	}
	if name == "key" || shortName.MatchString(name) { // words.Value takes a field with the name key for a digest
		return !strings.Contains(value, "://") || words.Value("password", value) != value
	}
	return words.Value(section+" "+name, value) != value
}

// shortName is the name of an option that holds a secret and has a short name.
var shortName = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:pwd?|psk|credentials?)\d*$`)

// values are what is secret in a value: the passwords of a URL, or the value and its parts.
func values(value string) []string {
	if value = strings.TrimSpace(value); value == redacted || value == "" {
		return nil
	}
	if bare := strings.Trim(value, `"'`); bare != value {
		return append(values(bare), value)
	}
	_, rest, isURL := strings.Cut(value, "://")
	if end := strings.LastIndexByte(rest, '@'); isURL && end >= 0 {
		return append(passwords(rest[:end]), queried(rest[end:])...)
	}
	if isURL {
		return append(queried(rest), value)
	}
	all := []string{value}
	for _, p := range part.Split(value, -1) {
		if len(p) >= shortest && p != value {
			all = append(all, p)
		}
		if name, inner, ok := cutOption(p); ok && inner != "" && isSecret("", name, inner) { // of a replication_device
			all = append(all, inner)
		}
	}
	return all
}

// queried are the values in the query of a URL that may be secrets.
func queried(rest string) []string {
	var all []string
	_, query, _ := strings.Cut(rest, "?")
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' || r == ',' }) {
		if name, value, ok := cutOption(pair); ok && value != "" && isSecret("", name, value) {
			all = append(all, value)
		}
	}
	return all
}

// between is what is between the logins of a URL of several hosts.
var between = regexp.MustCompile(`@[A-Za-z0-9.\[\]:_-]*,`)

// passwords are those of USER:PASSWORD, or of several hosts, as USER:PASSWORD@HOST,USER:PASSWORD.
func passwords(logins string) []string {
	var all []string
	from := 0
	add := func(login string) {
		if _, password, ok := strings.Cut(login, ":"); ok && password != "" {
			all = append(all, password)
		}
	}
	for _, at := range between.FindAllStringIndex(logins, -1) {
		if strings.Contains(logins[at[1]:], ":") { // otherwise it is a part of a password
			add(logins[from:at[0]])
			from = at[1]
		}
	}
	add(logins[from:])
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
			if value := v.MapIndex(key); value.Kind() == reflect.String && isSecret("", key.String(), value.String()) {
				all = append(all, values(value.String())...) // YAML may write it in another way
				for line := range strings.Lines(value.String()) {
					all = append(all, values(line)...)
				}
			}
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
