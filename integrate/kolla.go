package integrate

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

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// The folder of a service on its host, and where its container finds that.
func kollaFolder(service string) string { return "/etc/kolla/" + service }

const (
	kollaInside  = "/var/lib/kolla/config_files"
	kollaSecrets = "/etc/libvirt/secrets" // in the container of libvirt
)

// engines are those that Kolla's containers may be of.
func engines() []string { return []string{"docker", "podman"} }

// inspectFormat makes an engine tell what matters of each container, as JSON. Of
// the environment, which may hold passwords, it tells one thing only.
const inspectFormat = `{"name":{{json .Name}},"running":{{json .State.Running}},"started":{{json .State.StartedAt}},"image":{{json .Config.Image}},` +
	`"version":{{json (index .Config.Labels "kolla_version")}},"mounts":{{json .Mounts}},` +
	`"always":[{{range .Config.Env}}{{if eq . "KOLLA_CONFIG_STRATEGY=COPY_ALWAYS"}}true,{{end}}{{end}}false]}`

// inspect asks an engine about containers. One that it does not have, or an
// engine that is not installed, is told by its words alone.
func inspect(engine string, names []string) remote.Run {
	return remote.Run{Argv: append([]string{engine, "inspect", "--type", "container", "--format", inspectFormat}, names...)}
}

// A container is one of Kolla's, as its engine and its config.json describe it.
type container struct {
	engine  string
	running bool
	started time.Time
	version string // of its image
	always  bool   // it takes its files in at each start, not only at its first one
	folder  string // of the host, that they come from
	copies  []fileCopy
	err     error // why copies are not known
}

// A fileCopy is an entry of config.json: what is taken in at a start.
type fileCopy struct {
	Source string `json:"source"`
	Dest   string `json:"dest"`
}

// containersOn lists the containers that matter on a host.
func (s *site) containersOn(h spec.Host) []string {
	var names []string
	for _, service := range s.servicesOf(h) {
		if k := s.service(h, service).kolla; k != nil {
			names = append(names, k.container)
			if k.libvirt != "" {
				names = append(names, k.libvirt)
			}
		}
	}
	return names
}

// kollaLooks reads a service's files that are copied into its container: those of
// Ceph are in one of two folders, and config.json tells which.
func (s *site) kollaLooks(service string, k kollaService) []remote.Op {
	users := s.copiedUsers(service)
	ops := kollaReads(k, users, clustersOf(users))
	if k.libvirt != "" {
		libvirt := k.ofLibvirt()
		ops = append(ops, kollaReads(libvirt, nil, clustersOf(s.secrets))...)
		ops = append(ops, remote.Stat{Path: libvirt.folder + "/secrets"})
	}
	return ops
}

func kollaReads(k kollaService, users []spec.User, clusters []string) []remote.Op {
	ops := []remote.Op{remote.ReadFile{Path: k.folder + "/config.json"}, remote.Stat{Path: k.folder + "/ceph"}}
	for _, p := range (place{users: users, clusters: clusters}).files() {
		ops = append(ops, remote.ReadFile{Path: k.folder + "/" + path.Base(p)}, remote.ReadFile{Path: k.folder + "/ceph/" + path.Base(p)})
	}
	return ops
}

// kollaLists reads what is there, by whatever name: further configuration of the
// service, and the secrets that libvirt's container is made with.
func kollaLists(k kollaService) []remote.Op {
	ops := []remote.Op{remote.ReadDir{Path: k.folder, Suffix: ".conf"}}
	if k.libvirt != "" {
		folder := k.ofLibvirt().folder + "/secrets"
		ops = append(ops, remote.ReadDir{Path: folder, Suffix: ".xml"}, remote.ReadDir{Path: folder, Suffix: ".base64"})
	}
	return ops
}

// ofLibvirt is the container of libvirt that a service uses.
func (k kollaService) ofLibvirt() kollaService {
	return kollaService{container: k.libvirt, folder: kollaFolder(strings.ReplaceAll(k.libvirt, "_", "-")), variable: k.variable, overrides: k.overrides}
}

// copiedUsers lists the Ceph users whose files a service needs in its container:
// as all that use them, but that computes hand out only libvirt's secrets of
// Cinder's users.
func (s *site) copiedUsers(service string) []spec.User {
	users := s.usersOn(service)
	if service != "nova-compute" {
		return users
	}
	return slices.DeleteFunc(slices.Clone(users), func(id spec.User) bool { return !s.sharedWithNova(id) })
}

// takeContainers sorts the engines' answers into h.
func (h *observedHost) takeContainers(names []string) {
	if len(names) == 0 {
		return
	}
	h.containers = map[string]container{}
	for _, engine := range engines() {
		r := h.runs[runKey(inspect(engine, names))]
		found, err := parseContainers(engine, r)
		if err != nil {
			h.engines = append(h.engines, fmt.Sprintf("%s: %v", engine, err))
		}
		for name, c := range found {
			if _, ok := h.containers[name]; !ok {
				c.copies, c.err = parseCopies(h.files[c.folder+"/config.json"])
				h.containers[name] = c
			}
		}
	}
}

// unit is the state of a service's unit. When its container started, and not the
// unit, tells with which files it runs.
func (h *observedHost) unit(l serviceLayout) remote.Unit {
	u := h.units[l.unit]
	if l.kolla == nil {
		return u
	}
	c := h.containers[l.kolla.container]
	if u.Since = c.started; !c.running && u.Active == "active" {
		u.Active, u.Since = "inactive", time.Time{}
	}
	return u
}

// parseContainers reads an engine's answer; the error is its words about what
// it does not have.
func parseContainers(engine string, r remote.Result) (map[string]container, error) {
	found := map[string]container{}
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
		one := container{engine: engine, running: c.Running, started: c.Started, version: c.Version, always: slices.Contains(c.Always, true)}
		if one.version == "" {
			one.version = tag
		}
		for _, m := range c.Mounts {
			if path.Clean(m.Destination) == kollaInside {
				one.folder = path.Clean(m.Source)
			}
		}
		found[strings.TrimPrefix(c.Name, "/")] = one
	}
	switch {
	case r.Err != nil:
		return found, r.Err
	case r.Exit != 0:
		return found, errors.New(lastLine(r.Stderr))
	}
	return found, nil
}

// parseCopies reads what config.json copies.
func parseCopies(f observedFile) ([]fileCopy, error) {
	var config struct {
		Files []fileCopy `json:"config_files"`
	}
	switch {
	case f.err != nil:
		return nil, f.err
	case f.missing:
		return nil, fs.ErrNotExist
	}
	if err := json.Unmarshal(f.data, &config); err != nil {
		return nil, fmt.Errorf("cannot be parsed: %w", err)
	}
	return config.Files, nil
}

// from is the path on the host of what the container has at a path once it
// started; of several copies the last one counts.
func (c container) from(p string) (string, bool) {
	for _, e := range slices.Backward(c.copies) {
		source, inside := strings.CutPrefix(e.Source, kollaInside+"/")
		if rest, ok := strings.CutPrefix(p, e.at()+"/"); ok { // a folder
			return path.Join(c.folder, source, rest), inside
		}
		if ok, _ := path.Match(e.at(), p); !ok {
			continue
		}
		if strings.ContainsAny(source, "*?[") {
			source = path.Join(path.Dir(source), path.Base(p))
		}
		return path.Join(c.folder, source), inside
	}
	return "", false
}

// at is where the copy is in the container; a pattern if the source is one.
func (e fileCopy) at() string {
	if strings.HasSuffix(e.Dest, "/") {
		return path.Join(e.Dest, path.Base(e.Source))
	}
	return path.Clean(e.Dest)
}

// into lists what of the host is copied into folders of a container whose files
// ending in .conf a service reads, in the order in which it does.
func (c container) into(dirs []string) []string {
	var out []string
	for _, dir := range dirs {
		here := slices.DeleteFunc(slices.Clone(c.copies), func(e fileCopy) bool {
			return e.at() != dir && (path.Dir(e.at()) != dir || path.Ext(e.at()) != ".conf")
		})
		slices.SortStableFunc(here, func(a, b fileCopy) int { return strings.Compare(a.at(), b.at()) })
		for _, e := range here {
			out = append(out, path.Join(c.folder, strings.TrimPrefix(e.Source, kollaInside)))
		}
	}
	return out
}
