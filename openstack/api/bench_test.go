package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// A volume and an image as Cinder and Glance of Zed write them.
const (
	aVolume = `{"id": "ID", "status": "in-use", "size": 20, "availability_zone": "nova", "created_at":
		"2024-11-05T10:11:12.000000", "updated_at": "2024-11-05T10:11:14.000000", "name": "vol-ID", "description": null,
		"volume_type": "ceph", "snapshot_id": null, "source_volid": null, "metadata": {"attached_mode": "rw"}, "links":
		[{"rel": "self", "href": "http://192.0.2.1:8776/v3/0123456789abcdef0123456789abcdef/volumes/ID"}, {"rel":
		"bookmark", "href": "http://192.0.2.1:8776/0123456789abcdef0123456789abcdef/volumes/ID"}], "user_id":
		"fedcba9876543210fedcba9876543210", "bootable": "true", "encrypted": false, "replication_status": null,
		"consistencygroup_id": null, "multiattach": false, "attachments": [{"id": "ID", "attachment_id":
		"11111111-2222-4333-8444-555555555555", "volume_id": "ID", "server_id": "66666666-7777-4888-8999-aaaaaaaaaaaa",
		"host_name": "compute17", "device": "/dev/vda", "attached_at": "2024-11-05T10:11:20.000000"}],
		"migration_status": null, "os-vol-host-attr:host": "controller@ceph#ceph", "os-vol-mig-status-attr:migstat":
		null, "os-vol-mig-status-attr:name_id": null, "os-vol-tenant-attr:tenant_id":
		"0123456789abcdef0123456789abcdef", "volume_image_metadata": {"container_format": "bare", "min_ram": "0",
		"disk_format": "raw", "image_name": "debian-12", "image_id": "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff", "checksum":
		"0123456789abcdef0123456789abcdef", "min_disk": "2", "size": "2147483648"}}`
	anImage = `{"name": "img-ID", "disk_format": "raw", "container_format": "bare", "visibility": "private", "size":
		2147483648, "virtual_size": 2147483648, "status": "active", "checksum": "0123456789abcdef0123456789abcdef",
		"protected": false, "min_ram": 0, "min_disk": 0, "owner": "0123456789abcdef0123456789abcdef", "os_hidden": false,
		"os_hash_algo": "sha512", "os_hash_value": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"id": "ID", "created_at": "2024-11-05T10:11:12Z", "updated_at": "2024-11-05T10:11:14Z", "locations": [{"url":
		"rbd://11111111-2222-4333-8444-555555555555/images/ID/snap", "metadata": {"store": "ceph"}}], "direct_url":
		"rbd://11111111-2222-4333-8444-555555555555/images/ID/snap", "tags": [], "stores": "ceph", "hw_disk_bus": "scsi",
		"hw_scsi_model": "virtio-scsi", "os_distro": "debian", "self": "/v2/images/ID", "file": "/v2/images/ID/file",
		"schema": "/v2/schemas/image"}`
)

// A crowd answers lists of very many objects. A page of them is made once.
type crowd struct {
	volumes, images []string // of a page
	pages           int
}

func newCrowd(pages int) *crowd {
	c := &crowd{pages: pages}
	for n := range 1000 {
		id := fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n)
		c.volumes = append(c.volumes, strings.Join(strings.Fields(strings.ReplaceAll(aVolume, "ID", id)), " "))
		c.images = append(c.images, strings.Join(strings.Fields(strings.ReplaceAll(anImage, "ID", id)), " "))
	}
	return c
}

func (c *crowd) fail(r *http.Request) (int, string, bool) {
	q := r.URL.Query()
	var page int
	_, _ = fmt.Sscanf(q.Get("marker"), "p%d", &page)
	q.Set("marker", fmt.Sprint("p", page+1))
	last := page+1 == c.pages
	var b bytes.Buffer
	switch {
	case strings.HasSuffix(r.URL.Path, "/volumes/detail"):
		b.WriteString(`{"volumes": [` + strings.Join(c.volumes, ",") + `]`)
		if !last {
			b.WriteString(`, "volumes_links": [{"rel": "next", "href": "http://x/v?` + q.Encode() + `"}]`)
		}
	case strings.HasSuffix(r.URL.Path, "/image/v2/images") && (q.Has("visibility") || q.Has("os_hidden")):
		b.WriteString(`{"images": []`)
	case strings.HasSuffix(r.URL.Path, "/image/v2/images"):
		b.WriteString(`{"images": [` + strings.Join(c.images, ",") + `]`)
		if !last {
			b.WriteString(`, "next": "/v2/images?` + q.Encode() + `"`)
		}
	default:
		return 0, "", false
	}
	b.WriteString("}")
	return 200, b.String(), true
}

// TestManyObjectsTakeLittleMemory: a list that is read page by page keeps a page. With -short, it has a third of them.
func TestManyObjectsTakeLittleMemory(t *testing.T) {
	pages := 30
	if testing.Short() {
		pages = 10
	}
	c, _ := dial(t, openstacktest.Config{Fail: newCrowd(pages).fail})
	n, most := 0, uint64(0)
	var m runtime.MemStats
	for _, err := range c.EachVolume(t.Context()) {
		require.NoError(t, err)
		if n++; n%5000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	require.Equal(t, pages*1000, n)
	require.Less(t, most, uint64(40<<20), "bytes of heap in use while %d volumes were read", n)
}

// BenchmarkLists reads 100,000 volumes and 100,000 images, and keeps none.
func BenchmarkLists(b *testing.B) {
	s := openstacktest.Start(b, openstacktest.Config{Fail: newCrowd(100).fail})
	cfg, err := s.CloudConfig(b.TempDir())
	require.NoError(b, err)
	c, err := api.Dial(b.Context(), cfg)
	require.NoError(b, err)
	for b.Loop() {
		n := 0
		for _, err := range c.EachVolume(b.Context()) {
			require.NoError(b, err)
			n++
		}
		for _, err := range c.EachImage(b.Context()) {
			require.NoError(b, err)
			n++
		}
		require.Equal(b, 200_000, n)
	}
}
