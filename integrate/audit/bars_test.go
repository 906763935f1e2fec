package audit_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/audit"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/openstack/api"
)

// What an audit of 100,000 images and 100,000 volumes may take of this process.
const (
	mostCPU  = 10 * time.Second
	mostHeap = 200 << 20
)

// serveLarge is the environment variable that makes the test program the APIs of a large cloud. Its value is the number
// of images, which is that of volumes too. A fifth as many servers have the volumes.
const serveLarge = "CEPHSTACK_TEST_SERVE_LARGE"

func TestMain(m *testing.M) {
	if each, err := strconv.Atoi(os.Getenv(serveLarge)); err == nil {
		large(each)
		return
	}
	os.Exit(m.Run())
}

func largeID(kind, i int) string { return fmt.Sprintf("%08x-%04x-4000-8000-%012x", i, kind, i) }

const largeFSID = "a3d17d0c-3f1d-4a9c-9f5e-0d6f1c7f9b52"

// large serves the lists of a large cloud, with so many images and volumes, until its standard input ends.
func large(each int) {
	mux := http.NewServeMux()
	var url string
	mux.HandleFunc("POST /v3/auth/tokens", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Subject-Token", "token")
		w.WriteHeader(http.StatusCreated)
		entry := func(kind, path string) string {
			return fmt.Sprintf(`{"type":%q,"endpoints":[{"interface":"public","region":"RegionOne","region_id":"RegionOne",`+
				`"url":"%s%s"}]}`, kind, url, path)
		}
		fmt.Fprintf(w, `{"token":{"expires_at":"2099-01-01T00:00:00.000000Z","project":{"id":"p"},"catalog":[%s,%s,%s]}}`,
			entry("image", "/image/v2"), entry("volumev3", "/volume/v3/p"), entry("compute", "/compute/v2.1"))
	})
	mux.HandleFunc("GET /image/v2/images", func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("os_hidden") == "true" || q.Get("visibility") == "community" {
			fmt.Fprint(w, `{"images":[]}`)
			return
		}
		largePage(w, r, largeList{"images", each, func(i int) string {
			id := largeID(1, i)
			return fmt.Sprintf(`{"id":%q,"name":"image %d","status":"active","visibility":"private","os_hidden":false,`+
				`"disk_format":"raw","container_format":"bare","size":2361393152,"virtual_size":2361393152,"checksum":"%032x",`+
				`"os_hash_algo":"sha512","os_hash_value":"%0128x","stores":"rbd","direct_url":"rbd://%s/images/%s/snap",`+
				`"created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05Z","tags":[],"min_disk":0,"min_ram":0,`+
				`"protected":false,"owner":"0123456789abcdef0123456789abcdef","hw_disk_bus":"virtio","os_distro":"debian",`+
				`"self":"/v2/images/%s","file":"/v2/images/%[1]s/file","schema":"/v2/schemas/image"}`, id, i, i, i, largeFSID, id,
				id)
		}})
	})
	mux.HandleFunc("GET /volume/v3/p/volumes/detail", func(w http.ResponseWriter, r *http.Request) {
		largePage(w, r, largeList{"volumes", each, func(i int) string {
			id, image := largeID(2, i), largeID(1, i)
			return fmt.Sprintf(`{"id":%q,"name":"volume %d","description":null,"status":"in-use","size":40,`+
				`"os-vol-host-attr:host":"controller@ceph#ceph","os-vol-tenant-attr:tenant_id":"0123456789abcdef",`+
				`"os-vol-mig-status-attr:name_id":null,"os-vol-mig-status-attr:migstat":null,"migration_status":null,`+
				`"volume_type":"ceph","availability_zone":"nova","bootable":"true","encrypted":false,"multiattach":false,`+
				`"source_volid":null,"snapshot_id":null,"metadata":{},"created_at":"2026-01-02T03:04:05.000000",`+
				`"updated_at":"2026-01-02T03:04:05.000000","volume_image_metadata":{"image_id":%q,"image_name":"image",`+
				`"disk_format":"raw","container_format":"bare","min_disk":"0","min_ram":"0","size":"2361393152"},`+
				`"attachments":[{"id":%[1]q,"attachment_id":%[4]q,"volume_id":%[1]q,"server_id":%[5]q,"host_name":"compute1",`+
				`"device":"/dev/vda","attached_at":"2026-01-02T03:04:05.000000"}],"links":[{"rel":"self","href":"http://x/%[1]s"},`+
				`{"rel":"bookmark","href":"http://x/%[1]s"}]}`, id, i, image, largeID(3, i), largeID(4, i%(each/5)))
		}})
	})
	mux.HandleFunc("GET /volume/v3/p/backups/detail", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"backups":[]}`)
	})
	mux.HandleFunc("GET /compute/v2.1/flavors", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"flavors":[]}`)
	})
	mux.HandleFunc("GET /compute/v2.1/servers/detail", func(w http.ResponseWriter, r *http.Request) {
		largeServers(w, r, each)
	})
	s := httptest.NewServer(mux)
	url = s.URL
	fmt.Println(s.URL)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	s.Close()
}

func largeServers(w http.ResponseWriter, r *http.Request, each int) {
	largePage(w, r, largeList{"servers", each / 5, func(i int) string {
		id, volumes := largeID(4, i), []string{}
		for v := i; v < each; v += each / 5 {
			volumes = append(volumes, fmt.Sprintf(`{"id":%q}`, largeID(2, v)))
		}
		return fmt.Sprintf(`{"id":%q,"name":"vm","status":"ACTIVE","tenant_id":"p","OS-EXT-SRV-ATTR:host":"compute1",`+
			`"OS-EXT-STS:task_state":null,"OS-EXT-STS:vm_state":"active","OS-EXT-STS:power_state":1,"image":"",`+
			`"flavor":{"original_name":"small","vcpus":1,"ram":1,"disk":1},"config_drive":"","created":"2026-01-02T03:04:05Z",`+
			`"os-extended-volumes:volumes_attached":[%s]}`, id, strings.Join(volumes, ","))
	}})
}

// largeList is a list of an API: its key, how many objects it has, and the text of each.
type largeList struct {
	key    string
	many   int
	object func(int) string
}

// largePage writes a page of a list.
func largePage(w http.ResponseWriter, r *http.Request, list largeList) {
	from, _ := strconv.Atoi(r.URL.Query().Get("marker"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if limit == 0 {
		limit = 1000
	}
	out := bufio.NewWriter(w)
	defer out.Flush()
	fmt.Fprintf(out, `{%q:[`, list.key)
	end := min(from+limit, list.many)
	for i := from; i < end; i++ {
		if i > from {
			_, _ = io.WriteString(out, ",")
		}
		_, _ = io.WriteString(out, list.object(i))
	}
	_, _ = io.WriteString(out, "]")
	if end < list.many {
		next := fmt.Sprintf("marker=%d&limit=%d", end, limit)
		if list.key == "images" {
			fmt.Fprintf(out, `,"next":"/v2/images?%s"`, next)
		} else {
			fmt.Fprintf(out, `,"%s_links":[{"rel":"next","href":"http://x/?%s"}]`, list.key, next)
		}
	}
	_, _ = io.WriteString(out, "}")
}

// largeImages are the RBD images of the large cloud: their names come as JSON, as from a host.
type largeImages struct {
	ceph.Images
	each int
}

func (l largeImages) List(_ context.Context, pool string) (names []string, err error) {
	var all []string
	for i := range l.each {
		switch pool {
		case "images":
			all = append(all, largeID(1, i))
		case "volumes":
			all = append(all, "volume-"+largeID(2, i))
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(text, &names)
	slices.Sort(names)
	return names, err
}

func (largeImages) Trash(context.Context, string) ([]ceph.TrashEntry, error) { return nil, nil }

func (largeImages) Inspect(_ context.Context, pool, name string) (ceph.Image, error) {
	img := ceph.Image{Pool: pool, Name: name, Size: 1, Snapshots: []ceph.Snapshot{{Name: "snap", Protected: true}}}
	if pool == "volumes" {
		img.Parent = &ceph.Parent{Pool: "images", Image: "x", Snapshot: "snap"}
	}
	return img, nil
}

// largeCloud starts the large cloud in a process of its own.
func largeCloud(t *testing.T, each int) integrate.Config {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", serveLarge, each))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	url, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "clouds:\n  large:\n    region_name: RegionOne\n    auth:\n"+
		"      auth_url: %s/v3\n      username: admin\n      password: x\n      project_name: admin\n"+
		"      user_domain_name: Default\n      project_domain_name: Default\n", strings.TrimSpace(url)), 0o600))
	c, err := api.Dial(t.Context(), api.Config{Cloud: "large", CloudsFile: file})
	require.NoError(t, err)
	w := integratetest.Open(t, specOf())
	cfg := integrate.Config{Spec: specOf(), World: w.World}
	fake := cephtest.New()
	fake.FSID = largeFSID
	cfg.World.Cloud, cfg.World.Clusters = c, map[string]world.Cluster{"ceph": {Mon: fake, Images: largeImages{each: each}}}
	return cfg
}

func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestALargeCloudIsCheap, with 100,000 images and 100,000 volumes. With -short, a tenth of that.
func TestALargeCloudIsCheap(t *testing.T) {
	each := 100_000
	if testing.Short() {
		each = 10_000
	}
	cfg := largeCloud(t, each)
	runtime.GC()
	before := cpu(t)
	var peak atomic.Uint64
	stop := make(chan struct{})
	go func() {
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapInuse+m.StackInuse))
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	r, err := audit.Run(t.Context(), cfg, audit.Options{Parts: []audit.Part{audit.Data}, Pause: time.Millisecond})
	used := cpu(t) - before
	close(stop)
	require.NoError(t, err)
	assert.Empty(t, r.Findings)
	assert.Equal(t, each, r.Looked["images"])
	assert.Equal(t, each, r.Looked["volumes"])
	assert.Equal(t, 2*each, r.Looked["RBD images"])
	t.Logf("%d images and %d volumes: %.1f s of CPU, %d MiB", each, each, used.Seconds(), peak.Load()>>20)
	assert.Less(t, used, mostCPU)
	assert.Less(t, peak.Load(), uint64(mostHeap))
}
