package place

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// engines are the programs that may run the containers of Kolla.
func engines() []string { return []string{"docker", "podman"} }

// inspectFormat makes an engine tell what matters of each container, as JSON. Of
// the environment, which may hold passwords, it tells one thing only.
const inspectFormat = `{"name":{{json .Name}},"running":{{json .State.Running}},"started":{{json .State.StartedAt}},` +
	`"image":{{json .Config.Image}},"version":{{json (index .Config.Labels "kolla_version")}},"mounts":{{json .Mounts}},` +
	`"always":[{{range .Config.Env}}{{if eq . "KOLLA_CONFIG_STRATEGY=COPY_ALWAYS"}}true,{{end}}{{end}}false]}`

// Inspect asks all engines about containers. If an engine does not have a container,
// or is not installed, only the error text of the operation tells it.
func Inspect(names []string) []remote.Op {
	var ops []remote.Op
	for _, engine := range engines() {
		ops = append(ops, inspect(engine, names))
	}
	return ops
}

func inspect(engine string, names []string) remote.Run {
	argv := []string{engine, "inspect", "--type", "container", "--format", inspectFormat}
	return remote.Run{Argv: append(argv, names...)}
}

// A Container is a container of Kolla, as its engine and its config.json describe it.
type Container struct {
	Engine  string // empty where no engine has the container
	Running bool
	Started time.Time
	Version string // of Kolla, in the label of the image
	Always  bool   // whether it copies its files at each start, and not only at its first start
	Folder  string // on the host, from which its files are copied
	Err     error  // why it is not known which files are copied into it

	copies []fileCopy
}

// A fileCopy is an entry of config.json: what is taken in at a start.
type fileCopy struct {
	Source string `json:"source"`
	Dest   string `json:"dest"`
}

// Containers are the containers of a host.
type Containers struct {
	ByName  map[string]Container
	Engines []string // what the engines say about containers that they do not have
}

// ContainersOn reads the answers to Inspect.
func ContainersOn(h *step.Host, names []string) Containers {
	if len(names) == 0 {
		return Containers{}
	}
	type key struct{ names string }
	return step.Derive(h, key{strings.Join(names, " ")}, func() Containers { return containersOn(h, names) })
}

func containersOn(h *step.Host, names []string) Containers {
	all := Containers{ByName: map[string]Container{}}
	for _, engine := range engines() {
		found, err := parseContainers(engine, h.Ran(inspect(engine, names)))
		if err != nil {
			all.Engines = append(all.Engines, fmt.Sprintf("%s: %v", engine, err))
		}
		for name, c := range found {
			if _, ok := all.ByName[name]; !ok {
				c.copies, c.Err = parseCopies(h.Files[c.Folder+"/config.json"])
				all.ByName[name] = c
			}
		}
	}
	return all
}

// parseContainers reads an engine's answer; the error is its words about what
// it does not have.
func parseContainers(engine string, r remote.Result) (map[string]Container, error) {
	found := map[string]Container{}
	for d := json.NewDecoder(bytes.NewReader(r.Data)); d.More(); {
		var c struct {
			Name, Image, Version string
			Running              bool
			Started              time.Time
			Always               []bool
			Mounts               []struct{ Source, Destination string }
		}
		if err := d.Decode(&c); err != nil {
			return found, fmt.Errorf("not what it says of containers: %w", err)
		}
		_, tag, _ := strings.Cut(path.Base(c.Image), ":")
		one := Container{Engine: engine, Running: c.Running, Started: c.Started, Version: c.Version,
			Always: slices.Contains(c.Always, true)}
		if one.Version == "" {
			one.Version = tag
		}
		for _, m := range c.Mounts {
			if path.Clean(m.Destination) == kollaInside {
				one.Folder = path.Clean(m.Source)
			}
		}
		found[strings.TrimPrefix(c.Name, "/")] = one
	}
	switch {
	case r.Err != nil:
		return found, r.Err
	case r.Exit != 0:
		return found, errors.New(words.LastLine(r.Stderr))
	}
	return found, nil
}

// parseCopies reads what config.json copies.
func parseCopies(f step.File) ([]fileCopy, error) {
	var config struct {
		Files []fileCopy `json:"config_files"`
	}
	switch {
	case f.Err != nil:
		return nil, f.Err
	case f.Missing:
		return nil, fs.ErrNotExist
	}
	if err := json.Unmarshal(f.Data, &config); err != nil {
		return nil, fmt.Errorf("cannot be parsed: %w", err)
	}
	return config.Files, nil
}

// From is the path on the host of what the container has at a path once it
// started; of several copies the last one counts.
func (c Container) From(p string) (string, bool) {
	for _, e := range slices.Backward(c.copies) {
		source, inside := strings.CutPrefix(e.Source, kollaInside+"/")
		if rest, ok := strings.CutPrefix(p, e.at()+"/"); ok { // a folder
			return path.Join(c.Folder, source, rest), inside
		}
		if ok, _ := path.Match(e.at(), p); !ok {
			continue
		}
		if strings.ContainsAny(source, "*?[") {
			source = path.Join(path.Dir(source), path.Base(p))
		}
		return path.Join(c.Folder, source), inside
	}
	return "", false
}

// at is the path of the copy in the container. It is a pattern if Source is a pattern.
func (e fileCopy) at() string {
	if strings.HasSuffix(e.Dest, "/") {
		return path.Join(e.Dest, path.Base(e.Source))
	}
	return path.Clean(e.Dest)
}

// into lists what of the host is copied into folders of a container whose files
// ending in .conf a service reads, in the order in which it does.
func (c Container) into(dirs []string) []string {
	var out []string
	for _, dir := range dirs {
		here := slices.DeleteFunc(slices.Clone(c.copies), func(e fileCopy) bool {
			return e.at() != dir && (path.Dir(e.at()) != dir || path.Ext(e.at()) != ".conf")
		})
		slices.SortStableFunc(here, func(a, b fileCopy) int { return strings.Compare(a.at(), b.at()) })
		for _, e := range here {
			out = append(out, path.Join(c.Folder, strings.TrimPrefix(e.Source, kollaInside)))
		}
	}
	return out
}
