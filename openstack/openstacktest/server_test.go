package openstacktest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// login gives a token of a fake.
func login(t *testing.T, s *openstacktest.Server) string {
	t.Helper()
	body := `{"auth": {"identity": {"methods": ["password"], "password":
			{"user": {"name": "admin", "password": "fake-password", "domain": {"name": "Default"}}}},
		"scope": {"project": {"name": "admin", "domain": {"name": "Default"}}}}}`
	resp, err := http.Post(s.URL+"/v3/auth/tokens", "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusCreated, resp.StatusCode)
	return resp.Header.Get("X-Subject-Token")
}

// What a fake does not know is refused and recorded, whatever it is.
func TestViolations(t *testing.T) {
	s := openstacktest.New(openstacktest.Config{})
	defer s.Close()
	token, base := login(t, s), strings.TrimSuffix(s.URL, "/identity")
	for i, c := range []struct {
		method, path, body string
		code               int
	}{
		{"GET", "/volume/v3/p/nonsense", "", http.StatusNotImplemented},
		{"PATCH", "/volume/v3/p/volumes/x", "{}", http.StatusMethodNotAllowed},
		{"GET", "/volume/v3/p/volumes/detail?colour=red", "", http.StatusBadRequest},
		{"POST", "/volume/v3/p/volumes", `{"volume": {"size": 1, "colour": "red"}}`, http.StatusBadRequest},
		{"POST", "/compute/v2.1/servers", `{"server": {"nics": []}}`, http.StatusBadRequest},
		{"POST", "/identity/v3/auth/tokens", `{"auth": {"magic": true}}`, http.StatusBadRequest},
	} {
		r, err := http.NewRequest(c.method, base+c.path, strings.NewReader(c.body))
		require.NoError(t, err)
		r.Header.Set("X-Auth-Token", token)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		resp.Body.Close()
		if c.code == http.StatusMethodNotAllowed { // "/" takes every method
			c.code = http.StatusNotImplemented
		}
		assert.Equal(t, c.code, resp.StatusCode, c.path)
		assert.Len(t, s.Violations(), i+1, c.path)
	}
	resp, err := http.Get(base + "/compute/v2.1/flavors")
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusUnauthorized, resp.StatusCode, "without a token")
}

// TestTimes are told in the forms of the services, and by the clock of the fake. The client tells that clock.
func TestTimes(t *testing.T) {
	at := time.Date(2026, 11, 27, 13, 40, 41, 0, time.UTC)
	for _, silent := range []bool{false, true} {
		s := openstacktest.Start(t, openstacktest.Config{Now: func() time.Time { return at }, NoDate: silent, Looks: -1})
		cfg, err := s.CloudConfig(t.TempDir())
		require.NoError(t, err)
		c, err := api.Dial(t.Context(), cfg)
		require.NoError(t, err)
		old := at.Add(-time.Hour)
		image, volume := s.AddImage(api.Image{Name: "old", Created: old}, nil), s.AddVolume(api.Volume{Name: "new"})
		_, err = c.CreateSnapshot(t.Context(), api.SnapshotRequest{VolumeID: volume, Name: "snapshot"})
		require.NoError(t, err)
		_, err = c.CreateBackup(t.Context(), api.BackupRequest{VolumeID: volume, Name: "backup"})
		require.NoError(t, err)
		token, base := login(t, s), strings.TrimSuffix(s.URL, "/identity")
		for path, form := range map[string]string{"image/v2/images/" + image: "2026-11-27T12:40:41Z",
			"volume/v3/p/volumes/" + volume:                     "2026-11-27T13:40:41.000000",
			"volume/v3/p/snapshots/detail":                      "2026-11-27T13:40:41.000000",
			"volume/v3/p/backups/detail":                        "2026-11-27T13:40:41.000000",
			"compute/v2.1/servers/" + s.AddServer(api.Server{}): "2026-11-27T13:40:41Z"} {
			r, err := http.NewRequest(http.MethodGet, base+"/"+path, nil)
			require.NoError(t, err)
			r.Header.Set("X-Auth-Token", token)
			resp, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Regexp(t, `"created(_at)?":"`+form+`"`, string(body))
			if silent {
				assert.Empty(t, resp.Header["Date"], path)
				continue
			}
			assert.Equal(t, []string{"Fri, 27 Nov 2026 13:40:41 GMT"}, resp.Header["Date"], path)
		}
		i, err := c.Image(t.Context(), image)
		require.NoError(t, err)
		assert.Equal(t, old, i.Created)
		all, err := c.Backups(t.Context())
		require.NoError(t, err)
		assert.Equal(t, at, all[0].Created)
		now, ok := c.Clock()
		assert.Equal(t, !silent, ok)
		if ok {
			assert.WithinDuration(t, at, now, time.Minute)
		}
	}
}

// Hooks may call the Server's methods and change what they get.
func TestHooks(t *testing.T) {
	var s *openstacktest.Server
	var seen []string
	note := func(what string) {
		seen = append(seen, fmt.Sprint(what, len(s.Volumes()), len(s.Servers()), len(s.Images()), len(s.Snapshots()),
			len(s.Backups())))
	}
	s = openstacktest.Start(t, openstacktest.Config{Hooks: openstacktest.Hooks{
		ImageUploaded: func(i *api.Image, data []byte) error {
			note("image " + string(data) + " ")
			i.Stores, i.DirectURL = []string{"file", "rbd"}, "rbd://fsid/images/"+i.ID+"/snap"
			return nil
		},
		VolumeCreated: func(v *api.Volume, from api.VolumeRequest) error {
			note("volume from " + from.ImageID[:8] + " ")
			v.Host = "controller@ceph#ceph"
			return nil
		},
		ServerDeleted: func(api.Server) error { note("server gone "); return nil },
	}})
	cfg, err := s.CloudConfig(t.TempDir())
	require.NoError(t, err)
	c, err := api.Dial(t.Context(), cfg)
	require.NoError(t, err)
	i, err := c.UploadImage(t.Context(), api.ImageRequest{Name: "i", DiskFormat: "raw"}, strings.NewReader("disk"))
	require.NoError(t, err)
	assert.Equal(t, []string{"file", "rbd"}, i.Stores)
	assert.Equal(t, "rbd://fsid/images/"+i.ID+"/snap", i.DirectURL)
	v, err := c.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1, ImageID: i.ID})
	require.NoError(t, err)
	assert.Equal(t, "controller@ceph#ceph", v.Host)
	require.NoError(t, c.DeleteServer(t.Context(), s.AddServer(api.Server{Name: "old"})))
	assert.Equal(t, []string{"image disk 0 0 1 0 0", "volume from " + i.ID[:8] + " 1 0 1 0 0", "server gone 1 1 1 0 0"},
		seen)
}

func TestManyClients(t *testing.T) {
	created := func(*api.Volume, api.VolumeRequest) error { return nil }
	s := openstacktest.Start(t, openstacktest.Config{Hooks: openstacktest.Hooks{VolumeCreated: created}})
	cfg, err := s.CloudConfig(t.TempDir())
	require.NoError(t, err)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			c, err := api.Dial(t.Context(), cfg)
			if !assert.NoError(t, err) {
				return
			}
			v, err := c.CreateVolume(t.Context(), api.VolumeRequest{Name: fmt.Sprint(n), SizeGiB: 1})
			assert.NoError(t, err)
			s.SetUp("nova-compute", "compute1", n%2 == 0)
			assert.NoError(t, c.DeleteVolume(t.Context(), v.ID))
		})
	}
	wg.Wait()
	assert.Empty(t, s.Volumes())
}

func ExampleNew() {
	fake := openstacktest.New(openstacktest.Config{
		Backends: []string{"nfs", "ceph"},
		Hooks: openstacktest.Hooks{VolumeCreated: func(v *api.Volume, _ api.VolumeRequest) error {
			fmt.Println("the fake Ceph learns of", v.Name, "on", v.Host)
			return nil
		}},
	})
	defer fake.Close()
	fake.AddVolumeType("ceph", "ceph")
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	cfg, err := fake.CloudConfig(dir)
	if err != nil {
		log.Fatal(err)
	}
	cloud, err := api.Dial(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	volume, err := cloud.CreateVolume(context.Background(), api.VolumeRequest{Name: "probe", SizeGiB: 1, Type: "ceph"})
	fmt.Println(volume.Status, err)
	// Output:
	// the fake Ceph learns of probe on controller@ceph#ceph
	// available <nil>
}
