package place

import (
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// FuzzContainers: whatever an engine prints, a container has a name and a clean folder.
func FuzzContainers(f *testing.F) {
	f.Add([]byte(`{"name":"/a","running":true,"image":"x/y:1",`+
		`"mounts":[{"Source":"/s/","Destination":"/var/lib/kolla/config_files/"}]}`), 0)
	f.Add([]byte(`{"name":"a","mounts":null,"always":[true]}{"name":`), 1)
	f.Add([]byte("Error: no such container"), 125)
	f.Fuzz(func(t *testing.T, out []byte, exit int) {
		found, err := parseContainers("docker", remote.Result{Data: out, Exit: exit, Stderr: out})
		if exit != 0 {
			assert.Error(t, err)
		}
		for _, c := range found {
			assert.Equal(t, "docker", c.Engine)
			assert.True(t, c.Folder == "" || c.Folder == path.Clean(c.Folder), c.Folder)
		}
	})
}

// FuzzCopies: whatever config.json says, what a container has comes from its folder, if
// it comes from the host at all.
func FuzzCopies(f *testing.F) {
	const inside = kollaInside + "/"
	f.Add([]byte(`{"config_files":[{"source":"`+inside+`ceph","dest":"/etc/ceph"}]}`), "/etc/ceph/ceph.conf")
	f.Add([]byte(`{"config_files":[{"source":"`+inside+`*.pem","dest":"/etc/x/"}]}`), "/etc/x/a.pem")
	f.Add([]byte(`{"config_files":[{"source":"`+inside+`../../etc/shadow","dest":"/etc/x"}]}`), "/etc/x")
	f.Add([]byte(`{"config_files":[{"source":"[","dest":"[/"}]}`), "/[")
	f.Fuzz(func(t *testing.T, config []byte, at string) {
		copies, err := parseCopies(step.File{Data: config})
		if err != nil {
			assert.Empty(t, copies)
			return
		}
		c := Container{Folder: "/etc/kolla/s", copies: copies}
		from, ok := c.From(path.Clean("/" + at))
		assert.True(t, !ok || from == path.Clean(from), from)
		if ok && !strings.Contains(string(config)+at, "..") {
			assert.True(t, strings.HasPrefix(from, "/etc/kolla/s"), from)
		}
		c.into([]string{"/etc/x", "/etc/ceph"})
	})
}

// FuzzDistribution: whatever /etc/os-release says, its values are of the file, and of one line.
func FuzzDistribution(f *testing.F) {
	for _, text := range []string{"", "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n",
		"ID_LIKE='rhel fedora'\r\n",
		"ID=\"", "=\n#ID=x\nID\n", "ID=\x1b[2J\xff\x00"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := step.NewHost("a")
		h.Files[OSRelease] = step.File{File: remote.File{Kind: "file"}, Data: data}
		d := DistributionOf(h)
		for _, value := range []string{string(d.Family), d.Codename} {
			assert.NotContains(t, value, "\n")
		}
	})
}
