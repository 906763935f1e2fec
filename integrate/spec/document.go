package spec

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A document is the YAML of a Spec, which knows where each field is.
type document struct {
	file string // empty where it is not known
	root *yaml.Node
	// entries are the index in hosts of the text, for each host of the Spec. groups are
	// the names of their groups, for each entry.
	entries []int
	groups  []string
	known   map[*yaml.Node]map[string]field // of mappings in which a fault was looked for
}

// spec reads the document, or lists what in it does not belong to a Spec. No fault holds
// a value of the document: it may be a secret that somebody put there by mistake.
func (d *document) spec() (Spec, []error) {
	var s Spec
	var f form
	if fault := tooManyNames(d.root, new(0)); fault != nil {
		fault.File = d.file
		return s, []error{fault}
	}
	err := d.decode(&s)
	if err == nil || isOfAnotherForm(err) {
		err = cmp.Or(d.decode(&f), err)
	}
	if err != nil && !isOfAnotherForm(err) {
		return s, []error{fmt.Errorf("spec: %w", withoutValue(err, nil))} // a loop of aliases, or too many of them
	}
	c := checker{}
	c.check(d.root, reflect.TypeFor[Spec](), "")
	if err != nil && len(c.faults) == 0 {
		return s, []error{errors.New("spec: the text does not have the form of a Spec")}
	}
	if len(c.faults) == 0 {
		hosts, faults := d.expand(s.Hosts, f)
		s.Hosts = hosts
		return s, faults
	}
	var faults []error
	for _, f := range c.faults {
		f.File = d.file
		faults = append(faults, f)
	}
	return s, faults
}

func (d *document) decode(into any) error { return d.root.Decode(into) }

func isOfAnotherForm(err error) bool {
	values := new(yaml.TypeError)
	return errors.As(err, &values)
}

// tooManyNames finds a mapping of more names than a Spec has, or the many names of a text
// that are there twice. The YAML library compares each name of a mapping with each other.
func tooManyNames(n *yaml.Node, twice *int) *FieldError {
	const most, mostTwice = 1000, 100
	if n.Kind == yaml.MappingNode {
		if names := len(n.Content) / 2; names > most {
			return &FieldError{Line: n.Line, Column: n.Column,
				Message: fmt.Sprintf("has %d names, %d are possible", names, most)}
		}
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if seen[key.Value] {
				*twice++
			}
			seen[key.Value] = true
		}
		if *twice > mostTwice {
			return &FieldError{Line: n.Line, Column: n.Column,
				Message: fmt.Sprintf("is one of the mappings in which more than %d names are there twice", mostTwice)}
		}
	}
	for _, child := range n.Content {
		if fault := tooManyNames(child, twice); fault != nil {
			return fault
		}
	}
	return nil
}

// A checker compares a document with the type that it is to become.
type checker struct{ faults []*FieldError }

func (c *checker) fault(n *yaml.Node, path, format string, args ...any) {
	c.faults = append(c.faults, &FieldError{Path: path, Line: n.Line, Column: n.Column,
		Message: fmt.Sprintf(format, args...)})
}

func (c *checker) check(n *yaml.Node, t reflect.Type, path string) {
	n = target(n)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case isNull(n) && t.Kind() == reflect.Bool: // it may have been meant to be true
		c.fault(n, path, "is empty: write true or false")
	case t == reflect.TypeFor[Secret]() && n.Kind != yaml.ScalarNode:
		c.fault(n, path, "is not text")
	case t == reflect.TypeFor[Secret]():
	case isNull(n):
		c.empty(n, t, path)
	case t.Kind() == reflect.Struct:
		c.mapping(n, path, fieldsOf(t), nil)
	case t.Kind() == reflect.Map:
		c.mapping(n, path, nil, t.Elem())
	case t.Kind() == reflect.Slice && n.Kind != yaml.SequenceNode:
		c.fault(n, path, "is not a list")
	case t.Kind() == reflect.Slice:
		for i, item := range n.Content {
			c.check(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	case n.Kind != yaml.ScalarNode, n.Decode(reflect.New(t).Interface()) != nil, cut(n, t):
		c.fault(n, path, "is not %s", kindName(t))
	}
}

// mapping checks the fields of a mapping, and of the mappings that are merged into it. Its
// names are those of fields, or any where fields is nil.
func (c *checker) mapping(n *yaml.Node, path string, fields map[string]reflect.Type, elem reflect.Type) {
	if n.Kind != yaml.MappingNode {
		c.fault(n, path, "is not a mapping of names to values")
		return
	}
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := target(n.Content[i]), n.Content[i+1]
		if key.ShortTag() == "!!merge" {
			for _, m := range merged(value) {
				c.mapping(m, path, fields, elem)
			}
			continue
		}
		at := join(path, key.Value)
		t, known := fields[key.Value]
		if fields == nil {
			t, known = elem, true
		}
		switch {
		case key.Kind != yaml.ScalarNode || isNull(key):
			c.fault(n.Content[i], path, "has a name that is not text")
		case first[key.Value] != nil:
			c.fault(n.Content[i], at, "is there twice, first on line %d, column %d", first[key.Value].Line,
				first[key.Value].Column)
		case known:
			c.check(value, t, at)
		case path != "" || !strings.HasPrefix(key.Value, "x-"): // x-… is for anchors
			c.fault(n.Content[i], at, "is not a field of a Spec%s", DidYouMean(key.Value, fields))
		}
		if first[key.Value] == nil {
			first[key.Value] = n.Content[i]
		}
	}
}

func (d *document) locate(f *FieldError) {
	f.File = d.file
	n, whole := d.at(f.Path)
	if group := d.inGroup(f.Path); group != "" && !whole {
		if at, whole := d.at(group); whole {
			n = at
		}
	}
	if n != nil {
		f.Line, f.Column = n.Line, n.Column
	}
}

// at is where a field is in the document. Where the document does not have the field, it is
// the innermost field around it, or nil, and not whole.
func (d *document) at(path string) (found *yaml.Node, whole bool) {
	n := d.root
	for path != "" {
		n = target(n)
		f, rest := d.step(n, path)
		if f.value == nil {
			return found, false
		}
		found, n, path = f.key, f.value, rest
	}
	return found, true
}

// A field is a name of a mapping and its value.
type field struct{ key, value *yaml.Node }

// step goes one name or one index down a path: to the field there, and to what of the path
// is left.
func (d *document) step(n *yaml.Node, path string) (f field, rest string) {
	if n.Kind == yaml.SequenceNode {
		index, rest, _ := strings.Cut(strings.TrimPrefix(path, "["), "]")
		i, err := strconv.Atoi(index)
		if err != nil || i < 0 || i >= len(n.Content) {
			return field{}, ""
		}
		return field{n.Content[i], n.Content[i]}, strings.TrimPrefix(rest, ".")
	}
	fields := d.fields(n)
	// A name may have dots itself, as one of a section of ceph.conf does.
	for end := len(path); end > 0; end = strings.LastIndexAny(path[:end], ".[") {
		if f, ok := fields[path[:end]]; ok {
			return f, strings.TrimPrefix(path[end:], ".")
		}
	}
	return field{}, ""
}

// fields are the fields of a mapping, with those of the mappings that are merged into it.
func (d *document) fields(n *yaml.Node) map[string]field {
	if d.known[n] == nil {
		if d.known == nil {
			d.known = map[*yaml.Node]map[string]field{}
		}
		d.known[n] = map[string]field{}
		addFields(d.known[n], n)
	}
	return d.known[n]
}

// addFields adds the fields of a mapping that are not there yet.
func addFields(fields map[string]field, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		return
	}
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name := target(key).Value
		if _, ok := fields[name]; key.ShortTag() == "!!merge" {
			merges = append(merges, merged(value)...)
		} else if !ok {
			fields[name] = field{key, value}
		}
	}
	for _, m := range merges {
		addFields(fields, m)
	}
}

// merged are the mappings of a merge key (<<). Its value is a mapping or a list of mappings.
func merged(value *yaml.Node) []*yaml.Node {
	value = target(value)
	if value.Kind != yaml.SequenceNode {
		return []*yaml.Node{value}
	}
	var all []*yaml.Node
	for _, n := range value.Content {
		all = append(all, target(n))
	}
	return all
}

// target is what an alias stands for.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// cut reports whether a number would lose its fraction, which the YAML library
// takes off.
func cut(n *yaml.Node, t reflect.Type) bool {
	return (t.Kind() == reflect.Int || t.Kind() == reflect.Int64) && n.ShortTag() != "!!int"
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// fieldsOf are the types of a struct's fields in YAML, by their names.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for f := range t.Fields() {
		fields[yamlName(f)] = f.Type
	}
	switch t {
	case reflect.TypeFor[Spec]():
		fields["groups"] = reflect.TypeFor[map[string]group]()
	case reflect.TypeFor[Host]():
		fields["group"] = reflect.TypeFor[string]()
	case reflect.TypeFor[group]():
		delete(fields, "name")
	}
	return fields
}

// yamlName is a field's name in YAML.
func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}

func kindName(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.String:
		return "text"
	}
	return "a whole number"
}
