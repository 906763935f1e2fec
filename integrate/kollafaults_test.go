package integrate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/remote"
)

// A misfit is a change to the containers of a host, and what a plan says of it.
type misfit struct {
	change func(*integratetest.World)
	want   string
}

// misfits change the container of glance-api.
func misfits() map[string]misfit {
	const config = "/etc/kolla/glance-api/config.json"
	glance := func(w *integratetest.World) *integratetest.Container { return w.Containers["controller"]["glance_api"] }
	put := func(w *integratetest.World, text string) {
		w.Machines["controller"].AddFile(config, []byte(text), 0o660)
	}
	return map[string]misfit{
		"none": {func(w *integratetest.World) { delete(w.Containers["controller"], "glance_api") },
			"container glance_api is not to be seen (docker: Error: No such container: glance_api; podman: "},
		"no engine": {func(w *integratetest.World) {
			w.Machines["controller"].Handle("docker", func(remote.Run) (stdout, stderr []byte, exit int) {
				return nil, []byte("Cannot connect to the Docker daemon\n"), 1
			})
		}, "container glance_api is not to be seen (docker: Cannot connect to the Docker daemon; "},
		"an engine that talks": {func(w *integratetest.World) {
			w.Machines["controller"].Handle("docker", func(remote.Run) (stdout, stderr []byte, exit int) {
				return []byte("true"), nil, 0
			})
		}, "docker: not what it says of containers"},
		"another folder": {func(w *integratetest.World) { glance(w).Folder = "/opt/kolla/glance-api" },
			`container glance_api takes its files from "/opt/kolla/glance-api", and only /etc/kolla/glance-api is known`},
		"copied once": {func(w *integratetest.World) {
			glance(w).Strategy = "COPY_ONCE"
		}, "with kolla-ansible's config_strategy: COPY_ALWAYS"},
		"no unit": {func(w *integratetest.World) {
			w.Machines["controller"].RemoveUnit(glanceUnit)
		}, "the unit " + glanceUnit + " is not-found"},
		"beside its unit": {func(w *integratetest.World) {
			w.Machines["controller"].StopUnit(glanceUnit)
			glance(w).Since = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		}, "runs, but not by its unit " + glanceUnit + ", which is inactive; stop it (docker stop " +
			"glance_api) and start the unit"},
		"no Ceph": {func(w *integratetest.World) { put(w, `{"command": "glance-api", "config_files": []}`) },
			config + ` does not copy /etc/ceph/ceph.conf into container glance_api, so that the service would not find it; ` +
				`tell kolla-ansible that Ceph is used (glance_backend_ceph: "yes"`},
		"only ceph.conf": {func(w *integratetest.World) {
			put(w, `{"config_files": [{"source": "/var/lib/kolla/config_files/ceph.conf", "dest": "/etc/ceph/"}]}`)
		}, "does not copy /etc/ceph/ceph.client.glance.keyring"},
		"from elsewhere": {func(w *integratetest.World) {
			put(w, `{"config_files": [{"source": "/var/lib/kolla/config_files/cluster1", "dest": "/etc/ceph"}]}`)
		}, "copies /etc/ceph/ceph.conf from /etc/kolla/glance-api/cluster1/ceph.conf, which is neither"},
		"from the image": {func(w *integratetest.World) {
			put(w, `{"config_files": [{"source": "/opt/ceph", "dest": "/etc/ceph"}]}`)
		}, "does not copy /etc/ceph/ceph.conf"},
		"no JSON": {func(w *integratetest.World) { put(w, "secret") }, config + ": cannot be parsed"},
		"not readable": {func(w *integratetest.World) {
			w.Machines["controller"].Fail = func(_ context.Context, op remote.Op) error {
				if o, ok := op.(remote.ReadFile); ok && o.Path == config {
					return errors.New("I/O error")
				}
				return nil
			}
		}, "I/O error"},
	}
}

// TestContainersThatAreNotAsExpected: nothing is guessed about such containers, and the rest of the host goes on.
func TestContainersThatAreNotAsExpected(t *testing.T) {
	for name, c := range misfits() {
		t.Run(name, func(t *testing.T) {
			w, in := open(t, kollaSpec())
			c.change(w)
			p := plan(t, in)
			assert.Contains(t, p.String(), "PROBLEM: controller container of glance-api: ")
			assert.Contains(t, p.String(), c.want)
			assert.NotContains(t, p.String(), "secret@")
			all := strings.Join(idsOf(p, "controller"), " ")
			assert.NotContains(t, all, "glance")
			if !strings.Contains(name, "engine") {
				assert.Contains(t, all, "unit/controller/kolla-cinder_volume-container.service")
			}
			_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			require.ErrorIs(t, err, integrate.ErrIncomplete)
			report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
			require.ErrorIs(t, err, integrate.ErrChecks)
			for _, check := range []string{"files controller", "settings controller", "units controller"} {
				assert.Contains(t, statusOf(report, check), "fail: ", check)
			}
		})
	}
}

// TestContainersOfLibvirtThatWouldNotDo: a compute whose secrets do not outlive
// the container of libvirt, or where that would not start again, is told no UUID.
func TestContainersOfLibvirtThatWouldNotDo(t *testing.T) {
	for want, change := range map[string]func(*integratetest.World){
		"container nova_libvirt is not to be seen": func(w *integratetest.World) {
			delete(w.Containers["compute1"], "nova_libvirt")
		},
		"/etc/kolla/nova-libvirt/config.json does not copy /etc/kolla/nova-libvirt/secrets " +
			"to /etc/libvirt/secrets": func(w *integratetest.World) {
			w.Machines["compute1"].AddFile("/etc/kolla/nova-libvirt/config.json", []byte(`{"config_files": []}`), 0o660)
		},
		"/etc/kolla/nova-libvirt/config.json copies /etc/ceph/ceph.conf from /etc/kolla/nova-libvirt/x/ceph.conf, " +
			"which is neither": func(w *integratetest.World) {
			w.Machines["compute1"].AddFile("/etc/kolla/nova-libvirt/config.json",
				[]byte(`{"config_files": [{"source": "/var/lib/kolla/config_files/x/ceph.conf", "dest": "/etc/ceph/ceph.conf"}]}`),
				0o660)
		},
	} {
		w, in := open(t, kollaSpec())
		change(w)
		p := plan(t, in)
		assert.Contains(t, p.String(), "PROBLEM: compute1 container of nova-compute: "+want)
		assert.Empty(t, idsOf(p, "compute1"))
		assert.NotEmpty(t, idsOf(p, "compute2"))
	}
}

// TestLibvirtWithoutACephConf: kolla-ansible was told of Ceph for Cinder alone, so that
// the container of libvirt copies no ceph.conf. Then no ceph.conf is written for it.
func TestLibvirtWithoutACephConf(t *testing.T) {
	w, in := open(t, kollaSpec())
	w.Machines["compute1"].AddFile("/etc/kolla/nova-libvirt/config.json",
		[]byte(`{"config_files": [{"source": "/var/lib/kolla/config_files/secrets", "dest": "/etc/libvirt/secrets"}]}`),
		0o660)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	assert.Nil(t, change(p, "file/compute1//etc/kolla/nova-libvirt/ceph.conf"))
	assert.NotNil(t, change(p, "file/compute2//etc/kolla/nova-libvirt/ceph.conf"))
}

func TestFilesThatGoIntoAConfDir(t *testing.T) {
	const entry = `,{"source": "/var/lib/kolla/config_files/SOURCE", "dest": "/etc/glance/glance.conf.d/import.conf"}]`
	with := func(t *testing.T, source string) *integrate.Plan {
		w, in := open(t, kollaSpec())
		m := w.Machines["controller"]
		config, _ := m.Contents("/etc/kolla/glance-api/config.json")
		text := strings.Replace(string(config), "\n    ]", strings.Replace(entry, "SOURCE", source, 1), 1)
		require.NotEqual(t, string(config), text)
		m.AddFile("/etc/kolla/glance-api/config.json", []byte(text), 0o660)
		m.AddFile("/etc/kolla/glance-api/glance-image-import.conf", []byte("[glance_store]\ndefault_backend = file\n"), 0o660)
		return plan(t, in)
	}
	assert.Contains(t, with(t, "glance-image-import.conf").String(),
		`overrides it with "file"; remove the option default_backend from [glance_store] of `+
			"/etc/kolla/glance-api/glance-image-import.conf")
	assert.Contains(t, with(t, "import/x.conf").String(), "/etc/kolla/glance-api/import/x.conf: it is copied into the "+
		"container's configuration from a place that is not known")
}

func TestImagesOfAnotherRelease(t *testing.T) {
	for _, c := range []struct{ label, image, want string }{
		{"20.1.0", "x/glance-api:2025.1", "PROBLEM: controller release of glance_api: version 20.1.0 is of 2025.1, " +
			"and the Spec says 2023.1"},
		{"", "registry:5000/kolla/glance-api:2024.1-ubuntu-jammy", "PROBLEM: controller release of glance_api: " +
			"version 2024.1-ubuntu-jammy is of 2024.1"},
		{"", "x/glance-api:nightly", "note: controller release of glance_api: whether it is 2023.1 cannot be told"},
		{"", "x/glance-api:2023.1-rocky-9", ""},
	} {
		w, in := open(t, kollaSpec())
		w.Containers["controller"]["glance_api"].Version, w.Containers["controller"]["glance_api"].Image = c.label, c.image
		p := plan(t, in)
		if c.want == "" {
			assert.NotContains(t, p.String(), "release of")
			continue
		}
		assert.Contains(t, p.String(), c.want)
		assert.Equal(t, strings.HasPrefix(c.want, "note"), change(p, "unit/controller/"+glanceUnit) != nil)
	}
}

// TestKeysThatAnImageMayNotRead: what an image can read is not known.
func TestKeysThatAnImageMayNotRead(t *testing.T) {
	key, err := ceph.ParseKey(newKey)
	require.NoError(t, err)
	w, in := open(t, kollaSpec())
	w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.glance", Key: key, Caps: ceph.Caps{"mon": "profile rbd"}})
	p := plan(t, in)
	assert.Contains(t, p.String(), "note: controller /etc/kolla/glance-api/ceph/ceph.client.glance.keyring: "+
		"the key is of type aes256k")
	assert.NotNil(t, change(p, "unit/controller/"+glanceUnit))
}
