package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxText is more than the Spec of a cloud with 100,000 hosts takes.
const maxText = 32 << 20

// Load reads a Spec from YAML (JSON is YAML, too) and validates it. A path in it is
// relative to dir, the folder that the text is from; ~/ is the home directory of
// the user that the program runs as. Load opens none of the files that the Spec
// names.
//
// The text has more than a Spec, so that a cloud of many hosts is a short text. What Load
// gives is explicit again, with one Host for each host:
//
//	x-ceph: &ceph {cluster: ceph}         # fields x-… at the top are ignored: keep YAML's anchors there
//	groups:                               # what hosts of a group have that do not say otherwise
//	  computes: {services: [nova-compute], disks: ceph}
//	hosts:
//	  - {name: ceph01, address: 10.0.0.1}
//	  - {name: "compute[001-400]", group: computes, address: "10.1.0.[1-400]"}
//	  - {name: "gpu[01-03,07]", group: computes, address: .cloud.example}
//
// Names in brackets are those of ExpandNames. An address that begins with a dot is the
// name and that domain. The numbers in the brackets of an address are one for each name,
// in the same order. In an IP address they may be larger than its numbers can be: 10.1.0.256
// is 10.1.1.0. Those of an IPv6 address are hexadecimal. YAML wants quotes around brackets
// in a text that is itself in braces.
//
// The error joins all faults. A fault is a *FieldError with the place of its field:
// a field that a Spec does not have, a value of another form, or what Validate
// finds. If r has a method Name, as an *os.File has, the place has that name. A fault that
// the hosts of an entry have in common is told once. A Spec with faults is not to be used.
// Only a text that is not YAML at all, is empty, or holds a second document, has an error
// of another type.
//
// A missing release is not a fault here, as detect.Release can tell it.
func Load(r io.Reader, dir string) (Spec, error) {
	s, doc, err := read(r, dir)
	if err != nil {
		return Spec{}, err
	}
	return s, errors.Join(doc.inText(s.checkExceptRelease())...)
}

// Read is Load without the validation. It is for programs that need a part of a
// Spec that may not be whole yet, such as the hosts whose keys are to be learned.
func Read(r io.Reader, dir string) (Spec, error) {
	s, _, err := read(r, dir)
	return s, err
}

func read(r io.Reader, dir string) (Spec, *document, error) {
	root, err := parse(r)
	if err != nil {
		return Spec{}, nil, fmt.Errorf("spec: %w", err)
	}
	doc := &document{root: root}
	if f, ok := r.(interface{ Name() string }); ok {
		doc.file = f.Name()
	}
	s, faults := doc.spec()
	if len(faults) == 0 {
		faults = doc.inText(s.locate(dir))
	}
	if len(faults) > 0 {
		return Spec{}, nil, errors.Join(faults...)
	}
	return s, doc, nil
}

// bracketsInBraces is a text such as {name: compute[001-400]}, which is not YAML.
var bracketsInBraces = regexp.MustCompile(`\{[^"'\n]*: *[^"'\s\[{][^"'\n{},]*\[[0-9]`)

// parse reads the one document of a text.
func parse(r io.Reader) (*yaml.Node, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxText {
		return nil, fmt.Errorf("the text is longer than %d bytes", maxText)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var root yaml.Node
	switch err := d.Decode(&root); {
	case errors.Is(err, io.EOF), err == nil && (len(root.Content) != 1 || isNull(root.Content[0])):
		return nil, errors.New("the text is empty: it should hold a Spec")
	case err != nil && bracketsInBraces.Match(text):
		return nil, fmt.Errorf("%w; in braces, a text with brackets needs quotes, such as {name: \"compute[001-400]\"}",
			withoutValue(err, text))
	case err != nil:
		return nil, withoutValue(err, text)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("the text holds more than one document; a Spec is one")
	}
	return root.Content[0], nil
}

// locate makes the paths of the Spec absolute, or relative to where the program
// runs where dir is.
func (s *Spec) locate(dir string) []error {
	var faults []error
	one := func(field string, path *string) {
		at, err := locate(dir, *path)
		if err != nil {
			faults = append(faults, &FieldError{Path: field, Message: err.Error(), Err: err})
			return
		}
		*path = at
	}
	list := func(field string, paths []string) {
		for i := range paths {
			one(fmt.Sprintf("%s[%d]", field, i), &paths[i])
		}
	}
	list("ssh.key_files", s.SSH.KeyFiles)
	list("ssh.known_hosts", s.SSH.KnownHosts)
	if !s.SSH.Alone() {
		one("ssh.config", &s.SSH.Config)
	}
	if e := s.SSH.Entry; e != nil {
		list("ssh.entry.key_files", e.KeyFiles)
		one("ssh.entry.password_file", &e.PasswordFile)
	}
	one("cloud.clouds_file", &s.Cloud.CloudsFile)
	return faults
}

// locate leaves an empty path empty.
func locate(dir, path string) (string, error) {
	if path == "" || filepath.IsAbs(path) {
		return path, nil
	}
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("%s is in the home directory, which is not known: %w", path, err)
		}
		return filepath.Join(home, rest), nil
	}
	return filepath.Join(dir, path), nil
}
