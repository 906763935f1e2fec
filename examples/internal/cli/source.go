package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate/spec"
)

// maxInput is how many bytes a file may have that a flag names: a Spec (which has a limit of its own) or a plan.
const maxInput = 512 << 20

const (
	defaultFile  = "cloud.yaml"
	fileVariable = "CEPHSTACK_FILE"
	stdin        = "-" // the file that is standard input
)

// A source is the text of a Spec, and where it is from.
type source struct {
	data []byte
	file string // as somebody named it
}

// A text is what a file has; it knows the name of the file.
type text struct {
	*bytes.Reader
	name string
}

func (t text) Name() string { return t.name }

func (s source) text() text {
	if s.file == stdin {
		return text{bytes.NewReader(s.data), "standard input"}
	}
	return text{bytes.NewReader(s.data), s.file}
}

// parse makes a Spec of the text, by spec.Load or spec.Read. What standard input has is relative to the folder that
// the program runs in.
func (s source) parse(read func(io.Reader, string) (spec.Spec, error)) (spec.Spec, error) {
	t := s.text()
	got, err := read(t, filepath.Dir(s.file))
	if fault := new(spec.FieldError); err == nil || errors.As(err, &fault) { // faults name the file, each with its line
		return got, err
	}
	return got, fmt.Errorf("%s: %w", t.name, err)
}

// groups are the names of the hosts of each group. A Spec does not keep its groups, as its hosts have what the groups
// give. The text is that of a Spec which was parsed.
func (s source) groups() (map[string][]string, error) {
	var form struct {
		Hosts []struct {
			Name  string `yaml:"name"`
			Group string `yaml:"group"`
		} `yaml:"hosts"`
	}
	if err := yaml.Unmarshal(s.data, &form); err != nil {
		return nil, err
	}
	groups := map[string][]string{}
	for _, h := range form.Hosts {
		names, err := spec.ExpandNames(h.Name)
		if err != nil {
			return nil, err
		}
		if h.Group != "" {
			groups[h.Group] = append(groups[h.Group], names...)
		}
	}
	return groups, nil
}

// specFile is the file of the Spec: the flag's, or that of the environment, or the default.
func (o *options) specFile() string {
	return cmp.Or(o.file, os.Getenv(fileVariable), defaultFile)
}

// source reads the text of the Spec from a file, from a pipe such as that of <(…), or from standard input.
func (i *invocation) source(ctx context.Context) (source, error) {
	s := source{file: i.specFile()}
	var err error
	if s.file == stdin {
		s.data, err = i.readStdin(ctx)
	} else {
		s.data, _, err = cephstack.ReadInput(ctx, s.file, maxInput)
	}
	switch {
	case err == nil:
		return s, nil
	case i.file == "" && s.file != defaultFile:
		return s, fmt.Errorf("the Spec cannot be read: %w; %s names its file, and so does -f", err, fileVariable)
	}
	return s, fmt.Errorf("the Spec cannot be read: %w; -f names its file", err)
}

// readStdin does not wait for standard input once ctx has ended.
func (i *invocation) readStdin(ctx context.Context) ([]byte, error) {
	type input struct {
		data []byte
		err  error
	}
	all := make(chan input, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(i.Stdin, maxInput+1))
		if len(data) > maxInput {
			err = fmt.Errorf("standard input is longer than %d bytes", maxInput)
		}
		all <- input{data, err}
	}()
	select {
	case in := <-all:
		return in.data, in.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// load reads the Spec, and finds in it what --limit and --clusters name.
func (i *invocation) load(ctx context.Context) (spec.Spec, error) {
	from, err := i.source(ctx)
	if err != nil {
		return spec.Spec{}, err
	}
	s, err := from.parse(spec.Load)
	if err != nil {
		return s, err
	}
	var groups map[string][]string
	if len(i.limit) > 0 {
		if groups, err = from.groups(); err != nil {
			return s, err
		}
	}
	return s, i.restrict(s, groups, false)
}
