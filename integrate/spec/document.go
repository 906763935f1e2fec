package spec

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A document is the YAML of a Spec, which knows on what line each field is.
type document struct{ root *yaml.Node }

// spec reads the document, or lists what in it does not belong to a Spec. No fault holds
// a value of the document: it may be a secret that somebody put there by mistake.
func (d document) spec() (Spec, []error) {
	var s Spec
	err := d.root.Decode(&s)
	if values := new(yaml.TypeError); err != nil && !errors.As(err, &values) {
		return s, []error{fmt.Errorf("spec: %w", err)} // a loop of aliases, or too many of them
	}
	c := checker{}
	c.check(d.root, reflect.TypeFor[Spec](), "")
	if err != nil && len(c.faults) == 0 {
		return s, []error{errors.New("spec: the text does not have the form of a Spec")}
	}
	return s, c.faults
}

// A checker compares a document with the type that it is to become.
type checker struct{ faults []error }

func (c *checker) fault(n *yaml.Node, path, format string, args ...any) {
	c.faults = append(c.faults, &FieldError{Path: path, Line: n.Line, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) check(n *yaml.Node, t reflect.Type, path string) {
	n = target(n)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case isNull(n) && t.Kind() == reflect.Bool: // it may have been meant to be true
		c.fault(n, path, "is empty: write true or false")
	case isNull(n):
		c.empty(n, t, path)
	case t.Kind() == reflect.Struct:
		c.mapping(n, path, yamlFields(t))
	case t.Kind() == reflect.Map:
		c.mapping(n, path, func(string) (reflect.Type, bool) { return t.Elem(), true })
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

// mapping checks the fields of a mapping, and of the mappings that are merged into it.
func (c *checker) mapping(n *yaml.Node, path string, typeOf func(name string) (reflect.Type, bool)) {
	if n.Kind != yaml.MappingNode {
		c.fault(n, path, "is not a mapping of names to values")
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := target(n.Content[i]), n.Content[i+1]
		if key.ShortTag() == "!!merge" {
			for _, m := range merged(value) {
				c.mapping(m, path, typeOf)
			}
			continue
		}
		at := join(path, key.Value)
		t, ok := typeOf(key.Value)
		switch {
		case key.Kind != yaml.ScalarNode || isNull(key):
			c.fault(n.Content[i], path, "has a name that is not text")
		case !ok:
			c.fault(n.Content[i], at, "is not a field of a Spec")
		case lines[key.Value] > 0:
			c.fault(n.Content[i], at, "is there twice, first on line %d", lines[key.Value])
		default:
			c.check(value, t, at)
		}
		lines[key.Value] = n.Content[i].Line
	}
}

// withLines gives faults the lines of their fields.
func (d document) withLines(faults []error) []error {
	for _, err := range faults {
		var f *FieldError
		if errors.As(err, &f) {
			f.Line = d.line(f.Path)
		}
	}
	return faults
}

// line is the line of a field in the document. Where the document does not have the
// field, it is the line of the innermost field around it, and 0 if there is none.
func (d document) line(path string) int {
	line, n := 0, d.root
	for path != "" {
		n = target(n)
		key, value, rest := step(n, path)
		if value == nil {
			return line
		}
		line, n, path = key.Line, value, rest
	}
	return line
}

// step goes one name or one index down a path: to the node with the line, to the
// one with the value, and to what of the path is left.
func step(n *yaml.Node, path string) (key, value *yaml.Node, rest string) {
	if n.Kind == yaml.SequenceNode {
		index, rest, _ := strings.Cut(strings.TrimPrefix(path, "["), "]")
		i, err := strconv.Atoi(index)
		if err != nil || i < 0 || i >= len(n.Content) {
			return nil, nil, ""
		}
		return n.Content[i], n.Content[i], strings.TrimPrefix(rest, ".")
	}
	if n.Kind != yaml.MappingNode {
		return nil, nil, ""
	}
	longest := -1
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := target(n.Content[i]).Value
		left, ok := strings.CutPrefix(path, name)
		// A name may have dots itself, as one of a section of ceph.conf does.
		if ok && len(name) > longest && (left == "" || left[0] == '.' || left[0] == '[') {
			longest = len(name)
			key, value, rest = n.Content[i], n.Content[i+1], strings.TrimPrefix(left, ".")
		}
	}
	for i := 0; value == nil && i+1 < len(n.Content); i += 2 {
		if n.Content[i].ShortTag() != "!!merge" {
			continue
		}
		for _, m := range merged(n.Content[i+1]) {
			if key, value, rest = step(m, path); value != nil {
				break
			}
		}
	}
	return key, value, rest
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

// yamlFields tells the types of a struct's fields by their names in YAML.
func yamlFields(t reflect.Type) func(name string) (reflect.Type, bool) {
	fields := map[string]reflect.Type{}
	for f := range t.Fields() {
		fields[yamlName(f)] = f.Type
	}
	return func(name string) (reflect.Type, bool) {
		field, ok := fields[name]
		return field, ok
	}
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
