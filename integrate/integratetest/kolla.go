package integratetest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A Container is a container of Kolla. It runs while its unit runs. At each start it copies the files that its
// config.json names.
type Container struct {
	Image, Version string    // Image has a tag; Version is that of Kolla in the label of the image
	Folder         string    // on the host, from which the container copies its files
	Strategy       string    // the value of KOLLA_CONFIG_STRATEGY
	Since          time.Time // if set, it runs since then, whatever its unit says
}

func kollaFolder(service string) string { return "/etc/kolla/" + service }

func containerOf(service string) string { return strings.ReplaceAll(service, "-", "_") }

func kollaUnit(container string) string { return "kolla-" + container + "-container.service" }

// copied is an entry of config.json.
type copied struct {
	Source string `json:"source"`
	Dest   string `json:"dest"`
	Owner  string `json:"owner"`
	Perm   string `json:"perm"`
}

func copies(source, dest, owner string) copied {
	return copied{"/var/lib/kolla/config_files/" + source, dest, owner, "0600"}
}

// addContainers makes the services of a host run in containers, as kolla-ansible does it once its variables say that
// Ceph is used. No file of Ceph is there yet.
func (w *World) addContainers(m *remotetest.Host, h spec.Host) {
	all := map[string]*Container{}
	add := func(service, command string, files ...copied) {
		config, _ := json.MarshalIndent(map[string]any{"command": command, "config_files": files}, "", "    ") // plain data
		m.AddFile(kollaFolder(service)+"/config.json", config, 0o660)
		m.AddUnit(kollaUnit(containerOf(service)))
		tag := cmp.Or(w.spec.Release, "none")
		all[containerOf(service)] = &Container{Image: "quay.io/openstack.kolla/" + service + ":" + tag + "-debian-bookworm",
			Version: strings.TrimSuffix(strings.TrimPrefix(w.version(openstack.ReleaseOfKolla), "2:"), "-1"),
			Folder:  kollaFolder(service), Strategy: "COPY_ALWAYS"}
	}
	for _, service := range h.Services {
		account, _, _ := strings.Cut(service, "-")
		name := base(configPaths[service][0])
		files, libvirt := []copied{copies(name, "/etc/"+account+"/"+name, account)},
			[]copied{copies("secrets", "/etc/libvirt/secrets", "root")}
		if service != "nova-compute" {
			add(service, service, append(files, copies("ceph", "/etc/ceph", account))...)
			continue
		}
		if n := w.spec.Nova; n != nil {
			cluster := cmp.Or(n.Cluster, w.spec.Clusters[0].Name)
			keyring := cluster + ".client." + cmp.Or(n.User, "cinder") + ".keyring"
			conf := copies(cluster+".conf", "/etc/ceph/"+cluster+".conf", account)
			files, libvirt = append(files, copies(keyring, "/etc/ceph/"+keyring, account), conf), append(libvirt, conf)
		}
		add(service, service, files...)
		add("nova-libvirt", "/usr/sbin/libvirtd --listen", libvirt...)
	}
	for _, name := range novaContainers() {
		if h.Name == w.controller() {
			service := strings.ReplaceAll(name, "_", "-")
			add(service, service, copies("nova.conf", "/etc/nova/nova.conf", "nova"))
			m.AddFile(kollaFolder(service)+"/nova.conf", []byte(cinderLogin), 0o660)
		}
	}
	w.Containers[h.Name] = all
	engine := "docker"
	if slices.Contains(h.Services, "nova-compute") { // so that a cloud has hosts of both engines
		engine = "podman"
	}
	m.Handle(engine, w.engine(engine, h.Name, m))
}

// copiedFrom is the file on the host that a file of Ceph in the container of a service is copied from.
func (w *World) copiedFrom(host, service, file string) string {
	folder := w.Containers[host][containerOf(service)].Folder
	if service == "nova-compute" {
		return folder + "/" + base(file)
	}
	return folder + "/ceph/" + base(file)
}

// engine stands for docker or podman. It inspects containers with a template, and runs rbd in a container.
func (w *World) engine(engine, host string, m *remotetest.Host) func(remote.Run) (stdout, stderr []byte, exit int) {
	return func(run remote.Run) (stdout, stderr []byte, exit int) {
		args := run.Argv[1:]
		switch {
		case len(args) > 5 && strings.Join(args[:4], " ") == "inspect --type container --format":
			return w.inspect(engine, host, args[4], args[5:])
		case len(args) > 4 && args[0] == "exec" && args[1] == "--user" && args[4] == "rbd":
			account, _, _ := strings.Cut(args[3], "_")
			if w.Containers[host][args[3]] == nil || args[2] != account || m.Unit(kollaUnit(args[3])).Active != "active" {
				return nil, []byte("Error: container " + args[3] + " is not running\n"), 126
			}
			return w.rbd(remote.Run{Argv: args[4:]})
		}
		return nil, []byte(engine + ": unknown command\n"), 125
	}
}

// described has the fields of a container that a template can name.
type described struct {
	Name  string
	State struct {
		Running   bool
		StartedAt time.Time
	}
	Config struct {
		Image  string
		Labels map[string]string
		Env    []string
	}
	Mounts []mount
}

type mount struct{ Type, Source, Destination string }

func (w *World) inspect(engine, host, format string, names []string) (stdout, stderr []byte, exit int) {
	text := func(v any) (string, error) {
		data, err := json.Marshal(v)
		return string(data), err
	}
	t, err := template.New("").Funcs(template.FuncMap{"json": text}).Option("missingkey=error").Parse(format)
	if err != nil {
		return nil, []byte(err.Error()), 64
	}
	var out, errs bytes.Buffer
	for _, name := range names {
		c := w.Containers[host][name]
		if c == nil {
			fmt.Fprintf(&errs, "Error: No such container: %s\n", name)
			exit = 1
			continue
		}
		if err := t.Execute(&out, c.describe(engine, name, w.Machines[host].Unit(kollaUnit(name)))); err != nil {
			return nil, []byte(err.Error()), 64
		}
		out.WriteString("\n")
	}
	return out.Bytes(), errs.Bytes(), exit
}

func (c *Container) describe(engine, name string, u remote.Unit) described {
	var d described
	if d.Name = name; engine == "docker" {
		d.Name = "/" + name
	}
	d.State.Running, d.State.StartedAt = u.Active == "active", u.Since
	if !c.Since.IsZero() {
		d.State.Running, d.State.StartedAt = true, c.Since
	}
	d.Config.Image, d.Config.Labels = c.Image, map[string]string{"name": name}
	if c.Version != "" {
		d.Config.Labels["kolla_version"] = c.Version
	}
	d.Config.Env = []string{"PATH=/usr/bin", "http_proxy=http://user:secret@proxy", "KOLLA_CONFIG_STRATEGY=" + c.Strategy}
	d.Mounts = []mount{{"volume", "/var/lib/docker/volumes/kolla_logs/_data", "/var/log/kolla"},
		{"bind", c.Folder, "/var/lib/kolla/config_files"}}
	return d
}
