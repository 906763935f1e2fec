package openstack_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack"
)

// A registry is what the services of one release registered when they were
// asked by testdata/registry/capture, which says how.
type registry struct {
	release  openstack.Release
	packages map[string]string
	options  map[place]registered
	groups   map[openstack.Service][]string // sections with a meaning of their own
	classes  []string                       // drivers that can be loaded
}

type place struct {
	service         openstack.Service
	section, option string
}

// A registered option; Of is the type of a list's items or of a dict's values.
type registered struct {
	Option, Type string
	Choices      []any
	Min, Max     *float64
	Regex        string
	Deprecated   []string // "section.option"
	Removal      bool
	Default      any
	Of           *registered
}

// registryLine is any line of a registry's file.
type registryLine struct {
	registered
	Release          openstack.Release
	Packages         map[string]string
	Service, Section string
	Groups, Classes  []string
}

// Services of a registry beside those of Settings.
const (
	glanceStores openstack.Service = "glance-api stores" // in the style without enabled_backends
	cinderAPI    openstack.Service = "cinder-api"
)

func loadRegistry(t testing.TB, release string) registry {
	t.Helper()
	data, err := os.ReadFile("testdata/registry/" + release + ".jsonl")
	require.NoError(t, err)
	r, err := parseRegistry(data)
	require.NoError(t, err, release)
	require.Equal(t, openstack.Release(release), r.release)
	return r
}

func parseRegistry(data []byte) (registry, error) {
	r := registry{options: map[place]registered{}, groups: map[openstack.Service][]string{}}
	var at place
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l registryLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return r, err
		}
		switch {
		case l.Release != "":
			r.release, r.packages = l.Release, l.Packages
		case l.Service != "":
			at = place{service: openstack.Service(l.Service)}
		case l.Section != "":
			at.section = l.Section
		case l.Option != "":
			r.options[place{at.service, at.section, l.Option}] = l.registered
		case l.Groups != nil:
			r.groups[at.service] = l.Groups
			r.classes = append(r.classes, l.Classes...)
		default:
			return r, fmt.Errorf("line %q says nothing", lines.Text())
		}
	}
	return r, lines.Err()
}

// knows reports whether the registry was asked about a service at all.
func (r registry) knows(s openstack.Service) bool {
	for p := range r.options {
		if p.service == s {
			return true
		}
	}
	return false
}

// lookup gives the option that a service reads from a place. The place may have the name of
// the option, or a name that the option declares as deprecated.
func (r registry) lookup(p place) (registered, error) {
	if o, ok := r.options[p]; ok {
		return o, nil
	}
	for other, o := range r.options {
		if other.service == p.service && slices.Contains(o.Deprecated, p.section+"."+p.option) {
			return o, nil
		}
	}
	return registered{}, fmt.Errorf("%s of %s registers no [%s] %s", p.service, r.release, p.section, p.option)
}

// judge says what the release has against a setting.
func (r registry) judge(s openstack.Service, set openstack.Setting) error {
	o, err := r.lookup(place{s, set.Section, set.Option})
	switch {
	case set.Remove && err == nil:
		return fmt.Errorf("%s of %s reads [%s] %s, which is to be removed", s, r.release, set.Section, set.Option)
	case set.Remove:
		return nil
	case err != nil:
		return err
	}
	if err := o.accepts(set.Value); err != nil {
		return fmt.Errorf("%s of %s: [%s] %s: %w", s, r.release, set.Section, set.Option, err)
	}
	if strings.HasSuffix(set.Option, "_driver") && !slices.Contains(r.classes, set.Value) {
		return fmt.Errorf("%s of %s cannot load %s", s, r.release, set.Value)
	}
	return nil
}

// accepts judges a value as oslo.config's type of that name does. A type that
// no setting has had so far is not judged, which is an error.
func (o registered) accepts(value string) error {
	switch o.Type {
	case "String", "MultiString":
		return o.word(value)
	case "Boolean":
		if !slices.Contains([]string{"true", "1", "on", "yes", "false", "0", "off", "no"}, strings.ToLower(value)) {
			return fmt.Errorf("%q is not a boolean", value)
		}
		return nil
	case "Integer":
		return o.number(value)
	case "List", "Dict":
		return o.items(value)
	}
	return fmt.Errorf("values of type %q cannot be judged", o.Type)
}

func (o registered) word(value string) error {
	if o.Regex != "" && !regexp.MustCompile(o.Regex).MatchString(value) {
		return fmt.Errorf("%q does not match %s", value, o.Regex)
	}
	return o.choice(value)
}

func (o registered) number(value string) error {
	n, err := strconv.Atoi(value)
	if err != nil {
		return err
	}
	if o.Min != nil && float64(n) < *o.Min || o.Max != nil && float64(n) > *o.Max {
		return fmt.Errorf("%d is out of bounds", n)
	}
	return o.choice(value)
}

func (o registered) choice(value string) error {
	if len(o.Choices) == 0 || slices.ContainsFunc(o.Choices, func(c any) bool { return fmt.Sprint(c) == value }) {
		return nil
	}
	return fmt.Errorf("%q is none of the choices", value)
}

// items judges each item of a list, and each value of a dict.
func (o registered) items(value string) error {
	of := registered{Type: "String"}
	if o.Of != nil {
		of = *o.Of
	}
	var errs []error
	for item := range strings.SplitSeq(value, ",") {
		if o.Type == "Dict" {
			_, after, ok := strings.Cut(item, ":")
			if !ok {
				errs = append(errs, fmt.Errorf("%q is not a pair", item))
				continue
			}
			item = after
		}
		errs = append(errs, of.accepts(strings.TrimSpace(item)))
	}
	return errors.Join(errs...)
}
