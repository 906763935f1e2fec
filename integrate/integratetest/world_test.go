package integratetest_test

import (
	"fmt"
	"log"
	"strings"
	"testing"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func smallSpec() spec.Spec {
	return spec.Spec{
		Release:  "zed",
		Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
		},
		Glance: &spec.Glance{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}},
		Nova:   &spec.Nova{},
	}
}

func Example() {
	world, err := integratetest.New(smallSpec())
	if err != nil {
		log.Fatal(err)
	}
	defer world.Close()
	in, err := integrate.New(integrate.Config{Spec: smallSpec(), World: world.World})
	if err != nil {
		log.Fatal(err)
	}
	_ = in // your tool's code goes on with it
	fmt.Println(len(world.Machines), "machines,", world.Writes(), "writes so far")
	// Output: 2 machines, 0 writes so far
}

func TestImagesGoToCephOnceGlanceIsIntegratedAndRestarted(t *testing.T) {
	w, err := integratetest.New(smallSpec())
	require.NoError(t, err)
	defer w.Close()
	upload := func(name string) api.Image {
		image, err := w.Cloud.UploadImage(t.Context(), api.ImageRequest{Name: name, DiskFormat: "raw"},
			strings.NewReader("data"))
		require.NoError(t, err)
		return image
	}
	assert.Empty(t, upload("before").DirectURL)

	in, err := integrate.New(integrate.Config{Spec: smallSpec(), World: w.World})
	require.NoError(t, err)
	plan, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	_, err = in.Apply(t.Context(), plan, integrate.ApplyOptions{})
	require.NoError(t, err)

	image := upload("after")
	names, err := w.Ceph["ceph"].List(t.Context(), "images")
	require.NoError(t, err)
	assert.Equal(t, []string{image.ID}, names)
	require.NoError(t, w.Cloud.DeleteImage(t.Context(), image.ID))
	names, err = w.Ceph["ceph"].List(t.Context(), "images")
	require.NoError(t, err)
	assert.Empty(t, names)
	assert.Empty(t, w.API.Violations())
}

// applied applies a Spec, and wants that nothing is left to do.
func applied(t *testing.T, w *integratetest.World, s spec.Spec) {
	t.Helper()
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: time.Millisecond, Poll: time.Millisecond})
	require.NoError(t, err)
	for _, changes := range []bool{true, false} {
		plan, err := in.Plan(t.Context(), integrate.PlanOptions{})
		require.NoError(t, err)
		require.Empty(t, plan.Problems(), "%s", plan)
		require.Equal(t, changes, !plan.Empty(), "%s", plan)
		_, err = in.Apply(t.Context(), plan, integrate.ApplyOptions{})
		require.NoError(t, err)
	}
}

// TestRepositoriesAndUpgradesWork without anything that a tool would have to add.
func TestRepositoriesAndUpgradesWork(t *testing.T) {
	for layout, release := range map[string]string{"debian": "zed", "rdo": "zed", "kolla": "2023.1"} {
		t.Run(layout, func(t *testing.T) {
			s := smallSpec()
			s.Layout, s.Release = layout, release
			if layout != "kolla" {
				s.Packages = "install"
				s.Clusters[0].MinClient = "16.2.15"
				s.Prepare = &spec.Prepare{Repository: &spec.Repository{Apt: "https://mirror.example/deb",
					Dnf: "https://mirror.example/el$releasever",
					Key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----"}}
			}
			w, err := integratetest.New(s)
			require.NoError(t, err)
			defer w.Close()
			if layout != "kolla" {
				w.Machines["compute1"].AddPackage("ceph-common", "2:16.2.9-1", true)
				w.Machines["compute1"].AddPackage("ceph-common", "2:17.2.6-1", false)
			}
			applied(t, w, s)
			if layout != "kolla" {
				seen, err := w.Machines["compute1"].Do(t.Context(), remote.Packages{Names: []string{"ceph-common"}})
				require.NoError(t, err)
				assert.Equal(t, "2:17.2.6-1", seen[0].Versions["ceph-common"])
			}
		})
	}
}

// TestInstallersKnowNothingElse than what they are called with.
func TestInstallersKnowNothingElse(t *testing.T) {
	w, err := integratetest.New(smallSpec())
	require.NoError(t, err)
	defer w.Close()
	s := smallSpec()
	s.Layout = "rdo"
	dnf, err := integratetest.New(s)
	require.NoError(t, err)
	defer dnf.Close()
	m := w.Machines["compute1"]
	m.AddFile("/etc/apt/unsigned",
		[]byte("Types: deb\nURIs: https://x\nSuites: y\nComponents: main\nSigned-By: /nowhere\n"), 0o644)
	m.AddFile("/etc/apt/broken", []byte("deb https://x y main\n"), 0o644)
	for _, argv := range [][]string{
		{"apt-get", "update", "all"}, {"apt-get", "remove", "ceph-common"}, {"apt-get", "install", "ceph-common"},
		{"apt-mark", "hold", "x"}, {"env", "A=b", "dnf", "upgrade"}, {"env"},
		{"apt-get", "update", "-o", "Dir::Etc::sourcelist=/etc/apt/unsigned", "-o", "Dir::Etc::sourceparts=-"},
		{"apt-get", "update", "-o", "Dir::Etc::sourcelist=/etc/apt/broken", "-o", "Dir::Etc::sourceparts=-"},
		{"apt-get", "update", "-o", "Dir::Etc::sourcelist=/etc/apt/none", "-o", "Dir::Etc::sourceparts=-"},
		{"sh", "-c", "true"}, {"sh", "-c", `umask 022; exec dnf "$@"`, "dnf", "-y", "remove", "ceph-common"},
	} {
		if argv[0] == "sh" {
			m = dnf.Machines["compute1"]
		}
		r, err := m.Do(t.Context(), remote.Run{Argv: argv})
		require.NoError(t, err)
		assert.NotZero(t, r[0].Exit, "%q", argv)
	}
}

// TestOneBackendWithoutAName is a cloud that has no others.
func TestOneBackendWithoutAName(t *testing.T) {
	s := smallSpec()
	s.Release, s.Layout, s.Packages, s.Nova = "havana", "upstart", "install", nil
	s.Cinder.Backends[0].Name = "DEFAULT"
	w, err := integratetest.New(s)
	require.NoError(t, err)
	defer w.Close()
	applied(t, w, s)
}

// TestTheCloudsOwnLooksAreNotExchanges: a machine counts what it was asked by
// the tool under test, and nothing else.
func TestTheCloudsOwnLooksAreNotExchanges(t *testing.T) {
	w, err := integratetest.New(smallSpec())
	require.NoError(t, err)
	defer w.Close()
	one := smallSpec() // of which only the compute is planned
	one.Hosts, one.Glance, one.Cinder = one.Hosts[1:], nil, nil
	in, err := integrate.New(integrate.Config{Spec: one, World: w.World})
	require.NoError(t, err)
	plan, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	require.Empty(t, plan.Problems(), "%s", plan)
	_, err = w.Cloud.VolumeTypes(t.Context()) // for which the fake cloud reads cinder.conf
	require.NoError(t, err)
	assert.Zero(t, w.Machines["controller"].Exchanges())
	assert.Empty(t, w.Machines["controller"].Log())
	assert.NotZero(t, w.Machines["compute1"].Exchanges())
}

// TestAProcessThatHangs keeps its unit active and its record up, and gives no sign of life. Nor does a process that
// has ended, whose record is down.
func TestAProcessThatHangs(t *testing.T) {
	s := smallSpec()
	s.Backup, s.Hosts[0].Services = &spec.Backup{}, append(s.Hosts[0].Services, "cinder-backup")
	w := integratetest.Open(t, s)
	const host = "controller"
	record := func() (r api.ServiceRecord) {
		all, err := w.Cloud.Services(t.Context())
		require.NoError(t, err)
		for _, one := range all {
			if one.Binary == "cinder-backup" {
				r = one
			}
		}
		return r
	}
	answers := func() int {
		ask := remote.Run{Argv: []string{"python3", "-c", "… GET / HTTP/1.0 …", "glance-api.service"}}
		results, err := w.Machines[host].Do(t.Context(), ask)
		require.NoError(t, err)
		return results[0].Exit
	}
	first := record()
	require.True(t, first.Up)
	assert.True(t, record().Updated.After(first.Updated))
	assert.Zero(t, answers())
	w.Mute(host, "cinder-backup", true)
	w.Mute(host, "glance-api", true)
	hung := record()
	assert.True(t, hung.Up)
	assert.Equal(t, hung.Updated, record().Updated)
	assert.Equal(t, 1, answers())
	w.Mute(host, "cinder-backup", false)
	w.Mute(host, "glance-api", false)
	assert.True(t, record().Updated.After(hung.Updated))
	assert.Zero(t, answers())
	w.Machines[host].StopUnit("cinder-backup")
	w.Machines[host].StopUnit("glance-api")
	assert.False(t, record().Up)
	assert.Equal(t, record().Updated, record().Updated)
	assert.Equal(t, 1, answers())
}
