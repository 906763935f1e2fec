package spec

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

const emptyEntry = "is empty: write what belongs there, or take the entry out"

// empty finds what is meant to be a mapping or a list, and has nothing behind its name; and entries of lists that are
// nothing, which YAML drops. Such a section is not taken as its defaults, nor as if it were not there: a service would
// be left out without a word.
func (c *checker) empty(n *yaml.Node, t reflect.Type, path string) {
	switch {
	case strings.HasSuffix(path, "]"):
		c.fault(n, path, emptyEntry)
	case t.Kind() == reflect.Slice:
		c.fault(n, path, "is empty: write a list, or take the line out")
	case t.Kind() == reflect.Struct || t.Kind() == reflect.Map:
		c.fault(n, path, "is empty: write {} for the defaults, or take the line out")
	}
}

// paths finds empty names in the lists of files for SSH.
func (v *validation) paths() {
	lists := map[string][]string{"ssh.key_files": v.spec.SSH.KeyFiles, "ssh.known_hosts": v.spec.SSH.KnownHosts}
	if e := v.spec.SSH.Entry; e != nil {
		lists["ssh.entry.key_files"] = e.KeyFiles
	}
	for _, field := range []string{"ssh.key_files", "ssh.known_hosts", "ssh.entry.key_files"} {
		for i, path := range lists[field] {
			if path == "" {
				v.fault(fmt.Sprintf("%s[%d]", field, i), emptyEntry)
			}
		}
	}
}
