package host_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

func TestReleasesOfPackages(t *testing.T) {
	for name, c := range map[string]struct {
		versions   map[string]string // of programs
		code, says string
		refused    []string // services
	}{
		"not installed by packages": {nil, "", "", nil},
		"as the Spec says": {map[string]string{"cinder-volume": "2:21.1.0-3", "cinder-backup": "2:21.1.0-3"},
			"", "", nil},
		"another": {map[string]string{"glance-api": "2:25.1.0-2", "cinder-volume": "2:19.0.0-1"}, "release-differs",
			"version 2:19.0.0-1 is of xena, and the Spec says zed, so that its options are left alone; " +
				"name the release that is installed, or upgrade this host", []string{"cinder-volume"}},
		"not known": {map[string]string{"cinder-volume": "master"}, "release-unknown",
			"whether it is zed cannot be told: ", nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := remotetest.NewHost("controller")
			for program, version := range c.versions {
				m.AddPackage(program, version, true)
			}
			e := compareAt(t, earlySpec(nil), "controller", m)
			for _, service := range e.Services {
				d := e.at(e.ServiceID(service))
				assert.Equal(t, len(c.refused) > 0 && c.refused[0] == service, d.Refused, service)
			}
			if c.code == "" {
				assert.Empty(t, e.codes())
				return
			}
			f := e.only(t, e.ServiceID("cinder-volume"))
			assert.Equal(t, c.code, f.Code)
			assert.Equal(t, "release of cinder-volume", f.Object)
			assert.Contains(t, f.Message, c.says)
			assert.Equal(t, c.refused != nil, f.Problem)
		})
	}
}

// TestAProgramOfSeveralServices: where one package has several services, a problem of its
// release is reported once, and not for each service.
func TestAProgramOfSeveralServices(t *testing.T) {
	s := earlySpec(nil)
	s.Layout = spec.LayoutRDO
	m := remotetest.NewHost("controller")
	m.AddPackage("openstack-cinder", "1:19.0.0-1.el9", true)
	e := compareAt(t, s, "controller", m)
	f := e.only(t, e.ServiceID("cinder-volume"))
	assert.Equal(t, "release of openstack-cinder", f.Object)
	assert.True(t, e.at(e.ServiceID("cinder-volume")).Because.IsZero(), "the problem is its own")
	e.silent(t, e.ServiceID("cinder-backup"), e.ServiceID("cinder-volume"))
	assert.False(t, e.at(e.ServiceID("glance-api")).Refused)
	m.AddPackage("openstack-cinder", "master", true)
	assert.Equal(t, []string{"release-unknown"}, compareAt(t, s, "controller", m).codes())
}

// A box is a container of Kolla.
type box struct {
	folder, version, image, strategy string
	stopped                          bool
}

const glanceUnit = "kolla-glance_api-container.service"

func kollaSpec() spec.Spec {
	s := earlySpec(nil)
	s.Release, s.Layout, s.Packages = "2023.1", spec.LayoutKolla, ""
	return s
}

// copying is a config.json that copies files into a container, as source and target.
func copying(files ...string) string {
	type entry struct {
		Source string `json:"source"`
		Dest   string `json:"dest"`
	}
	var config struct {
		Files []entry `json:"config_files"`
	}
	for i := 0; i < len(files); i += 2 {
		config.Files = append(config.Files, entry{files[i], files[i+1]})
	}
	text, _ := json.Marshal(config)
	return string(text)
}

const configFiles = "/var/lib/kolla/config_files/"

// kollaMachine has the containers of a host as kolla-ansible makes them.
func kollaMachine(t *testing.T, services ...string) (*remotetest.Host, map[string]*box) {
	t.Helper()
	name := "controller"
	if slices.Contains(services, "nova-compute") {
		name = "compute1"
	}
	m := remotetest.NewHost(name)
	boxes := map[string]*box{}
	for _, service := range services {
		name := strings.ReplaceAll(service, "-", "_")
		boxes[name] = &box{folder: "/etc/kolla/" + service, image: "x/" + service + ":2023.1", strategy: "COPY_ALWAYS"}
		m.AddUnit("kolla-" + name + "-container.service")
		config := copying(configFiles+"ceph", "/etc/ceph")
		if service == "nova-libvirt" {
			config = copying(configFiles+"ceph.conf", "/etc/ceph/", configFiles+"secrets", "/etc/libvirt/secrets")
		}
		m.AddFile("/etc/kolla/"+service+"/config.json", []byte(config), 0o660)
	}
	m.Handle("podman", func(remote.Run) (stdout, stderr []byte, exit int) {
		return nil,
			[]byte("podman: not found\n"), 127
	})
	m.Handle("docker", func(run remote.Run) (stdout, stderr []byte,
		exit int) {
		return inspectBoxes(t, boxes, run.Argv)
	})
	return m, boxes
}

// inspectBoxes answers docker inspect --type container --format FORMAT NAME….
func inspectBoxes(t *testing.T, boxes map[string]*box, argv []string) (stdout, stderr []byte, exit int) {
	t.Helper()
	funcs := template.FuncMap{"json": func(v any) (string, error) {
		data, err := json.Marshal(v)
		return string(data), err
	}}
	format, err := template.New("").Funcs(funcs).Parse(argv[5])
	require.NoError(t, err)
	var out, errs bytes.Buffer
	for _, name := range argv[6:] {
		b := boxes[name]
		if b == nil {
			fmt.Fprintf(&errs, "Error: No such container: %s\n", name)
			exit = 1
			continue
		}
		require.NoError(t, format.Execute(&out, map[string]any{
			"Name":  "/" + name,
			"State": map[string]any{"Running": !b.stopped, "StartedAt": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
			"Config": map[string]any{"Image": b.image, "Labels": map[string]string{"kolla_version": b.version},
				"Env": []string{"http_proxy=http://user:secret@proxy", "KOLLA_CONFIG_STRATEGY=" + b.strategy}},
			"Mounts": []map[string]string{{"Source": b.folder, "Destination": strings.TrimSuffix(configFiles, "/")}},
		}))
	}
	return out.Bytes(), errs.Bytes(), exit
}

func controllerServices() []string { return []string{"glance-api", "cinder-volume", "cinder-backup"} }

func TestContainersThatAreAsExpected(t *testing.T) {
	m, boxes := kollaMachine(t, controllerServices()...)
	boxes["cinder_backup"].stopped = true
	m.StopUnit("kolla-cinder_backup-container.service")
	e := compareAt(t, kollaSpec(), "controller", m)
	assert.Empty(t, e.codes())
	for _, service := range e.Services {
		assert.False(t, e.at(e.ServiceID(service)).Refused, service)
	}
	m, _ = kollaMachine(t, "nova-compute", "nova-libvirt")
	e = compareAt(t, kollaSpec(), "compute1", m)
	assert.Empty(t, e.codes())
}

// TestContainersThatAreNotAsExpected: nothing is guessed about them, and the rest of
// the host goes on.
func TestContainersThatAreNotAsExpected(t *testing.T) {
	const config = "/etc/kolla/glance-api/config.json"
	put := func(text string) func(*remotetest.Host, *box) {
		return func(m *remotetest.Host, _ *box) { m.AddFile(config, []byte(text), 0o660) }
	}
	for name, c := range map[string]struct {
		spoil      func(*remotetest.Host, *box)
		code, says string
	}{
		"no engine": {func(m *remotetest.Host, _ *box) {
			m.Handle("docker", func(remote.Run) (stdout, stderr []byte, exit int) { return nil, []byte("Cannot connect\n"), 1 })
		}, "container-missing", "container glance_api is not to be seen (docker: Cannot connect; podman: podman: not " +
			"found); " +
			"deploy it with kolla-ansible, or take the service off this host's services"},
		"an engine that talks": {func(m *remotetest.Host, _ *box) {
			m.Handle("docker", func(remote.Run) (stdout, stderr []byte, exit int) { return []byte("true"), nil, 0 })
		}, "container-missing", "docker: not what it says of containers"},
		"another folder": {func(_ *remotetest.Host, b *box) { b.folder = "/opt/kolla" }, "container-folder-unknown",
			`container glance_api takes its files from "/opt/kolla", and only /etc/kolla/glance-api is known; ` +
				"deploy it with kolla-ansible's node_config_directory as it is by default"},
		"copied once": {func(_ *remotetest.Host, b *box) { b.strategy = "COPY_ONCE" }, "container-copies-once",
			"container glance_api takes its files in only when it is made, so that a restart would change nothing; " +
				"deploy it with kolla-ansible's config_strategy: COPY_ALWAYS"},
		"no unit": {func(m *remotetest.Host, _ *box) { m.RemoveUnit(glanceUnit) }, "container-without-unit",
			"the unit " + glanceUnit + " is not-found, so that container glance_api cannot be restarted by it; " +
				"deploy it with kolla-ansible 2023.1 or newer"},
		"beside its unit": {func(m *remotetest.Host, _ *box) { m.StopUnit(glanceUnit) }, "container-not-by-unit",
			"container glance_api runs, but not by its unit " + glanceUnit + ", which is inactive; " +
				"stop it (docker stop glance_api) and start the unit"},
		"no Ceph": {put(copying()), "container-misses-file", config + " does not copy /etc/ceph/ceph.conf into " +
			"container glance_api, " +
			`so that the service would not find it; tell kolla-ansible that Ceph is used (glance_backend_ceph: "yes"`},
		"only ceph.conf": {put(copying(configFiles+"ceph.conf", "/etc/ceph/")), "container-misses-file",
			"does not copy /etc/ceph/ceph.client.glance.keyring"},
		"from elsewhere": {put(copying(configFiles+"cluster1", "/etc/ceph")), "container-file-elsewhere", config +
			" copies /etc/ceph/ceph.conf from /etc/kolla/glance-api/cluster1/ceph.conf, " +
			"which is neither in /etc/kolla/glance-api nor in its folder ceph"},
		"from the image": {put(copying("/opt/ceph", "/etc/ceph")), "container-misses-file",
			"does not copy /etc/ceph/ceph.conf"},
		"no JSON": {put("secret"), "container-config-unknown", config + ": cannot be parsed"},
		"no config.json": {func(m *remotetest.Host, _ *box) { must(t, m, remote.Remove{Path: config}) },
			"container-config-unknown",
			config + ": file does not exist; deploy container glance_api with kolla-ansible"},
	} {
		t.Run(name, func(t *testing.T) {
			m, boxes := kollaMachine(t, controllerServices()...)
			c.spoil(m, boxes["glance_api"])
			e := compareAt(t, kollaSpec(), "controller", m)
			f := e.only(t, e.ServiceID("glance-api"))
			assert.Equal(t, c.code, f.Code)
			assert.Equal(t, "container of glance-api", f.Object)
			assert.Contains(t, f.Message, c.says)
			assert.NotContains(t, f.Message, "secret")
			assert.True(t, f.Problem && f.Err != nil)
			assert.True(t, e.at(e.ServiceID("glance-api")).Refused)
			assert.Equal(t, strings.Contains(name, "engine"), e.at(e.ServiceID("cinder-volume")).Refused)
		})
	}
}

func TestAContainerOfWhichNothingIsKnown(t *testing.T) {
	n := nodeOf(t, kollaSpec(), "controller")
	m, _ := kollaMachine(t, controllerServices()...)
	h := look(t, n, m)
	h.Files["/etc/kolla/glance-api/config.json"] = step.File{Err: errBroken}
	f := compareEarly(t, n, h).only(t, n.ServiceID("glance-api"))
	assert.Equal(t, "container-config-unknown", f.Code)
	require.ErrorIs(t, f.Err, errBroken)
	h = look(t, n, m)
	h.Units[glanceUnit] = remote.Unit{Name: glanceUnit, Load: "masked"}
	f = compareEarly(t, n, h).only(t, n.ServiceID("glance-api"))
	assert.Equal(t, "container-without-unit", f.Code)
	assert.Contains(t, f.Message, "the unit "+glanceUnit+" is masked, so that container glance_api cannot be restarted")
}

// TestContainersOfLibvirt: a compute whose secrets do not outlive the container of
// libvirt, or where that would not start again, is told no UUID.
func TestContainersOfLibvirt(t *testing.T) {
	const config = "/etc/kolla/nova-libvirt/config.json"
	for name, c := range map[string]struct {
		config     string
		code, says string
	}{
		"none": {"", "container-missing", "container nova_libvirt is not to be seen"},
		"no secrets": {copying(), "container-loses-secrets", config + " does not copy /etc/kolla/nova-libvirt/secrets " +
			"to /etc/libvirt/secrets, " +
			"so that secrets would be lost when nova_libvirt is made anew; tell kolla-ansible that Ceph is used " +
			"(nova_backend_ceph: \"yes\""},
		"a ceph.conf from elsewhere": {copying(configFiles+"x/ceph.conf", "/etc/ceph/ceph.conf"), "container-file-elsewhere",
			config + " copies /etc/ceph/ceph.conf from /etc/kolla/nova-libvirt/x/ceph.conf, which is neither"},
		"secrets from elsewhere": {copying(configFiles+"ceph.conf", "/etc/ceph/", configFiles+"x", "/etc/libvirt/secrets"),
			"container-loses-secrets", config + " does not copy /etc/kolla/nova-libvirt/secrets to /etc/libvirt/secrets"},
		"a ceph.conf and no secrets": {copying(configFiles+"ceph.conf", "/etc/ceph/"), "container-loses-secrets",
			"secrets would be lost"},
		"no ceph.conf": {copying(configFiles+"secrets", "/etc/libvirt/secrets"), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, boxes := kollaMachine(t, "nova-compute", "nova-libvirt")
			if m.AddFile(config, []byte(c.config), 0o660); c.config == "" {
				delete(boxes, "nova_libvirt")
			}
			e := compareAt(t, kollaSpec(), "compute1", m)
			if c.code == "" {
				assert.Empty(t, e.codes())
				return
			}
			f := e.only(t, e.ServiceID("nova-compute"))
			assert.Equal(t, c.code, f.Code)
			assert.Contains(t, f.Message, c.says)
		})
	}
}

// TestAnUnfitContainerIsTheCauseItself, also where packages are a problem.
func TestAnUnfitContainerIsTheCauseItself(t *testing.T) {
	n := nodeOf(t, kollaSpec(), "controller")
	m, boxes := kollaMachine(t, controllerServices()...)
	boxes["glance_api"].strategy = "COPY_ONCE"
	e := compareEarly(t, n, look(t, n, m))
	e.view.Ledger.Put(n.RepositoryID(), &step.Delta{Refused: true})
	compared := map[step.ID]step.Delta{}
	for _, r := range earlyResources(n) {
		compared[r.ID()] = r.Compare(e.view)
	}
	unfit := compared[n.ServiceID("glance-api")]
	assert.True(t, unfit.Refused)
	assert.True(t, unfit.Because.IsZero())
	assert.Equal(t, n.RepositoryID(), compared[n.ServiceID("cinder-volume")].Because)
}

// TestAServiceLooksAtItsOwnContainer, and not at those of others.
func TestAServiceLooksAtItsOwnContainer(t *testing.T) {
	n := nodeOf(t, kollaSpec(), "controller")
	asks := early{Node: n}.asks(n.ServiceID("glance-api"))
	var units int
	for _, op := range asks {
		switch op := op.(type) {
		case remote.ReadFile:
			assert.True(t, strings.HasPrefix(op.Path, "/etc/kolla/glance-api/"), op.Path)
		case remote.UnitState:
			assert.Equal(t, glanceUnit, op.Unit)
			units++
		}
	}
	assert.Equal(t, 1, units)
	assert.Contains(t, asks, remote.Op(remote.ReadFile{Path: "/etc/kolla/glance-api/config.json"}))
}

func TestReleasesOfImages(t *testing.T) {
	for _, c := range []struct {
		version, image string
		code, says     string
	}{
		{"20.1.0", "x/glance-api:2025.1", "release-differs", "version 20.1.0 is of 2025.1, and the Spec says 2023.1, so " +
			"that its options are left alone"},
		{"", "registry:5000/kolla/glance-api:2024.1-ubuntu-jammy", "release-differs",
			"version 2024.1-ubuntu-jammy is of 2024.1"},
		{"", "x/glance-api:nightly", "release-unknown", "whether it is 2023.1 cannot be told"},
		{"", "x/glance-api:2023.1-rocky-9", "", ""},
	} {
		m, boxes := kollaMachine(t, controllerServices()...)
		boxes["glance_api"].version, boxes["glance_api"].image = c.version, c.image
		e := compareAt(t, kollaSpec(), "controller", m)
		assert.Equal(t, c.code == "release-differs", e.at(e.ServiceID("glance-api")).Refused)
		if c.code == "" {
			assert.Empty(t, e.codes())
			continue
		}
		f := e.only(t, e.ServiceID("glance-api"))
		assert.Equal(t, c.code, f.Code)
		assert.Equal(t, "release of glance_api", f.Object)
		assert.Contains(t, f.Message, c.says)
	}
}

// TestTwoProblemsOfAService: both are said.
func TestTwoProblemsOfAService(t *testing.T) {
	m, boxes := kollaMachine(t, controllerServices()...)
	boxes["glance_api"].version, boxes["glance_api"].strategy = "20.1.0", "COPY_ONCE"
	e := compareAt(t, kollaSpec(), "controller", m)
	assert.Equal(t, []string{"container-copies-once", "release-differs"}, e.codes())
	d := e.at(e.ServiceID("glance-api"))
	assert.True(t, d.Because.IsZero())
	require.NoError(t, errors.Join(d.Findings[1].Err))
}
